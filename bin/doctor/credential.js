// The credential that `sesame-edge doctor` is given, as the headers of a request. It must not know where it comes from.
// Invariant: no fault repeats a part of it.
import { nameOf, pairsOf } from '../../js_bindings/origin/session-cookies.js';

/**
 * @typedef {object} Given
 * @property {Headers} headers with a `Cookie`, an `Authorization` or both; with neither: there is no credential
 * @property {string[]} setCookies the `Set-Cookie` fields by which the cookies were given
 */

/** `name=value`, which a token with padding is not. */
const PAIR = /^[\w!#$%&'*+.^`|~-]+=[^=]/;

/**
 * @param {string} text lines such as `Cookie: sid=…`, `Set-Cookie: sid=…; Max-Age=600` and `Authorization: Bearer …`, as a
 *   browser's tools show them; or the cookies, the token or a cookie's value alone
 * @param {string | undefined} cookie the name of the cookie whose value stands alone
 * @returns {Given | null} null: it is none
 */
export function credentialOf(text, cookie) {
  const headers = new Headers();
  /** @type {string[]} */
  const setCookies = [];
  /** @type {string[]} */
  const pairs = [];
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  try {
    for (const line of lines.filter((each) => each !== '')) {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? ['', '', line];
      switch (name.toLowerCase()) {
        case 'cookie':
          pairs.push(value);
          break;
        case 'set-cookie':
          setCookies.push(value);
          pairs.push(value.split(';', 1)[0]);
          break;
        case 'authorization':
          headers.set('authorization', value);
          break;
        case '':
          addAlone(value, cookie, { headers, pairs });
      }
    }
    if (pairs.length > 0) headers.set('cookie', pairs.join('; '));
  } catch {
    return null; // what no header can hold
  }
  const isThere = headers.has('cookie') || headers.has('authorization');
  return isThere ? { headers, setCookies } : null;
}

/**
 * @param {string} value
 * @param {string | undefined} cookie
 * @param {{ headers: Headers, pairs: string[] }} into
 */
function addAlone(value, cookie, { headers, pairs }) {
  if (/^\w+ \S/.test(value) && !PAIR.test(value)) headers.set('authorization', value);
  else if (PAIR.test(value)) pairs.push(value);
  else if (cookie !== undefined) pairs.push(`${cookie}=${value}`);
  else headers.set('authorization', `Bearer ${value}`);
}

/** The names of the cookies of a request. @param {Headers} headers */
export function cookieNames(headers) {
  return pairsOf(headers)
    .map(nameOf)
    .filter((name) => name !== '');
}
