// Lines of the combined and the common log format, as nginx, Apache and Traefik write them, with what is usual in
// front of them (the virtual host, `X-Forwarded-For`) and behind (that list, cookies, the time that it took).
import { isIP } from 'node:net';
import { addressesIn, bareAddress, clientAmong, clientOf } from './addresses.js';
import { cookieFinder, durationOf, requestOf, textOf } from './log-entry.js';
import { clfTime } from './times.js';

const QUOTED = '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"';
const LINE = new RegExp(
  `^(\\S+) +(\\S+) (.*?) ?\\[([^\\]]+)\\] ${QUOTED} (\\d{3}) (\\d+|-)(?: ${QUOTED} ${QUOTED}(.*))?\\r?$`,
);
/** nginx's `$request_time` has three places after the point; it may be called `rt=`, or stand before a name. */
const SECONDS =
  / (?:"?(?:rt|request_time)[=:]"?(\d+\.\d+)\b.*|"?(\d+\.\d+)"?|(\d+\.\d{3}) \[[^\]]*\].*)$/;
/** Traefik's last field. */
const MILLISECONDS_AT_END = / (\d+)ms$/;
const NUMBER_AT_END = /[ =:"](\d+(?:\.\d+)?)"?$/;
/** A field that may be `X-Forwarded-For`, by its name or without one. Whether these are addresses is to be seen. */
const FORWARDED =
  /\s(?:[\w-]*(?:xff|for|client|real)[\w-]*[=:])?"?([\da-f.:]{2,}(?:,\s*[\da-f.:]{2,})*)"?(?=\s|$)/gi;

/**
 * @param {import('./log-entry.js').ReaderOptions} how the unit of the number at the end of the line; without it
 *   only what says its unit, or can be nothing but seconds, is taken
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function combinedReader({ durationUnit, options }) {
  const cookieIn = cookieFinder(options.cookie);
  let lastTime = '';
  let lastTimeMs = Number.NaN;
  return (line) => {
    const match = LINE.exec(line);
    if (match === null) return null;
    const [, first, second, third, time, request, status, bytes, , agent = '', rest = ''] = match;
    if (time !== lastTime) {
      lastTime = time;
      lastTimeMs = clfTime(time);
    }
    if (Number.isNaN(lastTimeMs)) return null;
    const found = requestOf(request);
    if (found === null) return 'other';
    // All but the plain format have no hyphen in the second place.
    const { address, user } =
      second === '-' ? { address: bareAddress(first), user: third } : whoIn(first, second, third);
    const forwarded = rest.length < MIN_ADDRESS_LENGTH ? null : forwardedIn(rest);
    return {
      timeMs: lastTimeMs,
      ...found,
      status: Number(status),
      durationMs: rest === '' ? null : durationAtEnd(rest, durationUnit),
      bytes: bytes === '-' ? 0 : Number(bytes),
      session: cookieIn(rest) ?? undefined,
      user: textOf(user),
      address: clientOf(textOf(address), forwarded),
      agent: textOf(agent),
      exchange: null,
    };
  };
}

/**
 * What stands before the time: in front of identity and user, one address or several, and names of hosts.
 * @param {string} first
 * @param {string} second
 * @param {string} third the rest of it
 */
function whoIn(first, second, third) {
  const words = [first, second, ...third.split(' ')];
  const areAddresses = words.map((word) => addressesIn(word).length > 0);
  const last = areAddresses.lastIndexOf(true);
  const count = last < 0 ? Math.max(1, words.length - 2) : last + 1;
  const who = words.slice(0, count);
  const user = words.slice(count + 1).join(' ');
  if (last < 0) return { address: who[count - 1], user };
  const inBrackets = who.find((word) => word.startsWith('(') && addressesIn(word).length > 0);
  const isHost = count > 1 && /:\d+$/.test(who[0]) && areAddresses[0]; // `%v:%p`
  const all = addressesIn(inBrackets ?? who.slice(isHost ? 1 : 0).join(' '));
  return { address: clientAmong(all), user };
}

/** In ` ::1`. */
const MIN_ADDRESS_LENGTH = 4;

/** @param {string} rest of the line @returns {string | null} */
function forwardedIn(rest) {
  for (const [, list] of rest.matchAll(FORWARDED)) {
    const addresses = list.split(/,\s*/);
    if (addresses.every((address) => isIP(address) !== 0)) return clientAmong(addresses);
  }
  return null;
}

/**
 * @param {string} rest
 * @param {import('./log-entry.js').DurationUnit | undefined} unit
 */
function durationAtEnd(rest, unit) {
  if (unit !== undefined) return durationOf(NUMBER_AT_END.exec(rest)?.[1], unit);
  const named = MILLISECONDS_AT_END.exec(rest);
  if (named) return durationOf(named[1], 'ms');
  const seconds = SECONDS.exec(rest);
  return seconds ? durationOf(seconds[1] ?? seconds[2] ?? seconds[3], 's') : null;
}
