// A store in the memory of one process: for several caches in one, and for tests.
import { EPOCHS_MS, FENCE_MS, MAX_EVENTS } from './limits.js';
import { changeOf, compareAt, lateFrom, NO_EPOCHS } from './store.js';

/** @import { SharedStore } from './store.js' */

/**
 * The options of a store in memory.
 * @typedef {object} MemoryStoreOptions
 * @property {() => number} [now] for tests: the clock, in milliseconds since the Unix epoch
 * @property {number} [fenceMs] how long the end of a session stands in the way of late answers, in milliseconds; longer
 *   than the cache's `leaseFor`; default 60 seconds
 * @property {number} [mostEvents] that are kept: a node that has missed more trusts nothing it holds; default 10,000
 */

/**
 * A store in the memory of one process: for several caches in one, and for tests. What it does is written at
 * `SharedStore`.
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { MemoryStore } from 'sesame-edge/stores';
 *
 * const store = new MemoryStore();
 * const one = new SessionCache({ origin: 'https://api.example.com', secret, store });
 * const other = new SessionCache({ origin: 'https://api.example.com', secret, store });
 * await one.getSession(request);
 * const { user } = await other.getSession(request);
 * user.name; // => 'Ingrid Sørensen'
 * other.statistics().originCalls; // => 0
 *
 * @implements {SharedStore}
 */
export class MemoryStore {
  #now;
  #fenceMs;
  #mostEvents;
  /** `value` null: nothing may be put there. @type {Map<string, { value: Uint8Array<ArrayBuffer> | 'ended' | null,
   *   at: string, until: number }>} */
  #records = new Map();
  /** @type {Map<string, import('./store.js').Epochs>} */
  #epochs = new Map();
  /** @type {Map<string, { token: string, until: number }>} */
  #locks = new Map();
  /** @type {import('./store.js').StoreEvent[]} */
  #events = [];
  #newest = 0;
  #history = crypto.randomUUID();
  /** @type {Set<() => void>} */
  #listeners = new Set();

  /** @param {MemoryStoreOptions} [options] */
  constructor({ now = Date.now, fenceMs = FENCE_MS, mostEvents = MAX_EVENTS } = {}) {
    this.#now = now;
    this.#fenceMs = fenceMs;
    this.#mostEvents = mostEvents;
  }

  /** @param {string} name */
  async get(name) {
    const value = this.#record(name)?.value ?? null;
    return value instanceof Uint8Array ? value.slice() : value;
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  async putIfNewer(name, value, { since, ttlMs, lock, replaces }) {
    if (lock !== undefined && this.#lock(name)?.token !== lock) return false;
    if (since.history !== this.#history) return false;
    const held = this.#record(name);
    if (replaces !== undefined) {
      const stands = held?.value ?? null;
      if (stands === 'ended' || !areSame(stands, replaces)) return false;
      this.#records.set(name, { value: value.slice(), at: since.at, until: this.#now() + ttlMs });
      return true;
    }
    const isMarked = held !== undefined && !(held.value instanceof Uint8Array);
    const isOvertaken = isMarked || (held && compareAt(held.at, since.at) > 0);
    if (isOvertaken || this.#now() - since.time >= this.#fenceMs) return false;
    this.#records.set(name, { value: value.slice(), at: since.at, until: this.#now() + ttlMs });
    return true;
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   * @param {number} [ttlMs]
   */
  async end(name, key, writer, ttlMs = EPOCHS_MS) {
    const until = this.#now() + Math.max(ttlMs, this.#fenceMs);
    this.#records.set(name, { value: 'ended', at: '', until });
    return this.#append({ kind: 'end', key, writer });
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   */
  async forget(name, key, writer) {
    if (this.#record(name)?.value !== 'ended') {
      this.#records.set(name, { value: null, at: '', until: this.#now() + this.#fenceMs });
    }
    return this.#append({ kind: 'forget', key, writer });
  }

  /**
   * @param {string} key
   * @param {string} writer
   */
  async ask(key, writer) {
    return this.#append({ kind: 'ask', key, writer });
  }

  /**
   * @param {'revoke' | 'invalidate'} kind
   * @param {string} user
   * @param {string} writer
   * @param {number} [calledAt]
   */
  async userEvent(kind, user, writer, calledAt = 0) {
    const time = this.#now();
    const before = lateFrom(calledAt, time);
    const position = this.#append({
      ...{ kind, key: user, writer },
      ...(kind === 'revoke' && { time }),
      ...(before > 0 && { before }),
    });
    const epochs = this.#epochs.get(user) ?? NO_EPOCHS;
    const change = changeOf(kind, position.at, time, before, epochs);
    this.#epochs.set(user, { ...epochs, ...change });
    return position;
  }

  /** @param {string} user */
  async epochs(user) {
    return this.#epochs.get(user) ?? NO_EPOCHS;
  }

  /** @param {import('./store.js').Position | null} since */
  async changes(since) {
    const position = this.#position();
    if (since === null) return { events: [], position, more: false };
    const oldest = this.#events[0]?.at ?? position.at;
    const isTrimmed = this.#newest > this.#events.length && Number(since.at) < Number(oldest) - 1;
    const isAhead = Number(since.at) > this.#newest; // what it says happened has been lost
    if (since.history !== this.#history || isTrimmed || isAhead) return null;
    const events = this.#events.slice(Math.max(0, Number(since.at) + 1 - Number(oldest)));
    return { events, position, more: false };
  }

  /** @param {() => void} listener */
  async subscribe(listener) {
    this.#listeners.add(listener);
    return async () => void this.#listeners.delete(listener);
  }

  /**
   * @param {string} name
   * @param {number} ttlMs
   * @param {string} [held]
   */
  async acquire(name, ttlMs, held) {
    if (this.#lock(name)?.token !== held) return null;
    const token = held ?? crypto.randomUUID();
    this.#locks.set(name, { token, until: this.#now() + ttlMs });
    return token;
  }

  /**
   * @param {string} name
   * @param {string} token
   */
  async release(name, token) {
    if (this.#locks.get(name)?.token === token) this.#locks.delete(name);
  }

  async close() {}

  /**
   * Forgets everything, as a server does that comes back empty.
   *
   * @example
   * import { MemoryStore } from 'sesame-edge/stores';
   *
   * const store = new MemoryStore();
   * const { position } = await store.changes(null);
   * store.clear();
   * await store.changes(position); // => null
   */
  clear() {
    for (const each of [this.#records, this.#epochs, this.#locks]) each.clear();
    this.#events = [];
    this.#newest = 0;
    this.#history = crypto.randomUUID();
  }

  /** @param {string} name */
  #lock(name) {
    const lock = this.#locks.get(name);
    return lock !== undefined && this.#now() < lock.until ? lock : undefined;
  }

  /** @param {string} name */
  #record(name) {
    const record = this.#records.get(name);
    if (record !== undefined && this.#now() >= record.until) this.#records.delete(name);
    return this.#records.get(name);
  }

  /** @param {Omit<import('./store.js').StoreEvent, 'at'>} event */
  #append(event) {
    this.#newest += 1;
    this.#events.push({ at: String(this.#newest), ...event });
    if (this.#events.length > this.#mostEvents) this.#events.shift();
    for (const listener of this.#listeners) listener();
    return this.#position();
  }

  #position() {
    return { history: this.#history, at: String(this.#newest), time: this.#now() };
  }
}

/**
 * @param {Uint8Array | null} a
 * @param {Uint8Array | null} b
 */
function areSame(a, b) {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
