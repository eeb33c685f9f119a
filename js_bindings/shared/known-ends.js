// The sessions that have ended, and the users that were revoked, as far as this node has heard: what the store has
// forgotten is told to it again (SPEC R31, R34). It must not know stores, nor whose the sessions were.
// Invariant: it never grows past its bound; what is forgotten first is what ended first.
import { putNewest } from '../util/newest.js';

/** So many are remembered, of each. */
const MAX_ENDS = 10_000;

export class KnownEnds {
  #capacity;
  /** Until when each counts, by the session's key. @type {Map<string, number>} */
  #ends = new Map();
  /** When each user was revoked the last time, on the store's clock, by the user's key. @type {Map<string, number>} */
  #users = new Map();

  /** @param {number} [capacity] for tests */
  constructor(capacity = MAX_ENDS) {
    this.#capacity = capacity;
  }

  /**
   * @param {string} key in hexadecimal
   * @param {number} until
   */
  add(key, until) {
    putNewest(this.#ends, key, until, this.#capacity);
  }

  /**
   * @param {string} key of the user, in hexadecimal
   * @param {number} at when the user was revoked, on the store's clock
   */
  addUser(key, at) {
    putNewest(this.#users, key, Math.max(at, this.#users.get(key) ?? 0), this.#capacity);
  }

  /** Those that still count, with their end. @param {number} now @returns {[string, number][]} */
  all(now) {
    return [...this.#ends].filter(([, until]) => until > now);
  }

  /** Those that were revoked since, and when. @param {number} since @returns {[string, number][]} */
  users(since) {
    return [...this.#users].filter(([, at]) => at > since);
  }
}
