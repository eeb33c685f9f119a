// A middleware for Express, and for everything that takes Connect's: `request.sesame` says who makes the request.
// It imports nothing of Express, and uses only what Node's own messages have.

/**
 * A middleware for Express, and for everything that takes Connect's: `request.sesame` says who makes the request.
 *
 * In the example, `http://localhost:8080` is asked by a user who is signed in at `https://api.example.com`, Ingrid, and
 * by nobody in particular.
 * @module
 */

import { ignoreFailure } from '../js_bindings/util/ignore-failure.js';
import { answerTo, heldIdentity, requestIdentityOf } from './identify.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
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
 * What a middleware adds to a request.
 * @template [User=UserDocument]
 * @typedef {object} Identified
 * @property {RequestIdentity<User>} [sesame] who makes it; there behind the middleware
 */

/**
 * A request behind the middleware.
 * @template [User=UserDocument]
 * @typedef {IncomingMessage & Identified<User>} IdentifiedMessage
 */

/**
 * Sets `request.sesame` to `{ user, expiresAt, source }`; `user` is null where nobody is signed in. The origin's
 * `Set-Cookie` fields are handed on one by one, and the answer is then private (SPEC R40). Errors of the cache
 * go to `next`, with `status` and `headers` as Express' error handlers take them: `ERR_SESAME_ORIGIN_UNAVAILABLE` is
 * 503 with `Retry-After` (R13), `ERR_SESAME_TOO_LARGE` is 431 (R44).
 * @template User
 * @param {Identifier<User>} cache a `SessionCache`
 * @param {MiddlewareOptions} [options]
 * @returns {(request: IdentifiedMessage<User>, response: ServerResponse, next: (error?: unknown) => void) => void} a
 *   middleware
 *
 * @example
 * import express from 'express';
 * import { SessionCache } from 'sesame-edge';
 * import { sesame } from 'sesame-edge/express';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = express();
 * app.use(sesame(sessions));
 * app.get('/', (request, response) => response.send(`Hello ${request.sesame.user?.name ?? 'you'}`));
 * app.get('/account', sesame(sessions, { required: true }), (request, response) => {
 *   response.send(request.sesame.user.email);
 * });
 * app.listen(8080);
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // GET / => 200 Hello you
 * // GET /account as ingrid => 200 ingrid@example.com
 * // GET /account => 401
 */
export function sesame(cache, { required = false } = {}) {
  return (request, response, next) => {
    const identified = (
      /** @type {import('../js_bindings/identity.js').Identity<User>} */ identity,
    ) => {
      const { setCookies } = identity;
      request.sesame = requestIdentityOf(identity);
      for (const line of setCookies) response.appendHeader('set-cookie', line);
      if (setCookies.length > 0) response.setHeader('cache-control', 'private, no-store');
      vary(response);
      if (!required || identity.user !== null) return next();
      const headers = { 'www-authenticate': 'Bearer', 'content-length': 0 };
      response.writeHead(401, { ...headers, 'cache-control': 'private, no-store' }).end();
    };
    const held = heldIdentity(cache, request, ignoreFailure);
    if (held !== null) return identified(held);
    cache
      .identify(request)
      .then(identified, (error) => next(Object.assign(error, answerTo(error))));
  };
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25).
 * @param {Ender} cache a `SessionCache`
 * @param {IncomingMessage} request
 * @param {ServerResponse} response which has not begun
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does, with `status` and `headers` as Express' error handlers
 *   take them: the sign-out has to be repeated
 *
 * @example
 * import express from 'express';
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, sesame } from 'sesame-edge/express';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = express();
 * app.post('/leave', async (request, response) => {
 *   await endSession(sessions, request, response);
 *   response.sendStatus(204);
 * });
 * app.get('/', sesame(sessions), (request, response) => response.send(`Hello ${request.sesame.user?.name ?? 'you'}`));
 * app.listen(8080);
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // POST /leave as ingrid => 204
 * // GET / as ingrid => 200 Hello you
 */
export async function endSession(cache, request, response) {
  const { setCookies } = await cache.endSession(request).catch((error) => {
    throw Object.assign(error, answerTo(error));
  });
  for (const line of setCookies) response.appendHeader('set-cookie', line);
  response.setHeader('cache-control', 'private, no-store');
}

/** What is answered depends on who asks (RFC 9110 section 12.5.5). @param {ServerResponse} response */
function vary(response) {
  if (!response.hasHeader('vary')) {
    response.setHeader('vary', ['Cookie', 'Authorization']);
    return;
  }
  const named = [response.getHeader('vary') ?? []].flat().join(', ').toLowerCase();
  for (const name of ['Cookie', 'Authorization']) {
    const isNamed = named
      .split(/\s*,\s*/)
      .some((each) => each === '*' || each === name.toLowerCase());
    if (!isNamed) response.appendHeader('vary', name);
  }
}
