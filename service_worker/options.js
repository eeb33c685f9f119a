// The options of the service worker: those of a cache that make sense on a device, and its own.
import { withPreset } from '../js_bindings/dialects/presets/preset.js';
import { ConfigError } from '../js_bindings/errors.js';
import { isPath, parseWith } from '../js_bindings/options/parse.js';
import { COOKIE_PREFIX } from '../js_bindings/origin/vary.js';
import { isRecord } from '../js_bindings/util/is-record.js';

/** @import { Options, ParsedOptions } from '../js_bindings/options/types.js' */

/**
 * Of a cache in front of many users: on a device there is one, and no secret to share.
 * @type {readonly Exclude<keyof Options, keyof WorkerOptions>[]}
 */
const NOT_HERE = [
  .../** @type {const} */ ([
    'managed',
    'store',
    'revocationBound',
    'webhookSecret',
    'devices',
    'events',
    'eventsHeartbeat',
    'sid',
    'tokens',
    'introspection',
    'userinfo',
    'backchannelLogout',
    'sharedSignals',
    'browserCache',
    'secret',
    'cookie',
  ]),
  .../** @type {const} */ (['verify', 'metricsPath']),
];

/**
 * The options that only a service worker has.
 * @typedef {object} OwnOptions
 * @property {string} [origin] where the API is, `https:`; default: where the worker comes from
 * @property {string} [logoutPath] what a logout that could not reach the origin is repeated on; default
 *   `/api/auth/logout`
 * @property {string} [markerCookie] a cookie that scripts can read and that every login changes. With it,
 *   another user's login is noticed even where the worker sees none of it, as on a page that it does not
 *   control. It must not be the session's own cookie. Default: none
 * @property {string} [database] the IndexedDB database; default `sesame`
 * @property {string} [channel] the BroadcastChannel that tabs hear of changes on; default `sesame`
 * @property {boolean} [takeOver] become active at once and control open pages; default true
 * @property {boolean} [staticRoutes] images, styles, scripts, fonts and media of pages go past the worker, which is not
 *   started for them, in browsers that can do so (rule R66). Without use to an application whose worker answers them
 *   itself. Default true in the ready file, and false for `install()`
 */

/**
 * As in `Options`, less what is of no use on a device. Two defaults differ: `memory` is `'4MB'`, and
 * `staleIfError` is 24 hours (a device is offline for longer than an origin is down).
 * @typedef {OwnOptions & Omit<Options, 'origin' | 'managed' | 'store' | 'revocationBound' | 'webhookSecret' | 'devices' | 'events' | 'eventsHeartbeat' | 'sid' | 'tokens' | 'introspection' | 'userinfo' | 'backchannelLogout' | 'sharedSignals' | 'browserCache' | 'secret' | 'cookie' | 'verify' | 'metricsPath'>} WorkerOptions
 */

const OWN_DEFAULTS = Object.freeze({
  logoutPath: '/api/auth/logout',
  markerCookie: '',
  database: 'sesame',
  channel: 'sesame',
  takeOver: true,
  staticRoutes: false,
});

/** The name under which the device's own credential reaches the core; no server ever sees it. */
export const DEVICE_COOKIE = 'sesame-device';

/** @typedef {ReturnType<typeof parseWorkerOptions>} ParsedWorkerOptions */

/**
 * What the database is called, before all options have been judged, which takes longer than to begin with it.
 * @param {WorkerOptions} options
 */
export function databaseOf(options) {
  const name = /** @type {any} */ (options)?.database;
  return isOwn('database', name) ? name : OWN_DEFAULTS.database;
}

/**
 * @param {WorkerOptions} options
 * @param {string} ownOrigin where the worker comes from
 * @throws {ConfigError} with everything that is wrong
 */
export function parseWorkerOptions(options, ownOrigin) {
  if (!isRecord(options))
    throw new ConfigError([{ option: 'options', reason: 'must be an object' }]);
  const faults = NOT_HERE.filter((option) => option in options).map((option) => ({
    option: /** @type {string} */ (option),
    reason: 'is not for a service worker',
  }));
  const own = { ...OWN_DEFAULTS };
  /** @type {Record<string, any>} */
  const ofCache = {};
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || NOT_HERE.includes(/** @type {any} */ (option))) continue;
    if (!Object.hasOwn(OWN_DEFAULTS, option)) ofCache[option] = value;
    else if (isOwn(option, value)) Object.assign(own, { [option]: value });
    else faults.push({ option, reason: OWN_REASONS[/** @type {keyof OwnOptions} */ (option)] });
  }
  const cache = /** @type {import('../js_bindings/options/types.js').Options} */ ({
    origin: ownOrigin,
    memory: '4MB',
    staleIfError: '24h',
    ...ofCache,
    cookie: DEVICE_COOKIE,
  });
  // Which of a page's credentials the origin would find cannot be seen here: only that it never looks at tokens.
  const ignoresTokens = [ofCache.credential ?? []].flat().join() === 'cookie';
  /** @type {ParsedOptions | undefined} */
  let parsed;
  try {
    parsed = parseWith(cache, () => [], { preset: withPreset });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.push(...error.faults);
  }
  if (parsed?.varyOn.some((name) => name.startsWith(COOKIE_PREFIX))) {
    const reason = 'cannot name a cookie: a service worker sees none; see markerCookie';
    faults.push({ option: 'varyOn', reason });
  }
  if (faults.length > 0 || parsed === undefined) throw new ConfigError(faults);
  return Object.freeze({
    ...own,
    ownOrigin,
    ignoresTokens,
    parsed: Object.freeze({ ...parsed, credential: [] }),
  });
}

/** @type {Record<string, string>} */
const OWN_REASONS = {
  logoutPath: 'must be a path that begins with / and has no query',
  markerCookie: 'must be a string',
  database: 'must be a string that is not empty',
  channel: 'must be a string that is not empty',
  takeOver: 'must be true or false',
  staticRoutes: 'must be true or false',
};

/**
 * @param {string} option
 * @param {unknown} value
 */
function isOwn(option, value) {
  if (option === 'takeOver' || option === 'staticRoutes') return typeof value === 'boolean';
  if (option === 'logoutPath') return isPath(value);
  return typeof value === 'string' && (value !== '' || option === 'markerCookie');
}
