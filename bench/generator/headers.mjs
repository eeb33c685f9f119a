// The `Cookie` headers that requests come with: a session cookie between two others, as a site with
// a measuring script has them. About a hundred bytes.
import { Draw, seedOf } from './random.mjs';

const SEED = 7_177;
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * A string that is one piece in memory, as those that come off the network are. What `+` makes is a
 * tree of pieces, which the first to read it pays for.
 * @param {string} text
 */
export function flat(text) {
  return decoder.decode(encoder.encode(text));
}

/**
 * The session token of an index: 256 bits, base64url.
 * @param {number} index
 */
export function tokenOf(index) {
  const draw = new Draw(seedOf(SEED, index));
  let text = '';
  for (let done = 0; done < 43; ++done) text += BASE64URL[draw.integer(64)];
  return flat(text);
}

/**
 * @param {string} value of the session cookie
 * @param {string} [name]
 */
export function cookieHeader(value, name = 'session') {
  const salt = value.charCodeAt(3) * 7919 + value.charCodeAt(8) * 104_729;
  return flat(`_ga=GA1.1.${1e9 + (salt % 9e8)}.1760000000; ${name}=${value}; theme=dark`);
}

/** @param {number} index */
export function headerOf(index) {
  return cookieHeader(tokenOf(index));
}
