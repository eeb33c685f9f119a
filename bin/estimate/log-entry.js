// What a request of a log comes down to, whatever the log's format, and the parts that formats have in common.

/**
 * @typedef {object} ReaderOptions
 * @property {import('../../js_bindings/options/options.js').ParsedOptions} options
 * @property {string} [sessionField]
 * @property {string} [userField]
 * @property {string} [durationField]
 * @property {DurationUnit} [durationUnit]
 * @property {(request: { method: string, path: string }) => boolean} [isRelevant] a reader that has much to do may
 *   leave out what is not
 */

/**
 * @typedef {object} LogEntry
 * @property {number} timeMs milliseconds since the Unix epoch
 * @property {string} method
 * @property {string} path as a URL has it, without its query
 * @property {boolean} hasQuery
 * @property {number} status 0: there was no answer
 * @property {number | null} durationMs null: the log does not say
 * @property {number | null} bytes of the body; null: the log does not say
 * @property {string | null} [session] what tells it from other sessions; null: it has no credential; undefined: the
 *   log does not say, and `visitors.js` makes do with the following
 * @property {string | null} user whose it is, if the log says
 * @property {string | null} address the client's
 * @property {string | null} agent
 * @property {boolean} [isLocal] the browser has answered it by itself
 * @property {Exchange | null} exchange what only a HAR file has
 */

/**
 * The headers and the body that matter. They are given to the core and to nobody else.
 * @typedef {object} Exchange
 * @property {string} cookie
 * @property {string} authorization
 * @property {string} origin the header of that name
 * @property {[string, string][]} further the other headers of the request
 * @property {[string, string][]} answerHeaders
 * @property {string} answerBody empty: the file does not say
 */

/**
 * Reads one line, or one entry. `other`: it is of the format, but holds no request that was answered by a
 * server; null: it is not of the format.
 * @typedef {(text: string) => LogEntry | 'other' | null} ReadEntry
 */

/** Paths that a URL has just as they are. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)+$/;

/**
 * The path of a request's target, as the worker would see it.
 * @param {string} target `/path?query`, or a whole URL
 * @returns {{ path: string, hasQuery: boolean } | null} null: no path can be made of it
 */
export function pathOf(target) {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  if (PLAIN.test(path)) return { path, hasQuery: query >= 0 && query < target.length - 1 };
  // nginx writes bytes outside of ASCII as \xD9.
  const escaped = target.replace(/\\x([0-9a-f]{2})/gi, '%$1');
  const whole = escaped.startsWith('/') ? `http://host${escaped}` : escaped;
  if (!URL.canParse(whole)) return null;
  const { protocol, pathname, search } = new URL(whole);
  if (!/^(https?|wss?):$/.test(protocol)) return null;
  return { path: pathname, hasQuery: search !== '' };
}

/** What logs write where there is nobody, or nothing. */
const ABSENT = /^(?:-|""|\(?null\)?|undefined|nil|none|unknown|anonymous|guest|nobody)?$/i;
/** What is left where somebody has taken out what was secret. */
const REDACTED =
  /^\W*(?:\w+ \W*)?(?:redacted|removed|masked|hidden|filtered|sanitized|omitted)\W*$|^[*•x.]{3,}$/i;

/**
 * What a field says.
 * @param {unknown} value
 * @returns {string | null} null: nothing, or it has been taken out
 */
export function textOf(value) {
  if (typeof value !== 'string' && typeof value !== 'number') return null;
  const text = `${value}`;
  return ABSENT.test(text) || REDACTED.test(text) ? null : text;
}

/**
 * Finds a session's cookie in what a log says of a request's cookies, or in a line's end that may say it.
 * @param {readonly string[]} names
 * @returns {(text: string) => string | null}
 */
export function cookieFinder(names) {
  const list = names.map((name) => name.replace(/[^\w-]/g, '\\$&')).join('|');
  const pattern = new RegExp(`(?:^|[\\s;,"'+]|%20)((?:${list})=([^\\s;,"'+]+))`);
  return (text) => {
    const match = names.length > 0 && text.includes('=') ? pattern.exec(text) : null;
    return match && textOf(match[2]) !== null ? match[1] : null;
  };
}

/**
 * The two words of a request's first line that matter.
 * @param {string} request `GET /path HTTP/1.1`
 * @returns {Pick<LogEntry, 'method' | 'path' | 'hasQuery'> | null} null: it is none
 */
export function requestOf(request) {
  const [method, target, protocol] = request.split(' ');
  if (protocol === undefined || !/^[A-Z]+$/.test(method)) return null;
  const found = pathOf(target);
  return found && { method, path: found.path, hasQuery: found.hasQuery };
}

export const DURATION_UNIT_MS = Object.freeze({ s: 1000, ms: 1, us: 1e-3, ns: 1e-6 });

/** @typedef {keyof typeof DURATION_UNIT_MS} DurationUnit */

const DURATION = /^(\d+(?:\.\d+)?(?:e-?\d+)?)(s|ms|us|µs|μs|ns)?$/;

/**
 * A length of time in a log, which may have several upstreams' after one another.
 * @param {unknown} value
 * @param {DurationUnit} unit of numbers that do not say theirs
 * @returns {number | null}
 */
export function durationOf(value, unit) {
  if (typeof value === 'number') return value >= 0 ? toMs(value, unit) : null;
  if (typeof value !== 'string') return null;
  let sum = null;
  for (const part of value.split(/[,:]/)) {
    const match = DURATION.exec(part.trim());
    if (match === null) continue;
    const own = /** @type {DurationUnit | undefined} */ (match[2]?.replace(/[µμ]/, 'u'));
    sum = (sum ?? 0) + Number(match[1]) * DURATION_UNIT_MS[own ?? unit];
  }
  return sum === null ? null : rounded(sum);
}

/**
 * @param {number} number
 * @param {DurationUnit} unit
 */
function toMs(number, unit) {
  return rounded(number * DURATION_UNIT_MS[unit]);
}

/** To the microsecond: 0.29 s are 290 ms, not 289.99999999999994. @param {number} ms */
function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
