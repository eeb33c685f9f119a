// Whether a store answers at all, asked once when a local server starts (rule R35).
//
// It must not say where the store is: its address may hold a password.
import { refusalIn } from '../../js_bindings/stores/store.js';
import { failureName } from '../../js_bindings/util/failure-name.js';
import { redisAt } from './redis-store.js';

/**
 * @param {string} url
 * @param {number} [tries] while it is not known why it does not answer: a machine that is busy may need longer to be told
 * @returns {Promise<Error | null>} why it does not, or null if it does
 */
export async function probeStore(url, tries = 1) {
  const store = await redisAt(url);
  try {
    for (let left = tries; ; left -= 1) {
      try {
        await store.changes(null);
        return null;
      } catch (error) {
        const isKnown = refusalIn(error) !== null || failureName(error) !== 'timed out';
        if (isKnown || left <= 1) return /** @type {Error} */ (error);
      }
    }
  } finally {
    await store.close();
  }
}
