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
/** @typedef {{ epoch: string, contents: Uint8Array | null, pendingLogouts: LogoutRecord[] }} Kept */

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
    const contents = sealed ? await unseal(key, epoch, sealed).catch(() => null) : null;
    const pendingLogouts = pendingLogout
      ? await unseal(key, epoch, pendingLogout).then(recordsOf, () => [UNREADABLE])
      : [];
    return { epoch, contents, pendingLogouts };
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
    const sealed = await seal(key, epoch, contents);
    await this.#inEpoch(epoch, (store) => store.put(sealed, 'sealed'));
  }

  /**
   * Drops what is kept, if this epoch is still the one on disk.
   * @param {string} epoch
   */
  drop(epoch) {
    return this.#inEpoch(epoch, (store) => store.delete('sealed'));
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
 * @param {string} epoch
 * @param {Uint8Array<ArrayBuffer>} contents
 */
async function seal(key, epoch, contents) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt(parameters(iv, epoch), key, contents);
  return { iv, data };
}

/**
 * @param {CryptoKey} key
 * @param {string} epoch
 * @param {{ iv: Uint8Array<ArrayBuffer>, data: ArrayBuffer }} sealed
 */
async function unseal(key, epoch, { iv, data }) {
  return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, epoch), key, data));
}

/**
 * @param {Uint8Array<ArrayBuffer>} iv
 * @param {string} epoch
 */
function parameters(iv, epoch) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(epoch) };
}
