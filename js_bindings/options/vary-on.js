// The option `varyOn`: what an origin's document depends on beside the credential (rule R4). Here is what it may
// name; how it becomes part of a key is `origin/vary.js`.

import { fillHeaders } from '../origin/headers.js';
import { COOKIE_PREFIX, HOST } from '../origin/vary.js';

export const VARY_ON_REASON =
  "must be 'host', 'cookie:NAME' or the name of a request header that the origin gets, or a list of those";

/** A field name, and a cookie's (RFC 9110 section 5.1, RFC 6265 section 4.1.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/** What is part of every key by itself, and what is no name though it could be one. */
const REFUSED = ['cookie', 'authorization', '*'];

/**
 * @param {unknown} value
 * @returns {readonly string[] | undefined} sorted, each once: nodes that are configured in another order share keys
 */
export function parseVaryOn(value) {
  const list = Array.isArray(value) ? value : [value];
  const parts = list.map(partOf);
  return parts.includes(undefined)
    ? undefined
    : /** @type {string[]} */ ([...new Set(parts)].sort());
}

/** @param {unknown} part @returns {string | undefined} */
function partOf(part) {
  if (typeof part !== 'string') return undefined;
  if (part.startsWith(COOKIE_PREFIX)) {
    return TOKEN.test(part.slice(COOKIE_PREFIX.length)) ? part : undefined;
  }
  const name = part.toLowerCase();
  if (name === HOST) return name;
  return TOKEN.test(name) && !REFUSED.includes(name) && reachesOrigin(name) ? name : undefined;
}

/** Whether the origin gets a request's header as it is when it is asked for the document. @param {string} name */
function reachesOrigin(name) {
  return fillHeaders(new Headers([[name, 'x']]), '').get(name) === 'x';
}

/**
 * What is wrong with the cookies in `varyOn`, or null.
 * @param {readonly string[]} varyOn
 * @param {readonly string[]} names of the session cookie
 */
export function sessionCookieFault(varyOn, names) {
  const isSession = names.some((name) => varyOn.includes(COOKIE_PREFIX + name));
  return isSession ? 'must not name the session cookie, which is part of every key' : null;
}
