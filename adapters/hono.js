// A middleware for Hono: `c.get('sesame')` says who makes the request. Nothing of Hono is imported but types.

/**
 * A middleware for Hono, in any of its hosts: `c.get('sesame')` says who makes the request.
 *
 * In the example, the application is asked by a user who is signed in at `https://api.example.com`, Ingrid, and by
 * nobody in particular.
 * @module
 */

import { markPrivate } from '../js_bindings/http/private-headers.js';
import { answerTo } from './identify.js';

/** @typedef {import('./identify.js').Identifier} Identifier */
/** @typedef {import('./identify.js').MiddlewareOptions} MiddlewareOptions */
/** @typedef {import('./identify.js').RequestIdentity} RequestIdentity */

/**
 * What the middleware sets, for `c.get`.
 * @typedef {object} SesameVariables
 * @property {RequestIdentity} sesame who makes the request
 */

/**
 * The environment of an application behind the middleware, as Hono takes it: `new Hono<Env>()`.
 * @typedef {object} Env
 * @property {SesameVariables} Variables what the middleware sets
 */

/**
 * Sets `c.get('sesame')` to `{ user, expiresAt, source }`; `user` is null where nobody is signed in. The origin's
 * `Set-Cookie` fields are handed on one by one, and the answer is then private (SPEC R40). Errors of the cache
 * are thrown as Hono's `onError` takes them, with `getResponse()`: `ERR_SESAME_ORIGIN_UNAVAILABLE` is 503 with
 * `Retry-After` (R13), `ERR_SESAME_TOO_LARGE` is 431 (R44).
 * @param {Identifier} cache a `SessionCache`
 * @param {MiddlewareOptions} [options]
 * @returns {import('hono').MiddlewareHandler<Env>} a middleware
 *
 * @example
 * import { Hono } from 'hono';
 * import { SessionCache } from 'sesame-edge';
 * import { sesame } from 'sesame-edge/hono';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = new Hono();
 * app.use(sesame(sessions));
 * app.get('/', (c) => c.text(`Hello ${c.get('sesame').user?.name ?? 'you'}`));
 * app.get('/account', sesame(sessions, { required: true }), (c) => c.text(c.get('sesame').user.email));
 *
 * export default app;
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // GET / => 200 Hello you
 * // GET /account as ingrid => 200 ingrid@example.com
 * // GET /account => 401
 */
export function sesame(cache, { required = false } = {}) {
  return async (c, next) => {
    const { setCookies, ...identity } = await identify(cache, c);
    c.set('sesame', identity);
    if (identity.user === null && required) {
      c.res = new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } });
      markPrivate(c.res.headers);
    } else {
      await next();
    }
    for (const line of setCookies) c.header('set-cookie', line, { append: true });
    const headers = new Headers(c.res.headers);
    markPrivate(headers);
    c.header('vary', headers.get('vary') ?? '');
    if (setCookies.length > 0) c.header('cache-control', 'private, no-store');
  };
}

/**
 * @param {Identifier} cache
 * @param {import('hono').Context<Env>} c
 */
async function identify(cache, c) {
  try {
    return await cache.identify(c.req.raw, { signal: c.req.raw.signal, waitUntil: waitUntilOf(c) });
  } catch (error) {
    const init = answerTo(error);
    if (init === null) throw error;
    throw Object.assign(/** @type {Error} */ (error), {
      status: init.status,
      getResponse: () => new Response(null, init),
    });
  }
}

/** Where the host has something to keep it alive, that is used. @param {import('hono').Context<Env>} c */
function waitUntilOf(c) {
  try {
    const context = c.executionCtx;
    return (/** @type {Promise<unknown>} */ work) => context.waitUntil(work);
  } catch {
    return undefined; // Hono throws where there is none
  }
}
