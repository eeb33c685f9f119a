// Reads what other nodes have published in the store's log of events, and says how far this node may trust what it
// holds (SPEC R31, R33). It must not know what is in a record. The log is read again and again, and at once where it
// pushes. A link that is cut makes what is held count for nothing before `revocationBound` has passed.
// Where a host has no work but what a request brings (an edge isolate), the log is read by requests: behind
// one that is answered, or before one that comes after a long silence. Behind one of them it is listened for what the store
// pushes, and a later one listens on. What is pushed only comes sooner than it would be read: trust comes from reading alone.
// Invariants: nothing that waits in the outbox is undone by what is read; the store being down ends no session (R33).
import { RemoteEvent } from '../core/abi-constants.js';
import { pause } from '../host.js';
import { LISTEN_MS, LISTEN_ON_AFTER_MS } from '../stores/limits.js';
import { compareAt, refusalIn, START } from '../stores/store.js';
import { failureName } from '../util/failure-name.js';
import { ANY_USER } from './families.js';
import { KnownEnds } from './known-ends.js';
import { Outbox } from './outbox.js';
import { StoreClock } from './store-clock.js';

/**
 * What is understood of the log. The format is frozen (SPEC R34): a later version that has more to say uses other kinds,
 * at which a node of this one confirms what it holds.
 */
const KINDS = ['end', 'forget', 'ask', 'revoke', 'invalidate'];

/** A request waits this long for a link that may be coming back. */
const CONFIRM_MS = 1000;
/** So long something may be missing in a store that has lost something. */
const FORGOTTEN_MS = 10 * 60_000;

/** After it has not, nobody waits for it for this long. */
const PATIENCE_MS = 2000;

/** After so long it is listened again to a store that could not be listened to, or by another request than one that has stopped. */
const LISTEN_AGAIN_MS = 5000;

/** While another request reads the log, it is looked whether it has done so this often. */
const LOOK_EVERY_MS = 10;

/** @typedef {import('../stores/store.js').Position} Position */

/**
 * What else is to be done about what the log says. None of it rejects.
 * @typedef {object} LogListener
 * @property {(key: string) => Promise<void>} answer another node asks for a session
 * @property {(key: string) => void} ending a session ends of which this node has tokens that are not in the store
 * @property {() => void} forgot the store has another history: what it knew is lost
 * @property {() => Promise<void>} recovering it has another history, and what matters most is to be told first
 * @property {() => Promise<void>} caughtUp the log has been read to its end
 */

export class SharedLog {
  #core;
  #host;
  #store;
  #trustFor;
  #options;
  /** @type {Position | null} */
  #position = null;
  /** The store's. */
  clock;
  #begunAt;
  /** When what is held was last known to be true. */
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** The same on the monotonic clock. */
  #confirmedTick = Number.NEGATIVE_INFINITY;
  /**
   * The last millisecond of the clock in which what is held could be trusted by the monotonic one as well: to look there
   * takes a tenth of a check, and is done once a millisecond.
   */
  #trustedAt = Number.NEGATIVE_INFINITY;
  /** What is from before has been lost sight of, and is never trusted again. */
  #lostFloor = 0;
  /** Managed sessions that were confirmed before it are confirmed in the store before they are served. */
  sessionFloor = 0;
  /** When every living node that can reach the store has told it again what has ended, after it had forgotten. */
  #settledAt = Number.NEGATIVE_INFINITY;
  #forgottenAt = Number.NEGATIVE_INFINITY;
  /** When it had another history the last time. */
  #emptyAt = Number.NEGATIVE_INFINITY;
  #retryAt = 0;
  /** @type {Promise<void> | null} */
  #syncing = null;
  /** What is being told to the others, by name. @type {Map<string, Promise<void>>} */
  #telling = new Map();
  #readingSince = Number.NEGATIVE_INFINITY;
  /** From when on a request listens, where nobody follows the log. */
  #listenAt;
  /** How long the slowest answer took of those that came after what is confirmed, and while that was read. */
  #slowest = { since: 0, meanwhile: 0 };
  #ended = new AbortController();
  /** Why the store refuses, by name; null: it does not. @type {string | null} */
  refusal = null;
  /** Those that the operator has been told of. @type {Set<string>} */
  #told = new Set();
  /** What this node has changed and the others do not know yet. */
  outbox = new Outbox();
  /** What has ended, for a store that comes back empty. */
  ends = new KnownEnds();
  /** Set by who makes the parts. @type {LogListener} */
  listener = {
    answer: async () => {},
    forgot: () => {},
    recovering: async () => {},
    caughtUp: async () => {},
    ending: () => {},
  };
  /** Sessions that another node asks for. @type {string[]} */
  #asked = [];
  #families;
  /** Changes when the log was lost: what was being filled then counts for nothing. */
  generation = 0;
  /** How often something may have happened that this node cannot know: whatever is open has to be asked about. */
  losses = 0;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./families.js').Families} families
   */
  constructor(core, options, host, families) {
    this.#families = families;
    this.#core = core;
    this.#host = host;
    this.#options = options;
    this.#begunAt = host.now();
    this.clock = new StoreClock(host);
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    const isListening = !host.sharesPromises && this.#store.listen !== undefined;
    this.#listenAt = isListening ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    // What is answered just before the time is up is still on its way after it.
    this.#trustFor = ((options.revocationBound - (this.#store.propagationMs ?? 0)) * 4) / 5;
    this.#core.trustFrom(Number.MAX_SAFE_INTEGER);
  }

