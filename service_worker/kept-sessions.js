// What a worker keeps on disk of what it holds in memory: what it can answer first, the secret and a snapshot, as one record,
// written and dropped in the order in which that was asked for.
//
// It must not know what is in a snapshot, nor why an epoch ends. Invariants: the disk never holds a snapshot that is
// older than a change that is past `drop` (SPEC R22); where storage is refused nothing was ever there, and nothing
// fails for it.
import { joined } from '../js_bindings/util/bytes.js';

export const SECRET_BYTES = 16;

/** How long the first part is. */
const LENGTH_BYTES = 4;

/** @typedef {import('./sealed-storage.js').LogoutRecord} LogoutRecord */

/**
 * @typedef {object} HeldBefore
 * @property {Uint8Array<ArrayBuffer>} first what can be answered before the snapshot is restored; empty: nothing
 * @property {Uint8Array} secret
 * @property {Uint8Array} snapshot
 */

/**
 * What another life of the worker has left.
 * @typedef {object} Kept
 * @property {string} epoch
 * @property {LogoutRecord[]} pendingLogouts
 * @property {HeldBefore | null} held null: nothing that can be read
 * @property {string} version of what is held: another whenever it is written
 */

/**
 * What is to be kept.
 * @typedef {object} Held
 * @property {string} epoch
 * @property {Uint8Array} first what can be answered before the snapshot is restored
 * @property {Uint8Array} secret what credentials are hashed under: a snapshot needs the same
 * @property {() => ReadableStream<Uint8Array>} snapshot
 */

export class KeptSessions {
  #storage;
  /** What is done to the disk is done in order. @type {Promise<unknown>} */
  #disk = Promise.resolve();
  #isQueued = false;
  #isRefused = false;

  /** @param {import('./sealed-storage.js').SealedStorage} storage */
  constructor(storage) {
    this.#storage = storage;
  }

  /** Whether the browser refuses storage, as far as `read` has found out. */
  get isRefused() {
    return this.#isRefused;
  }

  /** @returns {Promise<Kept | null>} null: nothing is there, or storage is refused */
  read() {
    return this.#inOrder(async () => {
      try {
        const kept = await this.#storage.read();
        if (kept === null) return null;
        const { contents, ...rest } = kept;
        return { ...rest, held: contents && partsOf(contents) };
      } catch {
        this.#isRefused = true;
        return null;
      }
    });
  }

  /**
   * Forgets everything and the key too, and begins an epoch: a new one, or this one with another key.
   * @param {string} epoch
   * @param {LogoutRecord[]} pendingLogouts
   * @returns {Promise<void>} rejects if something may be left on disk
   */
  begin(epoch, pendingLogouts) {
    return this.#inOrder(() => this.#storage.begin(epoch, pendingLogouts));
  }

  /**
   * Drops what is kept, if this epoch is still the one on disk.
   * @param {string} epoch
   */
  drop(epoch) {
    return this.#inOrder(() => this.#storage.drop(epoch));
  }

  /**
   * Drops what is kept, whatever epoch it is of.
   * @returns {Promise<void>} rejects if something may be left on disk
   */
  dropAny() {
    return this.#inOrder(() => this.#storage.dropAny().catch(() => this.#storage.destroy()));
  }

  /**
   * Writes what is held by then, once for all that is asked for meanwhile.
   * @param {() => Held | null} take called when it is this write's turn; null: there is nothing to keep any more
   */
  async keep(take) {
    if (this.#isQueued || this.#isRefused) return;
    this.#isQueued = true;
    await this.#inOrder(async () => {
      this.#isQueued = false;
      const held = take();
      if (held === null) return;
      const { epoch, first, secret, snapshot } = held;
      try {
        const bytes = new Uint8Array(await new Response(snapshot()).arrayBuffer());
        await this.#storage.write(epoch, joined([lengthOf(first), first, secret, bytes]));
      } catch {
        // What cannot be replaced must not stand: it is older than what is held.
        await this.#storage.drop(epoch).catch(() => this.#storage.destroy());
      }
    });
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  #inOrder(work) {
    const done = this.#disk.then(work);
    this.#disk = done.catch(() => {});
    return done;
  }
}

/** @param {Uint8Array} bytes */
function lengthOf({ length }) {
  return new Uint8Array(new Uint32Array([length]).buffer);
}

/**
 * What `keep` has joined.
 * @param {Uint8Array<ArrayBuffer>} contents
 * @returns {HeldBefore}
 */
function partsOf(contents) {
  const [length] = new Uint32Array(contents.slice(0, LENGTH_BYTES).buffer);
  const secretAt = LENGTH_BYTES + length;
  return {
    first: contents.subarray(LENGTH_BYTES, secretAt),
    secret: contents.slice(secretAt, secretAt + SECRET_BYTES),
    snapshot: contents.subarray(secretAt + SECRET_BYTES),
  };
}
