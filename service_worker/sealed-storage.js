// What is kept on disk between two lives of the worker: one sealed record in IndexedDB (SPEC R64).
// Invariants: the key cannot be exported, and dies with its epoch; what was sealed in one epoch is written
// in that epoch only, whichever worker writes, so that nothing of before a logout comes back after it.
import { deleteDB, openDB } from 'idb';

const STORE = 'session';

/**
 * A logout that the origin does not know of yet.
 * @typedef {object} LogoutRecord
 * @property {string | null} authorization the token that is to end; null: the device's cookies say whose session
 * @property {boolean} isForApi it was sent to the API's origin, not to the worker's own
 * @property {boolean} isOtherPath it was sent to a sign-out path that is not the option `logoutPath`
 */
/**
 * @typedef {object} Kept
 * @property {string} epoch
 * @property {Uint8Array<ArrayBuffer> | null} contents null: nothing that can be read
 * @property {LogoutRecord[]} pendingLogouts
 * @property {string} version of the contents: another whenever they are written
 */

export class SealedStorage {
  #name;
  /** @type {Promise<import('idb').IDBPDatabase> | null} */
  #database = null;

  /** @param {string} name of the database */
  constructor(name) {
    this.#name = name;
  }

  /** Has the browser open the database, which takes it a while. Who needs it finds out if it cannot. */
  async open() {
    try {
      await this.#open();
    } catch {}
  }

  /**
   * @returns {Promise<Kept | null>} null: nothing is there
   * @throws if the browser refuses storage
   */
  async read() {
    const database = await this.#open();
    const store = database.transaction(STORE).store;
    const [epoch, key, sealed, pendingLogout] = await Promise.all(
      ['epoch', 'key', 'sealed', 'pendingLogout'].map((name) => store.get(name)),
    );
    if (typeof epoch !== 'string') return null;
    const [contents, pendingLogouts] = await Promise.all([
      sealed ? unseal(key, contentsIn(epoch), sealed).catch(() => null) : null,
      pendingLogout ? unseal(key, epoch, pendingLogout).then(recordsOf, () => [UNREADABLE]) : [],
    ]);
    return { epoch, contents, pendingLogouts, version: String(sealed?.iv ?? '') };
  }

  /**
   * Forgets everything, the key too, and begins a new epoch.
   * @param {string} epoch
   * @param {LogoutRecord[]} pendingLogouts sealed like everything else: they hold tokens
   * @throws if it is not forgotten
   */
  async begin(epoch, pendingLogouts) {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]);
    const sealed = pendingLogouts.length > 0 && (await seal(key, epoch, bytesOf(pendingLogouts)));
    try {
      const database = await this.#open();
      // On the disk, not only in the system's memory, when this resolves.
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
      const { store } = transaction;
      const writes = [store.clear(), store.put(epoch, 'epoch'), store.put(key, 'key')];
      if (sealed) writes.push(store.put(sealed, 'pendingLogout'));
      await Promise.all([...writes, transaction.done]);
    } catch {
      await this.destroy();
    }
  }

  /**
   * Replaces what is kept, if this epoch is still the one on disk.
   * @param {string} epoch
   * @param {Uint8Array<ArrayBuffer>} contents
   */
  async write(epoch, contents) {
    const database = await this.#open();
    const key = await database.get(STORE, 'key');
    if (key === undefined) return;
    const sealed = await seal(key, contentsIn(epoch), contents);
    await this.#inEpoch(epoch, (store) => store.put(sealed, 'sealed'));
  }

  /**
   * Drops what is kept, if this epoch is still the one on disk.
   * @param {string} epoch
   */
  drop(epoch) {
    return this.#inEpoch(epoch, (store) => store.delete('sealed'));
  }

  /** Drops what is kept, whatever epoch it is of. */
  async dropAny() {
    const database = await this.#open();
    await database.delete(STORE, 'sealed');
  }

  /** Deletes the database: for where nothing else works. */
  async destroy() {
    const database = await this.#database?.catch(() => null);
    database?.close();
    this.#database = null;
    await deleteDB(this.#name);
  }

  /**
   * @param {string} epoch
   * @param {(store: any) => Promise<unknown>} change
   */
  async #inEpoch(epoch, change) {
    const database = await this.#open();
    const transaction = database.transaction(STORE, 'readwrite');
    const isCurrent = (await transaction.store.get('epoch')) === epoch;
    await Promise.all([isCurrent ? change(transaction.store) : null, transaction.done]);
  }

  #open() {
    this.#database ??= openDB(this.#name, 1, {
      upgrade: (database) => void database.createObjectStore(STORE),
      // Another worker, or the user, wants it gone.
      blocking: (_old, _new, event) => /** @type {any} */ (event.target).close(),
      terminated: () => {
        this.#database = null;
      },
    });
    this.#database.catch(() => {
      this.#database = null;
    });
    return this.#database;
  }
}

/** That somebody has signed out is not undone by a record that cannot be read. @type {LogoutRecord} */
const UNREADABLE = { authorization: null, isForApi: false, isOtherPath: false };

/** What contents are sealed for: this form of them, in an epoch. @param {string} epoch */
const contentsIn = (epoch) => `${epoch} 2`;

/** @param {LogoutRecord[]} records */
function bytesOf(records) {
  return new TextEncoder().encode(JSON.stringify(records));
}

/** @param {Uint8Array} bytes @returns {LogoutRecord[]} */
function recordsOf(bytes) {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/**
 * @param {CryptoKey} key
 * @param {string} purpose it is unsealed for this one alone
 * @param {Uint8Array<ArrayBuffer>} contents
 */
async function seal(key, purpose, contents) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(parameters(iv, purpose), key, contents);
  return { iv, data };
}

/**
 * @param {CryptoKey} key
 * @param {string} purpose
 * @param {{ iv: Uint8Array<ArrayBuffer>, data: ArrayBuffer }} sealed
 */
async function unseal(key, purpose, { iv, data }) {
  return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, purpose), key, data));
}

/**
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {string} purpose
 */
function parameters(iv, purpose) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(purpose) };
}
