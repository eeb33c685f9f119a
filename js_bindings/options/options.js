// The options of a cache and of its HTTP handler: defaults, types, and what is wrong with them, all at
// once. What the numbers mean together is judged by the core (`findFaults`).

import { asInUrl, parsePathPattern } from '../dialects/path-patterns.js';
import { ConfigError } from '../errors.js';
import { fromHex } from '../util/hex.js';
import { isPath, parseManaged } from './managed.js';
import { DURATION_UNITS, parseQuantity, SIZE_UNITS } from './quantities.js';
import { parseVerify, verifyPathFault } from './verify.js';

/**
 * A length of time: milliseconds, or a string such as `'30m'` (`ms`, `s`, `m`, `h`, `d`).
 * @typedef {number | string} Duration
 */

/**
 * A number of bytes, or a string such as `'64MB'` (`B`, `kB`, `MB`, `GB`, powers of 1024).
 * @typedef {number | string} Size
 */

/**
 * What a cache is configured with. Only `origin` has no default.
 * @typedef {object} Options
 * @property {string} origin the application's back end, `http:` or `https:`, without a path
 * @property {string} [documentPath] what the origin answers "who is this?" on; default `/api/v1/users/me`
 * @property {string | null} [sessionPath] where the edge answers `{ user, expiresAt }` or `null`;
 *   default `/api/auth/session`, `null` for none
 * @property {string | null} [verifyPath] where a reverse proxy asks who makes a request (nginx `auth_request`,
 *   Traefik, Envoy): 200, 401 or 503 without a body; default `/api/auth/verify`, `null` for none
 * @property {import('./verify.js').Verify} [verify] what the proxy is told of the user; default
 *   nothing
 * @property {string | null} [metricsPath] where the counters are answered for Prometheus, to whoever asks: what is
 *   in front must keep it inside; default `null`, nowhere
 * @property {string | string[]} [cookie] the session cookie's name, or names; default `session` and the
 *   same with the prefixes `__Host-` and `__Secure-`
 * @property {string | string[]} [userId] JSON pointers to the user's identifier in the document, the
 *   first that is there counts; default `/id`, `/user/id`, `/data/id`, `/sub`
 * @property {string[]} [fields] keep only these members of the document (SPEC R14)
 * @property {Duration} [freshFor] a document this young is served without asking; default 30 minutes
 * @property {Duration} [keepFor] an older one is served and refreshed behind; default 60 minutes
 * @property {Duration} [expiresIn] absolute life of a session; default 30 days
 * @property {Duration} [idleFor] a session unused this long has ended; default 0: off
 * @property {Duration} [negativeFor] how long a clear "no" is remembered; default 10 seconds
 * @property {Duration} [staleIfError] how far past `keepFor` a document serves while the origin fails;
 *   default 5 minutes
 * @property {Duration} [leaseFor] how long one origin call owns a session; default 10 seconds
 * @property {Duration} [originTimeout] how long an origin call may take; default 8 seconds
 * @property {Size} [memory] the most the cache may hold; default `'64MB'`
 * @property {Size} [maxDocument] the largest document; default `'256kB'`
 * @property {Size} [maxCredential] the longest `Cookie` or `Authorization` header; default `'16kB'`
 * @property {Size} [maxBody] the largest body of a write on the document; default `'1MB'`
 * @property {boolean} [browserCache] let browsers keep an answer if they ask before they use it (SPEC R40);
 *   default false: they keep none
 * @property {string[]} [userPaths] paths on which a successful `PUT`, `PATCH` or `DELETE` changes the user
 *   `{id}` (SPEC R26); default: the siblings of `documentPath`
 * @property {boolean} [obeyCacheControl] obey the origin's `Cache-Control` on the document (SPEC R15);
 *   default true
 * @property {number[]} [refusals] the statuses that are a clear "no" (SPEC R12); default 401 and 403
 * @property {import('./managed.js').Managed} [managed] let Sesame keep the tokens, and the browser only a session cookie; without
 *   it, the application's own credentials stand
 * @property {string} [webhookSecret] at least 32 characters, shared with the origin, which may then end
 *   and invalidate sessions by `POST /api/auth/revoke` (SPEC R23)
 * @property {string | Uint8Array} [secret] 16 random bytes, or 32 hexadecimal digits: what credentials are
 *   hashed under. Caches that exchange snapshots have the same; keep it as safe as a password. Default:
 *   random, and no snapshots or store
 * @property {import('../stores/store.js').SharedStore} [store] what several nodes share their sessions
 *   through (SPEC R30-R33), such as `redis('redis://…')`; needs `secret`. Default: none, this is the only node
 * @property {Duration} [revocationBound] with a store: no node serves a session for longer than this after it
 *   was ended elsewhere (R31); default 5 seconds
 * @property {string[]} [identityPaths] paths after which a credential may stand for somebody else: logins
 *   and logouts. `*` is one segment, `**` any number. Default: what ends in `login`, `logout`, `signin`,
 *   `signout`, `sign-in`, `sign-out`
 */

