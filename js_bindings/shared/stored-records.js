// Where the records of sessions are in the store: under a name for each secret that this node knows, sealed. The first
// secret writes, all are read, and what was ended under one that is not given any more is still found (SPEC R2, R31).
// It must not know what a record says.
// Invariant: whoever works with a session holds its lock under every secret that is known, always in the same order: two
// nodes at any two neighbouring steps of a rotation have one in common.

import { MAX_VALUE_BYTES } from '../stores/limits.js';
import { nameOf, openAt, placeOf, seal, sealAt } from '../stores/sealing.js';
import { keyMarkOf, marksOf } from './record.js';
import { RetiredKeys } from './retired-keys.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/sealing.js').CredentialParts} CredentialParts
 * @typedef {import('./families.js').Family} Family
 */

/**
 * @typedef {import('../stores/sealing.js').Place & { family: Family }} RecordPlace
 */

/**
 * What a record says, opened, and what stands in the store.
 * @typedef {object} StoredRecord
 * @property {Family} family
 * @property {RecordPlace} place
 * @property {Uint8Array<ArrayBuffer>} value
 * @property {Uint8Array<ArrayBuffer>} bytes
 */

/**
 * A lock of a session: its part under each secret.
 * @typedef {{ name: string, token: string }[]} Lock
 */

export class StoredRecords {
  #store;
  #host;
  #families;
  #retired;
  /** In an order that all nodes share. @type {Family[]} */
  #inOrder;

  /**
   * @param {import('../stores/store.js').SharedStore} store
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./event-log.js').SharedLog} log
   * @param {import('./families.js').Families} families
   */
  constructor(store, options, host, log, families) {
    this.#store = store;
    this.#host = host;
    this.#families = families;
    this.#retired = new RetiredKeys(store, options, host, log, families);
    const idOf = (/** @type {Family} */ { keys }) => keys.id;
    this.#inOrder = [...families.all].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  }

  /**
   * What is in the store for a session, opened: at most one record for each secret.
   * @param {RequestHead} head
   * @param {CredentialParts} parts
   * @returns {Promise<StoredRecord[] | 'ended'>}
   */
  async get(head, parts) {
    const found = await this.read(this.placesOf(parts), await this.marks(head));
    return found === 'ended' ? found : recordsIn(found);
  }

  /**
   * The same, of a session of which it is known that no end is marked.
   * @param {CredentialParts} parts
   * @returns {Promise<StoredRecord[]>}
   */
  async getUnmarked(parts) {
    const found = await this.read(this.placesOf(parts), []);
    return found === 'ended' ? [] : recordsIn(found);
  }

  /**
   * Where the record of a session may be: under the own secret first.
   * @param {CredentialParts} parts
   * @returns {RecordPlace[]}
   */
  placesOf(parts) {
    return this.#families.all.map((family) => ({ family, ...placeOf(family.keys, parts) }));
  }

  /**
   * @param {RecordPlace[]} places
   * @param {string[]} marks names under which an end of the session may be marked
   * @returns {Promise<(Omit<StoredRecord, 'bytes'> & { bytes: Uint8Array<ArrayBuffer> | null })[] | 'ended'>} `bytes`
   *   null: what stands there is no record of the session
   */
  async read(places, marks) {
    const names = [...new Set([...places.map(({ name }) => name), ...marks])];
    const found = await Promise.all(names.map((name) => this.#store.get(name)));
    if (found.includes('ended')) return 'ended';
    const opened = await Promise.all(
      places.map(async (place) => {
        const value = found[names.indexOf(place.name)];
        if (!(value instanceof Uint8Array)) return null;
        const isRecord = value.length <= MAX_VALUE_BYTES;
        const bytes = isRecord ? await openAt(place.family.keys, place, value) : null;
        return { family: place.family, place, value, bytes };
      }),
    );
    return opened.filter((each) => each !== null);
  }

  /**
   * Where an end is marked by whoever knows nothing of a session but its key.
   * @param {string} key
   */
  keyMark(key) {
    return nameOf(this.#families.own.keys, keyMarkOf(key));
  }

  /**
   * Puts a record where another one stands, byte for byte, or none.
   * @param {RecordPlace} place
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {{ since: import('../stores/store.js').Position, ttlMs: number, replaces: Uint8Array<ArrayBuffer> | null }}
   *   options
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} what stands there now; null: something else stood there
   */
  async replace(place, bytes, { replaces, ...options }) {
    const sealed = await sealAt(place.family.keys, place, bytes, this.#host.getRandomValues);
    if (sealed.length > MAX_VALUE_BYTES) return null;
    // A store that cannot compare takes what comes last: only lists of devices are put there so.
    const compared = this.#store.cannotLock ? options : { ...options, replaces };
    return (await this.#store.putIfNewer(place.name, sealed, compared)) ? sealed : null;
  }

  /** Whether a request's session is marked as ended. @param {RequestHead} head */
  async hasEnded(head) {
    const names = await this.marks(head);
    const found = await Promise.all(names.map((name) => this.#store.get(name)));
    return found.includes('ended');
  }

  /**
   * Wherever that may be marked, also under secrets that are not given any more.
   * @param {RequestHead} head
   */
  async marks(head) {
    const namings = [...this.#families.all, ...(await this.#retired.all())];
    const names = namings.flatMap(({ keys, core }) =>
      marksOf(head, core).map((parts) => nameOf(keys, parts)),
    );
    return [...new Set(names)];
  }

  /**
   * @param {CredentialParts} parts
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {{ since: import('../stores/store.js').Position, ttlMs: number, lock?: Lock }} options
   * @returns {Promise<boolean>} as `putIfNewer` of a store
   */
  async put(parts, bytes, { lock, ...options }) {
    const { keys } = this.#families.own;
    const sealed = await seal(keys, parts, bytes, this.#host.getRandomValues);
    if (sealed.length > MAX_VALUE_BYTES) return false;
    const name = nameOf(keys, parts);
    const token = lock?.find((each) => each.name === name)?.token;
    return this.#store.putIfNewer(name, sealed, { ...options, lock: token });
  }

  /**
   * @param {CredentialParts} parts
   * @param {number} ttlMs
   * @returns {Promise<Lock | null>} null: another node has it
   */
  async acquire(parts, ttlMs) {
    /** @type {Lock} */
    const lock = [];
    try {
      for (const { keys } of this.#inOrder) {
        const name = nameOf(keys, parts);
        const token = await this.#store.acquire(name, ttlMs);
        if (token === null) break;
        lock.push({ name, token });
      }
    } catch (error) {
      await this.release(lock);
      throw error;
    }
    if (lock.length === this.#inOrder.length) return lock;
    await this.release(lock);
    return null;
  }

  /**
   * Holds a lock for longer. Never rejects.
   * @param {Lock} lock
   * @param {number} ttlMs
   */
  async renew(lock, ttlMs) {
    await Promise.allSettled(
      lock.map(({ name, token }) => this.#store.acquire(name, ttlMs, token)),
    );
  }

  /** Never rejects. @param {Lock} lock */
  async release(lock) {
    await Promise.allSettled(lock.map(({ name, token }) => this.#store.release(name, token)));
  }
}

/**
 * @param {(Omit<StoredRecord, 'bytes'> & { bytes: Uint8Array<ArrayBuffer> | null })[]} found
 * @returns {StoredRecord[]}
 */
function recordsIn(found) {
  return found.flatMap(({ bytes, ...each }) => (bytes === null ? [] : [{ ...each, bytes }]));
}
