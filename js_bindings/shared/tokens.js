// Managed sessions that several nodes share: their tokens, in a record of their own (SPEC R24, R30).
// Invariants: tokens are exchanged by one node at a time, whoever has their lock; of two records of a session, under two
// secrets, the one with more exchanges behind it is true.
import { Credential } from '../core/abi-constants.js';
import { compareAt } from '../stores/store.js';
import { lookAgain } from './look-again.js';
import { parseRecord, recordOf, tokenPartsOf } from './record.js';

/** A node that exchanges tokens holds their lock for this long at a time; one that has died, no longer. */
const LOCK_MS = 8000;

/** A managed session is in the store for no longer than this. */
const MAX_RECORD_MS = 30 * 24 * 3_600_000;

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/store.js').Position} Position
 */

export class SharedTokens {
  #core;
  #options;
  #host;
  #store;
  #log;
  #families;
  #records;

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

  /**
   * Takes over the managed session of a request if another node has begun it. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<'found' | 'none' | 'unavailable'>}
   */
  async find(head) {
    await this.#log.catchUp();
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
   * @param {{ lock: import('./stored-records.js').Lock, turn: number, tokens: Pick<
   *   import('../core/abi.js').ManagedSession, 'access' | 'refresh' | 'accessExpiresAtMs'> }} [exchanged] its new tokens,
   *   and the lock under which they were exchanged
   * @returns {Promise<boolean>} false: whoever has got the lock meanwhile knows better
   */
  async save(head, since, exchanged) {
    const before = this.#core.exportSession(head, this.#host.now());
    const key = this.#core.sessionKey(head);
    if (before === null || key === null) return false;
    const held = { ...before, ...exchanged?.tokens };
    const parts = tokenPartsOf(head, key);
    const clockOffset = this.#log.clockOffset;
    const who = this.#families.identifierOf(held.user);
    let isSaved = true;
    const save = async () => {
      const from = since ?? (await this.#store.changes(null))?.position;
      if (from === undefined) return;
      const times = {
        expiresAtMs: held.expiresAtMs + clockOffset,
        accessExpiresAtMs: held.accessExpiresAtMs && held.accessExpiresAtMs + clockOffset,
      };
      const { at, history } = from;
      const { writer } = this.#families.own;
      const turn = exchanged?.turn ?? 0;
      const record = { at, history, writer, turn, who, ...held, ...times };
      const ttlMs = Math.min(held.expiresAtMs - this.#host.now(), MAX_RECORD_MS);
      const options = { since: from, ttlMs, lock: exchanged?.lock };
      isSaved = await this.#records.put(parts, recordOf(record, new Uint8Array()), options);
    };
    await this.#log.outbox.publish(key.key, 'tokens', save).catch(() => {});
    return isSaved;
  }

  /**
   * Does something with the tokens of a session that only one node may do at a time. The lock is renewed
   * while it goes on.
   * @template T
   * @param {RequestHead} head
   * @param {(lock: import('./stored-records.js').Lock, turn: number) => Promise<T>} work `turn`: how often its tokens will
   *   have been exchanged then
   * @param {(session: import('../core/abi.js').ManagedSession) => T | null} isDone looks at it before; null: go on
   * @returns {Promise<T>} rejects if the store cannot be reached, or another node has the lock for too long
   */
  async hold(head, work, isDone) {
    const key = this.#core.sessionKey(head);
    if (key === null) throw new Error('no session');
    const parts = tokenPartsOf(head, key);
    const giveUpAt = this.#host.now() + this.#options.refreshLeaseFor - LOCK_MS;
    const held = await lookAgain(this.#host, giveUpAt, async () => {
      const lock = await this.#records.acquire(parts, LOCK_MS);
      const session = await this.#loadSession(head);
      // What this node has left there itself is not newer than what it holds.
      const isOwn = session === null || this.#families.isOwn(session.writer);
      const done = isOwn ? null : isDone(session);
      if (lock !== null) {
        const turn = (session?.turn ?? 0) + 1;
        if (done === null) return { result: this.#holding(lock, () => work(lock, turn)) };
        await this.#records.release(lock);
      }
      return done === null ? null : { result: done };
    });
    if (held === null) throw new Error('another node has the tokens');
    return held.result;
  }

  /**
   * @template T
   * @param {import('./stored-records.js').Lock} lock
   * @param {() => Promise<T>} work
   */
  async #holding(lock, work) {
    const done = new AbortController();
    const renewing = this.#renew(lock, done.signal);
    try {
      return await work();
    } finally {
      done.abort();
      await renewing;
      await this.#records.release(lock);
    }
  }

  /**
   * @param {import('./stored-records.js').Lock} lock
   * @param {AbortSignal} signal
   */
  async #renew(lock, signal) {
    while (!signal.aborted) {
      await this.#host.sleep(LOCK_MS / 4, signal);
      if (!signal.aborted) await this.#records.renew(lock, LOCK_MS);
    }
  }

  /**
   * @param {RequestHead} head
   * @returns {Promise<(import('../core/abi.js').ManagedSession & { writer: string, turn: number }) | null>}
   */
  async #loadSession(head) {
    const key = this.#core.sessionKey(head);
    if (key === null || key.kind !== Credential.COOKIE || this.#log.outbox.isPending(key.key))
      return null;
    await this.#log.begin();
    const found = await this.#records.get(head, tokenPartsOf(head, key));
    if (found === 'ended') return null;
    const records = found.map(({ family, bytes }) => ({ ...parseRecord(bytes), family }));
    const record = /** @type {any} */ (records.sort(byTurn)[0]);
    if (!record?.user || record.history !== this.#log.position?.history) return null;
    const { revokedAt } = await this.#store.epochs(record.user);
    if (compareAt(revokedAt, record.at) > 0) return null;
    // Under another secret its user has another key here.
    const isOwn = record.family === this.#families.own;
    const user = isOwn || record.who === null ? record.user : this.#core.userKey(record.who);
    this.#families.noteUser(user, record.who);
    if (this.#log.outbox.isPending(user)) return null;
    const clockOffset = this.#log.clockOffset;
    return {
      ...record,
      user,
      expiresAtMs: record.expiresAtMs - clockOffset,
      accessExpiresAtMs: record.accessExpiresAtMs && record.accessExpiresAtMs - clockOffset,
    };
  }
}

/**
 * The most exchanges first.
 * @param {any} a
 * @param {any} b
 */
function byTurn(a, b) {
  return (b.turn ?? -1) - (a.turn ?? -1);
}
