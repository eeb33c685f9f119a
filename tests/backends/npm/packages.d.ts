// What the tests use of the back ends' packages, so that types are checked where these are not installed: they are
// dependencies of these tests alone (package.json beside this file).

declare module 'better-auth' {
  export function betterAuth(options: object): { handler: (request: Request) => Promise<Response> };
}

declare module 'better-auth/node' {
  export function toNodeHandler(
    auth: object,
  ): (request: import('http').IncomingMessage, response: import('http').ServerResponse) => void;
}

declare module 'better-auth/plugins' {
  export function admin(): object;
  export function organization(): object;
}

declare module 'better-auth/client' {
  interface Session {
    user: { id: string };
    session: { token: string };
  }
  type Call = (given?: object) => Promise<unknown>;
  type Calls<Name extends string> = Record<Name, Call>;
  type Own = 'signOut' | 'updateUser' | 'changePassword' | 'deleteUser';
  type Revoking = 'revokeSession' | 'revokeSessions' | 'revokeOtherSessions';
  type OfAdmin = 'setRole' | 'banUser' | 'impersonateUser' | 'stopImpersonating';

  export function createAuthClient(options: object): Calls<Own | Revoking> & {
    getSession(): Promise<Session>;
    signUp: Calls<'email'>;
    signIn: Calls<'email'>;
    organization: Calls<'setActive'> & { create(given: object): Promise<{ id: string }> };
    admin: Calls<OfAdmin | 'revokeUserSessions'>;
  };
}

declare module 'better-auth/client/plugins' {
  export function adminClient(): object;
  export function organizationClient(): object;
}

declare module '@auth/express' {
  export function ExpressAuth(config: object): import('express').RequestHandler;
}

declare module '@auth/express/providers/credentials' {
  export default function Credentials(options: object): object;
}

declare module 'express-session' {
  function session(options: object): import('express').RequestHandler;
  namespace session {
    class Store {}
  }
  export default session;
}

declare module 'passport' {
  type Done = (error: unknown, value?: unknown, info?: object) => void;

  class Passport {
    use(strategy: object): void;
    serializeUser(serialize: (user: { id: number }, done: Done) => void): void;
    deserializeUser(deserialize: (id: number, done: Done) => void): void;
    authenticate(strategy: string, options?: object): import('express').RequestHandler;
  }
  const passport: { Passport: typeof Passport };
  export default passport;
}

declare module 'passport-local' {
  type Done = (error: unknown, user?: unknown, info?: object) => void;
  export class Strategy {
    constructor(verify: (username: string, password: string, done: Done) => void);
  }
}

declare module '@fastify/cookie' {
  const plugin: () => void;
  export default plugin;
}

declare module '@fastify/session' {
  const plugin: () => void;
  export default plugin;
}

declare module 'iron-session' {
  interface Session {
    isLoggedIn?: boolean;
    counter: number;
    userId: number;
    claims?: string;
    lastSeen?: number;
    save(): Promise<void>;
    destroy(): void;
  }
  export function getIronSession(
    request: import('http').IncomingMessage,
    response: import('http').ServerResponse,
    options: object,
  ): Promise<Session>;
}

declare module 'oidc-provider' {
  type Named = { accountId: string } | undefined;
  interface Context {
    oidc: { session: Named; entities: Record<string, Named> };
  }
  export class Provider {
    constructor(issuer: string, configuration: object);
    proxy: boolean;
    on(event: string, listener: (context: Context) => void): void;
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void;
    callback(): import('http').RequestListener;
  }
}
