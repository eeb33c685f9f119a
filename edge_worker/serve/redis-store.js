// The store in Redis, with the client that the build has put beside it (redis-entry.js): `serve` has nothing installed beside
// the package.

/**
 * @param {string} url
 * @returns {Promise<import('../../js_bindings/stores/store.js').SharedStore>}
 */
export async function redisAt(url) {
  const { redis } = await import(new URL('../dist/serve-redis.js', import.meta.url).href);
  return redis(url);
}
