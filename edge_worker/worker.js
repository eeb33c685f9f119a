// Registers the handler as a Cloudflare-style worker. All of the logic is in the package itself.
import { SessionCache } from 'sesame-edge';

/** @typedef {import('../js_bindings/options.js').Options} Options */

/**
 * Makes a worker that stands in front of an origin.
 * @param {Options | ((env: any) => Options)} options given as they are, they are checked when the worker
 *   starts; taken from `env`, at the first request
 * @throws {import('../js_bindings/errors.js').ConfigError} if they are wrong
 *
 * @example
 * export default createWorker({ origin: 'https://api.example.com' });
 */
export function createWorker(options) {
  /** @type {SessionCache | null} */
  let sessions = typeof options === 'function' ? null : new SessionCache(options);
  return {
    /**
     * @param {Request} request
     * @param {unknown} env
     * @param {{ waitUntil(work: Promise<unknown>): void }} context
     */
    fetch(request, env, context) {
      if (sessions === null && typeof options === 'function') {
        sessions = new SessionCache(options(env));
      }
      return /** @type {SessionCache} */ (sessions).handle(request, context);
    },

    /** The cache's counters, or null before the first request. */
    stats() {
      return sessions?.statistics() ?? null;
    },
  };
}
