// The headers that a middleware adds to an answer of its framework: on what the answer depends, and the origin's cookies.
// Knows `Headers` and no framework.
//
// Invariant: no `Set-Cookie` of the origin is lost (R87), and none travels in an answer that a shared cache keeps (R40).
import { markPrivate } from '../js_bindings/http/private-headers.js';

/** What an answer depends on that says who asks (RFC 9110 section 12.5.5). */
const VARY = ['Cookie', 'Authorization'];

/**
 * @param {string} vary a field, or nothing
 * @returns {string} with what says who asks
 */
export function varyWith(vary) {
  const named = vary.split(',').map((name) => name.trim().toLowerCase());
  if (named.includes('*')) return vary;
  const missing = VARY.filter((name) => !named.includes(name.toLowerCase()));
  return [vary, ...missing].filter(Boolean).join(', ');
}

/**
 * Adds what an answer to an identified request says.
 * @param {Headers} headers changed in place
 * @param {readonly string[]} setCookies of the origin
 */
export function addIdentityHeaders(headers, setCookies) {
  headers.set('vary', varyWith(headers.get('vary') ?? ''));
  if (setCookies.length === 0) return;
  for (const line of setCookies) headers.append('set-cookie', line);
  markPrivate(headers);
}
