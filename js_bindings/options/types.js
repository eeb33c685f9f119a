// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// The types of the options: what users give, and what is made of it. Types only: this file has no code.

/**
 * A length of time: milliseconds, or a string such as `'30m'` or `'30 m'` (`ms`, `s`, `m`, `h`, `d`).
 * @typedef {number | `${number}${'' | ' '}${'ms' | 's' | 'm' | 'h' | 'd'}`} Duration
 */

/**
 * A number of bytes, or a string such as `'64MB'` or `'64 MB'` (`B`, `kB`, `MB`, `GB`, powers of 1024).
 * @typedef {number | `${number}${'' | ' '}${'B' | 'kB' | 'MB' | 'GB'}`} Size
 */

/**
 * A document whose members are not known to TypeScript: the user type of a cache that was given none
 * (`new SessionCache<User>(…)`, or the option `schema`).
 * @typedef {{ [member: string]: unknown }} UserDocument
 */

/**
 * What a cache is configured with. Only `origin` has no default.
 * @template [User=UserDocument] what the document is
 * @typedef {object} Options
 * @property {string} origin the back end: an `http:` or `https:` URL without a path
 * @property
 *   {'better-auth' | 'auth.js' | 'django' | 'rails' | 'express-session' | '@fastify/session' | 'iron-session' | 'oidc-provider' | 'fastapi' | 'php' | 'flask-login' | 'laravel' | 'supabase' | 'kratos' | 'keycloak' | 'aspnet' | 'spring' | 'auth0' | 'cognito' | 'clerk'}
 *   [backend] what the back end is made with, `better-auth`, `auth.js`, `django`, `rails`, `express-session`,
 *   `@fastify/session`, `iron-session`, `oidc-provider`, `fastapi`, `php`, `flask-login`, `laravel`, `supabase`,
 *   `kratos`, `keycloak`, `aspnet`, `spring`, `auth0`, `cognito`, `clerk`: fills in what is known of it; an option
 *   that is given wins (rule R84); default: none
 * @property {string} [documentPath] where the back end says who the user is; default: `/api/v1/users/me`
 * @property {Introspection} [introspection] ask an authorization server about bearers, in place of `documentPath`:
 *   its answer is the document (RFC 7662) (rule R16); default: none
 * @property {string} [userinfo] an issuer: bearers are asked about at the userinfo endpoint that it names, in place
 *   of `documentPath` (OpenID Connect Discovery); its own host is the `origin`, unless that is given; default: none
 * @property {string | string[]} [documents] further paths that the back end answers about the same user, queries
 *   included, such as `/api/v1/users/me/permissions`: each is kept and dropped like the document (rule R17); default:
 *   nothing
 * @property {string | string[]} [userId] where the user’s identifier is in the document (JSON pointers; the first
 *   that is there counts); default: the usual names in the usual places
 * @property {string | string[]} [cookie] the name of the session cookie, or its names; set it if yours is not among
 *   the defaults; default: `session`, `__Host-session`, `__Secure-session`
 * @property {string | string[]} [authorizationSchemes] the schemes of `Authorization` that carry a whole credential;
 *   a request with any other is passed to the back end (rule R1); default: `Bearer`, `Token`, `ApiKey`, `JWT`
 * @property {'bearer' | 'cookie' | ('bearer' | 'cookie')[]} [credential] which credentials your back end reads, and
 *   first: `['bearer', 'cookie']`, `['cookie', 'bearer']`, or one alone; the other is not looked at, and passed on as
 *   it is (rule R1); default: both, and a request that has both is passed to the back end
 * @property {string | string[]} [varyOn] what the document depends on beside the credential: `host`, names of request
 *   headers, `cookie:NAME`; each value has documents of its own (rule R4); default: nothing
 * @property {Duration} [originTimeout] how long one call of the back end may take; default: 8 s
 * @property {Duration} [leaseFor] how long one call owns a session; must exceed `originTimeout` (rule R9); default:
 *   10 s
 * @property {number[]} [refusals] which statuses are a clear "no" about the credential; every other 3xx and 4xx is a
 *   failure, which signs nobody out (rule R12); default: 401, 403
 * @property {string | string[]} [unauthenticated] which other answers are a clear "no": `'204'`, `'{}'`, a redirect
 *   to a sign-in page (`'sign-in'`), or a JSON pointer to a member that is `null` (`'/account'`) or has a value
 *   (`'/authenticated=false'`) (rule R80); default: `null`, and an object whose `user` is `null`
 * @property {boolean} [obeyCacheControl] obey what the back end says of keeping the document: `no-store`, `no-cache`,
 *   `must-revalidate`, `max-age`, `Expires`, `Pragma` (rule R15); default: true
 * @property {boolean} [rotates] the back end puts a new session cookie in the place of the old one with answers to
 *   `GET`, and both are one session (rule R85); default: false
 * @property {Duration} [freshFor] a document this young is served without asking (rule R5); default: 30 min
 * @property {Duration} [keepFor] an older one is served at once, and refreshed behind the answer; at least `freshFor`
 *   (rule R6); default: 60 min
 * @property {Duration} [staleIfError] how far past `keepFor` a document may be served while the back end fails (rule
 *   R13); default: 5 min
 * @property {Duration} [expiresIn] the absolute life of a session; nothing extends it (rule R8); default: 30 days
 * @property {Duration} [idleFor] a session unused this long has ended (rule R8); default: 0: off
 * @property {Duration} [negativeFor] how long a clear "no" is remembered (rule R12); default: 10 s
 * @property {string[]} [fields] keep only these members of the document (rule R14); default: all
 * @property {import('../origin/schema.js').StandardSchema<User>} [schema] a validator of the document, from any
 *   library of the Standard Schema (zod, valibot, ArkType): one that does not fit counts as a failure of the back
 *   end, and what the validator makes of one that fits is kept (rule R13); default: none
 * @property {Size} [memory] the most memory that the cache may hold (rule R50); default: 64 MB
 * @property {number} [sessionsPerUser] with `managed` and a `userId` of your own: how many sessions one user may
 *   have; a further login ends the oldest (rule R54); default: 100
 * @property {number} [connectionsPerUser] how many WebSockets and event streams of one user may be open on a node; a
 *   further one is answered 503 (rule R29); default: 1000
 * @property {number} [maxConnections] how many of all users may be open on a node (rule R29); default: 100000
 * @property {number} [endsPerUser] with a `userId` of your own: how many ended sessions of one user a node remembers;
 *   `revoke()` of a further one fails with `ERR_SESAME_GUARD_FULL` (rule R54); default: 256
 * @property {Size} [maxDocument] the largest document (rule R44); default: 256 kB
 * @property {Size} [maxCredential] the longest `Cookie` or `Authorization` header, each (rule R44); default: 16 kB
 * @property {Size} [maxBody] the largest body of a write on the document (rule R44); default: 1 MB
 * @property {import('../dialects/effects.js').EffectRow[]} [effects] what requests do besides asking, in rows such as
 *   `{ method: 'POST', path: '/admin/ban', effect: 'endsUser', user: '/userId' }`: the effects are `begins`, `ends`,
 *   `endsOthers`, `endsUser`, `changes` and `renews` (rule R82); default: none beyond what is known
 * @property {string[]} [identityPaths] short for rows of `effects`: after these a credential may stand for another
 *   user; `*` is one segment, `**` any number (rule R83); default: the sign-in and sign-out paths of common
 *   libraries, by their words
 * @property {string[]} [userPaths] short for rows of `effects`: paths on which a successful `PUT`, `PATCH` or
 *   `DELETE` changes the user `{id}` (rule R26); default: the siblings of `documentPath`, and every write on or below
 *   `/users/{id}`
 * @property {string | string[]} [accessToken] where the answer of a sign-in or a renewal has the access token (JSON
 *   pointers; the first that is there counts) (rule R85); default: `/access_token`, `/accessToken`, `/access`,
 *   `/token`
 * @property {string | string[]} [refreshToken] where it has the refresh token, and where the request of a renewal has
 *   it; an empty list: renewals are not followed (rule R85); default: `/refresh_token`, `/refreshToken`, `/refresh`
 * @property {string | string[]} [refreshCookie] the names of the cookie that holds a refresh token (rule R85);
 *   default: `refresh_token`, `refreshToken`, `refresh`
 * @property {string} [webhookSecret] at least 32 characters, shared with the back end, which may then end and
 *   invalidate sessions by `POST /api/auth/revoke` (rule R23); default: none
 * @property {boolean} [devices] keep a list of each user’s sessions, so that one or all others can be ended: `list`,
 *   `end` and `endOthers`, and the path `/api/auth/devices`; with a `userId` of your own (rule R27); default: false
 * @property {boolean} [events] tell browsers at `/api/auth/events` that their session has changed or ended, without
 *   their asking (rule R65); default: false
 * @property {Duration} [eventsHeartbeat] how often such a connection shows that it lives: more often than a proxy in
 *   front closes one that is silent (rule R65); default: 15 s
 * @property {string} [sid] what an identity provider calls a session: a JSON pointer into the document such as
 *   `/session/id`, or the name of a claim of the token such as `sid`; a sign-out then ends that session alone (rule
 *   R28); default: none
 * @property {Tokens} [tokens] verify bearers and cookies that are JWTs of this issuer: a renewed token of a session
 *   finds its document without a call, and one of a session that has ended is refused (rule R16); default: none
 * @property {Issuer | Issuer[]} [backchannelLogout] the identity providers whose sign-outs are heard at
 *   `POST /api/auth/backchannel-logout` (OpenID Connect Back-Channel Logout 1.0) (rule R28); default: none
 * @property {Issuer | Issuer[]} [sharedSignals] those whose security events are heard at
 *   `POST /api/auth/shared-signals` (RFC 8935, with CAEP and RISC) (rule R28); default: none
 * @property {Managed} [managed] Sesame keeps the tokens, and the browser only a session cookie (rule R20); default:
 *   none
 * @property {string | null} [sessionPath] answers `{ user, expiresAt }` or `null`; `null` for nowhere; default:
 *   `/api/auth/session`
 * @property {string | null} [verifyPath] where a reverse proxy asks who makes a request: 200, 401 or 503 without a
 *   body; `null` for nowhere; default: `/api/auth/verify`
 * @property {Verify} [verify] what that proxy is told of the user; default: nothing
 * @property {string | null} [metricsPath] where the counters are answered for Prometheus, to every client: what is in
 *   front must keep it inside (rule R70); default: none
 * @property {boolean} [requestMaxAge] let a request bound the age of its answer with `Cache-Control: max-age`, as
 *   `Sesame-Max-Age` always does; a browser’s reload sends 0 (rule R11); default: false
 * @property {boolean} [browserCache] let browsers keep an answer if they ask before they use it (`ETag`, 304) (rule
 *   R40); default: false
 * @property {string | Uint8Array | (string | Uint8Array)[]} [secret] 16 to 64 random bytes, as such or in hexadecimal
 *   digits, from which all keys are derived; caches that exchange snapshots or use a store together have the same, as
 *   safe as a password. A list while it is changed: the first writes, all are read (rule R2); default: random, and
 *   then no snapshots and no store
 * @property {import('../stores/store.js').SharedStore} [store] what several nodes share their sessions through, such
 *   as `redis('redis://…')`; needs `secret` (rule R30); default: none
 * @property {Duration} [revocationBound] with a store: the longest any node serves a session that was ended elsewhere
 *   (rule R31); default: 5 s
 * @property {Duration} [serveUnconfirmedFor] with `managed` and a store: how much longer than that a node that has
 *   lost the store serves what it holds, where the alternative is 503 (rule R32); default: 0 s
 */

