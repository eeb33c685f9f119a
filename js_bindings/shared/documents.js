// Documents that several nodes share through a store (SPEC R30-R33). What is held on this node is served without asking
// the store, for as long as its log is followed (event-log.js); what is not is looked for there before the origin is
// asked, and left there after. It must not know how tokens are shared (tokens.js), nor what changes sessions.
// Invariant: what was being filled while the log was lost counts for nothing.
import { Action, Credential, RemoteEvent } from '../core/abi-constants.js';
import { compareAt, isRevoked, lastEndOf, StoreUnavailableError } from '../stores/store.js';
import { toHex } from '../util/hex.js';
import { sha256 } from '../util/sha256.js';
import { StoredDeviceLists } from './device-lists.js';
import { SharedLog } from './event-log.js';
import { ANY_USER, Families } from './families.js';
import { lookAgain } from './look-again.js';
import { Publisher } from './publisher.js';
import { parseRecord, partsOf, recordOf } from './record.js';
import { StoredRecords } from './stored-records.js';
import { SharedTokens } from './tokens.js';
import { UsedMessages } from './used-messages.js';
import { workOff } from './work-off.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../core/abi.js').KeptDocument} KeptDocument
 * @typedef {import('../core/abi.js').SharedDocument} SharedDocument
 * @typedef {import('../stores/store.js').Position} Position
 */

/**
 * What a node does next that has nothing to serve.
 * @typedef {object} Claim
 * @property {boolean} isFilled another node's document is held now, or the session has ended: the origin need not be asked
 * @property {boolean} isUnkept it has, and this node has no room to remember it
 * @property {boolean} isThere another node has left something, of use or not
 * @property {boolean} isAsked the store has answered
 * @property {boolean} isBusy another node is asking the origin, and may bring an answer from before this
 * @property {() => Promise<void>} release to be called when the origin's answer is saved
 */

/** So many sessions that the store did not answer for are looked for one by one. */
const MAX_UNASKED = 1000;

/** Nobody is kept from asking at the same time. @type {Claim} */
const UNCLAIMED = Object.freeze({
  isFilled: false,
  isUnkept: false,
  isThere: false,
  isAsked: false,
  isBusy: false,
  release: async () => {},
});

/** @type {Claim} */
const UNENDED = Object.freeze({ ...UNCLAIMED, isAsked: true });

/** @type {Claim} */
const FILLED = Object.freeze({ ...UNCLAIMED, isFilled: true, isAsked: true });

/** @type {Claim} */
const BUSY = Object.freeze({ ...UNCLAIMED, isAsked: true, isBusy: true });

