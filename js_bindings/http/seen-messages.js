// Which messages this node has received: each is carried out once, and may be repeated when that has failed (rule R23).
// It must not know what they say.

/** A message as it was when it came before. */
export const USED = 'used';
export const UNDER_WAY = 'under way';
export const FULL = 'full';

/** @typedef {typeof USED | typeof UNDER_WAY | typeof FULL} Before */

export class SeenMessages {
  #capacity;
  /** @type {Map<string, { until: number, isUsed: boolean }>} */
  #seen = new Map();

  /** @param {number} capacity beyond so many none is taken, so that none is taken twice */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  /**
   * A message has come.
   * @param {string} name of it alone
   * @param {number} now
   * @param {number} until it could not be used again after that
   * @returns {Before | null} null: it is new, and to be carried out
   */
  begin(name, now, until) {
    for (const [old, { until: end }] of this.#seen) {
      if (now < end) break; // in the order in which they came
      this.#seen.delete(old);
    }
    const seen = this.#seen.get(name);
    if (seen) return seen.isUsed ? USED : UNDER_WAY;
    if (this.#seen.size >= this.#capacity) return FULL;
    this.#seen.set(name, { until, isUsed: false });
    return null;
  }

  /**
   * It has been carried out, or has failed: then its sender may repeat it.
   * @param {string} name
   * @param {boolean} isUsed
   */
  finish(name, isUsed) {
    const seen = this.#seen.get(name);
    if (!isUsed) this.#seen.delete(name);
    else if (seen) seen.isUsed = true;
  }
}
