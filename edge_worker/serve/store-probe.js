// Whether a store answers at all, asked once when a local server starts (rule R35).
//
// It must not say where the store is: its address may hold a password.

/**
 * @param {string} url
 * @returns {Promise<string | null>} why it does not, by name, or null if it does or cannot be asked from here
 */
export async function probeStore(url) {
  const module = await import('../../js_bindings/stores/redis.js').catch(() => null);
  if (module === null) return null; // its client is in the bundle, and need not be installed beside it
  const store = module.redis(url);
  try {
    await store.changes(null);
    return null;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    await store.close();
  }
}
