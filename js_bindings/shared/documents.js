// Documents that several nodes share through a store (SPEC R30-R33). What is held on this node is served without asking
// the store, for as long as its log is followed (event-log.js); what is not is looked for there before the origin is
// asked, and left there after. It must not know how tokens are shared (tokens.js), nor what changes sessions.
// Invariant: what was being filled while the log was lost counts for nothing.
import { Action, CheckFlag } from '../core/abi-constants.js';
import { nameOf, open, seal } from '../stores/sealing.js';
import { compareAt } from '../stores/store.js';
import { ANY_USER, SharedLog } from './event-log.js';
import { lookAgain } from './look-again.js';
import { Publisher } from './publisher.js';
import { parseRecord, partsOf, recordOf } from './record.js';
import { SharedTokens } from './tokens.js';
import { UsedMessages } from './used-messages.js';

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

/**
 * What a node does next that has nothing to serve.
 * @typedef {object} Claim
 * @property {boolean} isFilled another node's document is held now: the origin need not be asked
 * @property {boolean} isThere another node has left something, of use or not
 * @property {() => Promise<void>} release to be called when the origin's answer is saved
 */

/** Nobody is kept from asking at the same time. @type {Claim} */
const UNCLAIMED = Object.freeze({ isFilled: false, isThere: false, release: async () => {} });

/** @type {Claim} */
const FILLED = Object.freeze({ ...UNCLAIMED, isFilled: true });

export class SharedSessions {
  #core;
  #options;
  #host;
  #store;
  /** Names which documents are kept: whoever has other options keeps others under the same names. */
  #kept;
  /** What happens to sessions, here and elsewhere. */
  log;
  /** What this node tells the others. */
  publisher;
  /** The tokens of managed sessions. */
  tokens;
  /** The webhook's messages that some node has carried out. */
  usedMessages;

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
    this.publisher = new Publisher(core, options, this.log);
    this.tokens = new SharedTokens(core, options, host, this.log);
    this.usedMessages = new UsedMessages(this.#store, this.log);
  }

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
    const ofAllTenants = this.#core.keyOfAllTenants(head);
    const session = this.#core.sessionKey(head);
    const position = this.log.position;
    if (session === null || position === null || this.log.outbox.isPending(session.key))
      return null;
    try {
      const parts = partsOf(head, session);
      const name = await nameOf(parts);
      const found = await this.#store.get(name);
      if (found === null) return null;
      const record = parseRecord(await open(parts, found));
      if (record === null || record.history !== position.history) return null;
      if (record.keyId !== this.log.keyId || record.kept !== this.#kept) return null;
      if (!(await this.#stands(record, ofAllTenants))) return null;
      if (record.history !== this.log.position?.history) return null; // the store has lost it meanwhile
      const { clockOffset } = this.log;
      return {
        ...record,
        // As it is held: in whole seconds, or what is held would look older than the same here.
        filledAtMs: Math.floor((record.filledAt - clockOffset) / 1000) * 1000,
        bornAtMs: record.bornAt - clockOffset,
      };
    } catch {
      return null;
    }
  }

  /**
   * Whether nothing has happened since to the user of a record, or to a user whom nobody knows, or to its credential under
   * another tenant.
   * @param {{ at: string, user: string | null }} record
   * @param {string | null} ofAllTenants
   */
  async #stands({ at, user }, ofAllTenants) {
    const users = [user, ofAllTenants, ANY_USER].filter((each) => each !== null);
    if (users.some((each) => this.log.outbox.isPending(each))) return false;
    const epochs = await Promise.all(users.map((each) => this.#store.epochs(each)));
    return epochs.every(
      ({ revokedAt, changedAt }) => compareAt(revokedAt, at) <= 0 && compareAt(changedAt, at) <= 0,
    );
  }

  /**
   * Claims the right to ask the origin for a session, unless what another node has left will do. Waits for one that is
   * asking just now. Never rejects.
   * @param {RequestHead} head
   * @param {(document: SharedDocument) => boolean} use says whether that will do
   * @returns {Promise<Claim>}
   */
  async claim(head, use) {
    const session = this.#core.sessionKey(head);
    if (session === null) return UNCLAIMED;
    try {
      const name = await nameOf(partsOf(head, session));
      const { leaseFor, originTimeout } = this.#options;
      const giveUpAt = this.#host.now() + leaseFor - originTimeout;
      const claim = await lookAgain(this.#host, giveUpAt, () => this.#tryClaim(head, name, use));
      return claim ?? UNCLAIMED;
    } catch {
      return UNCLAIMED;
    }
  }

  /**
   * @param {RequestHead} head
   * @param {string} name
   * @param {(document: SharedDocument) => boolean} use
   * @returns {Promise<Claim | null>} null: another node has it
   */
  async #tryClaim(head, name, use) {
    let isThere = false;
    const isFound = async () => {
      const document = await this.load(head);
      isThere = document !== null;
      return document !== null && use(document);
    };
    if (await isFound()) return FILLED;
    const lock = await this.#store.acquire(name, this.#options.leaseFor);
    if (lock === null) return null;
    const release = async () => {
      await this.#store.release(name, lock).catch(() => {});
    };
    // Whoever had the lock before may have left it between the look and the lock.
    if (!(await isFound())) return { isFilled: false, isThere, release };
    await release();
    return FILLED;
  }

  /**
   * Leaves a document that has just been put into the core to the other nodes. Never rejects.
   * @param {RequestHead} head
   * @param {Position | null} since from before the origin was asked
   * @param {KeptDocument} document
   * @param {{ cacheControl: string, askedAtMs: number }} answer
   */
  async save(head, since, { user, body, meta, expiresAtMs }, { cacheControl, askedAtMs }) {
    const ofAllTenants = this.#core.keyOfAllTenants(head);
    const session = since && this.#core.sessionKey(head);
    if (since === null || session === null) return;
    const keys = [session.key, user, ofAllTenants, ANY_USER];
    if (keys.some((key) => key !== null && this.log.outbox.isPending(key))) return;
    const { clockOffset } = this.log;
    const record = {
      at: since.at,
      history: since.history,
      keyId: this.log.keyId,
      kept: this.#kept,
      user,
      filledAt: askedAtMs + clockOffset,
      bornAt: expiresAtMs - this.#options.expiresIn + clockOffset,
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
}
