// Managed sessions that several nodes share: their tokens, in a record of their own (SPEC R24, R30, R33). What is done with
// them in which order is a table (token-protocol.js), and drawn in docs/several-nodes.md; here it is carried out.
// It must not know how the origin is asked.
// Invariants: a node that cannot read the newest record, or replace it by one with its intent, redeems nothing. What it has
// redeemed stays in its vault, and its outbox, until the store has it. A store that knows nothing of a session is no
// sign-out. `at` in a record is a place in the log up to which the session is known not to have ended.
import { Credential, Reason, RemoteEvent } from '../core/abi-constants.js';
import { isRevoked, StoreUnavailableError } from '../stores/store.js';
import { fromHex, toHex } from '../util/hex.js';
import { putNewest } from '../util/newest.js';
import { lookAgain } from './look-again.js';
import { parseRecord, recordOf, tokenPartsOf } from './record.js';
import { EXCHANGE, nextStep, REFUSAL, SAVE, WRITTEN } from './token-protocol.js';

/** A managed session is in the store for no longer than this. */
const MAX_RECORD_MS = 30 * 24 * 3_600_000;

/** So long a session that nobody knows is not taken for one that has ended (SPEC R33). */
const MAX_UNKNOWN_MS = 10 * 60_000;

/** The other nodes are asked for the same session no more often than this. */
const ASK_EVERY_MS = 5000;
/** While a request waits for their answer: whether the store still takes questions shows whether it takes answers. */
const ASK_AGAIN_MS = 2000;
/**
 * Of the time that a request may take: a node whose link is disturbed has that to come back. Who redeems too soon what it
 * has exchanged ends the session.
 */
const PATIENT_FOR = 0.8;

/** So many sessions that nobody knows are remembered. */
const MAX_UNKNOWN = 10_000;

/** A record that changes all the time is replaced after so many looks, or later. */
const MAX_ATTEMPTS = 8;

/** A token this near to its end is as good as none: as the core has it. */
const EXPIRY_MARGIN_MS = 5000;

/** No two records have this beginning in common: it has their nonce. */
const NONCE_BYTES = 32;

/** So many sessions are left in an empty store at once, and after each reading of the log. */
const REFILL_AT_ONCE = 16;
const REFILL_PER_READING = 1024;

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../core/abi.js').ManagedSession} ManagedSession
 * @typedef {import('../core/abi.js').Tokens} Tokens
 * @typedef {import('./stored-records.js').RecordPlace} RecordPlace
 * @typedef {import('./token-protocol.js').Intent} Intent
 */

/**
 * The origin's answer to a refresh token. A `status` of 0: there was none.
 * @typedef {{ status: number, retryAfterMs: number, tokens: Tokens }} Exchange
 */

/**
 * What a node has to know of a session that it holds, to write it without its credential.
 * @typedef {{ version: number, bornAt: number, places: RecordPlace[] }} Note `bornAt`: when its session began, on the store's
 *   clock: what is reckoned from this node's own moves when that is set
 */

/**
 * A record as it stands in the store. Times are the store's.
 * @typedef {object} Found
 * @property {'record'} state
 * @property {number} version
 * @property {Intent | null} intent
 * @property {boolean} isTold
 * @property {any} record
 * @property {RecordPlace} place
 * @property {Uint8Array<ArrayBuffer>} value
 */

/**
 * Nothing that counts; `value` stands there all the same.
 * @typedef {{ state: 'unknown', place: RecordPlace, value: Uint8Array<ArrayBuffer> | null }} Unknown
 */

/** @typedef {Found | Unknown | { state: 'ended' }} Stored */

/**
 * What came of an exchange.
 * @typedef {{ kind: 'tokens', tokens: Tokens, version: number }
 *   | { kind: 'ended' }
 *   | { kind: 'failed', status: number, retryAfterMs: number, isRefused: boolean }} Outcome
 */

/** @type {Outcome} */
const ENDED = Object.freeze({ kind: 'ended' });
/** @type {Outcome} */
const FAILED = Object.freeze({ kind: 'failed', status: 0, retryAfterMs: 0, isRefused: false });

