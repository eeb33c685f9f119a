// What a request of a log comes down to, whatever the log's format, and the parts that formats have in common.

/**
 * @typedef {object} LogEntry
 * @property {number} timeMs milliseconds since the Unix epoch
 * @property {string} method
 * @property {string} path as a URL has it, without its query
 * @property {boolean} hasQuery
 * @property {number} status 0: there was no answer
 * @property {number | null} durationMs null: the log does not say
 * @property {number | null} bytes of the body; null: the log does not say
 * @property {string | null} session what tells it from other sessions; null: it has no credential
 * @property {string | null} user whose it is, if the log says
 * @property {Exchange | null} exchange what only a HAR file has
 */

/**
 * The headers and the body that matter. They are given to the core and to nobody else.
 * @typedef {object} Exchange
 * @property {string} cookie
 * @property {string} authorization
 * @property {string} origin the header of that name
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

export const DURATION_UNIT_MS = Object.freeze({ s: 1000, ms: 1, us: 1e-3, ns: 1e-6 });

/** @typedef {keyof typeof DURATION_UNIT_MS} DurationUnit */

/**
 * A length of time in a log, which may have several upstreams' after one another.
 * @param {unknown} value
 * @param {DurationUnit} unit
 * @returns {number | null}
 */
export function durationOf(value, unit) {
  if (typeof value === 'number') return value >= 0 ? toMs(value, unit) : null;
  if (typeof value !== 'string') return null;
  const parts = value.split(/[,:]/).map((part) => part.trim());
  const numbers = parts.filter((part) => /^\d+(\.\d+)?(e-?\d+)?$/.test(part)).map(Number);
  if (numbers.length === 0) return null;
  return toMs(
    numbers.reduce((sum, number) => sum + number, 0),
    unit,
  );
}

/**
 * To the microsecond: 0.29 s are 290 ms, not 289.99999999999994.
 * @param {number} number
 * @param {DurationUnit} unit
 */
function toMs(number, unit) {
  return Math.round(number * DURATION_UNIT_MS[unit] * 1000) / 1000;
}