export class SharedSessions {
  #core;
  #options;
  #host;
  #store;
  /** Names which documents are kept: whoever has other options keeps others under the same names. */
  #kept;
  #families;
  #records;
  /** What happens to sessions, here and elsewhere. */
  log;
  /** What this node tells the others. */
  publisher;
  /** The tokens of managed sessions. */
  tokens;
  /** Messages that some node has carried out. */
  usedMessages;
  /** Which sessions each user has. */
  deviceLists;
  /** Which sessions have which `sid`: set by who makes the parts. @type {import('./session-ids.js').SessionIds | null} */
  ids = null;
  /**
   * What is to be asked of the store because it did not answer, by the keys of what it is about: sessions, `sid`s, users.
   * @type {Map<string, () => Promise<void>>}
   */
  #unasked = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../util/key-ring.js').KeyRing} ring
   * @param {(keys: import('../util/key-ring.js').NamingKeys) => import('../core/abi.js').Core} makeCore one that only
   *   hashes
   */
  constructor(core, options, host, ring, makeCore) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    const { origin, documentPath, userId, fields } = options;
    const kept = JSON.stringify([origin, documentPath, userId, fields, 'typed']);
    this.#kept = toHex(sha256(new TextEncoder().encode(kept)));
    const families = new Families(core, ring, makeCore, userId, host.getRandomValues);
    this.#families = families;
    this.log = new SharedLog(core, options, host, families);
    this.#records = new StoredRecords(this.#store, options, host, this.log, families);
    this.publisher = new Publisher(core, options, host, this.log, families);
    this.tokens = new SharedTokens(core, options, host, this.log, families, this.#records);
    const { publisher, tokens } = this;
    this.log.listener = {
      answer: (key) => tokens.answer(key),
      ending: (key) => tokens.endUnsaved(key),
      forgot: () => {
        publisher.beginAgain();
        tokens.beginRefill();
      },
      recovering: () => tokens.announceAgain(),
      caughtUp: async () => {
        await Promise.all([tokens.refill(), publisher.tellAgain(), this.#askUnasked()]);
      },
    };
    this.usedMessages = new UsedMessages(this.#store, this.log);
    this.deviceLists = new StoredDeviceLists(options, this.log, families, this.#records);
  }

  /** @param {(head: RequestHead) => string | null} name of the session that a verified token is one of; null: it is of none */
  set sessionNameOf(name) {
    this.publisher.sessionNameOf = name;
  }

  /** Gives back what it holds, the store included. */
  async close() {
    this.#families.dispose();
    await this.log.close();
  }

  /**
   * Names a user as the option `userId` finds him, for events in every family.
   * @param {string} user its key
   * @param {string} identifier as JSON
   */
  noteUser(user, identifier) {
    this.#families.noteUser(user, identifier);
  }

  /**
   * The same, of a whole document of the origin.
   * @param {Uint8Array} body
   * @param {string | null} user its key
   */
  noteUserOf(body, user) {
    this.#families.noteUser(user, this.#families.identifierIn(body, user));
  }

  /**
   * Remembers where the records of credentials are that are one session.
   * @param {RequestHead[]} heads
   */
  noteNames(heads) {
    for (const head of heads) {
      const session = this.#core.sessionKey(head);
      if (session === null) continue;
      const [{ name }] = this.#records.placesOf(partsOf(head, session));
      this.publisher.names.set(session.key, name);
    }
  }

  /** Whether nothing is known of a request's session, good or bad. @param {RequestHead} head */
  isUnknown(head) {
    return this.#core.peek(head, this.#host.now()) === Action.RETRY;
  }

  /**
   * The document that another node has left for a request, if it still stands; or that the session has ended, which
   * this node then knows too (SPEC R31). Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<SharedDocument | 'ended' | null>}
   */
  async load(head) {
    try {
      const found = await this.#find(head);
      return found === 'unusable' ? null : found;
    } catch {
      return null;
    }
  }

  /**
   * What another node has left for a request: `unusable` is what does not stand any more, or was left by a node with
   * other options, and says that some node may hold it. Rejects if the store cannot say.
   * @param {RequestHead} head
   * @returns {Promise<SharedDocument | 'ended' | 'unusable' | null>}
   */
  async #find(head) {
    const ofAllTenants = this.#core.keyOfAllTenants(head);
    const session = this.#core.sessionKey(head);
    if (session === null) return null;
    if (this.log.position === null) throw new StoreUnavailableError();
    // It has ended here, and there may be no room to remember that.
    if (this.log.outbox.isPending(session.key, 'end')) return 'ended';
    if (this.log.outbox.isPending(session.key)) return 'unusable';
    const own = await this.#records.get(head, partsOf(head, session));
    if (own === 'ended') return this.#noteEnd(session.key);
    const ofSession = own.length > 0 ? null : this.publisher.partsOfSession(head);
    const found = ofSession === null ? own : await this.#records.getUnmarked(ofSession);
    if (found.length === 0) return null;
    const position = this.log.position;
    const records = found.flatMap(({ family, bytes }) => {
      const record = parseRecord(bytes);
      return record === null || record.history !== position?.history ? [] : [{ ...record, family }];
    });
    const record = records.reduce(newer, records[0]);
    if (record === undefined || record.kept !== this.#kept) return 'unusable';
    // What ends all of a user's sessions would not end what another token has left of nobody's.
    if (ofSession !== null && record.user === null) return null;
    const standing = await this.#stands(record, ofAllTenants);
    // Whether a managed session lives, the record of its tokens says: it may have begun after that, on a node that had not
    // heard of it. And what another token of the session has left may be of before its user signed in again.
    const isManaged = this.#options.managed !== null && session.kind === Credential.COOKIE;
    if (standing === 'ended' && (isManaged || ofSession !== null)) return 'unusable';
    if (standing === 'ended') {
      await this.publisher.end(head).catch(() => {}); // for those that come when the record is gone
      return this.#noteEnd(session.key);
    }
    const { links = [] } = record;
    if (record.family === this.#families.own) {
      for (const { key, name } of links) if (name) this.publisher.names.set(key, name);
      if (links.length > 0) this.#core.link([...links, session], this.#host.now());
    }
    if (standing !== 'stands') return 'unusable';
    const ofSid = await this.standingOfSid(this.ids?.note(head, record.body) ?? null, record.at);
    if (ofSid === 'ended') {
      await this.publisher.end(head).catch(() => {});
      return this.#noteEnd(session.key);
    }
    if (ofSid !== 'stands') return 'unusable';
    if (record.history !== this.log.position?.history) return 'unusable'; // the store has lost it meanwhile
    let { user } = record;
    if (user !== null && record.family !== this.#families.own) {
      // This node knows its user under another key.
      const identifier = this.#families.identifierIn(record.body, user, record.family.core);
      if (identifier === null) return 'unusable';
      user = this.#core.userKey(identifier);
      this.#families.noteUser(user, identifier);
    }
    const { clock } = this.log;
    return {
      ...record,
      user,
      // As it is held: in whole seconds, or what is held would look older than the same here.
      filledAtMs: Math.floor((record.filledAt - clock.offset) / 1000) * 1000,
      bornAtMs: clock.momentOf(record.bornAt),
      endsAtMs: record.endsAt ? record.endsAt - clock.offset : 0,
      asksFirst: record.asksFirst ?? false,
    };
  }

  /**
   * What has happened to a `sid` since, as far as the store can say. Never rejects.
   * @param {string | null} sid its key
   * @param {string} [at] the place of an event; else only its end counts
   * @returns {Promise<'stands' | 'changed' | 'ended'>}
   */
  async standingOfSid(sid, at) {
    if (sid === null) return 'stands';
    if (this.ids?.hasEnded(sid)) return 'ended';
    const epochs = await this.#store.epochs(sid).catch(() => null);
    if (epochs === null) {
      this.#askLater(sid, async () => {
        if (!hasBeenRevoked(await this.#store.epochs(sid))) return;
        this.log.heardOfUser('revoke', sid, this.#host.now());
      });
      return 'stands'; // the origin's word is taken (R32)
    }
    if (hasBeenRevoked(epochs)) return 'ended';
    return at !== undefined && compareAt(epochs.changedAt, at) > 0 ? 'changed' : 'stands';
  }

  /**
   * When every session of a user was ended the last time, on this node's clock. Never rejects.
   * @param {string} user its key
   * @returns {Promise<number>} 0: never, or the store cannot say
   */
  async endOfUser(user) {
    const epochs = await this.#store.epochs(user).catch(() => null);
    if (epochs !== null) return this.#momentOfEnd(epochs);
    this.#askLater(user, async () => {
      const at = this.#momentOfEnd(await this.#store.epochs(user));
      if (at === 0) return;
      this.log.heardOfUser('revoke', user, at);
      this.#core.applyRemote(RemoteEvent.USER_CHANGED, user, this.#host.now()); // with which token, its next check sees
    });
    return 0;
  }

  /** @param {import('../stores/store.js').Epochs} epochs of a user */
  #momentOfEnd(epochs) {
    const at = lastEndOf(epochs);
    return at === 0 ? 0 : Math.min(this.#host.now(), this.log.clock.momentOf(at));
  }

  /** @param {string} key of a session @returns {'ended'} */
  #noteEnd(key) {
    this.#core.applyRemote(RemoteEvent.SESSION_ENDED, key, this.#host.now());
    return 'ended';
  }

  /**
   * The store knows of an end. Where there is no room here to remember it, the core does not refuse by itself (R54).
   * @param {RequestHead} head
   * @returns {Claim}
   */
  #endedClaim(head) {
    return { ...FILLED, isUnkept: this.#core.peek(head, this.#host.now()) !== Action.REFUSE };
  }

  /**
   * The end of a request's session, if the store knows of one. What it says this node then knows too. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<Claim>}
   */
  async findEnd(head) {
    const session = this.#core.sessionKey(head);
    if (session === null || this.log.position === null) return UNCLAIMED;
    try {
      const isEnding = this.log.outbox.isPending(session.key, 'end');
      if (!isEnding && !(await this.#records.hasEnded(head))) return UNENDED;
      this.#noteEnd(session.key);
      return this.#endedClaim(head);
    } catch {
      return UNCLAIMED; // the origin is asked, and its word taken (R32)
    }
  }

  /**
   * What is held now on the origin's word alone, since the store did not answer, may have ended before this node heard
   * of anything: the store is asked once it can be read (R31).
   * @param {RequestHead} head
   */
  lookLater(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    this.#askLater(session.key, async () => {
      if (await this.#records.hasEnded(head)) this.#noteEnd(session.key);
    });
  }

  /**
   * What finds no room is looked for at its next check, like everything else.
   * @param {string} key
   * @param {() => Promise<void>} ask rejects if the store does not answer
   */
  #askLater(key, ask) {
    if (this.#unasked.size >= MAX_UNASKED && !this.#unasked.has(key)) this.log.distrustHeld();
    else this.#unasked.set(key, ask);
  }

  /** Asks all that, behind a reading of the log. Never rejects. */
  async #askUnasked() {
    await workOff([...this.#unasked], async ([key, ask]) => {
      await ask();
      this.#unasked.delete(key);
    });
  }

  /**
   * What has happened since to the user of a record, or to a user whom nobody knows, or to its credential under another
   * tenant. That every session of the user was ended means this one too: it was there before.
   * @param {Pick<import('./record.js').DocumentRecord, 'at' | 'user' | 'bornAt' | 'links'>} record
   * @param {string | null} ofAllTenants
   * @returns {Promise<'stands' | 'changed' | 'ended'>}
   */
  async #stands({ at, user, bornAt, links = [] }, ofAllTenants) {
    // What ends one credential of a session ends the others (R85).
    const names = links.flatMap(({ name }) => (name ? [name] : []));
    const others = await Promise.all(names.map((name) => this.#store.get(name)));
    if (others.includes('ended')) return 'ended';
    const users = [user, ofAllTenants, ANY_USER].filter((each) => each !== null);
    if (users.some((each) => this.log.outbox.isPending(each))) return 'changed';
    const epochs = await Promise.all(users.map((each) => this.#store.epochs(each)));
    if (user !== null && isRevoked(epochs[0], at, bornAt)) return 'ended';
    const changes = epochs.flatMap(({ changedAt, revokedAt }) => [changedAt, revokedAt]);
    return changes.every((change) => compareAt(change, at) <= 0) ? 'stands' : 'changed';
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
      // The tokens of a session are asked for one after another.
      const parts = this.publisher.partsOfSession(head) ?? partsOf(head, session);
      const { leaseFor, originTimeout } = this.#options;
      const giveUpAt = this.#host.now() + leaseFor - originTimeout;
      const claim = await lookAgain(this.#host, giveUpAt, () => this.#tryClaim(head, parts, use));
      return claim ?? BUSY;
    } catch {
      return UNCLAIMED;
    }
  }

  /**
   * @param {RequestHead} head
   * @param {import('../stores/sealing.js').CredentialParts} parts
   * @param {(document: SharedDocument) => boolean} use
   * @returns {Promise<Claim | null>} null: another node has it
   */
  async #tryClaim(head, parts, use) {
    let isThere = false;
    const look = async () => {
      const found = await this.#find(head);
      isThere = found !== null;
      if (found === 'ended') return this.#endedClaim(head);
      return found !== null && found !== 'unusable' && use(found) ? FILLED : null;
    };
    const first = await look();
    if (first !== null) return first;
    const lock = await this.#records.acquire(parts, this.#options.leaseFor);
    if (lock === null) return null;
    const release = () => this.#records.release(lock);
    // Whoever had the lock before may have left it between the look and the lock.
    const second = await look();
    if (second === null) return { ...UNCLAIMED, isThere, isAsked: true, release };
    await release();
    return second;
  }

  /**
   * Leaves a document that has just been put into the core to the other nodes. Never rejects.
   * @param {RequestHead} head
   * @param {Position | null} since from before the origin was asked
   * @param {KeptDocument} document
   * @param {{ cacheControl: string, askedAtMs: number }} answer
   */
  async save(head, since, document, { cacheControl, askedAtMs }) {
    const { user, body, meta, bornAtMs, endsAtMs, asksFirst } = document;
    const ofAllTenants = this.#core.keyOfAllTenants(head);
    const session = since && this.#core.sessionKey(head);
    if (since === null || session === null) return;
    const keys = [session.key, user, ofAllTenants];
    if (keys.some((key) => key !== null && this.log.outbox.isPending(key))) return;
    const { clock } = this.log;
    const relatives = this.#core.relatives(head);
    const record = {
      at: since.at,
      history: since.history,
      kept: this.#kept,
      user,
      filledAt: askedAtMs + clock.offset,
      bornAt: clock.timeOf(bornAtMs),
      ...(endsAtMs > 0 && { endsAt: endsAtMs + clock.offset }),
      ...(asksFirst && { asksFirst }),
      ...(relatives.length > 0 && { links: this.publisher.named(relatives) }),
      cacheControl,
      meta,
    };
    try {
      const { keepFor, staleIfError } = this.#options;
      const options = { since, ttlMs: keepFor + staleIfError };
      const ofSession = this.publisher.partsOfSession(head);
      for (const parts of [partsOf(head, session), ofSession]) {
        if (parts !== null) await this.#records.put(parts, recordOf(record, body), options);
      }
      if (this.#families.all.length > 1) {
        this.#families.noteUser(user, this.#families.identifierIn(body, user));
      }
    } catch {
      // Others ask the origin (R33).
    }
  }
}

/**
 * The newer of two records.
 * @template {{ at: string, filledAt: number }} T
 * @param {T} a
 * @param {T} b
 */
function newer(a, b) {
  return (compareAt(a.at, b.at) || a.filledAt - b.filledAt) >= 0 ? a : b;
}

/**
 * Whether every session of a `sid` was ended: it begins none again.
 * @param {import('../stores/store.js').Epochs} epochs
 */
function hasBeenRevoked({ revokedAt, revokedBefore = 0 }) {
  return revokedAt !== '' || revokedBefore > 0;
}
