// What is asked of a store is answered in time, or counts as failed.
import { StoreUnavailableError } from './store.js';

/**
 * @template T
 * @param {number} timeoutMs
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {StoreUnavailableError} whatever went wrong
 */
export async function inTime(timeoutMs, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('time-out')), timeoutMs);
  });
  try {
    return await Promise.race([work(), late]);
  } catch (cause) {
    throw new StoreUnavailableError({ cause });
  } finally {
    clearTimeout(timer);
  }
}
