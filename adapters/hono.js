// A middleware for Hono: `c.get('sesame')` says who makes the request. Nothing of Hono is imported but types.
import { markPrivate } from '../js_bindings/headers.js';
import { answerTo } from './identify.js';

/** @typedef {{ Variables: { sesame: import('./identify.js').Identity } }} Env */

/**
 * Sets `c.get('sesame')` to `{ user, expiresAt, source }`; `user` is null where nobody is signed in. The origin's
 * `Set-Cookie` fields are handed on one by one, and the answer is then private (SPEC R40). Errors of the cache
 * are thrown as Hono's `onError` takes them, with `getResponse()`: 503 with `Retry-After`, or 431.
 * @param {import('./identify.js').Identifier} cache
 * @param {import('./identify.js').MiddlewareOptions} [options]
 * @returns {import('hono').MiddlewareHandler<Env>}
 *
 * @example
 * app.use(sesame(sessions));
 * app.get('/', (c) => c.text(`Hello ${c.get('sesame').user?.name ?? 'you'}`));
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
 * @param {import('./identify.js').Identifier} cache
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
