// Sessions that several nodes share through a store (SPEC R30-R33). What is held on this node is served
// without asking the store, for as long as the link to it is known to work: its log of events is read again
// and again, and at once where it pushes. A link that is cut makes what is held count for nothing before
// `revocationBound` has passed.
// Where a host has no work but what a request brings (an edge isolate), the log is read by requests: behind
// one that is answered, or before one that comes after a long silence.
// Invariants: nothing that this node has not told the others yet is undone by what it reads; what was being
// filled while the log was lost counts for nothing; the store being down ends no session (R33).
import { Action, CheckFlag, Credential, RemoteEvent } from './abi-constants.js';
import { toHex } from './hex.js';
import { valueAt } from './json-pointer.js';
import { nameOf, open, seal } from './stores/sealing.js';
import { compareAt } from './stores/store.js';

/** Stands for a user where nobody knows whose document a write has changed. */
const ANY_USER = 'f'.repeat(32);

/** A request waits this long for a link that may be coming back. */
const CONFIRM_MS = 1000;
/** After it has not, nobody waits for it for this long. */
const PATIENCE_MS = 2000;

/** What the others have not been told yet is kept up to this number; beyond, it is refused. */
const MOST_UNTOLD = 10_000;

/** While another node asks the origin, its answer is looked for this often, and a little less each time. */
const FIRST_LOOK_MS = 10;
const LONGEST_LOOK_MS = 100;

/** A node that exchanges tokens holds their lock for this long at a time; one that has died, no longer. */
const LOCK_MS = 8000;

/** A message of the webhook could be used again for no longer than this. */
const MESSAGE_MS = 10 * 60_000;

/** What happened to a user is remembered for a little longer than this. */
const LONGEST_RECORD_MS = 30 * 24 * 3_600_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a record's first line has: everything but the document. */
const NEWLINE = 10;

/**
 * @typedef {import('./abi.js').RequestHead} RequestHead
 * @typedef {import('./stores/store.js').Position} Position
 */

