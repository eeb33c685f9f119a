// Every option of a cache, defined once: its name, kind, default, range, meaning and page. `npm run generate`
// makes of it what the rest reads: `table.js` (names, kinds and defaults, for `parse.js`), `types.js` (the types
// that users see), the core's reading of its options and their ranges (`wasm/embind/config_of.h`,
// `wasm/core/session/option_ranges.h`) and the tables of `docs/options.md` and `docs/managed.md`.
//
// Nothing that ships imports this file: descriptions have no place in a service worker. It knows no parser: what
// a kind accepts is said in `parse.js`.
// Invariant: an option that is not here does not exist.

import { PRESETS } from '../dialects/presets/preset.js';

/**
 * @typedef {object} Definition
 * @property {string} kind what it accepts: a parser of `parse.js`
 * @property {unknown} [standard] the default; an option without one has to be given
 * @property {unknown} [standardIfManaged] the default where sessions are managed, if it is another
 * @property {string} [standardText] how the pages say the default, where its value does not say it
 * @property {number} [min] the least value
 * @property {readonly string[]} [choices] the values that a choice has
 * @property {string} [core] the field of the core's `Config` that it becomes
 * @property {string} [type] the type users see, where the kind does not say it
 * @property {string} [parsed] the type of the parsed value, where the kind does not say it
 * @property {string} meaning one sentence without its full stop; Markdown
 * @property {string} [rule] the rule that it is part of
 * @property {string} [page] the page that says more
 */

