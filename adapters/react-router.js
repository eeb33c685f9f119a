// A middleware for React Router: `context.get(sesameContext)` says who makes the request. It imports nothing of React Router:
// a context is any object that stands for what is kept under it.

/**
 * A middleware for React Router: `context.get(sesameContext)` says who makes the request.
 * @module
 */

import { answerIdentified, endIdentified } from './fetch-middleware.js';

/** @import { SesameError } from '../js_bindings/errors.js' */
/** @typedef {import('./identify.js').Ender} Ender */
/** @typedef {import('./identify.js').Identifier} Identifier */
/** @typedef {import('./identify.js').RequestIdentity} RequestIdentity */

/**
 * What is used of a middleware's, loader's or action's arguments.
 * @typedef {object} ArgumentsLike
 * @property {Request} request the page's or the form's
 * @property {any} context what belongs to this request: React Router's `RouterContextProvider`
 */

/**
 * The context, as `createContext` of React Router makes one, under which the middleware keeps who makes a request:
 * `{ user, expiresAt, source }`.
 * @type {{ defaultValue?: RequestIdentity }}
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { sesame, sesameContext } from 'sesame-edge/react-router';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const context = new Map(); // React Router's
 * const page = new Request('http://localhost/', request);
 * await sesame(sessions)({ request: page, context }, async () => new Response('a page'));
 * context.get(sesameContext).user.name; // => 'Ingrid Sørensen'
 */
export const sesameContext = {};

/**
 * Makes a middleware for the root route: `context.get(sesameContext)` is there for every loader and action; `user` is null where
 * the user is unknown. However many loaders look, the request is checked once. `Set-Cookie` fields of the origin are passed on one
 * by one, and the answer is then private (R40). Where the origin cannot be asked the answer is 503 with `Retry-After` (R13),
 * where a header is too large 431 (R44).
 * @param {Identifier} cache a `SessionCache`
 * @returns {(given: any, next: () => Promise<any>) => Promise<Response>} a middleware
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { sesame, sesameContext } from 'sesame-edge/react-router';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const middleware = [sesame(sessions)]; // in app/root.jsx: export const middleware = …
 *
 * // What React Router does with it:
 * const context = new Map();
 * const loader = async () => new Response(context.get(sesameContext).user.email);
 * const page = new Request('http://localhost/', request);
 * const answer = await middleware[0]({ request: page, context }, loader);
 * await answer.text(); // => 'ingrid@example.com'
 */
export function sesame(cache) {
  return (given, next) => answerIdentified(cache, { ...exchangeOf(given), next });
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25). Loaders that run behind the action find `user` null.
 * @param {Ender} cache a `SessionCache`
 * @param {ArgumentsLike} given an action's or a loader's
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does: the sign-out has to be repeated
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, sesameContext } from 'sesame-edge/react-router';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const context = new Map(); // React Router's
 * const page = new Request('http://localhost/', request);
 * await endSession(sessions, { request: page, context }); // in an action
 * context.get(sesameContext).user; // => null
 */
export async function endSession(cache, given) {
  await endIdentified(cache, exchangeOf(given));
}

/** @param {ArgumentsLike} given */
function exchangeOf({ request, context }) {
  return {
    ...{ request, key: context },
    keep: (/** @type {RequestIdentity} */ identity) => void context.set(sesameContext, identity),
  };
}
