// Lines of the combined and the common log format, as nginx, Apache and Traefik write them. What comes after
// the combined format's fields may be the time that the request took.
import { durationOf, pathOf } from './log-entry.js';

const QUOTED = '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"';
const LINE = new RegExp(
  `^(\\S+) \\S+ (.*?) \\[([^\\]]+)\\] ${QUOTED} (\\d{3}) (\\d+|-)(?: ${QUOTED} ${QUOTED}(.*))?\\r?$`,
);
const TIME = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d(?:\.\d+)?) ([+-])(\d\d)(\d\d)$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun'].concat(
  ['Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'], // by name in every locale's log
);
/** nginx's `$request_time` has three places after the point; it may be called `rt=`. */
const SECONDS_AT_END = / (?:"?(?:rt|request_time)[=:]"?(\d+\.\d+)\b.*|"?(\d+\.\d+)"?)$/;
/** Traefik's last field. */
const MILLISECONDS_AT_END = / (\d+)ms$/;
const NUMBER_AT_END = /[ =:"](\d+(?:\.\d+)?)"?$/;

/**
 * @param {{ durationUnit?: import('./log-entry.js').DurationUnit }} options the unit of the number at the
 *   end of the line; without it only what says its unit, or can be nothing but seconds, is taken
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function combinedReader({ durationUnit }) {
  let lastTime = '';
  let lastTimeMs = Number.NaN;
  return (line) => {
    const match = LINE.exec(line);
    if (match === null) return null;
    const [, address, user, time, request, status, bytes, , agent = '', rest = ''] = match;
    if (time !== lastTime) {
      lastTime = time;
      lastTimeMs = timeOf(time);
    }
    if (Number.isNaN(lastTimeMs)) return null;
    const [method, target, protocol] = request.split(' ');
    if (protocol === undefined || !/^[A-Z]+$/.test(method)) return 'other';
    const found = pathOf(target);
    if (found === null) return 'other';
    const known = user === '-' || user === '' || user === '""' ? null : user;
    return {
      timeMs: lastTimeMs,
      method,
      path: found.path,
      hasQuery: found.hasQuery,
      status: Number(status),
      durationMs: rest === '' ? null : durationAtEnd(rest, durationUnit),
      bytes: bytes === '-' ? 0 : Number(bytes),
      session: known === null ? `address\n${address}\n${agent}` : `user\n${known}`,
      user: known,
      exchange: null,
    };
  };
}

/** @param {string} text @returns {number} NaN: it is none */
function timeOf(text) {
  const match = TIME.exec(text);
  const month = match ? MONTHS.indexOf(match[2]) : -1;
  if (match === null || month < 0) return Number.NaN;
  const offset = Number(match[8]) * 60 + Number(match[9]);
  const east = match[7] === '+' ? offset : -offset;
  const minutes = Number(match[5]) - east;
  const day = Date.UTC(Number(match[3]), month, Number(match[1]), Number(match[4]), minutes);
  return day + Math.round(Number(match[6]) * 1000);
}

/**
 * @param {string} rest
 * @param {import('./log-entry.js').DurationUnit | undefined} unit
 */
function durationAtEnd(rest, unit) {
  if (unit !== undefined) return durationOf(NUMBER_AT_END.exec(rest)?.[1], unit);
  const named = MILLISECONDS_AT_END.exec(rest);
  if (named) return durationOf(named[1], 'ms');
  const seconds = SECONDS_AT_END.exec(rest);
  return seconds ? durationOf(seconds[1] ?? seconds[2], 's') : null;
}
