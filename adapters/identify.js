// What the adapters for frameworks have in common: who makes a request, and what it means for an answer if that
// cannot be told. Knows no framework.
import { OriginUnavailableError, SesameError } from '../js_bindings/errors.js';

/**
 * The part of a `SessionCache` that is needed.
 * @typedef {Pick<import('../js_bindings/session-cache.js').SessionCacheBase, 'identify'>} Identifier
 */

/** @typedef {Omit<import('../js_bindings/session-cache.js').Identity, 'setCookies'>} Identity */

/**
 * @typedef {object} MiddlewareOptions
 * @property {boolean} [required] answer 401 where nobody is signed in; default false: the application decides
 */

/**
 * The status and the headers with which an error of the cache is answered (SPEC R13, R44).
 * @param {unknown} error
 * @returns {{ status: number, headers: Record<string, string> } | null} null: it is none of the cache's
 */
export function answerTo(error) {
  if (error instanceof OriginUnavailableError) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterMs / 1000));
    return { status: 503, headers: { 'retry-after': String(seconds) } };
  }
  const isTooLarge = error instanceof SesameError && error.code === 'ERR_SESAME_TOO_LARGE';
  return isTooLarge ? { status: 431, headers: {} } : null;
}
