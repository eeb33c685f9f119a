// What is asked of a store is answered in time, or counts as failed.
import { StoreUnavailableError } from './store.js';

/**
 * @template T
 * @param {number} timeoutMs
 * @param {() => Promise<T>} work
 * @param {() => unknown} [whyLate] what is known to stand in its way
 * @returns {Promise<T>}
 * @throws {StoreUnavailableError} whatever went wrong
 */
export async function inTime(timeoutMs, work, whyLate) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(whyLate?.() ?? new Error('time-out')), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw new StoreUnavailableError({ cause });
  } finally {
    clearTimeout(timer);
  }
}