/** @type {Record<string, { title: string, options: Record<string, Definition> }>} the sections of `docs/options.md` */
export const SECTIONS = {
  origin: {
    title: 'Whom to ask, and how',
    options: {
      origin: {
        kind: 'origin',
        meaning: 'the back end: an `http:` or `https:` URL without a path',
      },
      backend: {
        kind: 'choice',
        standard: null,
        choices: Object.keys(PRESETS),
        type: Object.keys(PRESETS)
          .map((name) => `'${name}'`)
          .join(' | '),
        parsed: 'string | null',
        meaning: `what the back end is made with, ${Object.keys(PRESETS)
          .map((name) => `\`${name}\``)
          .join(', ')}: fills in what is known of it; an option that is given wins`,
        rule: 'R84',
        page: 'back-ends.md',
      },
      documentPath: {
        kind: 'path',
        standard: '/api/v1/users/me',
        meaning: 'where the back end says who the user is',
      },
      introspection: {
        kind: 'introspection',
        standard: null,
        meaning:
          'ask an authorization server about bearers, in place of `documentPath`: its answer is the document (RFC 7662)',
        rule: 'R16',
        page: 'tokens.md#introspection',
      },
      userinfo: {
        kind: 'issuerUrl',
        standard: null,
        meaning:
          'an issuer: bearers are asked about at the userinfo endpoint that it names, in place of `documentPath` (OpenID Connect Discovery); its own host is the `origin`, unless that is given',
        page: 'tokens.md#userinfo',
      },
      documents: {
        kind: 'documents',
        standard: [],
        meaning:
          'further paths that the back end answers about the same user, queries included, such as `/api/v1/users/me/permissions`: each is kept and dropped like the document',
        rule: 'R17',
        page: 'options.md#more-than-one-document',
      },
      userId: {
        kind: 'pointers',
        standard: null,
        standardText: 'the usual names in the usual places',
        page: 'operating.md#whose-document',
        core: 'user_id_pointers',
        meaning:
          'where the user’s identifier is in the document (JSON pointers; the first that is there counts)',
      },
      cookie: {
        kind: 'strings',
        standard: ['session', '__Host-session', '__Secure-session'],
        standardIfManaged: ['__Host-session'],
        core: 'cookie_names',
        meaning:
          'the name of the session cookie, or its names; **set it** if yours is not among the defaults',
      },
      authorizationSchemes: {
        kind: 'strings',
        standard: ['Bearer', 'Token', 'ApiKey', 'JWT'],
        core: 'authorization_schemes',
        meaning:
          'the schemes of `Authorization` that carry a whole credential; a request with any other is passed to the back end',
        rule: 'R1',
      },
      credential: {
        kind: 'order',
        standard: [],
        standardText: 'both, and a request that has both is passed to the back end',
        choices: ['bearer', 'cookie'],
        core: 'credential_order',
        meaning:
          "which credentials your back end reads, and first: `['bearer', 'cookie']`, `['cookie', 'bearer']`, or one alone; the other is not looked at, and passed on as it is",
        rule: 'R1',
        page: 'options.md#a-cookie-and-a-bearer-at-once',
      },
      varyOn: {
        kind: 'varyOn',
        standard: [],
        meaning:
          'what the document depends on beside the credential: `host`, names of request headers, `cookie:NAME`; each value has documents of its own',
        rule: 'R4',
        page: 'options.md#several-tenants',
      },
      originTimeout: {
        kind: 'duration',
        standard: '8s',
        min: 1,
        core: 'origin_timeout',
        meaning: 'how long one call of the back end may take',
      },
      leaseFor: {
        kind: 'duration',
        standard: '10s',
        core: 'lease_for',
        meaning: 'how long one call owns a session; must exceed `originTimeout`',
        rule: 'R9',
      },
      refusals: {
        kind: 'statuses',
        standard: [401, 403],
        core: 'refusals',
        meaning:
          'which statuses are a clear "no" about the credential; every other 3xx and 4xx is a failure, which signs nobody out',
        rule: 'R12',
        page: 'options.md#what-the-back-end-says-of-a-user-who-is-not-signed-in',
      },
      unauthenticated: {
        kind: 'unauthenticated',
        standard: [],
        standardText: '`null`, and an object whose `user` is `null`',
        meaning:
          "which other answers are a clear \"no\": `'204'`, `'{}'`, a redirect to a sign-in page (`'sign-in'`), or a JSON pointer to a member that is `null` (`'/account'`) or has a value (`'/authenticated=false'`)",
        rule: 'R80',
        page: 'options.md#what-the-back-end-says-of-a-user-who-is-not-signed-in',
      },
      obeyCacheControl: {
        kind: 'boolean',
        standard: true,
        meaning:
          'obey what the back end says of keeping the document: `no-store`, `no-cache`, `must-revalidate`, `max-age`, `Expires`, `Pragma`',
        rule: 'R15',
      },
      rotates: {
        kind: 'boolean',
        standard: false,
        meaning:
          'the back end puts a new session cookie in the place of the old one with answers to `GET`, and both are one session',
        rule: 'R85',
        page: 'rotation.md',
      },
    },
  },
  kept: {
    title: 'What is kept, and for how long',
    options: {
      freshFor: {
        kind: 'duration',
        standard: '30m',
        min: 0,
        core: 'fresh_for',
        meaning: 'a document this young is served without asking',
        rule: 'R5',
      },
      keepFor: {
        kind: 'duration',
        standard: '60m',
        core: 'keep_for',
        meaning:
          'an older one is served at once, and refreshed behind the answer; at least `freshFor`',
        rule: 'R6',
      },
      staleIfError: {
        kind: 'duration',
        standard: '5m',
        min: 0,
        core: 'stale_if_error',
        meaning: 'how far past `keepFor` a document may be served while the back end fails',
        rule: 'R13',
      },
      expiresIn: {
        kind: 'duration',
        standard: '30d',
        min: 1,
        core: 'expires_in',
        meaning: 'the absolute life of a session; nothing extends it',
        rule: 'R8',
      },
      idleFor: {
        kind: 'duration',
        standard: 0,
        standardText: '0: off',
        min: 0,
        core: 'idle_for',
        meaning: 'a session unused this long has ended',
        rule: 'R8',
      },
      negativeFor: {
        kind: 'duration',
        standard: '10s',
        min: 0,
        core: 'negative_for',
        meaning: 'how long a clear "no" is remembered',
        rule: 'R12',
      },
      fields: {
        kind: 'strings',
        standard: [],
        standardText: 'all',
        core: 'fields',
        type: 'string[]',
        meaning: 'keep only these members of the document',
        rule: 'R14',
      },
      schema: {
        kind: 'schema',
        standard: null,
        meaning:
          'a validator of the document, from any library of the Standard Schema (zod, valibot, ArkType): one that does not fit counts as a failure of the back end, and what the validator makes of one that fits is kept',
        rule: 'R13',
        page: 'options.md#a-document-that-does-not-fit',
      },
      memory: {
        kind: 'size',
        standard: '64MB',
        core: 'memory_bytes',
        meaning: 'the most memory that the cache may hold',
        rule: 'R50',
      },
      sessionsPerUser: {
        kind: 'count',
        standard: 100,
        core: 'sessions_per_user',
        meaning:
          'with `managed` and a `userId` of your own: how many sessions one user may have; a further login ends the oldest',
        rule: 'R54',
        page: 'security.md#what-fails-when-a-table-is-full',
      },
      connectionsPerUser: {
        kind: 'count',
        standard: 1000,
        min: 1,
        meaning:
          'how many WebSockets and event streams of one user may be open on a node; a further one is answered 503',
        rule: 'R29',
        page: 'sign-outs.md#what-is-open-is-closed',
      },
      maxConnections: {
        kind: 'count',
        standard: 100_000,
        min: 1,
        meaning: 'how many of all users may be open on a node',
        rule: 'R29',
        page: 'sign-outs.md#what-is-open-is-closed',
      },
      endsPerUser: {
        kind: 'count',
        standard: 256,
        core: 'ends_per_user',
        meaning:
          'with a `userId` of your own: how many ended sessions of one user a node remembers; `revoke()` of a further one fails with `ERR_SESAME_GUARD_FULL`',
        rule: 'R54',
        page: 'security.md#what-fails-when-a-table-is-full',
      },
      maxDocument: {
        kind: 'size',
        standard: '256kB',
        min: 2,
        core: 'max_document_bytes',
        meaning: 'the largest document',
        rule: 'R44',
      },
      maxCredential: {
        kind: 'size',
        standard: '16kB',
        min: 64,
        core: 'max_credential_bytes',
        meaning: 'the longest `Cookie` or `Authorization` header, each',
        rule: 'R44',
      },
      maxBody: {
        kind: 'size',
        standard: '1MB',
        meaning: 'the largest body of a write on the document',
        rule: 'R44',
      },
    },
  },
  changes: {
    title: 'What else changes a session',
    options: {
      effects: {
        kind: 'effects',
        standard: [],
        standardText: 'none beyond what is known',
        meaning:
          "what requests do besides asking, in rows such as `{ method: 'POST', path: '/admin/ban', effect: 'endsUser', user: '/userId' }`: the effects are `begins`, `ends`, `endsOthers`, `endsUser`, `changes` and `renews`",
        rule: 'R82',
      },
      identityPaths: {
        kind: 'patterns',
        standard: null,
        standardText: 'the sign-in and sign-out paths of common libraries, by their words',
        meaning:
          'short for rows of `effects`: after these a credential may stand for another user; `*` is one segment, `**` any number',
        rule: 'R83',
      },
      userPaths: {
        kind: 'patterns',
        standard: null,
        standardText: 'the siblings of `documentPath`, and every write on or below `/users/{id}`',
        meaning:
          'short for rows of `effects`: paths on which a successful `PUT`, `PATCH` or `DELETE` changes the user `{id}`',
        rule: 'R26',
      },
      accessToken: {
        kind: 'strings',
        standard: ['/access_token', '/accessToken', '/access', '/token'],
        meaning:
          'where the answer of a sign-in or a renewal has the access token (JSON pointers; the first that is there counts)',
        rule: 'R85',
        page: 'rotation.md#tokens-that-are-renewed',
      },
      refreshToken: {
        kind: 'strings',
        standard: ['/refresh_token', '/refreshToken', '/refresh'],
        meaning:
          'where it has the refresh token, and where the request of a renewal has it; an empty list: renewals are not followed',
        rule: 'R85',
        page: 'rotation.md#tokens-that-are-renewed',
      },
      refreshCookie: {
        kind: 'strings',
        standard: ['refresh_token', 'refreshToken', 'refresh'],
        meaning: 'the names of the cookie that holds a refresh token',
        rule: 'R85',
        page: 'rotation.md#tokens-that-are-renewed',
      },
      webhookSecret: {
        kind: 'longText',
        standard: null,
        min: 32,
        meaning:
          'at least 32 characters, shared with the back end, which may then end and invalidate sessions by `POST /api/auth/revoke`',
        rule: 'R23',
        page: 'managed.md#the-webhook',
      },
      devices: {
        kind: 'boolean',
        standard: false,
        meaning:
          'keep a list of each user’s sessions, so that one or all others can be ended: `list`, `end` and `endOthers`, and the path `/api/auth/devices`; with a `userId` of your own',
        rule: 'R27',
        page: 'sign-outs.md#devices',
      },
      events: {
        kind: 'boolean',
        standard: false,
        meaning:
          'tell browsers at `/api/auth/events` that their session has changed or ended, without their asking',
        rule: 'R65',
        page: 'sign-outs.md#browsers-are-told',
      },
      eventsHeartbeat: {
        kind: 'duration',
        standard: '15s',
        min: 1000,
        meaning:
          'how often such a connection shows that it lives: more often than a proxy in front closes one that is silent',
        rule: 'R65',
        page: 'sign-outs.md#browsers-are-told',
      },
      sid: {
        kind: 'sid',
        standard: null,
        meaning:
          'what an identity provider calls a session: a JSON pointer into the document such as `/session/id`, or the name of a claim of the token such as `sid`; a sign-out then ends that session alone',
        rule: 'R28',
        page: 'sign-outs.md#one-session-or-all-of-them',
      },
      tokens: {
        kind: 'tokens',
        standard: null,
        meaning:
          'verify bearers and cookies that are JWTs of this issuer: a renewed token of a session finds its document without a call, and one of a session that has ended is refused',
        rule: 'R16',
        page: 'tokens.md',
      },
      backchannelLogout: {
        kind: 'issuers',
        standard: null,
        meaning:
          'the identity providers whose sign-outs are heard at `POST /api/auth/backchannel-logout` (OpenID Connect Back-Channel Logout 1.0)',
        rule: 'R28',
        page: 'sign-outs.md',
      },
      sharedSignals: {
        kind: 'issuers',
        standard: null,
        meaning:
          'those whose security events are heard at `POST /api/auth/shared-signals` (RFC 8935, with CAEP and RISC)',
        rule: 'R28',
        page: 'sign-outs.md#shared-signals',
      },
      managed: {
        kind: 'managed',
        standard: null,
        meaning: 'Sesame keeps the tokens, and the browser only a session cookie',
        rule: 'R20',
        page: 'managed.md',
      },
    },
  },
  paths: {
    title: 'Paths of its own',
    options: {
      sessionPath: {
        kind: 'pathOrNone',
        standard: '/api/auth/session',
        meaning: 'answers `{ user, expiresAt }` or `null`; `null` for nowhere',
      },
      verifyPath: {
        kind: 'pathOrNone',
        standard: '/api/auth/verify',
        meaning:
          'where a reverse proxy asks who makes a request: 200, 401 or 503 without a body; `null` for nowhere',
        page: 'forward-auth.md',
      },
      verify: {
        kind: 'verify',
        standard: null,
        standardText: 'nothing',
        meaning: 'what that proxy is told of the user',
        page: 'forward-auth.md',
      },
      metricsPath: {
        kind: 'pathOrNone',
        standard: null,
        meaning:
          'where the counters are answered for Prometheus, to every client: what is in front must keep it inside',
        rule: 'R70',
        page: 'operating.md',
      },
      requestMaxAge: {
        kind: 'boolean',
        standard: false,
        meaning:
          'let a request bound the age of its answer with `Cache-Control: max-age`, as `Sesame-Max-Age` always does; a browser’s reload sends 0',
        rule: 'R11',
      },
      browserCache: {
        kind: 'boolean',
        standard: false,
        meaning: 'let browsers keep an answer if they ask before they use it (`ETag`, 304)',
        rule: 'R40',
      },
    },
  },
  nodes: {
    title: 'Several nodes',
    options: {
      secret: {
        kind: 'secret',
        standard: null,
        standardText: 'random, and then no snapshots and no store',
        meaning:
          '16 to 64 random bytes, as such or in hexadecimal digits, from which all keys are derived; caches that exchange snapshots or use a store together have the same, as safe as a password. A list while it is changed: the first writes, all are read',
        rule: 'R2',
        page: 'several-nodes.md#changing-the-secret',
      },
      store: {
        kind: 'store',
        standard: null,
        meaning:
          "what several nodes share their sessions through, such as `redis('redis://…')`; needs `secret`",
        rule: 'R30',
        page: 'several-nodes.md',
      },
      revocationBound: {
        kind: 'duration',
        standard: '5s',
        meaning: 'with a store: the longest any node serves a session that was ended elsewhere',
        rule: 'R31',
      },
      serveUnconfirmedFor: {
        kind: 'duration',
        standard: '0s',
        min: 0,
        meaning:
          'with `managed` and a store: how much longer than that a node that has lost the store serves what it holds, where the alternative is 503',
        rule: 'R32',
        page: 'several-nodes.md#when-the-store-is-away',
      },
    },
  },
};

/** What the core is told beside: `parse.js` derives it. */
export const DERIVED = {
  isManaged: { kind: 'boolean', core: 'is_managed' },
  refreshLeaseFor: { kind: 'duration', core: 'refresh_lease_for' },
};

/** @type {Record<string, Definition>} the members of `managed`; paths are the origin's */
export const MANAGED = {
  loginPath: {
    kind: 'path',
    standard: '/api/v1/auth/login',
    meaning: 'where the back end gives tokens for a login',
  },
  refreshPath: {
    kind: 'path',
    standard: '/api/v1/auth/refresh',
    meaning: 'where it exchanges a refresh token',
  },
  logoutPath: {
    kind: 'pathOrNone',
    standard: null,
    meaning: 'told of every logout',
  },
  apiPrefix: {
    kind: 'prefix',
    standard: '/api/v1',
    meaning: 'requests below it get the access token',
  },
  accessToken: {
    kind: 'pointer',
    standard: '/access_token',
    meaning: 'JSON pointer into the answer, to the access token',
  },
  refreshToken: {
    kind: 'pointer',
    standard: '/refresh_token',
    meaning: 'JSON pointer to the refresh token',
  },
  expiresIn: {
    kind: 'pointer',
    standard: '/expires_in',
    meaning: 'JSON pointer to the access token’s lifetime in seconds',
  },
  refreshAs: {
    kind: 'choice',
    standard: 'json',
    choices: ['json', 'form'],
    meaning: 'how the refresh token is sent: `json` or `form`',
  },
  refreshTimeout: {
    kind: 'duration',
    standard: '60s',
    min: 1,
    meaning: 'how long an exchange may take',
  },
};

/** @type {Record<string, Definition>} the members of `backchannelLogout` and `sharedSignals` */
export const ISSUER = {
  issuer: {
    kind: 'text',
    meaning: 'who sends: the `iss` of its messages, to the letter; its keys are found below it',
  },
  audience: {
    kind: 'strings',
    meaning: 'whom its messages are for: your client ID there, or several',
  },
  jwksUri: {
    kind: 'pathOrNone',
    standard: null,
    standardText: 'where the provider’s discovery document says',
    meaning: 'the URL of its keys',
  },
  algorithms: {
    kind: 'strings',
    standard: null,
    standardText: 'all that are known: RS, PS and ES with 256, 384 and 512, EdDSA, Ed25519',
    parsed: 'readonly string[]',
    meaning: 'what it may sign with',
  },
};

/** @type {Record<string, Definition>} the members of `introspection` */
export const INTROSPECTION = {
  url: {
    kind: 'text',
    meaning: 'where it answers, `https:`',
  },
  clientId: {
    kind: 'text',
    meaning: 'who asks: your client there',
  },
  clientSecret: {
    kind: 'text',
    meaning: 'its secret (HTTP Basic)',
  },
};

/** @type {Record<string, Definition>} the members of `tokens` */
export const TOKENS = {
  issuer: {
    kind: 'text',
    meaning: 'who signs: the `iss` of its tokens, to the letter',
  },
  audience: {
    kind: 'strings',
    parsed: 'readonly string[]',
    meaning:
      'whom they are for: one of these is in `aud`, or, where a token has none, is its `client_id` or `azp`',
  },
  jwks: {
    kind: 'jwks',
    standard: null,
    standardText: 'where the issuer’s discovery document says',
    type: 'string | { keys: object[] }',
    parsed: 'string | readonly object[] | null',
    meaning: 'the URL of its public keys, or the keys (a JSON Web Key Set)',
  },
  secret: {
    kind: 'text',
    standard: null,
    parsed: 'Uint8Array<ArrayBuffer> | null',
    meaning:
      'in place of keys, what it signs with and you know too (HS256, HS384, HS512): at least 32 characters',
  },
  algorithms: {
    kind: 'strings',
    standard: null,
    standardText:
      'RS, PS and ES with 256, 384 and 512, EdDSA, Ed25519; with a `secret` those that it is long enough for',
    parsed: 'readonly string[]',
    meaning: 'what it may sign with',
  },
  sid: {
    kind: 'text',
    standard: 'sid',
    meaning:
      'the claim that names the session; a token without it is a session alone. It is the option `sid` too, unless that is given',
  },
  clockTolerance: {
    kind: 'duration',
    standard: '5s',
    min: 0,
    meaning: 'how far the issuer’s clock may be apart, in `nbf`, `iat` and `auth_time`',
  },
};

/** @type {Record<string, Definition>} the members of `verify` */
export const VERIFY = {
  headers: {
    kind: 'verifyHeaders',
    standard: {},
    standardText: 'none',
    type: 'Record<string, string>',
    parsed: 'readonly (readonly [name: string, pointer: string])[]',
    meaning:
      "response headers, and what they say: a JSON pointer into the document, or with the option `tokens` a claim of the token, such as `{ 'x-user-id': '/id', 'x-scope': 'claim:scope' }`",
  },
  prefix: {
    kind: 'boolean',
    standard: false,
    meaning:
      'answer every method on every path below `verifyPath` too, whatever the query: for Envoy, which sends the original request’s',
  },
};
