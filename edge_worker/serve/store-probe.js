// Whether a store answers at all, asked once when a local server starts (rule R35).
//
// It must not say where the store is: its address may hold a password.
import { redisAt } from './redis-store.js';

/**
 * @param {string} url
 * @returns {Promise<string | null>} why it does not, by name, or null if it does
 */
export async function probeStore(url) {
  const store = await redisAt(url);
  try {
    await store.changes(null);
    return null;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  } finally {
    await store.close();
  }
}
