// Where the records of sessions are in the store: under a name for each secret that this node knows, sealed. The first
// secret writes, all are read, and what was ended under one that is not given any more is still found (SPEC R2, R31).
// It must not know what a record says.
// Invariant: whoever works with a session holds its lock under every secret that is known, always in the same order: two
// nodes at any two neighbouring steps of a rotation have one in common.

import { MAX_VALUE_BYTES } from '../stores/limits.js';
import { nameOf, open, seal } from '../stores/sealing.js';
import { marksOf } from './record.js';
import { RetiredKeys } from './retired-keys.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/sealing.js').CredentialParts} CredentialParts
 * @typedef {import('./families.js').Family} Family
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
  #kind;
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
    this.#kind = { isManaged: options.managed !== null };
    this.#families = families;
    this.#retired = new RetiredKeys(store, options, host, log, families);
    const idOf = (/** @type {Family} */ { keys }) => keys.id;
    this.#inOrder = [...families.all].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  }

  /**
   * What is in the store for a session, opened: at most one record for each secret.
   * @param {RequestHead} head
   * @param {CredentialParts} parts
   * @returns {Promise<{ family: Family, bytes: Uint8Array<ArrayBuffer> }[] | 'ended'>}
   */
  async get(head, parts) {
    const records = this.#families.all.map((family) => nameOf(family.keys, parts));
    const names = [...new Set([...records, ...(await this.#marks(head))])];
    const found = await Promise.all(names.map((name) => this.#store.get(name)));
    if (found.includes('ended')) return 'ended';
    const opened = await Promise.all(
      this.#families.all.map(async (family, index) => {
        const value = found[index]; // records come first, in the order of the families
        const isRecord = value instanceof Uint8Array && value.length <= MAX_VALUE_BYTES;
        const bytes = isRecord ? await open(family.keys, parts, value) : null;
        return bytes && { family, bytes };
      }),
    );
    return opened.filter((each) => each !== null);
  }

  /** Whether a request's session is marked as ended. @param {RequestHead} head */
  async hasEnded(head) {
    const names = await this.#marks(head);
    const found = await Promise.all(names.map((name) => this.#store.get(name)));
    return found.includes('ended');
  }

  /**
   * Wherever that may be marked, also under secrets that are not given any more.
   * @param {RequestHead} head
   */
  async #marks(head) {
    const namings = [...this.#families.all, ...(await this.#retired.all())];
    return namings.flatMap(({ keys, core }) =>
      marksOf(head, core, this.#kind).map((parts) => nameOf(keys, parts)),
    );
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
