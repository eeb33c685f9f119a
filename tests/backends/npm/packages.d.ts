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
