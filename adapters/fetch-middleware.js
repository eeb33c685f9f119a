// What the adapters of frameworks have in common whose requests and answers are fetch's: one check a request, one answer
// with the headers that go with it. Knows no framework: an adapter says where its framework keeps what belongs to a request.
//
// Invariant: a request is asked about once, however many loaders read who makes it; an origin that cannot be asked is an
// answer of its own and never "unauthenticated" (R13).

import { markPrivate } from '../js_bindings/http/private-headers.js';
import { ignoreFailure } from '../js_bindings/util/ignore-failure.js';
import { addIdentityHeaders } from './answer-headers.js';
import { answerTo, heldIdentity, requestIdentityOf } from './identify.js';

/** @typedef {import('./identify.js').Ender} Ender */
/** @typedef {import('./identify.js').Identifier} Identifier */
/** @typedef {import('./identify.js').RequestIdentity} RequestIdentity */
/** @typedef {(work: Promise<unknown>) => void} WaitUntil */

/** `Set-Cookie` fields for the answer, by what a framework keeps for a request. @type {WeakMap<object, string[]>} */
const cookiesOf = new WeakMap();

/**
 * @typedef {object} Exchange one request in its framework
 * @property {Request} request
 * @property {object} key what the framework hands to everything that handles this request
 * @property {WaitUntil} [waitUntil] takes what goes on behind the answer
 * @property {boolean} [required] answer 401 where the user is unknown
 * @property {(identity: RequestIdentity) => void} keep puts it where the application reads it
 * @property {() => Response | Promise<Response>} next what the application answers
 */

/**
 * Answers a request whose application knows who makes it.
 * @param {Identifier} cache
 * @param {Exchange} exchange
 * @returns {Promise<Response>} 503 where the origin cannot be asked, 431 where a header is too large (R13, R44)
 */
export async function answerIdentified(cache, exchange) {
  const { request, key, waitUntil = ignoreFailure, required = false, keep, next } = exchange;
  let identity;
  try {
    identity =
      heldIdentity(cache, request, waitUntil) ??
      (await cache.identify(request, { waitUntil, signal: request.signal }));
  } catch (error) {
    return refusalOf(error);
  }
  cookiesOf.set(key, [...identity.setCookies]);
  keep(requestIdentityOf(identity));
  const isRefused = required && identity.user === null;
  return withHeaders(isRefused ? unauthenticated() : await next(), cookiesOf.get(key) ?? []);
}

/**
 * Ends every session that a request names, and gives what ends its cookie to the answer of that request.
 * @param {Ender} cache
 * @param {Pick<Exchange, 'request' | 'key' | 'keep' | 'waitUntil'>} exchange
 */
export async function endIdentified(cache, { request, key, keep, waitUntil = ignoreFailure }) {
  const { setCookies } = await cache.endSession(request, { waitUntil });
  cookiesOf.get(key)?.push(...setCookies);
  keep({ user: null, expiresAt: null, source: 'negative' });
}

/** @param {Response} response @param {readonly string[]} setCookies */
function withHeaders(response, setCookies) {
  try {
    addIdentityHeaders(response.headers, setCookies);
    return response;
  } catch {
    const copy = new Response(response.body, response); // fetch's own answers and redirects cannot be changed
    addIdentityHeaders(copy.headers, setCookies);
    return copy;
  }
}

function unauthenticated() {
  const headers = new Headers({ 'www-authenticate': 'Bearer' });
  markPrivate(headers);
  return new Response(null, { status: 401, headers });
}

/** @param {unknown} error */
function refusalOf(error) {
  const init = answerTo(error);
  if (init === null) throw error;
  const headers = new Headers(init.headers);
  markPrivate(headers);
  return new Response(null, { status: init.status, headers });
}
