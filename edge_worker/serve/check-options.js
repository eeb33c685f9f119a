// Judges the worker's options before workerd starts, as the worker itself would: by making a cache
// of them in this process.
import { ServeError } from './serve-error.js';

/**
 * @param {Record<string, unknown>} options
 * @param {string} [storeUrl]
 * @returns {Promise<void>}
 * @throws {import('../../js_bindings/errors.js').ConfigError} with everything that is wrong
 * @throws {ServeError} `ERR_SESAME_NOT_BUILT`
 */
export async function checkOptions(options, storeUrl) {
  const { SessionCache } = await import('../../js_bindings/index.node.js').catch((error) => {
    throw error.code === 'ERR_MODULE_NOT_FOUND' ? notBuilt() : error;
  });
  const store = storeUrl === undefined ? undefined : JUDGED;
  new SessionCache(/** @type {any} */ ({ ...options, store })).dispose();
}

/** Stands for the store, of which nothing is asked. */
const JUDGED = Object.freeze({ putIfNewer() {}, changes: async () => null, close: async () => {} });

/** What a checkout lacks before its first build; the published package has it. */
export function notBuilt() {
  return new ServeError('ERR_SESAME_NOT_BUILT', 'Sesame is not built: run `npm run build` first');
}
