// A store in the memory of one process: for several caches in one, and for tests.
import { EPOCHS_MS, FENCE_MS, MAX_EVENTS } from './limits.js';
import { changeOf, compareAt, lateFrom, NO_EPOCHS, StoreUnavailableError } from './store.js';

/** @import { SharedStore } from './store.js' */

/**
 * The options of a store in memory.
 * @typedef {object} MemoryStoreOptions
 * @property {() => number} [now] for tests: the clock, in milliseconds since the Unix epoch
 * @property {number} [fenceMs] how long the end of a session stands in the way of late answers, in milliseconds; longer
 *   than the cache's `leaseFor`; default 60 seconds
 * @property {number} [mostEvents] that are kept: a node that has missed more trusts nothing it holds; default 10,000
 * @property {number} [maxBytes] of records: a full store takes no more of them, and every sign-out; default: no bound
 */

/**
 * @typedef {object} Kept
 * @property {Uint8Array<ArrayBuffer> | 'ended' | null} value null: nothing may be put there
 * @property {string} at
 * @property {number} until
 */

/** What a record takes beside its value, about. */
const RECORD_BYTES = 300;

/** So many entries are looked at with each write, and taken out if their time is over (rule R51). */
const SWEPT_AT_ONCE = 4;

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
  #maxBytes;
  #bytes = 0;
  /** @type {Map<string, Kept>} */
  #records = new Map();
  /** @type {Map<string, import('./store.js').Epochs & { until: number }>} */
  #epochs = new Map();
  /** @type {Map<string, { token: string, until: number }>} */
  #locks = new Map();
  /** @type {import('./store.js').StoreEvent[]} */
  #events = [];
  #newest = 0;
  #history = crypto.randomUUID();
  /** @type {Set<() => void>} */
  #listeners = new Set();
  #sweeping = this.#sweep();

  /** @param {MemoryStoreOptions} [options] */
  constructor({ now = Date.now, fenceMs = FENCE_MS, mostEvents = MAX_EVENTS, maxBytes } = {}) {
    this.#now = now;
    this.#fenceMs = fenceMs;
    this.#mostEvents = mostEvents;
    this.#maxBytes = maxBytes ?? Number.POSITIVE_INFINITY;
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
      this.#put(name, value, since.at, ttlMs);
      return true;
    }
    const isMarked = held !== undefined && !(held.value instanceof Uint8Array);
    const isOvertaken = isMarked || (held && compareAt(held.at, since.at) > 0);
    if (isOvertaken || this.#now() - since.time >= this.#fenceMs) return false;
    this.#put(name, value, since.at, ttlMs);
    return true;
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   * @param {number} [ttlMs]
   */
  async end(name, key, writer, ttlMs = EPOCHS_MS) {
    this.#set(name, {
      value: 'ended',
      at: '',
      until: this.#now() + Math.max(ttlMs, this.#fenceMs),
    });
    return this.#append({ kind: 'end', key, writer });
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   */
  async forget(name, key, writer) {
    if (this.#record(name)?.value !== 'ended') {
      this.#set(name, { value: null, at: '', until: this.#now() + this.#fenceMs });
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
    this.#epochs.set(user, { ...epochs, ...change, until: time + EPOCHS_MS });
    return position;
  }

  /** @param {string} user */
  async epochs(user) {
    const { until: _, ...epochs } = { until: 0, ...(this.#epochs.get(user) ?? NO_EPOCHS) };
    return epochs;
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
    this.#sweeping.next();
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
    this.#bytes = 0;
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
    if (record !== undefined && this.#now() >= record.until) this.#remove(name);
    return this.#records.get(name);
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {string} at
   * @param {number} ttlMs
   * @throws {StoreUnavailableError} there is no room; sessions go on without it (rule R33)
   */
  #put(name, value, at, ttlMs) {
    this.#sweeping.next();
    const before = this.#records.get(name);
    const more = RECORD_BYTES + value.length - (before ? bytesOf(before) : 0);
    if (more > 0 && this.#bytes + more > this.#maxBytes) {
      throw new StoreUnavailableError({ cause: new Error('OOM') });
    }
    this.#set(name, { value: value.slice(), at, until: this.#now() + ttlMs });
  }

  /** @param {string} name @param {Kept} record */
  #set(name, record) {
    this.#remove(name);
    this.#records.set(name, record);
    this.#bytes += bytesOf(record);
  }

  /** @param {string} name */
  #remove(name) {
    const record = this.#records.get(name);
    if (record !== undefined) this.#bytes -= bytesOf(record);
    this.#records.delete(name);
  }

  /** Goes round all entries for ever, some with each step, and takes out those whose time is over. */
  *#sweep() {
    for (let looked = 0; ; ) {
      for (const kept of [this.#records, this.#epochs, this.#locks]) {
        for (const [name, { until }] of kept) {
          if (this.#now() < until) {
            // it stays
          } else if (kept === this.#records) this.#remove(name);
          else kept.delete(name);
          looked += 1;
          if (looked % SWEPT_AT_ONCE === 0) yield;
        }
      }
      yield;
    }
  }

  /** @param {Omit<import('./store.js').StoreEvent, 'at'>} event */
  #append(event) {
    this.#sweeping.next();
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

/** @param {Kept} record */
function bytesOf({ value }) {
  return RECORD_BYTES + (value instanceof Uint8Array ? value.length : 0);
}
