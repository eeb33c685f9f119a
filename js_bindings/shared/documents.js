// Sessions that several nodes share through a store (SPEC R30-R33). What is held on this node is served
// without asking the store, for as long as its log is followed (shared-log.js); what is not is looked for there before
// the origin is asked, and left there after. Tokens are shared-tokens.js's.
// Invariant: what was being filled while the log was lost counts for nothing.
import { Action, CheckFlag } from '../core/abi-constants.js';
import { pause } from '../host.js';
import { nameOf, open, seal } from '../stores/sealing.js';
import { compareAt } from '../stores/store.js';
import { ANY_USER, SharedLog } from './event-log.js';
import {
  FIRST_LOOK_MS,
  MAX_LOOK_MS,
  parseRecord,
  partsOf,
  recordOf,
  tokenPartsOf,
} from './record.js';
import { SharedTokens } from './tokens.js';

/** A message of the webhook could be used again for no longer than this. */
const MESSAGE_MS = 10 * 60_000;

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../core/abi.js').KeptDocument} KeptDocument
 * @typedef {import('../stores/store.js').Position} Position
 */

/**
 * A document as another node has left it. Times are this node's.
 * @typedef {object} SharedDocument
 * @property {number} filledAtMs
 * @property {number} bornAtMs
 * @property {string} cacheControl
 * @property {string} meta
 * @property {Uint8Array<ArrayBuffer>} body
 */