/**
 * How the origin signs users in. Paths are the origin's.
 * @typedef {object} Managed
 * @property {string} [loginPath] where the back end gives tokens for a login; default: `/api/v1/auth/login`
 * @property {string} [refreshPath] where it exchanges a refresh token; default: `/api/v1/auth/refresh`
 * @property {string | null} [logoutPath] told of every logout; default: none
 * @property {string} [apiPrefix] requests below it get the access token; default: `/api/v1`
 * @property {string} [accessToken] JSON pointer into the answer, to the access token; default: `/access_token`
 * @property {string} [refreshToken] JSON pointer to the refresh token; default: `/refresh_token`
 * @property {string} [expiresIn] JSON pointer to the access token’s lifetime in seconds; default: `/expires_in`
 * @property {'json' | 'form'} [refreshAs] how the refresh token is sent: `json` or `form`; default: `json`
 * @property {Duration} [refreshTimeout] how long an exchange may take; default: 60 s
 */

/**
 * What a reverse proxy is told that asks who makes a request (`docs/forward-auth.md`).
 * @typedef {object} Verify
 * @property {Record<string, string>} [headers] response headers, and what they say: a JSON pointer into the document,
 *   or with the option `tokens` a claim of the token, such as `{ 'x-user-id': '/id', 'x-scope': 'claim:scope' }`;
 *   default: none
 * @property {boolean} [prefix] answer every method on every path below `verifyPath` too, whatever the query: for
 *   Envoy, which sends the original request’s; default: false
 */