export class SharedTokens {
  #core;
  #options;
  #host;
  #store;
  #log;
  #families;
  #records;
  #attempts = 0;
  /** Of which sessions an exchange is under way here, by key. @type {Map<string, string>} */
  #underWay = new Map();
  /** Since when nobody knows a session, and when the others were asked for it last, on the monotonic clock. @type {Map<string, { since: number,
   *   askedAt: number }>} */
  #unknown = new Map();
  /**
   * In which generation of the log the others were asked for the tokens of a session, since when, and when the last time,
   * on the monotonic clock. @type {Map<string, { generation: number, since: number, at: number }>}
   */
  #asked = new Map();
  /** Records of other histories, and when each was seen first, by name. @type {Map<string, { value: string, at: number }>} */
  #foreign = new Map();
  /** Since when records are gone that other nodes may have seen, by session. @type {Map<string, number>} */
  #missing = new Map();
  /** Where the next session is that an empty store gets; null: there is nothing to do. @type {number | null} */
  #refillFrom = null;
  /** The sessions that were being exchanged here when the store forgot, and that it does not know again. @type {Set<string>} */
  #toAnnounce = new Set();
  /**
   * Ends tokens at the origin that no session has any more: set by who makes the parts.
   * @type {(tokens: Pick<Tokens, 'access' | 'refresh'>) => Promise<void>}
   */
  endAtOrigin = async () => {};

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./event-log.js').SharedLog} log
   * @param {import('./families.js').Families} families
   * @param {import('./stored-records.js').StoredRecords} records
   */
  constructor(core, options, host, log, families, records) {
    this.#families = families;
    this.#records = records;
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    this.#log = log;
  }

  // --- Whether there is a session ---

  /**
   * Whether a session is held here, and may be served without a word from the store.
   * @param {string} key
   */
  mayServe(key) {
    const held = this.#core.findSession(key, this.#host.now());
    return held !== null && held.note !== '' && this.#isTrusted(held);
  }

  /**
   * Whether the session of a genuine cookie may be served: one that is held here, unless it may have been ended since; or
   * one that another node has begun, which is then held here, too. Never rejects.
   * @param {RequestHead} head
   * @param {string} key of the session
   * @param {number} endsAtMs when its cookie ends at the latest
   * @returns {Promise<'found' | 'none' | 'unavailable'>}
   */
  async find(head, key, endsAtMs) {
    const before = this.#held(key);
    if (before === null && this.#hasEndedHere(head)) return 'none';
    if (before === null) await this.#log.catchUp();
    else await this.#log.confirm();
    try {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const found = await this.#find(head, key, endsAtMs);
        if (found !== null) return found;
      }
    } catch {
      // The store cannot be asked.
    }
    const held = this.#held(key);
    if (held !== null) return this.#isTrusted(held) ? 'found' : 'unavailable';
    return this.#hasEndedHere(head) ? 'none' : 'unavailable';
  }

