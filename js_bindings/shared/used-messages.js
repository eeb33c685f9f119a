// Which messages some node has carried out already (rules R23, R28). It must not know what they say: a
// message is named by its digest.

export class UsedMessages {
  #store;
  #log;

  /**
   * @param {import('../stores/store.js').SharedStore} store
   * @param {Pick<import('./event-log.js').SharedLog, 'currentPosition'>} log
   */
  constructor(store, log) {
    this.#store = store;
    this.#log = log;
  }

  /**
   * Whether another node has carried out this message. Where the store cannot be asked, that is unknown, and the message
   * counts: what ends sessions had better happen twice than not at all. Never rejects.
   * @param {string} digest in hexadecimal digits
   */
  async has(digest) {
    return this.#store.get(digest).then(
      (mark) => mark !== null,
      () => false,
    );
  }

  /**
   * This node has carried it out. There is no lock, whose holder would have to be told from a call that the link has
   * doubled: two nodes that receive it at the same moment carry it out at the same moment. Never rejects.
   * @param {string} digest in hexadecimal digits
   * @param {number} ttlMs it could be used again for no longer than this
   */
  async add(digest, ttlMs) {
    const since = await this.#log.currentPosition();
    if (since === null) return;
    const mark = Uint8Array.of(1);
    await this.#store.putIfNewer(digest, mark, { since, ttlMs }).catch(() => {});
  }
}
