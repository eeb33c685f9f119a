// Time that only a test moves. Its `now` and `sleep` are those of a cache's host.
// Invariant: nothing here waits; what sleeps wakes in the order of its time, when it is moved there.

/** @param {number} [start] */
export function createClock(start = Date.UTC(2026, 0, 1)) {
  let now = start;
  /** @type {Set<{ at: number, wake: () => void }>} */
  const sleepers = new Set();
  return {
    now: () => now,

    /** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { at: now + milliseconds, wake };
        sleepers.add(sleeper);
        signal.addEventListener('abort', wake);
      }),

    /** @param {number} milliseconds */
    advance(milliseconds) {
      const end = now + milliseconds;
      const next = () => {
        const due = [...sleepers].filter(({ at }) => at <= end);
        return due.sort((one, other) => one.at - other.at)[0];
      };
      for (let sleeper = next(); sleeper; sleeper = next()) {
        now = Math.max(now, sleeper.at);
        sleeper.wake();
      }
      now = end;
    },

    /** When those who sleep are to wake, from now on. @returns {number[]} */
    pauses: () => [...sleepers].map(({ at }) => at - now).sort((one, other) => one - other),
  };
}

/** @typedef {ReturnType<typeof createClock>} Clock */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