  /** Where the log is: to be asked before the origin is, after the request was confirmed. */
  get position() {
    return this.#position;
  }

  /**
   * Whether all is known that was published by that time.
   * @param {number} time
   */
  hasHeardSince(time) {
    return this.#confirmedAt >= time;
  }

  /** How long the store has not been heard, in milliseconds. */
  get silenceMs() {
    return Math.max(0, this.#host.now() - Math.max(this.#begunAt, this.#confirmedAt));
  }

  /** Follows the log until `close`, where the host lets work go on between requests. */
  async follow() {
    if (!this.#host.sharesPromises) return;
    const { signal } = this.#ended;
    /** @type {(() => Promise<void>) | undefined} */
    let unsubscribe;
    while (!signal.aborted) {
      await this.#sync().catch(() => {});
      unsubscribe ??= await this.#store
        .subscribe?.((isAwaited) => (isAwaited ? this.#hear() : this.#wake()))
        .catch(() => undefined);
      await this.#host.sleep(this.#trustFor / 4, signal);
    }
    await unsubscribe?.().catch(() => {});
  }

  /**
   * Where nobody follows the log, it is read behind the answer to a request, before trust has run out, and listened for.
   * @param {number} now
   * @param {(work: Promise<unknown>) => void} waitUntil
   */
  keepUp(now, waitUntil) {
    if (now >= this.#listenAt && this.#position !== null) {
      waitUntil(this.#listen(this.#position, now));
    }
    if (this.#host.sharesPromises || now - this.#confirmedAt < this.#trustFor / 2) return;
    if (!this.#isReading(now)) waitUntil(this.#sync().catch(() => {}));
  }

  /**
   * Listens for a while, behind the answer to a request. Never rejects.
   * @param {Position} since
   * @param {number} now
   */
  async #listen(since, now) {
    const listenOnAt = now + LISTEN_ON_AFTER_MS;
    const over = new AbortController();
    const listening = this.#store
      .listen?.(since, (pushed) => this.#hearPushed(pushed).catch(() => {}), LISTEN_MS)
      .catch(() => {})
      .finally(() => over.abort());
    // A request that the host ends says nothing any more: so it says again and again that it listens.
    while (!over.signal.aborted && this.#host.now() < listenOnAt) {
      this.#listenAt = Math.min(listenOnAt, this.#host.now() + LISTEN_AGAIN_MS);
      await this.#host.sleep(LISTEN_AGAIN_MS / 2, over.signal);
    }
    await listening;
  }

  /**
   * What is pushed need not be complete, nor new.
   * @param {import('../stores/store.js').Pushed} pushed
   */
  async #hearPushed({ from, events, position }) {
    if (this.#hasReadTo(from, position)) this.#move(position, events);
    // Something has been missed; what is being read already may have been asked for too long ago.
    for (let attempt = 0; attempt < 2 && !this.#hasReadTo(position.at, position); attempt += 1) {
      await this.#sync().catch(() => {});
    }
    await this.#answerAsked();
  }

  /** There may be changes: those that came while the log was being read are read after it. */
  #wake() {
    const reading = this.#syncing ?? Promise.resolve();
    reading.then(
      () => this.#sync().catch(() => {}),
      () => {},
    );
  }

  /**
   * Reads what there is while the store waits for it. What this node has to say itself is not waited for: the store may be
   * waiting for two nodes that both have something.
   */
  async #hear() {
    while (!(await this.#readOn()));
    if (this.#asked.length > 0) this.#wake();
  }

  async close() {
    this.#ended.abort();
    await this.#store.close();
  }

  /**
   * Whether what is held may be served without a word from the store.
   * @param {number} now
   */
  isTrusted(now) {
    const age = now - this.#confirmedAt;
    if (age < 0 || age >= this.#trustFor) return false;
    if (now === this.#trustedAt) return true;
    if (this.#host.monotonic() - this.#confirmedTick >= this.#trustFor) return false;
    this.#trustedAt = now;
    return true;
  }

  /**
   * Whether the origin's answer to a question of that time may be given now: what was published since is known, or the
   * bound of what was has not passed (rules R10, R31). Never rejects.
   * @param {number} askedAt
   */
  async covers(askedAt) {
    if (this.#host.now() - askedAt < this.#trustFor) return true;
    await this.confirm();
    return this.isTrusted(this.#host.now());
  }

  /** How far the clock has fallen behind since the store was last heard, in milliseconds. @param {number} now */
  #lagMs(now) {
    if (this.#confirmedTick < 0) return 0; // it has not been heard
    const passed = this.#host.monotonic() - this.#confirmedTick;
    return Math.max(0, passed - (now - this.#confirmedAt));
  }

  /**
   * Whether a managed session may be served without a word from the store (SPEC R32): its tokens may work although it has
   * ended, so there is nobody else to ask.
   * @param {number} confirmedAtMs when the store has said that it lives
   */
  mayServe(confirmedAtMs) {
    const age = this.#host.now() - Math.max(this.#confirmedAt, confirmedAtMs);
    return age >= 0 && age < this.#trustFor + this.#options.serveUnconfirmedFor;
  }

  /** Whether the store has lost something not long ago. */
  get hasForgotten() {
    return this.#host.now() - this.#forgottenAt < FORGOTTEN_MS;
  }

  /** Whether the store has forgotten something since that time. @param {number} time */
  forgotSince(time) {
    return time < this.#forgottenAt;
  }

  /** Whether another node may not have had the time yet to tell a store again, that has forgotten, what it is about. */
  get isSettling() {
    return this.#host.now() < this.#emptyAt + this.#options.revocationBound;
  }

  /** Whether the store knows again what every living node knows that can reach it. */
  get isSettled() {
    return this.#host.now() >= this.#settledAt;
  }

  /** Finds out what may be served, before a request is decided. Never rejects. */
  async confirm() {
    const now = this.#host.now();
    if (this.isTrusted(now)) return;
    if (now >= this.#retryAt || now < this.#retryAt - PATIENCE_MS) {
      await this.#forAWhile(this.#syncSince(now));
    }
    const later = this.#host.now();
    if (this.isTrusted(later)) return;
    this.#retryAt = later + PATIENCE_MS;
    // What the origin itself has said since counts.
    const floor = later - this.#trustFor + this.#slowest.since + this.#lagMs(later); // it said so when it was asked
    this.#trustFrom(Math.max(this.#lostFloor, floor));
  }

  /**
   * Reads all that has been published so far: what begins after it is not ended by any of that, however late
   * a push comes (SPEC R23). Never rejects.
   */
  async catchUp() {
    if (!this.isTrusted(this.#host.now())) return this.confirm();
    const syncing = this.#syncing?.catch(() => {}) ?? Promise.resolve();
    await this.#forAWhile(syncing.then(() => this.#sync()));
  }

  /** `position`, for what does not begin with a check. Never rejects. */
  async currentPosition() {
    await this.confirm();
    return this.#position;
  }

  /** Reads the log for the first time, if that has not been done. */
  async begin() {
    if (this.#position === null) await this.#sync();
  }

  /**
   * An answer of the origin is as old as its question.
   * @param {number} durationMs
   */
  noteAnswer(durationMs) {
    const { since, meanwhile } = this.#slowest;
    this.#slowest = {
      since: Math.max(since, durationMs),
      meanwhile: Math.max(meanwhile, durationMs),
    };
  }

  /**
   * What is held has come from a snapshot: what the others have done since it was written may be past the
   * place from which the log is read (SPEC R31).
   */
  distrustHeld() {
    const now = this.#host.now();
    this.#lostFloor = now + 1;
    if (this.isTrusted(now)) this.#trustFrom(this.#lostFloor);
  }

  // --- Reading ---

  /**
   * Times of what is held are in whole seconds, rounded down. What would not count once it is held is not
   * to be taken from another node either.
   * @param {number} time
   */
  #trustFrom(time) {
    this.#core.trustFrom(Math.ceil(time / 1000) * 1000);
  }

  /** @param {number} now */
  #isReading(now) {
    return now - this.#readingSince < CONFIRM_MS && now >= this.#readingSince;
  }

  /** Reads what has happened since, after the outbox is empty. One at a time. */
  #sync() {
    if (!this.#host.sharesPromises) {
      return this.#isReading(this.#host.now()) ? this.#watch() : this.#syncOnce();
    }
    this.#syncing ??= this.#syncOnce().finally(() => {
      this.#syncing = null;
    });
    return this.#syncing;
  }

  /** What is being read already may have been asked for too long ago. @param {number} time */
  async #syncSince(time) {
    await this.#syncing?.catch(() => {});
    for (let attempt = 0; attempt < 3 && !this.isTrusted(time); attempt += 1) await this.#sync();
  }

  /** Waits for some work, but not for long, and not for its success. @param {Promise<void>} work */
  async #forAWhile(work) {
    const given = new AbortController();
    await Promise.race([work.catch(() => {}), this.#host.sleep(CONFIRM_MS, given.signal)]);
    given.abort();
  }

  /** Waits while another request reads. */
  async #watch() {
    for (let now = this.#host.now(); this.#isReading(now); now = this.#host.now()) {
      await pause(this.#host, LOOK_EVERY_MS);
    }
  }

  async #syncOnce() {
    const asked = this.#host.now();
    const tick = this.#host.monotonic();
    this.#readingSince = asked;
    this.#slowest.meanwhile = 0;
    try {
      // A store that takes nothing can be read all the same (SPEC R33).
      const refused = await this.outbox.flush(['end', 'drop']).then(
        () => null,
        (error) => error,
      );
      while (!(await this.#readOn()));
      this.refusal = null;
      if (refused === null) this.noteReach(null);
      else this.#noteRefusal(refused);
      this.#confirmedAt = Math.max(this.#confirmedAt, asked);
      this.#confirmedTick = Math.max(this.#confirmedTick, tick);
      this.#slowest.since = this.#slowest.meanwhile;
      this.#trustFrom(this.#lostFloor);
      const telling = this.#tellOthers();
      if (!this.#host.sharesPromises) await telling;
    } catch (error) {
      this.#noteRefusal(error);
      throw error;
    } finally {
      this.#readingSince = Number.NEGATIVE_INFINITY;
    }
  }

  /**
   * What is behind a reading, and holds up no other one where it need not. Of what has been read until now, nothing has
   * ended the tokens that wait: they are not taken for older than that. Never rejects.
   */
  async #tellOthers() {
    await Promise.all([
      this.#oneAtATime('recovering', () => this.listener.recovering()),
      this.#oneAtATime('tokens', () => this.outbox.flush(['tokens']).catch(() => {})),
      this.#oneAtATime('answers', () => this.#answerAsked()),
      this.#oneAtATime('rest', () => this.listener.caughtUp()),
    ]);
  }

  /** Other nodes ask for sessions that this one may hold. */
  async #answerAsked() {
    await Promise.all(this.#asked.splice(0).map((key) => this.listener.answer(key)));
  }

  /** Where requests cannot share promises, each does it all. @param {string} name @param {() => Promise<void>} work */
  #oneAtATime(name, work) {
    if (!this.#host.sharesPromises) return work();
    const begun = this.#telling.get(name) ?? work().finally(() => void this.#telling.delete(name));
    this.#telling.set(name, begun);
    return begun;
  }

  /**
   * Hears of what was ended or dropped elsewhere, by its key: set by who makes the parts.
   * @type {(key: string) => void}
   */
  heard = () => {};

  /**
   * Hears of what happened to a user elsewhere, by the user's key: set by who makes the parts.
   * @type {(kind: 'revoke' | 'invalidate', key: string, at: number) => void} `at`: when that was called
   */
  heardOfUser = () => {};

  /**
   * Hears whether the store answers; null: it does. Set by who makes the parts.
   * @type {(failure: string | null) => void}
   */
  noteReach = () => {};

  /** A store that could answer and will not is the operator's to mend (SPEC R35). @param {unknown} error */
  #noteRefusal(error) {
    this.refusal = refusalIn(error);
    this.noteReach(this.refusal ?? failureName(error));
    if (this.refusal === null || this.#told.has(this.refusal)) return;
    this.#told.add(this.refusal);
    const time = this.#host.now();
    this.#host.log({ event: 'store', time, durationMs: 0, kind: 'refused', reason: this.refusal });
  }

  /** Reads a piece of the log; whether that was the last. */
  async #readOn() {
    const from = this.#position;
    let askedTick = this.#host.monotonic();
    const found = await this.#store.changes(from);
    if (this.#position !== from) {
      // Another request was faster, or something was pushed meanwhile.
      const isNext = from !== null && found !== null && this.#hasReadTo(from.at, found.position);
      if (!isNext) return false;
      this.#move(found.position, found.events);
      return !found.more;
    }
    if (found === null || from === null) {
      if (found === null) askedTick = this.#host.monotonic();
      const begun = found ?? (await this.#store.changes(null));
      if (begun === null) throw new Error('the store has no history');
      const now = this.#host.now();
      const isFirst = from === null;
      if (!isFirst) this.losses += 1;
      this.generation += 1;
      this.#lostFloor = this.#core.statistics().entries === 0 ? 0 : now + 1;
      this.sessionFloor = isFirst ? now : now + 1; // before the first time there was nothing to miss
      if (!isFirst) this.#forgottenAt = now;
      const isOther = !isFirst && begun.position.history !== from.history;
      if (isOther) {
        // Who has heard of all until now need not wait for the others to say what has ended.
        const hasMissed = now - this.#confirmedAt >= this.#options.revocationBound;
        this.#emptyAt = now;
        this.#settledAt = hasMissed ? now + this.#options.revocationBound : now;
        this.listener.forgot();
      }
      // What the others have told another history until now is news here.
      const told = isOther ? { ...begun.position, at: START } : begun.position;
      this.#place(told, askedTick);
      return told === begun.position;
    }
    this.clock.place(found.position.time, askedTick);
    this.#move(found.position, found.events);
    return !found.more;
  }

  /**
   * Whether all is known until this place.
   * @param {string} at
   * @param {Position} position of the same history
   */
  #hasReadTo(at, { history }) {
    const known = this.#position;
    return history === known?.history && compareAt(at, known.at) <= 0;
  }

  /**
   * Applies what has happened since a place that is known, as far as it is not known yet.
   * @param {Position} position
   * @param {import('../stores/store.js').StoreEvent[]} events
   */
  #move(position, events) {
    const known = this.#position?.at ?? START;
    if (compareAt(position.at, known) >= 0) this.#position = position;
    const now = this.#host.now();
    for (const event of events) {
      if (compareAt(event.at, known) > 0) this.#apply(event, now);
    }
  }

  /** @param {Position} position @param {number} askedTick */
  #place(position, askedTick) {
    this.#position = position;
    this.clock.place(position.time, askedTick);
  }

  /**
   * @param {import('../stores/store.js').StoreEvent} event
   * @param {number} now
   */
  #apply(event, now) {
    const meaning = this.#families.meaningOf(event, KINDS);
    if (meaning === 'unclear') this.#loseSight(now); // something has happened here, to whomever
    if (meaning !== 'clear') return;
    const { kind, key } = event;
    if (kind === 'ask') this.#asked.push(key);
    if (kind === 'end' || kind === 'forget') this.heard(key);
    if (kind === 'end') {
      this.ends.add(key, now + this.#options.expiresIn);
      if (this.outbox.isPending(key, 'tokens')) this.listener.ending(key);
      this.#core.applyRemote(RemoteEvent.SESSION_ENDED, key, now);
    }
    if (kind === 'forget') this.#core.applyRemote(RemoteEvent.SESSION_FORGOTTEN, key, now);
    if (kind === 'invalidate') this.heardOfUser(kind, key, now);
    if (kind === 'revoke') {
      const { before, time } = event;
      const at = before ?? time;
      if (at !== undefined) this.ends.addUser(key, at);
      const called = at === undefined ? 0 : Math.min(now, this.clock.momentOf(at));
      this.heardOfUser(kind, key, called || now);
      this.#core.applyRemote(RemoteEvent.USER_REVOKED, key, now, called);
      // What began here since, the store knows: it may have begun elsewhere before.
      if (before === undefined) this.#core.applyRemote(RemoteEvent.USER_CHANGED, key, now);
    }
    if (kind !== 'invalidate') return;
    if (key !== ANY_USER) this.#core.applyRemote(RemoteEvent.USER_CHANGED, key, now);
    else this.#loseSight(now); // a node with another secret cannot say whom it means
  }

  /** @param {number} now */
  #loseSight(now) {
    this.losses += 1;
    this.#lostFloor = now + 1;
    this.sessionFloor = now + 1;
  }
}
