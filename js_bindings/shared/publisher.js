// What this node tells the others of sessions and users. It must not know what is held here: SessionChanges changes
// that, and is the only caller.
// Invariant: an event is in the outbox from the moment it happens until the store has it.
import { nameOf } from '../stores/sealing.js';
import { compareAt } from '../stores/store.js';
import { ANY_USER } from './event-log.js';
import { isOutboxFull } from './outbox.js';
import { partsOf, tokenPartsOf } from './record.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/store.js').Position} Position
 */

export class Publisher {
  #core;
  #options;
  #store;
  #log;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('./event-log.js').SharedLog} log
   */
  constructor(core, options, log) {
    this.#core = core;
    this.#options = options;
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    this.#log = log;
  }

  /**
   * The session of a request has ended, everywhere once this resolves.
   * @param {RequestHead} head
   */
  async end(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    const { key } = session;
    const writer = this.#log.nodeId;
    await this.#log.outbox.publish(key, 'end', async () => {
      if (this.#options.managed) {
        await this.#store.end(await nameOf(tokenPartsOf(head, session)), key, writer);
      }
      await this.#store.end(await nameOf(partsOf(head, session)), key, writer);
    });
  }

  /**
   * The credential of a request may stand for somebody else now.
   * @param {RequestHead} head
   */
  async drop(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    const { key } = session;
    await this.#log.outbox.publish(key, 'drop', async () =>
      this.#store.forget(await nameOf(partsOf(head, session)), key, this.#log.nodeId),
    );
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {string} user its key
   * @returns {Promise<Position>} of the event
   */
  userEvent(action, user) {
    return this.#log.outbox.publish(user, action === 'revoke' ? 'end' : 'drop', () =>
      this.#store.userEvent(action, user, this.#log.nodeId),
    );
  }

  /**
   * What happens to one user whose key is not certain. Each key is in the outbox before the first can fail.
   * @param {'revoke' | 'invalidate'} action
   * @param {string[]} users their keys
   */
  async userEvents(action, users) {
    const results = await Promise.allSettled(users.map((user) => this.userEvent(action, user)));
    const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    if (errors.length > 0) throw errors.find(isOutboxFull) ?? errors[0];
  }

  /**
   * A write has changed the documents of users. Never rejects.
   * @param {string[]} known the users' keys; if none is known, the document of any user may be another
   * @param {Position | null} begun from before the write; null: what is held may be older than it
   * @returns {Promise<Position | null>} of the write, if what is held since is the newest; null: it may not be
   */
  async write(known, begun) {
    const users = new Set(known.length > 0 ? known : [ANY_USER]);
    /** @type {Position | null} */
    let published = null;
    for (const user of users) {
      const position = await this.userEvent('invalidate', user).catch(() => null);
      published = position ?? published;
    }
    if (begun === null || published === null) return null;
    return (await this.#isNewest(begun, published, users)) ? published : null;
  }

  /**
   * Whether no other node has published a change of those users while a write was under way: the origin may have
   * carried that out after this one. Never rejects.
   * @param {Position} begun
   * @param {Position} published
   * @param {Set<string>} users
   */
  async #isNewest(begun, published, users) {
    const found = await this.#store.changes(begun).catch(() => null);
    if (found === null || found.more) return false;
    return !found.events.some(
      ({ at, key, writer }) =>
        writer !== this.#log.nodeId &&
        compareAt(at, published.at) < 0 &&
        (key === ANY_USER || users.has(key)),
    );
  }
}
