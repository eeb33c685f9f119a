// Which events of its own a node finds in the log: for those of which it does not know whether they arrived. It must not
// know what they mean.
// Invariant: each event of the log is read once, however many are looked for.
import { compareAt } from '../stores/store.js';

/** So many are remembered: as many as a log keeps. */
const MAX_FOUND = 10_000;

/** @typedef {import('../stores/store.js').Position} Position */

export class OwnEvents {
  #store;
  #writer;
  /** From where the log was read. @type {Position | null} */
  #start = null;
  /** Up to where. @type {Position | null} */
  #end = null;
  /** The place of the newest of each, by kind and key. @type {Map<string, string>} */
  #found = new Map();

  /**
   * @param {import('../stores/store.js').SharedStore} store
   * @param {string} writer this node
   */
  constructor(store, writer) {
    this.#store = store;
    this.#writer = writer;
  }

  /**
   * @param {string} kind
   * @param {string} key
   * @param {Position | null} since
   * @returns {Promise<Position | null>} of the newest such event after `since`; null: there is none, or it cannot be told
   *   any more. Rejects if the store cannot say
   */
  async find(kind, key, since) {
    if (since === null) return null;
    const isCovered =
      this.#end?.history === since.history && compareAt(this.#start?.at ?? '', since.at) <= 0;
    if (!isCovered || this.#found.size > MAX_FOUND) {
      this.#start = since;
      this.#end = since;
      this.#found.clear();
    }
    for (let more = true; more; ) {
      const read = await this.#store.changes(/** @type {Position} */ (this.#end));
      if (read === null) {
        this.#end = null;
        return null;
      }
      for (const event of read.events) {
        if (event.writer === this.#writer) this.#found.set(`${event.kind}:${event.key}`, event.at);
      }
      this.#end = read.position;
      more = read.more;
    }
    const at = this.#found.get(`${kind}:${key}`);
    if (at === undefined || compareAt(at, since.at) <= 0) return null;
    return { .../** @type {Position} */ (this.#end), at };
  }
}
