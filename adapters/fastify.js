// A plugin for Fastify: `request.sesame` says who makes the request. It imports nothing of Fastify: a plugin is a
// function with a mark, and the two hooks use what Fastify's requests and replies have.
//
// Invariant: every request of the application is asked about once, whatever hooks and handlers it has.

/**
 * A plugin for Fastify: `request.sesame` says who makes the request.
 *
 * In the example, `http://localhost:8080` is asked by a user who is signed in at `https://api.example.com`, Ingrid, and
 * by an unknown user.
 * @module
 */

import { ignoreFailure } from '../js_bindings/util/ignore-failure.js';
import { varyWith } from './answer-headers.js';
import { answerTo, heldIdentity, requestIdentityOf } from './identify.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { SesameError } from '../js_bindings/errors.js' */
/** @typedef {import('./identify.js').Ender} Ender */
/** @import { UserDocument } from '../js_bindings/session-cache.js' */
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
 * What is used of Fastify's request.
 * @typedef {object} FastifyRequestLike
 * @property {IncomingMessage} raw Node's own
 */

/**
 * What is used of Fastify's reply.
 * @typedef {object} FastifyReplyLike
 * @property {(name: string) => unknown} getHeader a header that has been set
 * @property {(name: string, value: string) => FastifyReplyLike} header sets one; of `Set-Cookie` it adds one
 * @property {(status: number) => FastifyReplyLike} code sets the status
 * @property {(body?: unknown) => FastifyReplyLike} send sends the answer
 */

/**
 * What is used of Fastify's instance.
 * @typedef {object} FastifyLike
 * @property {(name: string, value: null) => unknown} decorateRequest gives each request a member
 * @property {(name: never, hook: never) => unknown} addHook adds what runs for each request
 */

/**
 * What the plugin is registered with.
 * @template [User=UserDocument]
 * @typedef {object} PluginOptions
 * @property {Identifier<User>} sessions a `SessionCache`
 */

/**
 * Sets `request.sesame` to `{ user, expiresAt, source }` before any other hook of the routes behind it; `user` is null where the
 * user is unknown. `Set-Cookie` fields of the origin are passed on one by one, and the answer is then private (R40). Errors
 * of the cache reach Fastify's error handler with `statusCode` and, already set on the reply, their headers:
 * `ERR_SESAME_ORIGIN_UNAVAILABLE` is 503 with `Retry-After` (R13), `ERR_SESAME_TOO_LARGE` is 431 (R44).
 * @template User
 * @param {FastifyLike} app
 * @param {PluginOptions<User>} options
 * @returns {Promise<void>} resolves when the hook is in place
 *
 * @example
 * import Fastify from 'fastify';
 * import { SessionCache } from 'sesame-edge';
 * import { requireUser, sesame } from 'sesame-edge/fastify';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = Fastify();
 * await app.register(sesame, { sessions });
 * app.get('/', async (request) => `Hello ${request.sesame.user?.name ?? 'you'}`);
 * app.get('/account', { preHandler: requireUser }, async (request) => request.sesame.user.email);
 * await app.listen({ port: 8080 });
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // GET / => 200 Hello you
 * // GET /account as ingrid => 200 ingrid@example.com
 * // GET /account => 401
 */
export async function sesame(app, { sessions }) {
  app.decorateRequest('sesame', null);
  /** @type {{ addHook: Function }} */ (app).addHook(
    'onRequest',
    async (/** @type {FastifyRequestLike} */ request, /** @type {FastifyReplyLike} */ reply) => {
      const held = heldIdentity(sessions, request.raw, ignoreFailure);
      const identity = held ?? (await answered(sessions.identify(request.raw), reply));
      Object.assign(request, { sesame: requestIdentityOf(identity) });
      reply.header('vary', varyWith(String(reply.getHeader('vary') ?? '')));
      addCookies(reply, identity.setCookies);
    },
  );
}

// As `fastify-plugin` does: the hook is for the application that registers the plugin, not for a scope of its own.
Object.assign(sesame, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'sesame-edge',
});

/**
 * A `preHandler` for routes that need a user: answers 401 where the user is unknown.
 * @param {FastifyRequestLike & { sesame?: RequestIdentity<unknown> }} request behind the plugin
 * @param {FastifyReplyLike} reply
 * @returns {Promise<unknown>} the reply, where it has been sent
 *
 * @example
 * import Fastify from 'fastify';
 * import { SessionCache } from 'sesame-edge';
 * import { requireUser, sesame } from 'sesame-edge/fastify';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = Fastify();
 * await app.register(sesame, { sessions });
 * app.get('/account', { preHandler: requireUser }, async (request) => request.sesame.user.email);
 * await app.listen({ port: 8080 });
 * // GET /account as ingrid => 200 ingrid@example.com
 * // GET /account => 401
 */
export async function requireUser(request, reply) {
  if (request.sesame && request.sesame.user !== null) return;
  reply.header('www-authenticate', 'Bearer').header('cache-control', 'private, no-store');
  return reply.code(401).send();
}

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25).
 * @param {Ender} cache a `SessionCache`
 * @param {FastifyRequestLike} request
 * @param {FastifyReplyLike} reply which has not been sent
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does, with `statusCode` as Fastify's error handler takes it:
 *   the sign-out has to be repeated
 *
 * @example
 * import Fastify from 'fastify';
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, sesame } from 'sesame-edge/fastify';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = Fastify();
 * await app.register(sesame, { sessions });
 * app.post('/leave', async (request, reply) => {
 *   await endSession(sessions, request, reply);
 *   return reply.code(204).send();
 * });
 * app.get('/', async (request) => `Hello ${request.sesame.user?.name ?? 'you'}`);
 * await app.listen({ port: 8080 });
 * // GET / as ingrid => 200 Hello Ingrid Sørensen
 * // POST /leave as ingrid => 204
 * // GET / as ingrid => 200 Hello you
 */
export async function endSession(cache, request, reply) {
  const { setCookies } = await answered(cache.endSession(request.raw), reply);
  addCookies(reply, setCookies);
  reply.header('cache-control', 'private, no-store');
}

/** Fastify adds to the `Set-Cookie` fields that there are. @param {FastifyReplyLike} reply @param {string[]} lines */
function addCookies(reply, lines) {
  for (const line of lines) reply.header('set-cookie', line);
  if (lines.length > 0) reply.header('cache-control', 'private, no-store');
}

/**
 * What the cache says, or its error as Fastify takes one.
 * @template T
 * @param {Promise<T>} work
 * @param {FastifyReplyLike} reply
 */
async function answered(work, reply) {
  try {
    return await work;
  } catch (error) {
    const init = answerTo(error);
    if (init === null) throw error;
    for (const [name, value] of Object.entries(init.headers)) reply.header(name, value);
    throw Object.assign(/** @type {Error} */ (error), { statusCode: init.status });
  }
}
