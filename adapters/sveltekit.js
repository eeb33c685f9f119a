// A `handle` hook for SvelteKit: `event.locals.sesame` says who makes the request. It imports nothing of SvelteKit.

/**
 * A `handle` hook for SvelteKit: `event.locals.sesame` says who makes the request.
 * @module
 */

import { answerIdentified, endIdentified } from './fetch-middleware.js';

/** @import { SesameError } from '../js_bindings/errors.js' */
/** @typedef {import('./identify.js').Ender} Ender */
/** @import { UserDocument } from '../js_bindings/session-cache.js' */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identify.js').Identifier<User>} Identifier
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identify.js').RequestIdentity<User>} RequestIdentity
 */

/**
 * What is used of SvelteKit's event.
 * @typedef {object} EventLike
 * @property {Request} request the page's or the form's
 * @property {object} locals what belongs to this request
 * @property {unknown} [platform] the host, where it has something to keep work alive
 */

/**
 * Makes a `handle` hook that sets `event.locals.sesame` to `{ user, expiresAt, source }` before any `load` function, form action or
 * endpoint; `user` is null where the user is unknown. However many of them look, the request is checked once. `Set-Cookie` fields
 * of the origin are passed on one by one, and the answer is then private (R40). Where the origin cannot be asked the answer is
 * 503 with `Retry-After` (R13), where a header is too large 431 (R44).
 * @param {Identifier} cache a `SessionCache`
 * @returns {<Event extends EventLike>(input: { event: Event, resolve: (event: Event) => Response | Promise<Response> }) => Promise<Response>} a hook, as
 *   `export const handle` or within `sequence`
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { sesame } from 'sesame-edge/sveltekit';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const handle = sesame(sessions); // in src/hooks.server.js: export const handle = …
 *
 * // What SvelteKit does with it:
 * const event = { request: new Request('http://localhost/', request), locals: {} };
 * await handle({ event, resolve: async () => new Response('a page') });
 * event.locals.sesame.user.name; // => 'Ingrid Sørensen'
 */
export function sesame(cache) {
  return ({ event, resolve }) =>
    answerIdentified(cache, { ...exchangeOf(event), next: () => resolve(event) });
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25). What is rendered behind it finds `user` null.
 * @param {Ender} cache a `SessionCache`
 * @param {EventLike} event of a form action or an endpoint
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does: the sign-out has to be repeated
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, sesame } from 'sesame-edge/sveltekit';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const event = { request: new Request('http://localhost/', request), locals: {} };
 * const resolve = async () => {
 *   await endSession(sessions, event); // in a form action
 *   return new Response('a page');
 * };
 * await sesame(sessions)({ event, resolve });
 * event.locals.sesame.user; // => null
 */
export async function endSession(cache, event) {
  await endIdentified(cache, exchangeOf(event));
}

/** @param {EventLike} event */
function exchangeOf({ request, locals, platform }) {
  /** @typedef {{ waitUntil: (work: Promise<unknown>) => void }} Context */
  const { ctx, context = ctx } = /** @type {{ ctx?: Context, context?: Context }} */ (
    platform ?? {}
  );
  return {
    ...{ request, key: locals },
    waitUntil: context && ((/** @type {Promise<unknown>} */ work) => context.waitUntil(work)),
    keep: (/** @type {RequestIdentity} */ identity) => {
      Object.assign(locals, { sesame: identity });
    },
  };
}
