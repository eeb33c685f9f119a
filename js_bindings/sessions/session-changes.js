// Changes what is held here and publishes it to the other nodes: the one place that does either. It must not know why a
// session changes, nor how that is answered.
// Invariants: it is in effect here before a method returns, and elsewhere within `revocationBound` of when its promise
// resolves (SPEC R31); what it could not publish yet waits in the outbox, or the promise says that it does not.
import { Action, RemoteEvent } from '../core/abi-constants.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../core/abi.js').OriginAnswer} OriginAnswer
 * @typedef {import('../core/abi.js').KeptDocument} KeptDocument
 * @typedef {import('../stores/store.js').Position} Position
 */

/**
 * A write of a user's document that is under way.
 * @typedef {object} Write
 * @property {(answer: { httpStatus: number, body: Uint8Array | null }) => number} complete applies it here, before the
 *   client is answered; gives the core's action
 * @property {(answer: { httpStatus: number }, asked: import('./decision.js').Decision | null) => Promise<void>} publish
 *   tells the other nodes, after the origin was asked for the document where the answer had none. Never rejects
 */

/**
 * A session that a login has begun.
 * @typedef {object} NewSession
 * @property {string} tenant
 * @property {string} cookie the value of its cookie
 * @property {import('../core/abi.js').Tokens} tokens
 * @property {OriginAnswer} answer its document
 * @property {number} askedAt the core's sequence from before that was asked for
 * @property {number} askedAtMs
 * @property {Position | null} since where the log was then
 */

