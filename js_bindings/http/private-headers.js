// The headers of answers that are for one user alone (SPEC R40, R43). It must not know what is answered.
// Invariant: no shared cache keeps what these headers are on; a Sesame behind this one may be told how long it may.
import { FOR_SESAME } from '../origin/headers.js';

/** What caches in front believe before `Cache-Control`: RFC 9213 and its forerunners, and nginx' own. */
const TARGETED =
  /^(([\w-]+-)?cdn-cache-control|sesame-cache-control|surrogate-control|edge-control|x-accel-expires)$/;

const MINUTE = 60;
const HOUR = 3600;

/**
 * How long a document is fresh, in seconds: rounded down, so that there are not too many answers.
 * @param {number} milliseconds
 */
export function freshSeconds(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const unit = seconds >= HOUR ? HOUR : seconds >= MINUTE ? MINUTE : 1;
  return seconds - (seconds % unit);
}

/**
 * Lets a Sesame behind this one keep the document for as long as it is fresh here. Pages of other sites, and
 * their workers, see the field where they may see the document.
 * @param {Headers} headers changed in place
 * @param {number} seconds
 */
export function setFreshness(headers, seconds) {
  headers.set(FOR_SESAME, `max-age=${seconds}`);
  if (headers.has('access-control-allow-origin')) {
    headers.append('access-control-expose-headers', FOR_SESAME);
  }
}

/**
 * Marks a response that holds session data or `Set-Cookie` (SPEC R40): no shared cache keeps it.
 * @param {Headers} headers changed in place
 * @param {readonly string[]} [varyOn] request headers beside the credential that it depends on (R4)
 */
export function markPrivate(headers, varyOn = []) {
  for (const name of [...headers.keys()]) if (TARGETED.test(name)) headers.delete(name);
  headers.set('cache-control', 'private, no-store');
  const vary = headers.get('vary') ?? '';
  const named = vary.split(',').map((name) => name.trim().toLowerCase());
  if (named.includes('*')) return;
  const missing = ['Cookie', 'Authorization', ...varyOn].filter(
    (name) => !named.includes(name.toLowerCase()),
  );
  headers.set('vary', [vary, ...missing].filter(Boolean).join(', '));
}

/**
 * New headers of an answer with session data.
 * @param {string} source where the answer comes from
 * @param {readonly string[]} [varyOn] request headers beside the credential that it depends on
 */
export function privateHeaders(source, varyOn) {
  const headers = new Headers();
  markPrivate(headers, varyOn);
  setSource(headers, source);
  return headers;
}

/**
 * Says where an answer comes from (SPEC R43).
 * @param {Headers} headers changed in place
 * @param {string} source
 */
export function setSource(headers, source) {
  headers.append('server-timing', `sesame;desc=${source}`);
}
