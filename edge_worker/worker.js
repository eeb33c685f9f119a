// Registers the handler as a Cloudflare-style worker. All of the logic is in the package itself.

/**
 * A Cloudflare-style worker that stands in front of an origin, for workerd and hosts like it.
 *
 * In the examples, requests are those of a user who is signed in at `https://api.example.com`, Ingrid, and `env` has
 * the bindings `SESAME_SECRET`, 32 hexadecimal digits, and `SESAME_STORE`, Durable Objects of the class `SesameStore`.
 * @module
 */

import { SessionCache } from 'sesame-edge';
import { storeOfBinding } from '../js_bindings/stores/store-of-binding.js';

/** @import { Explanation } from '../js_bindings/sessions/explain.js' */
/** @import { Statistics } from '../js_bindings/sessions/statistics.js' */
/** @import { UserDocument } from '../js_bindings/identity.js' */
/** @import { Notice } from '../js_bindings/sessions/wiring.js' */

/**
 * Where a worker's store is.
 * @typedef {object} StoreOption
 * @property {import('../js_bindings/stores/store.js').SharedStore | string} [store] what several nodes share their
 *   sessions through, or the name of a binding: of Durable Objects of the class `SesameStore`, or of a KV namespace.
 *   Needs `secret`. Default: none
 */

/**
 * The cache's options, with a `store` that may be the name of a binding.
 * @template [User=UserDocument]
 * @typedef {Omit<import('../js_bindings/options/types.js').Options<User>, 'store'> & StoreOption} Options
 */

/**
 * What a worker exports.
 * @typedef {object} Worker
 * @property {(request: Request, env: unknown, context: { waitUntil(work: Promise<unknown>): void }) =>
 *   Promise<Response>} fetch answers as `SessionCache.handle` does
 * @property {() => Statistics | null} stats the cache's counters (SPEC R70), of this isolate; null before the first
 *   request
 * @property {() => Notice[]} notices what is wired wrongly, as far as this isolate has seen (SPEC R73)
 * @property {(request: { headers: Headers, url?: string }, env?: unknown) => Explanation} explain why a request is answered
 *   as it is (SPEC R72), by this isolate; `env` where there was no request yet
 */

/**
 * Makes a worker that stands in front of an origin.
 * @template [Env=Record<string, never>] the bindings, as Wrangler's types name them; without them, each fits everywhere
 * @template [User=UserDocument] what the document is
 * @param {Options<User> | ((env: Env) => Options<User>)} options given as they are, they are checked when the worker
 *   starts; taken from `env`, or with the name of a binding in them, at the first request
 * @returns {Worker} to be exported as the module's default
 * @throws {import('../js_bindings/errors.js').ConfigError} `ERR_SESAME_CONFIG` if they are wrong; where they are taken
 *   from `env`, the first request rejects with it
 *
 * @example
 * import { createWorker } from 'sesame-edge/worker';
 *
 * export default createWorker({ origin: 'https://api.example.com' });
 * // GET /api/v1/users/me as ingrid => 200 {"id":"5d42f8b6-…","email":"ingrid@example.com",…}
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 * // GET /api/auth/session => 200 null
 *
 * @example
 * import { createWorker } from 'sesame-edge/worker';
 *
 * export { SesameStore } from 'sesame-edge/durable-object';
 *
 * export default createWorker((env) => ({
 *   origin: 'https://api.example.com',
 *   secret: env.SESAME_SECRET,
 *   store: 'SESAME_STORE',
 * }));
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 */
export function createWorker(options) {
  /** @type {SessionCache | null} */
  let sessions = null;
  /** @param {unknown} env */
  const begin = (env) => {
    const { store, ...rest } =
      typeof options === 'function' ? options(/** @type {Env} */ (env)) : options;
    const found =
      typeof store === 'string' ? storeOfBinding(/** @type {any} */ (env), store) : store;
    return new SessionCache(/** @type {any} */ ({ ...rest, store: found }));
  };
  if (typeof options !== 'function' && typeof options.store !== 'string') sessions = begin({});
  return {
    fetch(request, env, context) {
      sessions ??= begin(env);
      return sessions.handle(request, context);
    },

    stats() {
      return sessions?.statistics() ?? null;
    },

    notices() {
      return sessions?.notices() ?? [];
    },

    explain(request, env) {
      sessions ??= begin(env);
      return sessions.explain(request);
    },
  };
}
