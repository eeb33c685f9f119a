// How a node waits for what another leaves in the store. It must not know what that is.
import { pause } from '../host.js';

/** It is looked for this often at first, and a little less often each time. */
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 100;

/**
 * Looks until something is found, or another look would come too late.
 * @template T
 * @param {import('../host.js').Host} host
 * @param {number} giveUpAt
 * @param {() => Promise<T | null>} look null: not yet
 * @returns {Promise<T | null>} null: the time is up
 */
export async function lookAgain(host, giveUpAt, look) {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, MAX_PAUSE_MS)) {
    const found = await look();
    if (found !== null) return found;
    if (host.now() + wait >= giveUpAt) return null;
    await pause(host, wait);
  }
}