/**
 * An identity provider whose messages count (`docs/sign-outs.md`).
 * @typedef {object} Issuer
 * @property {string} issuer who sends: the `iss` of its messages, to the letter; its keys are found below it
 * @property {string | string[]} audience whom its messages are for: your client ID there, or several
 * @property {string | null} [jwksUri] the URL of its keys; default: where the provider’s discovery document says
 * @property {string | string[]} [algorithms] what it may sign with; default: all that are known: RS, PS and ES with
 *   256, 384 and 512, EdDSA, Ed25519
 */

/**
 * Whose tokens are verified (`docs/tokens.md`).
 * @typedef {object} Tokens
 * @property {string} issuer who signs: the `iss` of its tokens, to the letter
 * @property {string | string[]} audience whom they are for: one of these is in `aud`, or, where a token has none, is
 *   its `client_id` or `azp`
 * @property {string | { keys: object[] }} [jwks] the URL of its public keys, or the keys (a JSON Web Key Set);
 *   default: where the issuer’s discovery document says
 * @property {string} [secret] in place of keys, what it signs with and you know too (HS256, HS384, HS512): at least
 *   32 characters; default: none
 * @property {string | string[]} [algorithms] what it may sign with; default: RS, PS and ES with 256, 384 and 512,
 *   EdDSA, Ed25519; with a `secret` those that it is long enough for
 * @property {string} [sid] the claim that names the session; a token without it is a session alone. It is the option
 *   `sid` too, unless that is given; default: `sid`
 * @property {Duration} [clockTolerance] how far the issuer’s clock may be apart, in `nbf`, `iat` and `auth_time`;
 *   default: 5 s
 */