export class SessionChanges {
  #core;
  #options;
  #host;
  #shared;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../shared/documents.js').SharedSessions | null} shared null: there are no other nodes
   */
  constructor(core, options, host, shared) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#shared = shared;
  }

  /**
   * Ends the session of a request: it is refused from now on.
   * @param {RequestHead} head
   * @returns {Promise<void>} resolves when it is published
   */
  end(head) {
    this.#core.revokeSession(head, this.#host.now());
    const ofAll = this.#forAllTenants(RemoteEvent.SESSION_ENDED, head);
    if (this.#shared === null) return Promise.resolve();
    const { publisher } = this.#shared;
    const heads = ofAll === null ? [head] : [head, { ...head, tenant: '' }];
    return allOf(heads.map((each) => publisher.end(each)));
  }

  /**
   * Drops what is held for a request: its credential may stand for somebody else now.
   * @param {RequestHead} head
   * @returns {Promise<void>} resolves when it is published
   */
  drop(head) {
    this.#core.forgetSession(head);
    const ofAll = this.#forAllTenants(RemoteEvent.USER_CHANGED, head);
    if (this.#shared === null) return Promise.resolve();
    const { publisher } = this.#shared;
    const event = ofAll === null ? [] : [publisher.userEvent('invalidate', ofAll)];
    return allOf([publisher.drop(head), ...event]);
  }

  /**
   * What happens to a credential happens to it under every value of what `varyOn` names (R4, R8). Nobody can list those
   * keys: it is noted once, under the key without them. A drop is noted there as what happens to a user is.
   * @param {number} event
   * @param {RequestHead} head
   * @returns {string | null} that key; null if there are no others
   */
  #forAllTenants(event, head) {
    const key = this.#core.keyOfAllTenants(head);
    if (key !== null) this.#core.applyRemote(event, key, this.#host.now());
    return key;
  }

  /**
   * A sign-in has just set this very cookie: if its session had ended here, it begins anew (rule R8).
   * @param {RequestHead} head
   */
  beginAnew(head) {
    this.#core.forgetEnding(head);
  }

  /**
   * Drops on the other nodes what they hold for a request: the origin's answer, which the core has heard, has left
   * nothing here.
   * @param {RequestHead} head
   */
  async dropElsewhere(head) {
    await this.#shared?.publisher.drop(head);
  }

  /**
   * Drops a remembered "no" to a request. Nodes share none.
   * @param {RequestHead} head
   */
  dropRefusal(head) {
    this.#core.forgetRefusal(head);
  }

  /**
   * Ends every session of a user, or drops the documents of all (SPEC R23).
   * @param {'revoke' | 'invalidate'} action
   * @param {string | number} user the identifier
   * @returns {Promise<void>} resolves when it is published
   */
  userEvent(action, user) {
    // In a path or a message a number may come as text: both spellings are meant.
    const spellings = [JSON.stringify(user)];
    if (/^-?\d+$/.test(String(user))) spellings.push(JSON.stringify(String(user)), String(user));
    const users = [...new Set(spellings)];
    const now = this.#host.now();
    for (const spelling of users) {
      const key = this.#core.userKey(spelling);
      if (key !== null) this.#shared?.noteUser(key, spelling);
      if (action === 'revoke') this.#core.revokeUser(spelling, now);
      else this.#core.invalidateUser(spelling, now);
    }
    const keys = users.map((spelling) => this.#core.userKey(spelling));
    const known = keys.filter((key) => key !== null);
    return this.#shared?.publisher.userEvents(action, known) ?? Promise.resolve();
  }

  /**
   * Begins a managed session (SPEC R20).
   * @param {NewSession} session
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} its document, once the other nodes can find it; empty if an
   *   update has overtaken it (R10); null: the session cannot be held
   */
  async begin({ since, askedAtMs, ...session }) {
    const action = this.#core.beginSession(this.#host.now(), session);
    if (action !== Action.SERVE) return null;
    const document = this.#core.body.slice();
    const kept = this.#core.keptDocument;
    if (this.#shared !== null) {
      const { tenant, cookie, answer } = session;
      const head = { tenant, cookie: `${this.#options.cookie[0]}=${cookie}`, authorization: '' };
      this.#shared.noteUserOf(answer.body, kept?.user ?? null);
      await this.#shared.tokens.save(head, since);
      const { cacheControl } = answer;
      if (kept) await this.#shared.save(head, since, kept, { cacheControl, askedAtMs });
    }
    return document;
  }

  /** Whether another change would be kept for the other nodes, were the store out of reach. */
  async canKeep() {
    if (!this.#shared?.log.outbox.isFull) return true;
    await this.#shared.log.catchUp(); // the store may be back
    return !this.#shared.log.outbox.isFull;
  }

  /**
   * A write of the document of a request's user, from before it leaves for the origin (SPEC R22).
   * @param {RequestHead} head
   * @returns {Write}
   */
  beginWrite(head) {
    const shared = this.#shared;
    const since = shared?.log.position ?? null;
    const write = this.#core.beginWrite(head, this.#host.now());
    /** @type {string[]} the keys of the users whose document it has changed */
    let users = [];
    /** @type {KeptDocument | null} the new one */
    let document = null;
    return {
      complete: (answer) => {
        const action = this.#core.completeWrite(head, this.#host.now(), write, answer);
        ({ users } = this.#core);
        document = shared && this.#core.keptDocument;
        return action;
      },
      publish: async ({ httpStatus }, asked) => {
        const succeeded = httpStatus >= 200 && httpStatus <= 299;
        if (shared === null || !(succeeded || httpStatus === 0)) return;
        if (asked?.user) users.push(asked.user);
        const newest = asked?.isKept && asked.source === 'origin' ? asked : document;
        // The core had no room to note whose document was held before a write that it does not track.
        const known = write === 0 ? [] : users;
        const published = await shared.publisher.write(known, succeeded ? since : null);
        if (published === null || newest === null) return;
        const askedAtMs = this.#host.now();
        await shared.save(head, published, newest, { cacheControl: '', askedAtMs });
      },
    };
  }
}

/**
 * Resolves when all of it is published. Each is in the outbox before the first can fail.
 * @param {Promise<unknown>[]} works
 */
async function allOf(works) {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
