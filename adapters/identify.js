// What the adapters for frameworks have in common: who makes a request, and what it means for an answer if that
// cannot be told. Knows no framework.
import { OriginUnavailableError, SesameError } from '../js_bindings/errors.js';
import { HELD } from '../js_bindings/util/held.js';
import { withUser } from '../js_bindings/util/with-user.js';

/** @import { EndedSession, Identity, RequestLike, UserDocument } from '../js_bindings/session-cache.js' */

/**
 * The part of a `SessionCache` that is needed.
 * @template [User=UserDocument]
 * @typedef {object} Identifier
 * @property {(request: RequestLike, options?: { fresh?: boolean, signal?: AbortSignal,
 *   waitUntil?: (work: Promise<unknown>) => void }) => Promise<Identity<User>>} identify says who makes a request
 */

/**
 * The part of a `SessionCache` that a sign-out needs.
 * @typedef {object} Ender
 * @property {(request: RequestLike, options?: { waitUntil?: (work: Promise<unknown>) => void }) => Promise<EndedSession>}
 *   endSession ends every session that a request names
 */

/**
 * Who makes a request, as a middleware says it.
 * @template [User=UserDocument]
 * @typedef {object} RequestIdentity
 * @property {User | null} user the document, parsed; null: nobody, as far as the origin is concerned
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 * @property {'fresh' | 'stale' | 'origin' | 'negative'} source where the answer came from (SPEC R43)
 */

/**
 * What a middleware may be told.
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

/**
 * An identity without what only an answer needs. `user` is not read for that: whoever reads it has it parsed.
 * @template User
 * @param {Identity<User>} identity
 * @returns {RequestIdentity<User>}
 */
export function requestIdentityOf(identity) {
  return withUser(identity, { expiresAt: identity.expiresAt, source: identity.source });
}

/**
 * Who makes a request, where that is held: in the same turn, since a promise for each request is dear.
 * @template User
 * @param {Identifier<User>} cache
 * @param {RequestLike} request
 * @param {(work: Promise<unknown>) => void} waitUntil
 * @returns {Identity<User> | null} null: `identify` has to find out
 */
export function heldIdentity(cache, request, waitUntil) {
  return /** @type {any} */ (cache)[HELD]?.(request, waitUntil) ?? null;
}
