// Judges the cache's options before a server starts, as the cache itself would: by making one of them in this process.
import { ConfigError } from '../../js_bindings/errors.js';
import { ServeError } from './serve-error.js';

/**
 * @param {Record<string, unknown>} options
 * @param {boolean} hasStore whether the server will share its sessions through a store
 * @returns {Promise<void>}
 * @throws {import('../../js_bindings/errors.js').ConfigError} with everything that is wrong
 * @throws {ServeError} `ERR_SESAME_NOT_BUILT`
 */
export async function checkOptions(options, hasStore) {
  const { SessionCache } = await import('../../js_bindings/index.node.js').catch((error) => {
    throw error.code === 'ERR_MODULE_NOT_FOUND' ? notBuilt() : error;
  });
  if (options.store !== undefined && !hasStore) {
    const reason =
      'names the binding of a deployed worker, and there is none here: give --store URL';
    throw new ConfigError([{ option: 'store', reason }]);
  }
  const store = hasStore ? JUDGED : undefined;
  new SessionCache(/** @type {any} */ ({ ...options, store })).dispose();
}

/** Stands for the store, of which nothing is asked: what a cache asks before it is gone is never answered. */
const JUDGED = Object.freeze({
  putIfNewer() {},
  changes: () => new Promise(() => {}),
  close: async () => {},
});

/** What a checkout lacks before its first build; the published package has it. */
export function notBuilt() {
  return new ServeError('ERR_SESAME_NOT_BUILT', 'Sesame is not built: run `npm run build` first');
}