/**
 * An authorization server that says whose a token is (`docs/tokens.md`).
 * @typedef {object} Introspection
 * @property {string} url where it answers, `https:`
 * @property {string} clientId who asks: your client there
 * @property {string} clientSecret its secret (HTTP Basic)
 */

/**
 * The options of a cache, complete and in the units that are counted in: milliseconds and bytes.
 * @typedef {object} ParsedOptions
 * @property {string} origin
 * @property {string | null} backend
 * @property {string} documentPath
 * @property {IntrospectionOptions | null} introspection
 * @property {string | null} userinfo
 * @property {readonly string[]} documents
 * @property {readonly string[]} userId
 * @property {string[]} cookie
 * @property {string[]} authorizationSchemes
 * @property {('bearer' | 'cookie')[]} credential
 * @property {readonly string[]} varyOn
 * @property {number} originTimeout
 * @property {number} leaseFor
 * @property {number[]} refusals
 * @property {readonly import('../dialects/unauthenticated.js').Form[]} unauthenticated
 * @property {boolean} obeyCacheControl
 * @property {boolean} rotates
 * @property {number} freshFor
 * @property {number} keepFor
 * @property {number} staleIfError
 * @property {number} expiresIn
 * @property {number} idleFor
 * @property {number} negativeFor
 * @property {string[]} fields
 * @property {import('../origin/schema.js').StandardSchema | null} schema
 * @property {number} memory
 * @property {number} sessionsPerUser
 * @property {number} connectionsPerUser
 * @property {number} maxConnections
 * @property {number} endsPerUser
 * @property {number} maxDocument
 * @property {number} maxCredential
 * @property {number} maxBody
 * @property {import('../dialects/effects.js').EffectTable} effects
 * @property {import('../dialects/path-patterns.js').PathPattern[] | null} identityPaths
 * @property {import('../dialects/path-patterns.js').PathPattern[] | null} userPaths
 * @property {string[]} accessToken
 * @property {string[]} refreshToken
 * @property {string[]} refreshCookie
 * @property {string | null} webhookSecret
 * @property {boolean} devices
 * @property {boolean} events
 * @property {number} eventsHeartbeat
 * @property {string | null} sid
 * @property {TokenOptions | null} tokens
 * @property {readonly IssuerOptions[]} backchannelLogout
 * @property {readonly IssuerOptions[]} sharedSignals
 * @property {ManagedOptions | null} managed
 * @property {string | null} sessionPath
 * @property {string | null} verifyPath
 * @property {VerifyOptions} verify
 * @property {string | null} metricsPath
 * @property {boolean} requestMaxAge
 * @property {boolean} browserCache
 * @property {readonly Uint8Array<ArrayBuffer>[] | null} secret
 * @property {import('../stores/store.js').SharedStore | null} store
 * @property {number} revocationBound
 * @property {number} serveUnconfirmedFor
 * @property {boolean} isManaged
 * @property {number} refreshLeaseFor
 */

/**
 * @typedef {object} ManagedOptions
 * @property {string} loginPath
 * @property {string} refreshPath
 * @property {string | null} logoutPath
 * @property {string} apiPrefix
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {string} expiresIn
 * @property {'json' | 'form'} refreshAs
 * @property {number} refreshTimeout
 */

/**
 * @typedef {object} VerifyOptions
 * @property {readonly (readonly [name: string, pointer: string])[]} headers
 * @property {boolean} prefix
 */

/**
 * @typedef {object} IssuerOptions
 * @property {string} issuer
 * @property {string[]} audience
 * @property {string | null} jwksUri
 * @property {readonly string[]} algorithms
 */

/**
 * @typedef {object} TokenOptions
 * @property {string} issuer
 * @property {readonly string[]} audience
 * @property {string | readonly object[] | null} jwks
 * @property {Uint8Array<ArrayBuffer> | null} secret
 * @property {readonly string[]} algorithms
 * @property {string} sid
 * @property {number} clockTolerance
 */

/**
 * @typedef {object} IntrospectionOptions
 * @property {string} url
 * @property {string} clientId
 * @property {string} clientSecret
 */

export {};
