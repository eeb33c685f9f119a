// A request middleware for TanStack Start: `context.sesame` says who makes the request. It imports nothing of TanStack Start.

/**
 * A request middleware for TanStack Start: `context.sesame` says who makes the request.
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
 * What the middleware adds to the context.
 * @typedef {object} Added
 * @property {RequestIdentity} sesame who makes the request
 * @property {object} sesameKey for `endSession`
 */

/**
 * Makes what `createMiddleware().server` takes: it sets `context.sesame` to `{ user, expiresAt, source }` for server functions,
 * server routes and the router; `user` is null where the user is unknown. However many loaders and server functions look while
 * a page is rendered, its request is checked once. `Set-Cookie` fields of the origin are passed on one by one, and the answer is
 * then private (R40). Where the origin cannot be asked the answer is 503 with `Retry-After` (R13), where a header is too large
 * 431 (R44).
 * @param {Identifier} cache a `SessionCache`
 * @returns {<Result extends { response: Response }>(options: { request: Request, next: (more: { context: Added }) => Result | Promise<Result> }) => Promise<Result | Response>}
 *   the server's part of a middleware
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { sesame } from 'sesame-edge/tanstack-start';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const server = sesame(sessions); // in src/start.ts: createMiddleware().server(server)
 *
 * // What TanStack Start does with it:
 * const page = new Request('http://localhost/', request);
 * const next = async ({ context }) => ({ context, response: new Response('a page') });
 * const { context } = await server({ request: page, next });
 * context.sesame.user.name; // => 'Ingrid Sørensen'
 */
export function sesame(cache) {
  return async ({ request, next }) => {
    /** @type {{ response: Response } | undefined} */
    let result;
    const key = {};
    let identity = /** @type {RequestIdentity} */ (/** @type {unknown} */ (null));
    const response = await answerIdentified(cache, {
      ...{ request, key },
      keep: (known) => {
        identity = known;
      },
      next: async () => {
        const answered = await next({ context: { sesame: identity, sesameKey: key } });
        result = answered;
        return answered.response;
      },
    });
    return result ? /** @type {any} */ ({ ...result, response }) : response;
  };
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25).
 * @param {Ender} cache a `SessionCache`
 * @param {{ request: Request, context?: { sesameKey?: object } }} handled what a server route's handler is given
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does: the sign-out has to be repeated
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { endSession } from 'sesame-edge/tanstack-start';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const page = new Request('http://localhost/', request);
 * await endSession(sessions, { request: page }); // in the handler of a server route
 * (await sessions.identify(page)).user; // => null
 */
export async function endSession(cache, { request, context }) {
  await endIdentified(cache, { request, key: context?.sesameKey ?? {}, keep: () => {} });
}
