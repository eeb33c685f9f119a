// Registers the handler as a Cloudflare-style worker. All of the logic is in the package itself.
import { SessionCache } from 'sesame-edge';
import { storeOfBinding } from '../js_bindings/stores/store-of-binding.js';

/**
 * The cache's options; `store` may be the name of a binding, of Durable Objects or of a KV namespace.
 * @typedef {Omit<import('../js_bindings/options.js').Options, 'store'> &
 *   { store?: import('../js_bindings/stores/store.js').SharedStore | string }} Options
 */

/**
 * Makes a worker that stands in front of an origin.
 * @param {Options | ((env: any) => Options)} options given as they are, they are checked when the worker
 *   starts; taken from `env`, or with the name of a binding in them, at the first request
 * @throws {import('../js_bindings/errors.js').ConfigError} if they are wrong
 *
 * @example
 * export default createWorker({ origin: 'https://api.example.com' });
 */
export function createWorker(options) {
  /** @type {SessionCache | null} */
  let sessions = null;
  /** @param {any} env */
  const begin = (env) => {
    const { store, ...rest } = typeof options === 'function' ? options(env) : options;
    const found = typeof store === 'string' ? storeOfBinding(env, store) : store;
    return new SessionCache(/** @type {any} */ ({ ...rest, store: found }));
  };
  if (typeof options !== 'function' && typeof options.store !== 'string') sessions = begin({});
  return {
    /**
     * @param {Request} request
     * @param {unknown} env
     * @param {{ waitUntil(work: Promise<unknown>): void }} context
     */
    fetch(request, env, context) {
      sessions ??= begin(env);
      return sessions.handle(request, context);
    },

    /** The cache's counters, or null before the first request. */
    stats() {
      return sessions?.statistics() ?? null;
    },
  };
}