/** @typedef {ReturnType<typeof parseOptions>} ParsedOptions */

const LOGIN_WORDS = ['login', 'logout', 'signin', 'signout', 'sign-in', 'sign-out'];

const DEFAULTS = Object.freeze({
  documentPath: '/api/v1/users/me',
  sessionPath: '/api/auth/session',
  verifyPath: '/api/auth/verify',
  metricsPath: null,
  cookie: ['session', '__Host-session', '__Secure-session'],
  userId: ['/id', '/user/id', '/data/id', '/sub'],
  fields: [],
  freshFor: '30m',
  keepFor: '60m',
  expiresIn: '30d',
  idleFor: 0,
  negativeFor: '10s',
  staleIfError: '5m',
  leaseFor: '10s',
  originTimeout: '8s',
  memory: '64MB',
  maxDocument: '256kB',
  maxCredential: '16kB',
  maxBody: '1MB',
  obeyCacheControl: true,
  refusals: [401, 403],
  webhookSecret: null,
  browserCache: false,
  secret: null,
  store: null,
  revocationBound: '5s',
  userPaths: null,
  identityPaths: LOGIN_WORDS.map((word) => `/**/${word}`),
});

/** What an exchange of tokens may overrun its time-out by before it counts as lost. */
const REFRESH_MARGIN_MS = 35_000;

const MIN_SECRET = 32;

/** Collects what is wrong while it reads. */
class OptionReader {
  /** @param {Record<string, unknown>} raw */
  constructor(raw) {
    this.raw = raw;
    /** @type {import('../errors.js').ConfigFault[]} */
    this.faults = [];
  }

  /**
   * @template T
   * @param {keyof Options} option
   * @param {string} reason
   * @param {(value: any) => T | undefined} parse undefined: it is wrong
   * @returns {T}
   */
  read(option, reason, parse) {
    const given = this.raw[option];
    const value = given ?? /** @type {Record<string, unknown>} */ (DEFAULTS)[option];
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    this.faults.push({ option, reason });
    // What stands in for it lets the rest be judged.
    return /** @type {T} */ (parse(/** @type {Record<string, unknown>} */ (DEFAULTS)[option]));
  }

  /** @param {keyof Options} option */
  duration(option) {
    return this.read(option, "must be milliseconds or a string such as '30m'", (value) =>
      parseQuantity(value, DURATION_UNITS),
    );
  }

  /** @param {keyof Options} option */
  size(option) {
    return this.read(option, "must be bytes or a string such as '64MB'", (value) => {
      const bytes = parseQuantity(value, SIZE_UNITS);
      return bytes !== undefined && bytes >= 0 && bytes <= 2 ** 31 ? bytes : undefined;
    });
  }

  /** @param {keyof Options} option */
  strings(option) {
    return this.read(option, 'must be a string or a list of strings', (value) => {
      const list = typeof value === 'string' ? [value] : value;
      const fits = Array.isArray(list) && list.every((each) => typeof each === 'string' && each);
      return fits ? /** @type {string[]} */ ([...list]) : undefined;
    });
  }

  /** @param {keyof Options} option */
  boolean(option) {
    return this.read(option, 'must be true or false', (value) =>
      typeof value === 'boolean' ? value : undefined,
    );
  }

  /**
   * @param {keyof Options} option
   * @param {(value: unknown) => unknown} [complete] fills in a default that depends on others
   */
  patterns(option, complete = (value) => value) {
    return this.read(option, 'must be a list of path patterns', (value) => {
      const list = complete(value);
      const patterns = Array.isArray(list) ? list.map(parsePathPattern) : [undefined];
      return patterns.every((pattern) => pattern !== undefined)
        ? /** @type {RegExp[]} */ (patterns)
        : undefined;
    });
  }

  /** @param {keyof Options} option */
  path(option) {
    return this.read(option, 'must be a path that begins with / and has no query', (value) =>
      isPath(value) ? asInUrl(/** @type {string} */ (value)) : undefined,
    );
  }
}

/**
 * `/api/v1/users/me` → `/api/v1/users/{id}`.
 * @param {string} [documentPath]
 */
function siblingsOf(documentPath = DEFAULTS.documentPath) {
  return `${documentPath}`.replace(/[^/]*$/, '{id}');
}

/** @param {unknown} value */
function parseSecret(value) {
  if (value === null) return null;
  if (value instanceof Uint8Array && value.length === 16) return value.slice();
  if (typeof value !== 'string' || !/^[0-9a-f]{32}$/i.test(value)) return undefined;
  return fromHex(value);
}

/** @param {unknown} value */
function parseOrigin(value) {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const isBare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  return isBare && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}

/**
 * Reads options, fills in the defaults and converts units.
 * @param {Options} options
 * @param {(options: object) => import('../errors.js').ConfigFault[]} findFaults the core's: what is
 *   wrong with options that are of the right types
 * @throws {ConfigError} with everything that is wrong
 */