/**
 * An event on its way to the store. It is told again if that has failed.
 * @typedef {{ key: string, tell: () => Promise<unknown>, hasFailed: boolean }} Telling
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
  #trustFor;
  /** @type {Position | null} */
  #position = null;
  #placedAt = 0;
  /** When what is held was last known to be true. */
  #confirmedAt = Number.NEGATIVE_INFINITY;
  /** What is from before has been lost sight of, and is never trusted again. */
  #lostFloor = 0;
  #retryAt = 0;
  /** @type {Promise<void> | null} */
  #syncing = null;
  #readingSince = Number.NEGATIVE_INFINITY;
  /** How long the slowest answer took of those that came after what is confirmed, and while that was read. */
  #slowest = { since: 0, meanwhile: 0 };
  /** What the others have not been told yet, in order. @type {Set<Telling>} */
  #untold = new Set();
  /** Names this node in the events it writes, which are in effect here already. */
  #self;
  /** Names the secret: who has another one means others by the same keys. */
  #family;
  /** Names which documents are kept: whoever has other options keeps others under the same names. */
  #kept;
  #ended = new AbortController();
  /** Changes when the log was lost: what was being filled then counts for nothing. */
  generation = 0;

  /**
   * @param {import('./abi.js').Core} core
   * @param {import('./options.js').ParsedOptions} options
   * @param {import('./host.js').Host} host
   */
  constructor(core, options, host) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#store = /** @type {import('./stores/store.js').SharedStore} */ (options.store);
    // What is answered just before the time is up is still on its way after it.
    this.#trustFor = ((options.revocationBound - (this.#store.propagationMs ?? 0)) * 4) / 5;
    this.#family = core.userKey('', JSON.stringify('sesame')) ?? '';
    const { origin, documentPath, userId, fields } = options;
    const kept = JSON.stringify([origin, documentPath, userId, fields]);
    this.#kept = core.userKey('', JSON.stringify(kept)) ?? '';
    this.#self = `${this.#family}:${toHex(host.getRandomValues(new Uint8Array(8)))}`;
    this.#core.trustFrom(Number.MAX_SAFE_INTEGER);
  }

  /** Follows the log until `close`, where the host lets work go on between requests. */
  async follow() {
    if (!this.#host.sharesPromises) return;
    const { signal } = this.#ended;
    /** @type {(() => Promise<void>) | undefined} */
    let unsubscribe;
    while (!signal.aborted) {
      await this.#sync().catch(() => {});
      unsubscribe ??= await this.#store.subscribe?.(() => this.#wake()).catch(() => undefined);
      await this.#host.sleep(this.#trustFor / 4, signal);
    }
    await unsubscribe?.().catch(() => {});
  }

  /**
   * Where nobody follows the log, it is read behind the answer to a request, before trust has run out.
   * @param {number} now
   * @param {(work: Promise<unknown>) => void} waitUntil
   */
  keepUp(now, waitUntil) {
    if (this.#host.sharesPromises || now - this.#confirmedAt < this.#trustFor / 2) return;
    if (!this.#isReading(now)) waitUntil(this.#sync().catch(() => {}));
  }

  /** There may be changes: those that came while the log was being read are read after it. */
  #wake() {
    const reading = this.#syncing ?? Promise.resolve();
    reading.then(
      () => this.#sync().catch(() => {}),
      () => {},
    );
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
    return age >= 0 && age < this.#trustFor;
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
    const floor = later - this.#trustFor + this.#slowest.since; // it said so when it was asked
    this.#trustFrom(Math.max(this.#lostFloor, floor));
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

  /** Reads what has happened since, and tells what could not be told. One at a time. */
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

  /**
   * Hears of all that has been told so far: what begins after it is not ended by any of that, however late
   * a push comes (SPEC R23). Never rejects.
   */
  async catchUp() {
    if (!this.isTrusted(this.#host.now())) return this.confirm();
    const syncing = this.#syncing?.catch(() => {}) ?? Promise.resolve();
    await this.#forAWhile(syncing.then(() => this.#sync()));
  }

  /** Waits for some work, but not for long, and not for its success. @param {Promise<void>} work */
  async #forAWhile(work) {
    const given = new AbortController();
    await Promise.race([work.catch(() => {}), this.#host.sleep(CONFIRM_MS, given.signal)]);
    given.abort();
  }

  /** Whether nothing is known of a request's session, good or bad. @param {RequestHead} head */
  isUnknown(head) {
    const flags = CheckFlag.PEEK | CheckFlag.AGAIN | CheckFlag.DECISION;
    return this.#core.check(head, this.#host.now(), 0, flags) === Action.RETRY;
  }

  /** @param {number} milliseconds */
  #pause(milliseconds) {
    // A signal of its own: what one request has made, another may not wait for (workerd).
    return this.#host.sleep(milliseconds, new AbortController().signal);
  }

  /** Waits while another request reads. */
  async #watch() {
    for (let now = this.#host.now(); this.#isReading(now); now = this.#host.now()) {
      await this.#pause(FIRST_LOOK_MS);
    }
  }

  async #syncOnce() {
    const asked = this.#host.now();
    this.#readingSince = asked;
    this.#slowest.meanwhile = 0;
    try {
      await this.#tellTheRest();
      while (!(await this.#readOn()));
      this.#confirmedAt = Math.max(this.#confirmedAt, asked);
      this.#slowest.since = this.#slowest.meanwhile;
      this.#trustFrom(this.#lostFloor);
    } finally {
      this.#readingSince = Number.NEGATIVE_INFINITY;
    }
  }

  /** Reads a piece of the log; whether that was the last. */
  async #readOn() {
    const from = this.#position;
    const found = await this.#store.changes(from);
    if (this.#position !== from) return false; // another request was faster
    if (found === null || from === null) {
      const begun = found ?? (await this.#store.changes(null));
      if (begun === null) throw new Error('the store has no history');
      this.generation += 1;
      this.#lostFloor = this.#core.statistics().entries === 0 ? 0 : this.#host.now() + 1;
      this.#place(begun.position);
      return true;
    }
    const now = this.#host.now();
    for (const event of found.events) this.#apply(event, now);
    this.#place(found.position);
    return !found.more;
  }

  /** @param {Position} position */
  #place(position) {
    this.#position = position;
    this.#placedAt = this.#host.now();
  }

  /**
   * @param {import('./stores/store.js').StoreEvent} event
   * @param {number} now
   */
  #apply({ kind, key, by }, now) {
    if (by === this.#self) return;
    if (!by.startsWith(`${this.#family}:`)) {
      this.#lostFloor = now + 1; // written under another secret: it cannot be told whom it means
      return;
    }
    if (kind === 'end') this.#core.applyRemote(RemoteEvent.SESSION_ENDED, key, now);
    if (kind === 'forget') this.#core.applyRemote(RemoteEvent.SESSION_FORGOTTEN, key, now);
    if (kind === 'revoke') this.#core.applyRemote(RemoteEvent.USER_REVOKED, key, now);
    if (kind !== 'invalidate') return;
    const isKnown = key !== ANY_USER;
    const change = isKnown ? RemoteEvent.USER_CHANGED : RemoteEvent.UNKNOWN_CHANGE;
    this.#core.applyRemote(change, key, now);
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

  // --- Reading ---

  /**
   * The document that another node has left for a request, if it still stands. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<SharedDocument | null>}
   */
  async load(head) {
    const session = this.#core.sessionKey(head);
    const position = this.#position;
    if (session === null || position === null || this.#isUntold(session.key)) return null;
    try {
      const parts = partsOf(head, session);
      const name = await nameOf(parts);
      const found = await this.#store.get(name);
      if (found === null) return null;
      const record = parseRecord(await open(parts, found));
      if (record === null || record.history !== position.history) return null;
      if (record.family !== this.#family || record.kept !== this.#kept) return null;
      if (!(await this.#stands(record))) return null;
      if (record.history !== this.#position?.history) return null; // the store has lost it meanwhile
      const offset = this.#host.now() - this.#storeNow();
      return {
        ...record,
        // As it is held: in whole seconds, or what is held would look older than the same here.
        filledAtMs: Math.floor((record.filledAt + offset) / 1000) * 1000,
        bornAtMs: record.bornAt + offset,
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
    if (users.some((each) => this.#isUntold(each))) return false;
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
      for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
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
        if (this.#host.now() + pause >= giveUpAt) return alone;
        await this.#pause(pause);
      }
    } catch {
      return alone;
    }
  }

  /** Where the log is: to be asked before the origin is, after the request was confirmed. */
  get position() {
    return this.#position;
  }

  /** The same, for what does not begin with a check. Never rejects. */
  async currentPosition() {
    await this.confirm();
    return this.#position;
  }

  /**
   * Leaves what is held for a request to the other nodes. Never rejects.
   * @param {RequestHead} head
   * @param {Position | null} since from before the origin was asked
   * @param {{ cacheControl: string, askedAtMs: number }} answer
   */
  async save(head, since, { cacheControl, askedAtMs }) {
    const held = since && this.#held(head);
    if (since === null || held === null) return;
    const { session, user, document } = held;
    if ([session.key, user, ANY_USER].some((key) => key !== null && this.#isUntold(key))) return;
    const offset = this.#storeNow() - this.#host.now();
    const record = {
      at: since.at,
      history: since.history,
      family: this.#family,
      kept: this.#kept,
      user,
      filledAt: askedAtMs + offset,
      bornAt: document.bornAtMs + offset,
      cacheControl,
      meta: document.meta,
    };
    try {
      const parts = partsOf(head, session);
      const bytes = recordOf(record, document.body);
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

  /** Whether a document is held for a request. @param {RequestHead} head */
  holds(head) {
    const now = this.#host.now();
    const action = this.#core.check(head, now, 0, CheckFlag.PEEK | CheckFlag.AGAIN);
    return action === Action.SERVE || action === Action.SERVE_STALE;
  }

  /** @param {RequestHead} head */
  #held(head) {
    const now = this.#host.now();
    const session = this.#core.sessionKey(head);
    if (session === null) return null;
    const user = this.#core.heldUser(head, now);
    const action = this.#core.check(head, now, 0, CheckFlag.PEEK | CheckFlag.AGAIN);
    if (action !== Action.SERVE && action !== Action.SERVE_STALE) return null;
    const { body, meta, expiresAtMs } = this.#core;
    const bornAtMs = expiresAtMs - this.#options.expiresIn;
    return { session, user, document: { body: body.slice(), meta, bornAtMs } };
  }

  // --- Managed sessions: their tokens, in a record of their own ---

  /**
   * Takes over the managed session of a request if another node has begun it. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<'found' | 'none' | 'unavailable'>}
   */
  async findSession(head) {
    await this.catchUp();
    const askedAt = this.#core.sequence;
    try {
      const session = await this.#loadSession(head);
      if (session === null) return 'none';
      const { credential: cookie } = /** @type {{ credential: string }} */ (
        this.#core.sessionKey(head)
      );
      const found = { askedAt, tenant: head.tenant, cookie, session };
      return this.#core.adoptSession(this.#host.now(), found) ? 'found' : 'none';
    } catch {
      return 'unavailable';
    }
  }

  /**
   * Leaves the managed session of a request to the other nodes; if that fails, as soon as it can be done.
   * @param {RequestHead} head
   * @param {Position | null} since from before it became what it is
   * @param {{ lock: string, tokens: Pick<import('./abi.js').ManagedSession, 'access' | 'refresh' |
   *   'accessExpiresAtMs'> }} [exchanged] its new tokens, and the lock under which they were exchanged
   * @returns {Promise<boolean>} false: whoever has got the lock meanwhile knows better
   */
  async saveSession(head, since, exchanged) {
    const before = this.#core.exportSession(head, this.#host.now());
    const key = this.#core.sessionKey(head);
    if (before === null || key === null) return false;
    const held = { ...before, ...exchanged?.tokens };
    const parts = tokenPartsOf(head, key);
    const name = await nameOf(parts);
    const offset = this.#storeNow() - this.#host.now();
    let isSaved = true;
    const save = async () => {
      const from = since ?? (await this.#store.changes(null))?.position;
      if (from === undefined) return;
      const times = {
        expiresAtMs: held.expiresAtMs + offset,
        accessExpiresAtMs: held.accessExpiresAtMs && held.accessExpiresAtMs + offset,
      };
      const { at, history } = from;
      const record = { at, history, family: this.#family, by: this.#self, ...held, ...times };
      const bytes = recordOf(record, new Uint8Array());
      const sealed = await seal(parts, bytes, this.#host.getRandomValues);
      const ttlMs = Math.min(held.expiresAtMs - this.#host.now(), LONGEST_RECORD_MS);
      isSaved = await this.#store.putIfNewer(name, sealed, {
        since: from,
        ttlMs,
        lock: exchanged?.lock,
      });
    };
    await this.#tell(key.key, save).catch(() => {});
    return isSaved;
  }

  /**
   * Does something with the tokens of a session that only one node may do at a time. The lock is renewed
   * while it goes on.
   * @template T
   * @param {RequestHead} head
   * @param {(lock: string, session: import('./abi.js').ManagedSession | null) => Promise<T>} work gets the
   *   session as it is in the store
   * @param {(session: import('./abi.js').ManagedSession) => T | null} isDone looks at it before; null: go on
   * @returns {Promise<T>} rejects if the store cannot be reached, or another node has the lock for too long
   */
  async withTokens(head, work, isDone) {
    const key = this.#core.sessionKey(head);
    if (key === null) throw new Error('no session');
    const name = await nameOf(tokenPartsOf(head, key));
    const giveUpAt = this.#host.now() + this.#options.refreshLeaseFor - LOCK_MS;
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(pause * 2, LONGEST_LOOK_MS)) {
      const lock = await this.#store.acquire(name, LOCK_MS);
      const session = await this.#loadSession(head);
      // What this node has left there itself is not newer than what it holds.
      const done = session === null || session.by === this.#self ? null : isDone(session);
      if (lock !== null) {
        if (done === null) return this.#holding(name, lock, () => work(lock, session));
        await this.#store.release(name, lock).catch(() => {});
      }
      if (done !== null) return done;
      if (this.#host.now() >= giveUpAt) throw new Error('another node has the tokens');
      await this.#pause(pause);
    }
  }

  /**
   * @template T
   * @param {string} name
   * @param {string} lock
   * @param {() => Promise<T>} work
   */
  async #holding(name, lock, work) {
    const done = new AbortController();
    const renewing = this.#renew(name, lock, done.signal);
    try {
      return await work();
    } finally {
      done.abort();
      await renewing;
      await this.#store.release(name, lock).catch(() => {});
    }
  }

  /**
   * @param {string} name
   * @param {string} lock
   * @param {AbortSignal} signal
   */
  async #renew(name, lock, signal) {
    while (!signal.aborted) {
      await this.#host.sleep(LOCK_MS / 4, signal);
      if (!signal.aborted) await this.#store.acquire(name, LOCK_MS, lock).catch(() => null);
    }
  }

  /**
   * @param {RequestHead} head
   * @returns {Promise<(import('./abi.js').ManagedSession & { by: string }) | null>}
   */
  async #loadSession(head) {
    const key = this.#core.sessionKey(head);
    if (key === null || key.kind !== Credential.COOKIE || this.#isUntold(key.key)) return null;
    if (this.#position === null) await this.#sync();
    const parts = tokenPartsOf(head, key);
    const found = await this.#store.get(await nameOf(parts));
    const record = found && /** @type {any} */ (parseRecord(await open(parts, found)));
    if (!record || record.family !== this.#family || this.#isUntold(record.user)) return null;
    if (record.history !== this.#position?.history) return null;
    const { revokedAt } = await this.#store.epochs(record.user);
    if (compareAt(revokedAt, record.at) > 0) return null;
    const offset = this.#host.now() - this.#storeNow();
    return {
      ...record,
      expiresAtMs: record.expiresAtMs + offset,
      accessExpiresAtMs: record.accessExpiresAtMs && record.accessExpiresAtMs + offset,
    };
  }

  // --- Telling ---

  /**
   * The session of a request has ended, everywhere once this resolves.
   * @param {RequestHead} head
   */
  async end(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return;
    const name = await nameOf(partsOf(head, session));
    const tokens = this.#options.managed ? await nameOf(tokenPartsOf(head, session)) : null;
    await this.#tell(session.key, async () => {
      if (tokens !== null) await this.#store.end(tokens, session.key, this.#self);
      await this.#store.end(name, session.key, this.#self);
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
    await this.#tell(session.key, () => this.#store.forget(name, session.key, this.#self));
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {string[]} users their keys
   */
  async userEvent(action, users) {
    for (const user of users) {
      await this.#tell(user, () => this.#store.userEvent(action, user, this.#self));
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
    const since = await this.currentPosition();
    if (since === null) return;
    const mark = Uint8Array.of(1);
    await this.#store.putIfNewer(digest, mark, { since, ttlMs: MESSAGE_MS }).catch(() => {});
  }

  /**
   * Whose document is held for a request.
   * @param {RequestHead} head
   */
  userOf(head) {
    return this.#core.heldUser(head, this.#host.now());
  }

  /**
   * Whose document the origin has answered a write with.
   * @param {Uint8Array | null} body
   */
  userIn(body) {
    if (body === null) return null;
    try {
      const document = JSON.parse(decoder.decode(body));
      const ids = this.#options.userId.map((pointer) => valueAt(document, pointer));
      const id = ids.find((each) => each !== undefined);
      // Another number may have been written in another way.
      const isPlain = typeof id === 'string' || Number.isSafeInteger(id);
      return isPlain ? this.#core.userKey('', JSON.stringify(id)) : null;
    } catch {
      return null;
    }
  }

  /**
   * A write has changed the document of a request's user. The new one, if it is held, is left to the
   * others. Never rejects.
   * @param {RequestHead} head
   * @param {(string | null)[]} known whose document was held before it, and whose it was answered with
   * @param {Position | null} begun from before the write; null: what is held may be older than it
   */
  async changed(head, known, begun) {
    const users = new Set([...known, this.userOf(head)].filter((user) => user !== null));
    if (users.size === 0) users.add(ANY_USER);
    /** @type {Position | null} */
    let since = null;
    for (const user of users) {
      await this.#tell(user, async () => {
        since = await this.#store.userEvent('invalidate', user, this.#self);
      }).catch(() => {});
    }
    const isNewest =
      begun !== null && since !== null && (await this.#isNewest(begun, since, users));
    if (isNewest) await this.save(head, since, { cacheControl: '', askedAtMs: this.#host.now() });
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
        by !== this.#self && compareAt(at, told.at) < 0 && (key === ANY_USER || users.has(key)),
    );
  }

  /**
   * Tells the others now, or else as soon as the store can be reached again.
   * @param {string} key of whom it is about
   * @param {() => Promise<unknown>} tell
   */
  async #tell(key, tell) {
    const telling = { key, tell, hasFailed: false };
    const isKept = this.#untold.size < MOST_UNTOLD;
    if (isKept) this.#untold.add(telling);
    try {
      await tell();
      this.#untold.delete(telling);
    } catch (error) {
      telling.hasFailed = true;
      throw error;
    }
  }

  async #tellTheRest() {
    for (const telling of this.#untold) {
      if (!telling.hasFailed) continue;
      await telling.tell();
      this.#untold.delete(telling);
    }
  }

  /**
   * Whether the others do not know yet what has happened to a session or user.
   * @param {string} key
   */
  #isUntold(key) {
    for (const telling of this.#untold) if (telling.key === key) return true;
    return false;
  }

  /** The store's clock, as far as this node knows. */
  #storeNow() {
    return (this.#position?.time ?? 0) + (this.#host.now() - this.#placedAt);
  }
}

/**
 * @param {RequestHead} head
 * @param {{ kind: number, credential: string }} session
 */
function partsOf({ tenant }, { kind, credential }) {
  return { tenant, kind: kind === Credential.BEARER ? 'bearer' : 'cookie', credential };
}

/**
 * Of the record that holds the tokens of a managed session.
 * @param {RequestHead} head
 * @param {{ credential: string }} session
 */
function tokenPartsOf({ tenant }, { credential }) {
  return { tenant, kind: 'tokens', credential };
}

/**
 * @param {object} head
 * @param {Uint8Array} body
 */
function recordOf(head, body) {
  const first = encoder.encode(`${JSON.stringify(head)}\n`);
  const bytes = new Uint8Array(first.length + body.length);
  bytes.set(first);
  bytes.set(body, first.length);
  return bytes;
}

/**
 * @param {Uint8Array<ArrayBuffer> | null} bytes
 * @returns {{ at: string, history: string, family: string, kept: string, user: string | null, filledAt: number,
 *   bornAt: number, cacheControl: string, meta: string, body: Uint8Array<ArrayBuffer> } | null}
 */
function parseRecord(bytes) {
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === null || end < 0) return null;
  return { ...JSON.parse(decoder.decode(bytes.subarray(0, end))), body: bytes.subarray(end + 1) };
}
