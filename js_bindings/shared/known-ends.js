// The sessions that have ended, as far as this node has heard: what the store has forgotten is told to it again (SPEC R31,
// R34). It must not know stores, nor whose the sessions were.
// Invariant: it never grows past its bound; what is forgotten first is what ended first.

/** So many are remembered. */
const MAX_ENDS = 10_000;

export class KnownEnds {
  #capacity;
  /** Until when each counts, by the session's key. @type {Map<string, number>} */
  #ends = new Map();

  /** @param {number} [capacity] for tests */
  constructor(capacity = MAX_ENDS) {
    this.#capacity = capacity;
  }

  /**
   * @param {string} key in hexadecimal
   * @param {number} until
   */
  add(key, until) {
    this.#ends.delete(key);
    this.#ends.set(key, until);
    if (this.#ends.size > this.#capacity) {
      this.#ends.delete(/** @type {string} */ (this.#ends.keys().next().value));
    }
  }

  /** Those that still count, with their end. @param {number} now @returns {[string, number][]} */
  all(now) {
    return [...this.#ends].filter(([, until]) => until > now);
  }
}