export function parseOptions(options, findFaults = () => []) {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  if (!isObject) throw new ConfigError([{ option: 'options', reason: 'must be an object' }]);
  const reader = new OptionReader(/** @type {any} */ (options));
  for (const option of Object.keys(options)) {
    if (!['origin', 'managed', 'verify'].includes(option) && !Object.hasOwn(DEFAULTS, option)) {
      reader.faults.push({ option, reason: 'is not an option' });
    }
  }
  const managed = parseManaged(options.managed, reader.faults);
  const fields = reader.strings('fields');
  const parsed = {
    managed,
    verify: parseVerify(options.verify, fields, reader.faults),
    isManaged: managed !== null,
    refreshLeaseFor: (managed?.refreshTimeout ?? 0) + REFRESH_MARGIN_MS,
    webhookSecret: reader.read(
      'webhookSecret',
      `must be a string of at least ${MIN_SECRET} characters`,
      (value) =>
        value === null || (typeof value === 'string' && value.length >= MIN_SECRET)
          ? /** @type {string | null} */ (value)
          : undefined,
    ),
    secret: reader.read('secret', 'must be 16 bytes or 32 hexadecimal digits', parseSecret),
    store: reader.read('store', 'must be a store, such as redis(…) gives', (value) =>
      value === null || typeof value?.putIfNewer === 'function'
        ? /** @type {import('../stores/store.js').SharedStore | null} */ (value)
        : undefined,
    ),
    revocationBound: reader.duration('revocationBound'),
    origin: reader.read(
      'origin',
      'must be an http: or https: URL without path, query or user',
      parseOrigin,
    ),
    documentPath: reader.path('documentPath'),
    sessionPath: options.sessionPath === null ? null : reader.path('sessionPath'),
    verifyPath: options.verifyPath === null ? null : reader.path('verifyPath'),
    metricsPath: (options.metricsPath ?? null) === null ? null : reader.path('metricsPath'),
    cookie: managed && options.cookie === undefined ? ['__Host-session'] : reader.strings('cookie'),
    userId: reader.strings('userId'),
    fields,
    freshFor: reader.duration('freshFor'),
    keepFor: reader.duration('keepFor'),
    expiresIn: reader.duration('expiresIn'),
    idleFor: reader.duration('idleFor'),
    negativeFor: reader.duration('negativeFor'),
    staleIfError: reader.duration('staleIfError'),
    leaseFor: reader.duration('leaseFor'),
    originTimeout: reader.duration('originTimeout'),
    memory: reader.size('memory'),
    maxDocument: reader.size('maxDocument'),
    maxCredential: reader.size('maxCredential'),
    maxBody: reader.size('maxBody'),
    obeyCacheControl: reader.boolean('obeyCacheControl'),
    refusals: reader.read('refusals', 'must be a list of HTTP statuses', (value) =>
      Array.isArray(value) && value.every(Number.isInteger)
        ? /** @type {number[]} */ ([...value])
        : undefined,
    ),
    browserCache: reader.boolean('browserCache'),
    userPaths: reader.patterns('userPaths', (value) => value ?? [siblingsOf(options.documentPath)]),
    identityPaths: reader.patterns('identityPaths'),
  };
  if (managed && parsed.cookie.length !== 1) {
    reader.faults.push({ option: 'cookie', reason: 'must be one name where sessions are managed' });
  } else if (managed && !parsed.cookie[0].startsWith('__Host-')) {
    reader.faults.push({
      option: 'cookie',
      reason: 'must begin with __Host- where sessions are managed',
    });
  }
  if (parsed.store && parsed.secret === null) {
    reader.faults.push({
      option: 'secret',
      reason: 'is needed with a store: all nodes have the same',
    });
  }
  if (parsed.store?.cannotLock && managed) {
    reader.faults.push({
      option: 'store',
      reason: 'cannot hold managed sessions: two nodes could redeem a refresh token at once',
    });
  }
  if (parsed.store && managed && parsed.idleFor > 0) {
    reader.faults.push({
      option: 'idleFor',
      reason: 'cannot be kept with managed sessions on several nodes: use is not shared',
    });
  }
  const propagation = parsed.store?.propagationMs ?? 0;
  if (parsed.store && parsed.revocationBound <= propagation) {
    const why = propagation > 0 ? `, which is how long this store may take to tell others` : '';
    reader.faults.push({
      option: 'revocationBound',
      reason: `must be longer than ${propagation / 1000} seconds${why}`,
    });
  }
  if (parsed.sessionPath === parsed.documentPath) {
    reader.faults.push({ option: 'sessionPath', reason: 'must differ from documentPath' });
  }
  const others = [parsed.documentPath, parsed.sessionPath];
  const fault = verifyPathFault(parsed.verifyPath, others, parsed.verify.prefix);
  if (fault !== null) reader.faults.push({ option: 'verifyPath', reason: fault });
  if (parsed.metricsPath !== null && [...others, parsed.verifyPath].includes(parsed.metricsPath)) {
    reader.faults.push({ option: 'metricsPath', reason: 'must differ from the other paths' });
  }
  const faults = [...reader.faults, ...findFaults(parsed)];
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(parsed);
}
