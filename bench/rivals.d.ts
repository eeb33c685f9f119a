// What the benchmarks use of the packages that Sesame is measured against, so that types are checked where these
// are not installed: they are dependencies of the benchmarks alone (bench/package.json).

declare module '@auth/core' {
  export function Auth(request: Request, config: object): Promise<Response>;
}

declare module '@auth/core/jwt' {
  export function encode(given: {
    token: object;
    secret: string;
    salt: string;
    maxAge: number;
  }): Promise<string>;
}

declare module 'better-auth/adapters/memory' {
  export function memoryAdapter(database: Record<string, unknown[]>): object;
}

declare module 'better-auth' {
  export function betterAuth(options: {
    baseURL: string;
    secret: string;
    database: object;
    emailAndPassword: {
      enabled: boolean;
      password: { hash(password: string): Promise<string>; verify(): Promise<boolean> };
    };
    user: object;
    session: object;
    telemetry: object;
    logger: object;
  }): {
    api: {
      getSession(given: { headers: Headers }): Promise<object | null>;
      signUpEmail(given: { body: object; returnHeaders: true }): Promise<{ headers: Headers }>;
    };
  };
}

declare module 'iron-session' {
  export function getIronSession(store: object, options: object): Promise<object>;
  export function sealData(data: object, options: { password: string }): Promise<string>;
}

declare module '@isaacs/ttlcache' {
  export class TTLCache<Key, Value> {
    constructor(options: { max: number; ttl: number; noDisposeOnSet: boolean });
    get(key: Key): Value | undefined;
    set(key: Key, value: Value): this;
  }
}

declare module '@hono/node-server' {
  export function getRequestListener(
    fetch: (request: Request) => Response | Promise<Response>,
  ): import('node:http').RequestListener;
}

declare module 'connect-redis' {
  export class RedisStore {
    constructor(options: { client: unknown });
  }
}

declare module 'express-session' {
  export default function expressSession(options: object): import('express').RequestHandler;
}