  /**
   * @param {RequestHead} head
   * @param {string} key
   * @param {number} endsAtMs
   * @returns {Promise<'found' | 'none' | 'unavailable' | null>} null: look again
   */
  async #find(head, key, endsAtMs) {
    const held = this.#held(key);
    if (held !== null && this.#isTrusted(held)) return 'found';
    const askedAt = this.#core.sequence;
    const stored = await this.#look(head);
    if (stored.state === 'ended') return this.#noteEnd(key);
    if (stored.state === 'record') {
      this.#unknown.delete(key);
      // A record may stand for a moment longer than its session lives (SPEC R8).
      if (held === null && this.#time() >= stored.record.expiresAtMs) return 'none';
      const isNewer = held === null || stored.version > held.note.version;
      const session = isNewer ? this.#sessionOf(head, stored) : held;
      const isShared = held === null || stored.version >= held.note.version;
      if (this.#adopt(session, askedAt, isShared)) return 'found';
      return this.#hasEndedHere(head) ? 'none' : null;
    }
    if (held === null) return this.#isGone(head, key, endsAtMs);
    // The store has lost it, and nobody has said within the bound that it has ended.
    const isPending = this.#log.outbox.isPending(key, 'tokens');
    if (!isPending && !this.#log.isSettled) return 'unavailable';
    if (!this.#adopt(held, askedAt, false)) return null;
    if (!isPending) await this.#publish(key);
    return 'found';
  }

  /**
   * Nobody knows the session of a genuine cookie. That is no sign-out, until it has lasted (SPEC R33).
   * @param {RequestHead} head
   * @param {string} key
   * @param {number} endsAtMs
   * @returns {Promise<'none' | 'unavailable'>}
   */
  async #isGone(head, key, endsAtMs) {
    if (this.#host.now() >= endsAtMs) return 'none';
    const now = this.#host.monotonic();
    const known = this.#unknown.get(key) ?? { since: now, askedAt: Number.NEGATIVE_INFINITY };
    if (now - known.since >= MAX_UNKNOWN_MS) return 'none';
    if (!this.#unknown.has(key) && this.#unknown.size >= MAX_UNKNOWN) {
      this.#unknown.delete(/** @type {string} */ (this.#unknown.keys().next().value));
    }
    this.#unknown.set(key, known);
    if (now - known.askedAt >= ASK_EVERY_MS) {
      known.askedAt = now;
      await this.#ask(head);
    }
    return 'unavailable';
  }

  /**
   * Whether a session may be served without a look into the store: nothing that ends it can have been missed.
   * @param {Pick<ManagedSession, 'key' | 'confirmedAtMs'>} session
   */
  #isTrusted({ key, confirmedAtMs }) {
    const isInSight = confirmedAtMs >= this.#log.sessionFloor;
    // What has never been in the store, nobody else can have ended.
    if (!isInSight && !this.#log.outbox.isPending(key, 'tokens')) return false;
    return this.#log.mayServe(confirmedAtMs);
  }

  /** @param {RequestHead} head */
  #hasEndedHere(head) {
    this.#core.peek(head, this.#host.now());
    const { reason } = this.#core;
    return reason === Reason.TOMBSTONE || reason === Reason.REVOKED;
  }

  /** @param {string} key @returns {'none'} */
  #noteEnd(key) {
    this.#core.applyRemote(RemoteEvent.SESSION_ENDED, key, this.#host.now());
    this.#unknown.delete(key);
    return 'none';
  }

  // --- A session that begins, or whose tokens were exchanged here ---

  /**
   * Leaves a session that has just begun here to the other nodes; if that fails, as soon as it can be done. Never rejects.
   * @param {RequestHead} head
   * @param {number} askedAtMs when it was asked for
   */
  async begin(head, askedAtMs) {
    await this.keep(head, 0, undefined, askedAtMs);
  }

  /**
   * The tokens that are held of a session have a version now, and are to be in the store. Never rejects.
   * @param {RequestHead} head
   * @param {number} version
   * @param {Pick<Tokens, 'access' | 'refresh' | 'accessExpiresAtMs'>} [tokens] other ones than those that are held
   * @param {number} [bornAtMs] when a session began that is new
   * @returns {Promise<boolean>} false: the session has ended here
   */
  async keep(head, version, tokens, bornAtMs) {
    const before = this.#core.exportSession(head, this.#host.now());
    if (before === null) return false;
    const bornAt =
      this.#noted(before)?.note.bornAt ??
      this.#log.clock.timeOf(before.expiresAtMs - this.#options.expiresIn);
    const note = { version, bornAt, places: this.#placesOf(head) };
    const session = { ...before, ...tokens, note: textOf(note) };
    if (!this.#adopt(session, this.#core.sequence, false)) return false;
    await this.#publish(before.key, bornAtMs);
    return true;
  }

  /**
   * The newest tokens of a session that is about to be ended, and the right to redeem them where only that is left. Never
   * rejects.
   * @param {RequestHead} head
   * @returns {Promise<boolean>} false: another node is exchanging them, and will find that the session has ended
   */
  async claimLast(head) {
    const by = this.#nameAttempt();
    try {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const held = this.#heldBy(head);
        if (held === null) return true;
        const askedAt = this.#core.sequence;
        const stored = await this.#look(head);
        if (stored.state === 'ended') return true;
        if (stored.state === 'record' && stored.version > held.note.version) {
          if (!this.#adopt(this.#sessionOf(head, stored), askedAt, true)) return true;
          continue;
        }
        if (!this.#hasExpired(held)) return true;
        // Another node may have newer ones that the store has forgotten.
        if (this.#log.isSettling) return false;
        if (stored.state === 'unknown' || stored.version < held.note.version) {
          await this.#save(held.key);
          continue;
        }
        const { intent } = stored;
        if (intent !== null && !this.#isOwn(intent.by) && this.#time() < intent.until) return false;
        if ((await this.#claim(stored, by)) !== null) return true;
      }
    } catch {
      // Without the store, the origin is told with what there is.
    }
    return true;
  }

  // --- An exchange ---

  /**
   * Exchanges the tokens of a session that is held, once among all nodes. Never rejects.
   * @param {RequestHead} head
   * @param {string} key of the session
   * @param {string} rejected a token that the origin has just refused, or empty
   * @param {number} giveUpAt nobody waits for another node for longer
   * @param {(refreshToken: string) => Promise<Exchange>} redeem
   * @returns {Promise<Outcome>}
   */
  async exchange(head, key, rejected, giveUpAt, redeem) {
    const by = this.#nameAttempt();
    this.#underWay.set(key, by);
    try {
      await this.#log.confirm();
      const way = { head, key, by, rejected, isDoubtful: false };
      const found = await lookAgain(this.#host, giveUpAt, () => this.#step(way));
      if (found === null) return FAILED;
      return 'kind' in found ? found : await this.#redeem(way, found.redeems, redeem);
    } catch {
      return FAILED; // the store is away: nobody can say who may redeem
    } finally {
      if (this.#underWay.get(key) === by) this.#underWay.delete(key);
    }
  }

  /**
   * @param {Way} way
   * @returns {Promise<Outcome | { redeems: Held } | null>} this node is to redeem what it holds; null: look again
   */
  async #step(way) {
    const { head, key, by } = way;
    const askedAt = this.#core.sequence;
    let stored = await this.#look(head);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const held = this.#heldBy(head);
      if (held === null) return ENDED;
      switch (nextStep(EXCHANGE, this.#viewOf(stored, held.note.version, way))) {
        case 'end':
          this.#noteEnd(key);
          return ENDED;
        case 'adopt': {
          const session = this.#sessionOf(head, /** @type {Found} */ (stored));
          if (!this.#adopt(session, askedAt, true)) return null;
          if (session.access === way.rejected || this.#hasExpired(session)) break;
          return tokensOf(session, /** @type {Found} */ (stored).version);
        }
        case 'save':
          if (this.#log.isSettled) await this.#save(key).catch(() => {});
          return null;
        case 'redeem':
          return { redeems: held };
        case 'ask':
          await this.#askAgain(head, key);
          return null;
        case 'claim': {
          const before = /** @type {Found} */ (stored);
          const claimed = await this.#claim(before, by);
          if (claimed === null) return null;
          way.isDoubtful ||= before.intent !== null && !this.#isOwn(before.intent.by);
          stored = claimed;
          break;
        }
        default:
          return null;
      }
    }
    return null;
  }

  /**
   * @param {Way} way
   * @param {Held} held
   * @param {(refreshToken: string) => Promise<Exchange>} redeem
   * @returns {Promise<Outcome>}
   */
  async #redeem(way, held, redeem) {
    const { status, retryAfterMs, tokens } = await redeem(held.refresh);
    if (tokens.access !== '') {
      const refresh = tokens.refresh || held.refresh; // some origins do not rotate them
      const version = held.note.version + 1;
      const exchanged = { ...tokens, refresh };
      // They are held before the attempt is over: nothing may be taken for its having come to nothing.
      const note = { ...held.note, version };
      this.#adopt({ ...held, ...exchanged, note }, this.#core.sequence, false);
      return { kind: 'tokens', tokens: exchanged, version };
    }
    const isRefused = status === 400 || status === 401 || status === 403;
    if (isRefused) return this.#afterRefusal(way, { status, retryAfterMs });
    this.#underWay.delete(way.key);
    await this.#publish(way.key); // takes the intent back
    return { kind: 'failed', status, retryAfterMs, isRefused };
  }

  /**
   * @param {Way} way
   * @param {{ status: number, retryAfterMs: number }} refusal
   * @returns {Promise<Outcome>}
   */
  async #afterRefusal(way, refusal) {
    const { head, key } = way;
    const { revocationBound } = this.#options;
    let hasAsked = false;
    // A store that pushes has their answer at once; the whole bound is for where something has gone wrong.
    const patience =
      way.isDoubtful || this.#log.hasForgotten ? revocationBound : revocationBound / 4;
    let { generation } = this.#log;
    let giveUpAt = this.#host.now() + patience;
    for (;;) {
      if (generation !== this.#log.generation) {
        // The store has forgotten their answer, or the question.
        ({ generation } = this.#log);
        hasAsked = false;
        giveUpAt = this.#host.now() + revocationBound;
      }
      const held = this.#heldBy(head);
      if (held === null) return ENDED;
      const askedAt = this.#core.sequence;
      const stored = await this.#look(head);
      const isOver = this.#host.now() >= giveUpAt;
      const view = { stored, held: held.note.version, hasAsked: hasAsked && isOver };
      switch (nextStep(REFUSAL, view)) {
        case 'adopt': {
          const session = this.#sessionOf(head, /** @type {Found} */ (stored));
          if (!this.#adopt(session, askedAt, true)) return FAILED;
          return tokensOf(session, /** @type {Found} */ (stored).version);
        }
        case 'ask':
          if (!hasAsked) await this.#ask(head);
          hasAsked = true;
          await lookAgain(this.#host, this.#host.now() + revocationBound / 20, async () => null);
          break;
        default:
          if (stored.state === 'ended') this.#noteEnd(key);
          return { kind: 'failed', ...refusal, isRefused: true };
      }
    }
  }

  /**
   * @param {Stored} stored
   * @param {number} held
   * @param {Pick<Way, 'by' | 'key'>} way
   * @returns {import('./token-protocol.js').View}
   */
  #viewOf(stored, held, { by, key }) {
    return {
      stored,
      held,
      by,
      isOwn: (other) => this.#isOwn(other),
      isUnderWay: this.#underWay.has(key),
      hasAsked: this.#hasAsked(key),
      now: this.#time(),
      latest: this.#log.clock.latestTime,
      redeemMs: this.#redeemMs,
      silentMs: MAX_UNKNOWN_MS,
    };
  }

  /**
   * @param {Found} stored
   * @param {string} by
   * @returns {Promise<Found | null>} null: another node was faster
   */
  async #claim(stored, by) {
    const intent = this.#intentOf(by);
    const record = { ...stored.record, intent, isTold: false };
    const value = await this.#replace(stored, record);
    return value && { ...stored, record, intent, isTold: false, value };
  }

  /** @param {string} by @returns {Intent} */
  #intentOf(by) {
    return { by, until: this.#time() + this.#redeemMs + this.#options.leaseFor };
  }

  get #redeemMs() {
    return /** @type {import('../options/managed.js').ManagedOptions} */ (this.#options.managed)
      .refreshTimeout;
  }

  /**
   * A session has ended elsewhere whose newest tokens no other node has: the origin hears of them from here (SPEC R25).
   * @param {string} key
   */
  endUnsaved(key) {
    const held = this.#held(key);
    if (held !== null) this.endAtOrigin(held).catch(() => {});
  }

  // --- The store ---

  /**
   * Leaves in the store what is held of a session, or in the outbox until that can be done. Never rejects. A record says
   * up to where in the log its session is known to live: one of a session that has just begun comes after all that was
   * published by then.
   * @param {string} key
   * @param {number} [bornAtMs]
   */
  async #publish(key, bornAtMs = Number.NEGATIVE_INFINITY) {
    let isFirst = true;
    const isNew = bornAtMs > 0;
    const send = async () => {
      // It is sent again while the log is being read.
      if (isFirst && !this.#log.hasHeardSince(bornAtMs)) await this.#log.catchUp();
      isFirst = false;
      if (!this.#log.hasHeardSince(bornAtMs)) throw new StoreUnavailableError();
      await this.#save(key, isNew);
    };
    await this.#log.outbox.publish(key, 'tokens', send).catch(() => {});
  }

  /**
   * Leaves what is held of a session in the store.
   * @param {string} key
   * @param {boolean} [isNew] it has never been there
   */
  async #save(key, isNew = false) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const held = this.#held(key);
      if (held === null) return;
      await this.#log.begin();
      const askedAt = this.#core.sequence;
      const stored = await this.#read(held.note.places, [this.#records.keyMark(key)]);
      if (!this.#isHeldStill(held)) continue; // an exchange has just ended
      const isGone = stored.state === 'unknown' && stored.value === null;
      if (isGone && !isNew) this.#checkMissing(held);
      const step = nextStep(SAVE, this.#viewOf(stored, held.note.version, { by: '', key }));
      if (step === 'drop') {
        this.#noteEnd(key);
        return this.endAtOrigin(held);
      }
      if (step === 'yield' || step === 'done') {
        if (step === 'done') this.#noteSaved(held, askedAt);
        // Newer ones are kept here as well: the node that has brought them may die, and the store forget.
        else this.#adopt(this.#newerThan(held, /** @type {Found} */ (stored)), askedAt, true);
        return;
      }
      /** @type {unknown} */
      let failure;
      const written = await this.#write(key, step, held, stored, isNew).catch((error) => {
        failure = error;
        return /** @type {const} */ ('failed');
      });
      const next = nextStep(WRITTEN, { stored, held: held.note.version, written });
      if (next === 'keep') throw failure; // the outbox does
      if (next === 'done') return this.#noteSaved(held, askedAt);
    }
    throw new StoreUnavailableError({ cause: new Error('the record changes all the time') });
  }

  /**
   * @param {string} key
   * @param {'put' | 'withdraw' | 'announce'} step
   * @param {Held} held
   * @param {Stored} stands what it replaces: a record, or none
   * @param {boolean} isNew it has never been there
   * @returns {Promise<'put' | 'changed'>} rejects if the store cannot be reached
   */
  async #write(key, step, held, stands, isNew) {
    const stored = /** @type {Found | Unknown} */ (stands);
    const record = this.#recordOf(held, stored, isNew);
    const by = this.#underWay.get(key);
    if (step !== 'withdraw' && by !== undefined) record.intent = this.#intentOf(by);
    return (await this.#replace(stored, record)) === null ? 'changed' : 'put';
  }

  /**
   * What was held is in the store.
   * @param {Held} held
   * @param {number} askedAt
   */
  #noteSaved(held, askedAt) {
    if (this.#isHeldStill(held)) this.#adopt(held, askedAt, true);
  }

  /** Whether the tokens of a session have not been exchanged once more meanwhile. @param {Held} held */
  #isHeldStill({ key, access, note }) {
    const now = this.#held(key);
    return now?.note.version === note.version && now.access === access;
  }

  /**
   * @param {Held} held
   * @param {Found | Unknown} stored what it replaces
   * @param {boolean} isNew it has never been there
   */
  #recordOf({ access, refresh, accessExpiresAtMs, user, note }, stored, isNew) {
    const { clock, position } = this.#log;
    const tokens = {
      turn: note.version,
      access,
      refresh,
      accessExpiresAtMs: accessExpiresAtMs && accessExpiresAtMs + clock.offset,
      intent: null,
    };
    if (stored.state === 'record') return { ...stored.record, ...tokens };
    const { at, history } = /** @type {import('../stores/store.js').Position} */ (position);
    const { family } = stored.place;
    const who = this.#families.identifierOf(user);
    return {
      ...{ at, history, writer: family.writer, who, user, isTold: !isNew },
      expiresAtMs: note.bornAt + this.#options.expiresIn,
      ...tokens,
    };
  }

  /**
   * @param {Found | Unknown} stored
   * @param {any} record
   */
  async #replace({ place, value }, record) {
    // What stands there may be of a history that this node has not heard of.
    if (!this.#log.isTrusted(this.#host.now())) throw new StoreUnavailableError();
    const since = /** @type {import('../stores/store.js').Position} */ (this.#log.position);
    const ttlMs = Math.min(record.expiresAtMs - this.#time(), MAX_RECORD_MS);
    const bytes = recordOf(record, new Uint8Array());
    return this.#records.replace(place, bytes, { since, ttlMs, replaces: value });
  }

  /**
   * What the store says of a request's session, wherever an end may be marked.
   * @param {RequestHead} head
   * @returns {Promise<Stored>}
   */
  async #look(head) {
    await this.#log.begin();
    const key = /** @type {{ key: string }} */ (this.#core.sessionKey(head)).key;
    if (this.#log.outbox.isPending(key, 'end')) return { state: 'ended' };
    return this.#read(this.#placesOf(head), await this.#records.marks(head));
  }

  /**
   * @param {RecordPlace[]} places the own one first
   * @param {string[]} marks
   * @returns {Promise<Stored>}
   */
  async #read(places, marks) {
    const found = await this.#records.read(places, marks);
    if (found === 'ended') return { state: 'ended' };
    const history = this.#log.position?.history;
    const all = found.map(({ bytes, ...each }) => ({ ...each, record: parsed(bytes) }));
    const records = all.filter(({ record }) => record?.user && record.history === history);
    const [own] = places;
    const [newest] = records.sort(byVersion);
    if (newest === undefined) {
      this.#checkForeign(all.find(({ record }) => record?.user));
      const value = all.find(({ place }) => place.name === own.name)?.value ?? null;
      return { state: 'unknown', place: own, value };
    }
    const { record } = newest;
    const epochs = await this.#store.epochs(record.user);
    const bornAt = record.expiresAtMs - this.#options.expiresIn;
    if (isRevoked(epochs, record.at, bornAt)) return { state: 'ended' };
    // Which sessions a revocation ends that is not published yet, the store will say.
    if (this.#log.outbox.isPending(this.#userOf(newest), 'end')) throw new StoreUnavailableError();
    // Two records of the same version: an intent on either counts.
    const intents = records.filter(
      (each) => each.record.turn === record.turn && each.record.intent,
    );
    const intent = intents[0]?.record.intent ?? null;
    const isTold = record.isTold === true;
    return { state: 'record', version: record.turn, intent, isTold, ...newest };
  }

  /**
   * A record of another history is what a store that forgot has left, or another node has heard of one that this node has
   * not: that is known after the log was read.
   * @param {{ place: RecordPlace, value: Uint8Array<ArrayBuffer> } | undefined} found
   */
  #checkForeign(found) {
    if (found === undefined) return;
    const { name } = found.place;
    const value = toHex(found.value.subarray(0, NONCE_BYTES));
    const seen = this.#foreign.get(name);
    if (seen?.value === value && this.#log.hasHeardSince(seen.at)) return;
    if (seen?.value !== value) {
      if (this.#foreign.size >= MAX_UNKNOWN) this.#foreign.clear();
      this.#foreign.set(name, { value, at: this.#host.now() });
    }
    throw new StoreUnavailableError({ cause: new Error('a record of another history') });
  }

  /**
   * A record that is gone may be so because the store has forgotten all: that is known after the log was read.
   * @param {Held} held
   */
  #checkMissing({ key, expiresAtMs }) {
    if (this.#log.forgotSince(expiresAtMs - this.#options.expiresIn)) return;
    const seenAt = this.#missing.get(key);
    if (seenAt !== undefined && this.#log.hasHeardSince(seenAt)) {
      this.#missing.delete(key);
      return;
    }
    if (seenAt === undefined) {
      if (this.#missing.size >= MAX_UNKNOWN) this.#missing.clear();
      this.#missing.set(key, this.#host.now());
    }
    throw new StoreUnavailableError({ cause: new Error('a record is gone') });
  }

  // --- What is held ---

  /**
   * The session of a key, with what this node knows of its record.
   * @param {string} key
   * @returns {Held | null} null: it is not held, or not shared
   */
  #held(key) {
    const session = this.#core.findSession(key, this.#host.now());
    return session && this.#noted(session);
  }

  /** @param {RequestHead} head */
  #heldBy(head) {
    const session = this.#core.exportSession(head, this.#host.now());
    return session && this.#noted(session);
  }

  /** @param {ManagedSession} session @returns {Held | null} */
  #noted(session) {
    const note = noteIn(session.note, this.#families);
    return note && { ...session, noteText: session.note, note };
  }

  /**
   * A session as this node holds it.
   * @param {RequestHead} head
   * @param {Found} stored
   * @returns {Held}
   */
  #sessionOf(head, { record, place, version }) {
    const { key } = /** @type {{ key: string }} */ (this.#core.sessionKey(head));
    const { clock } = this.#log;
    const user = this.#userOf({ record, place });
    this.#families.noteUser(user, record.who);
    const bornAt = record.expiresAtMs - this.#options.expiresIn;
    const note = { version, bornAt, places: this.#placesOf(head) };
    return {
      ...{ key, user, access: record.access, refresh: record.refresh, note },
      noteText: textOf(note),
      expiresAtMs: clock.momentOf(bornAt) + this.#options.expiresIn,
      accessExpiresAtMs: record.accessExpiresAtMs && record.accessExpiresAtMs - clock.offset,
      confirmedAtMs: this.#host.now(),
    };
  }

  /**
   * What another node has made of a session that is held.
   * @param {Held} held
   * @param {Found} stored
   */
  #newerThan(held, { record, version }) {
    const { access, refresh, accessExpiresAtMs: expiry } = record;
    const note = { ...held.note, version };
    const accessExpiresAtMs = expiry && expiry - this.#log.clock.offset;
    return { ...held, access, refresh, accessExpiresAtMs, note };
  }

  /**
   * Under another secret its user has another key here.
   * @param {{ record: any, place: RecordPlace }} found
   * @returns {string}
   */
  #userOf({ record, place }) {
    const isOwn = place.family === this.#families.own || record.who === null;
    return (isOwn ? null : this.#core.userKey(record.who)) ?? record.user;
  }

  /**
   * @param {Omit<ManagedSession, 'note' | 'confirmedAtMs'> & { note: string | Note }} session
   * @param {number} askedAt
   * @param {boolean} isShared the store has it as it is
   */
  #adopt(session, askedAt, isShared) {
    const note = typeof session.note === 'string' ? session.note : textOf(session.note);
    const found = {
      askedAt,
      // What its exchange brings is nowhere else: it makes room for no other until that is over.
      isShared: isShared && !this.#underWay.has(session.key),
      session: { ...session, note },
    };
    return this.#core.adoptSession(this.#host.now(), found);
  }

  /** @param {Pick<ManagedSession, 'accessExpiresAtMs'>} session */
  #hasExpired({ accessExpiresAtMs }) {
    return accessExpiresAtMs > 0 && this.#host.now() + EXPIRY_MARGIN_MS >= accessExpiresAtMs;
  }

  /** @param {RequestHead} head */
  #placesOf(head) {
    const key = this.#core.sessionKey(head);
    if (key === null || key.kind !== Credential.COOKIE) throw new Error('no session cookie');
    return this.#records.placesOf(tokenPartsOf(head, key));
  }

  /** The store's clock. */
  #time() {
    return this.#log.clock.time;
  }

  #nameAttempt() {
    this.#attempts += 1;
    return `${this.#families.nodeId}:${this.#attempts}`;
  }

  /** @param {string} by */
  #isOwn(by) {
    return by.split(':')[0] === this.#families.nodeId;
  }

  // --- The other nodes ---

  /**
   * Asks the other nodes to leave in the store what they hold of a session. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<boolean>} whether the question has arrived
   */
  async #ask(head) {
    try {
      for (const { core, writer } of this.#families.all) {
        const key = core.sessionKey(head)?.key;
        if (key !== undefined) await this.#store.ask?.(key, writer);
      }
      return true;
    } catch {
      return false;
    }
  }

  /**
   * The same, unless that was done not long ago.
   * @param {RequestHead} head
   * @param {string} key of the session
   */
  async #askAgain(head, key) {
    const { generation } = this.#log;
    const now = this.#host.monotonic();
    const known = this.#asked.get(key);
    const isSame = known?.generation === generation;
    if (isSame && now - known.at < ASK_AGAIN_MS) return;
    if (!(await this.#ask(head))) {
      // A store that takes no question takes no answer: who was asked before has not had the time.
      this.#asked.delete(key);
      return;
    }
    const asked = { generation, since: isSame ? known.since : now, at: now };
    putNewest(this.#asked, key, asked, MAX_UNKNOWN);
  }

  /** Whether all who live have been asked for a session, and have had time to answer. @param {string} key */
  #hasAsked(key) {
    const asked = this.#asked.get(key);
    if (asked?.generation !== this.#log.generation) return false;
    const now = this.#host.monotonic();
    const { revocationBound, leaseFor } = this.#options;
    const patience = Math.max(revocationBound, leaseFor * PATIENT_FOR);
    return now - asked.since >= patience && now - asked.at < ASK_AGAIN_MS;
  }

  /** Another node asks for a session. Never rejects. @param {string} key */
  async answer(key) {
    if (this.#held(key) !== null && this.#log.isSettled) await this.#publish(key);
  }

  /** The store has come back without what it knew: what is held here is to be in it again. */
  beginRefill() {
    this.#refillFrom = 0;
    this.#toAnnounce = new Set(this.#underWay.keys());
  }

  /**
   * What is being exchanged here while the store forgets is announced again before all else: the others wait with theirs
   * for `revocationBound` alone. Never rejects.
   */
  async announceAgain() {
    await Promise.all(
      [...this.#toAnnounce].map(async (key) => {
        await this.#save(key);
        this.#toAnnounce.delete(key);
      }),
    ).catch(() => {});
  }

  /** Goes on with that, behind a reading of the log. Never rejects. */
  async refill() {
    if (!this.#log.isSettled) return;
    for (let done = 0; this.#refillFrom !== null && done < REFILL_PER_READING; ) {
      const keys = [];
      let from = this.#refillFrom;
      while (keys.length < REFILL_AT_ONCE) {
        const session = this.#core.nextSession(from, this.#host.now());
        if (session === null) break;
        keys.push(session.key);
        from = session.next;
      }
      const saved = await Promise.allSettled(keys.map((key) => this.#save(key)));
      if (saved.some(({ status }) => status === 'rejected')) return;
      done += keys.length;
      if (this.#refillFrom !== null) {
        this.#refillFrom = keys.length < REFILL_AT_ONCE ? null : from;
      }
    }
  }
}

/**
 * An exchange on its way.
 * @typedef {object} Way
 * @property {RequestHead} head
 * @property {string} key
 * @property {string} by
 * @property {string} rejected
 * @property {boolean} isDoubtful another node has announced the same, and has not come back
 */

/** @typedef {Omit<ManagedSession, 'note'> & { note: Note, noteText: string }} Held */

/**
 * @param {Pick<ManagedSession, 'access' | 'refresh' | 'accessExpiresAtMs'>} session
 * @param {number} version
 * @returns {Outcome}
 */
function tokensOf({ access, refresh, accessExpiresAtMs }, version) {
  return { kind: 'tokens', tokens: { access, refresh, accessExpiresAtMs }, version };
}

/**
 * The most exchanges first; of two that have as many, all nodes take the same.
 * @param {{ record: any, place: RecordPlace }} a
 * @param {{ record: any, place: RecordPlace }} b
 */
function byVersion(a, b) {
  return (
    b.record.turn - a.record.turn || (a.place.family.keys.id < b.place.family.keys.id ? -1 : 1)
  );
}

/** @param {Uint8Array<ArrayBuffer> | null} bytes @returns {any} null: it is no record */
function parsed(bytes) {
  try {
    return parseRecord(bytes);
  } catch {
    return null;
  }
}

/** @param {Note} note */
function textOf({ version, bornAt, places }) {
  const each = places.map(({ name, key, family }) => `${family.keys.id}:${name}:${toHex(key)}`);
  return [version, bornAt, ...each].join(' ');
}

/**
 * @param {string} text
 * @param {import('./families.js').Families} families
 * @returns {Note | null}
 */
function noteIn(text, families) {
  if (text === '') return null;
  const [version, bornAt, ...each] = text.split(' ');
  const places = each.flatMap((part) => {
    const [id, name, key] = part.split(':');
    const family = families.all.find(({ keys }) => keys.id === id);
    return family === undefined ? [] : [{ family, name, key: fromHex(key) }];
  });
  return { version: Number(version), bornAt: Number(bornAt), places };
}