export class SharedSessions {
  #core;
  #options;
  #host;
  #store;
  /** Names which documents are kept: whoever has other options keeps others under the same names. */
  #kept;
  /** What happens to sessions, here and elsewhere. */
  log;
  /** The tokens of managed sessions. */
  tokens;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   */
  constructor(core, options, host) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    const { origin, documentPath, userId, fields } = options;
    const kept = JSON.stringify([origin, documentPath, userId, fields]);
    this.#kept = core.userKey(JSON.stringify(kept)) ?? '';
    this.log = new SharedLog(core, options, host);
    this.tokens = new SharedTokens(core, options, host, this.log);
  }

  // --- Documents ---

  /** Whether nothing is known of a request's session, good or bad. @param {RequestHead} head */
  isUnknown(head) {
    const flags = CheckFlag.PEEK | CheckFlag.AGAIN | CheckFlag.DECISION;
    return this.#core.check(head, this.#host.now(), 0, flags) === Action.RETRY;
  }

  /**
   * The document that another node has left for a request, if it still stands. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<SharedDocument | null>}
   */
  async load(head) {
    const session = this.#core.sessionKey(head);
    const position = this.log.position;
    if (session === null || position === null || this.log.isUntold(session.key)) return null;
    try {
      const parts = partsOf(head, session);
      const name = await nameOf(parts);
      const found = await this.#store.get(name);
      if (found === null) return null;
      const record = parseRecord(await open(parts, found));
      if (record === null || record.history !== position.history) return null;
      if (record.family !== this.log.family || record.kept !== this.#kept) return null;
      if (!(await this.#stands(record))) return null;
      if (record.history !== this.log.position?.history) return null; // the store has lost it meanwhile
      const lead = this.log.storeLead;
      return {
        ...record,
        // As it is held: in whole seconds, or what is held would look older than the same here.
        filledAtMs: Math.floor((record.filledAt - lead) / 1000) * 1000,
        bornAtMs: record.bornAt - lead,
      };
    } catch {
      return null;
    }
  }

  /**
   * Whether nothing has happened since to the user of a record, or to somebody of whom nobody knows who.
   * @param {{ at: string, user: string | null }} record
   */
  async #stands({ at, user }) {
    const users = user === null ? [ANY_USER] : [user, ANY_USER];
    if (users.some((each) => this.log.isUntold(each))) return false;
    const epochs = await Promise.all(users.map((each) => this.#store.epochs(each)));
    return epochs.every(
      ({ revokedAt, changedAt }) => compareAt(revokedAt, at) <= 0 && compareAt(changedAt, at) <= 0,
    );
  }

  /**
   * Before the origin is asked for a session: what another node has left is looked for, and waited for if
   * one is asking just now. Never rejects.
   * @param {RequestHead} head
   * @param {(document: SharedDocument) => boolean} use says whether that will do
   * @returns {Promise<{ isFilled: boolean, isThere: boolean, release: () => Promise<void> }>} if it is not
   *   filled, the origin is to be asked, and `release` to be called when its answer is saved; `isThere`: there
   *   is something, of use or not
   */
  async take(head, use) {
    const session = this.#core.sessionKey(head);
    const alone = { isFilled: false, isThere: false, release: async () => {} };
    if (session === null) return alone;
    try {
      const name = await nameOf(partsOf(head, session));
      const { leaseFor, originTimeout } = this.#options;
      const giveUpAt = this.#host.now() + leaseFor - originTimeout;
      let isThere = false;
      const isFound = async () => {
        const document = await this.load(head);
        isThere = document !== null;
        return document !== null && use(document);
      };
      for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 2, MAX_LOOK_MS)) {
        if (await isFound()) return { ...alone, isFilled: true };
        const token = await this.#store.acquire(name, leaseFor);
        if (token !== null) {
          const release = async () => {
            await this.#store.release(name, token).catch(() => {});
          };
          // Whoever had the lock before may have left it between the look and the lock.
          if (!(await isFound())) return { isFilled: false, isThere, release };
          await release();
          return { ...alone, isFilled: true };
        }
        if (this.#host.now() + wait >= giveUpAt) return alone;
        await pause(this.#host, wait);
      }
    } catch {
      return alone;
    }
  }

  /**
   * Leaves a document that has just been put into the core to the other nodes. Never rejects.
   * @param {RequestHead} head
   * @param {Position | null} since from before the origin was asked
   * @param {KeptDocument} document
   * @param {{ cacheControl: string, askedAtMs: number }} answer
   */
  async save(head, since, { user, body, meta, expiresAtMs }, { cacheControl, askedAtMs }) {
    const session = since && this.#core.sessionKey(head);
    if (since === null || session === null) return;
    if ([session.key, user, ANY_USER].some((key) => key !== null && this.log.isUntold(key))) return;
    const lead = this.log.storeLead;
    const record = {
      at: since.at,
      history: since.history,
      family: this.log.family,
      kept: this.#kept,
      user,
      filledAt: askedAtMs + lead,
      bornAt: expiresAtMs - this.#options.expiresIn + lead,
      cacheControl,
      meta,
    };
    try {
      const parts = partsOf(head, session);
      const bytes = recordOf(record, body);
      const sealed = await seal(parts, bytes, this.#host.getRandomValues);
      const { keepFor, staleIfError } = this.#options;
      await this.#store.putIfNewer(await nameOf(parts), sealed, {
        since,
        ttlMs: keepFor + staleIfError,
      });
    } catch {
      // Others ask the origin (R33).
    }
  }

  // --- What happens to sessions and users ---

  /**
   * The session of a request has ended, everywhere once this resolves.
   * @param {RequestHead} head
   */
  async end(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    const name = await nameOf(partsOf(head, session));
    const tokens = this.#options.managed ? await nameOf(tokenPartsOf(head, session)) : null;
    await this.log.tell(session.key, async () => {
      if (tokens !== null) await this.#store.end(tokens, session.key, this.log.self);
      await this.#store.end(name, session.key, this.log.self);
    });
  }

  /**
   * The credential of a request may stand for somebody else now.
   * @param {RequestHead} head
   */
  async forget(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    const name = await nameOf(partsOf(head, session));
    await this.log.tell(session.key, () => this.#store.forget(name, session.key, this.log.self));
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {string[]} users their keys
   */
  async userEvent(action, users) {
    for (const user of users) {
      await this.log.tell(user, () => this.#store.userEvent(action, user, this.log.self));
    }
  }

  /**
   * Whether another node has had this message of the webhook (SPEC R23). Where the store cannot be asked, nobody
   * knows: then it counts, since what ends sessions had better happen twice than not. Never rejects.
   * @param {string} digest names the message, in hexadecimal digits
   */
  async isUsed(digest) {
    return this.#store.get(digest).then(
      (mark) => mark !== null,
      () => false,
    );
  }

  /**
   * This node has had it, and done what it says. No lock, whose holder would have to be told from a call that
   * the link has doubled: two nodes that have it at the same moment do it at the same moment. Never rejects.
   * @param {string} digest
   */
  async noteUsed(digest) {
    const since = await this.log.currentPosition();
    if (since === null) return;
    const mark = Uint8Array.of(1);
    await this.#store.putIfNewer(digest, mark, { since, ttlMs: MESSAGE_MS }).catch(() => {});
  }

  /**
   * A write has changed the document of some users. The new one, if it is held, is left to the others. Never
   * rejects.
   * @param {RequestHead} head
   * @param {string[]} known the users that it concerns; none: nobody knows whom
   * @param {KeptDocument | null} document the new one
   * @param {Position | null} begun from before the write; null: the document may be older than it
   */
  async changed(head, known, document, begun) {
    const users = new Set(known.length > 0 ? known : [ANY_USER]);
    /** @type {Position | null} */
    let since = null;
    for (const user of users) {
      await this.log
        .tell(user, async () => {
          since = await this.#store.userEvent('invalidate', user, this.log.self);
        })
        .catch(() => {});
    }
    if (document === null || begun === null || since === null) return;
    if (!(await this.#isNewest(begun, since, users))) return;
    await this.save(head, since, document, { cacheControl: '', askedAtMs: this.#host.now() });
  }

  /**
   * Whether no other node has told of a change of those users while a write was under way: the origin may
   * have carried that out after this one. Never rejects.
   * @param {Position} begun
   * @param {Position} told
   * @param {Set<string>} users
   */
  async #isNewest(begun, told, users) {
    const found = await this.#store.changes(begun).catch(() => null);
    if (found === null || found.more) return false;
    return !found.events.some(
      ({ at, key, by }) =>
        by !== this.log.self && compareAt(at, told.at) < 0 && (key === ANY_USER || users.has(key)),
    );
  }
}
