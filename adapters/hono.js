// A middleware for Hono: `c.get('sesame')` says who makes the request. Nothing of Hono is imported but types.

/**
 * A middleware for Hono, in any of its hosts: `c.get('sesame')` says who makes the request.
 *
 * In the example, the application is asked by a user who is signed in at `https://api.example.com`, Ingrid, and by
 * nobody in particular.
 * @module
 */

import { markPrivate } from '../js_bindings/http/private-headers.js';
import { answerTo, heldIdentity, requestIdentityOf } from './identify.js';

/** @import { SesameError } from '../js_bindings/errors.js' */
/** @import { UserDocument } from '../js_bindings/session-cache.js' */
/** @typedef {import('./identify.js').Ender} Ender */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identify.js').Identifier<User>} Identifier
 */
/** @typedef {import('./identify.js').MiddlewareOptions} MiddlewareOptions */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identify.js').RequestIdentity<User>} RequestIdentity
 */

/**
 * What the middleware sets, for `c.get`.
 * @template [User=UserDocument]
 * @typedef {object} SesameVariables
 * @property {RequestIdentity<User>} sesame who makes the request
 */

/**
 * The environment of an application behind the middleware, as Hono takes it: `new Hono<Env<User>>()`.
 * @template [User=UserDocument]
 * @typedef {object} Env
 * @property {SesameVariables<User>} Variables what the middleware sets
 */

/** What an answer depends on that says who asks. */
const VARY = 'Cookie, Authorization';

/**
 * Sets `c.get('sesame')` to `{ user, expiresAt, source }`; `user` is null where nobody is signed in. The origin's
 * `Set-Cookie` fields are handed on one by one, and the answer is then private (SPEC R40). Errors of the cache
 * are thrown as Hono's `onError` takes them, with `getResponse()`: `ERR_SESAME_ORIGIN_UNAVAILABLE` is 503 with
 * `Retry-After` (R13), `ERR_SESAME_TOO_LARGE` is 431 (R44).
 * @template User
 * @param {Identifier<User>} cache a `SessionCache`
 * @param {MiddlewareOptions} [options]
 * @returns {import('hono').MiddlewareHandler<Env<User>>} a middleware
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
    const held = heldIdentity(cache, c.req.raw, waitUntilOf(c));
    const identity = held ?? (await identify(cache, c));
    const { setCookies } = identity;
    c.set('sesame', requestIdentityOf(identity));
    c.header('vary', VARY, { append: true }); // now: what is set on an answer that is there makes another of it
    if (required && identity.user === null) {
      c.res = new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } });
      markPrivate(c.res.headers);
    } else {
      await next();
    }
    for (const line of setCookies) c.header('set-cookie', line, { append: true });
    if (c.res.headers.get('vary') !== VARY) addVary(c);
    if (setCookies.length > 0) c.header('cache-control', 'private, no-store');
  };
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25).
 * @param {Ender} cache a `SessionCache`
 * @param {import('hono').Context} c
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does, as Hono's `onError` takes it: the sign-out has to be repeated
 *
 * @example
 * import { Hono } from 'hono';
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, sesame } from 'sesame-edge/hono';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = new Hono();
 * app.post('/leave', async (c) => {
 *   await endSession(sessions, c);
 *   return c.redirect('/', 303);
 * });
 * app.get('/', sesame(sessions), (c) => c.text(`Hello ${c.get('sesame').user?.name ?? 'you'}`));
 *
 * export default app;
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // POST /leave as ingrid => 303
 * // GET / as ingrid => 200 Hello you
 */
export async function endSession(cache, c) {
  const { setCookies } = await answered(cache.endSession(c.req.raw, { waitUntil: waitUntilOf(c) }));
  for (const line of setCookies) c.header('set-cookie', line, { append: true });
  c.header('cache-control', 'private, no-store');
}

/**
 * The answer may have been made without what was set before it, or with a `Vary` of its own.
 * @param {import('hono').Context<any>} c
 */
function addVary(c) {
  const headers = new Headers(c.res.headers);
  markPrivate(headers);
  c.header('vary', headers.get('vary') ?? '');
}

/**
 * @template User
 * @param {Identifier<User>} cache
 * @param {import('hono').Context<Env<User>>} c
 */
function identify(cache, c) {
  const { raw } = c.req;
  const options = {
    waitUntil: waitUntilOf(c),
    /** Read on a miss alone: where requests are made lazily, a signal makes a whole one. */
    get signal() {
      return raw.signal;
    },
  };
  return answered(cache.identify(raw, options));
}

/**
 * What the cache says, or its error as Hono takes one.
 * @template T
 * @param {Promise<T>} work
 */
async function answered(work) {
  try {
    return await work;
  } catch (error) {
    const init = answerTo(error);
    if (init === null) throw error;
    throw Object.assign(/** @type {Error} */ (error), {
      status: init.status,
      getResponse: () => new Response(null, init),
    });
  }
}

/**
 * Where the host has something to keep work alive, that is used. It is looked for when there is work: Hono throws where
 * there is none, and an error with its stack for each request is dear.
 * @param {import('hono').Context<any>} c
 */
function waitUntilOf(c) {
  return (/** @type {Promise<unknown>} */ work) => {
    try {
      c.executionCtx.waitUntil(work);
    } catch {
      work.catch(() => {});
    }
  };
}
