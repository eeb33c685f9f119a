// What has dropped or ended a session, for whoever asks why it is not held (rule R72). Only explanations are made from
// it: nothing is decided by it, and it may forget.
// Invariant: it holds keys, which are keyed hashes, and no credential.
import { putNewest } from '../util/newest.js';

/** This many sessions are remembered; then those that changed first are forgotten. */
const MAX_SESSIONS = 1000;

/**
 * What has happened to a session last.
 * @typedef {object} LastChange
 * @property {string} what such as `revoke()` or the pattern of the path that dropped it
 * @property {number} time in milliseconds since the Unix epoch
 */

export class LastChanges {
  #core;
  #host;
  /** @type {Map<string, LastChange>} */
  #changes = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../host.js').Host} host
   */
  constructor(core, host) {
    this.#core = core;
    this.#host = host;
  }

  /**
   * @param {import('../core/abi.js').RequestHead} head what each of its credentials stands for has changed
   * @param {string} what
   */
  note(head, what) {
    for (const each of this.#core.namedHeads(head)) {
      const key = this.#keyOf(each);
      if (key !== null) this.noteKey(key, what);
    }
  }

  /** @param {string} key of a session @param {string} what */
  noteKey(key, what) {
    putNewest(this.#changes, key, { what, time: this.#host.now() }, MAX_SESSIONS);
  }

  /** @param {import('../core/abi.js').RequestHead} head @returns {LastChange | null} */
  of(head) {
    const key = this.#keyOf(head);
    return (key !== null && this.#changes.get(key)) || null;
  }

  /** @param {import('../core/abi.js').RequestHead} head */
  #keyOf(head) {
    return this.#core.sessionKey(head)?.key ?? null;
  }
}
