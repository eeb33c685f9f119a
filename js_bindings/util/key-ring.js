// The keys of a cache, all derived from its secrets (SPEC R2): HKDF-SHA-256, one label for each purpose, so that no key
// says anything of another. The first secret writes, all are read; a key id says which secret something was made under.
// It must not know what the keys are used for. Invariant: a secret itself is kept nowhere.
import { fromHex, toHex } from './hex.js';
import { HmacKey, hkdf } from './sha256.js';

/** The format of everything that is made under these keys. Another one is not read. */
export const FORMAT = 2;

const SALT = new TextEncoder().encode(`sesame ${FORMAT}`);

export const KEY_ID_BYTES = 8;
export const CORE_KEY_BYTES = 16;

/** What finds what was ended under a secret, and opens nothing. */
export class NamingKeys {
  /**
   * @param {string} id of the key, in hexadecimal
   * @param {Uint8Array} core what the core hashes credentials and users under
   * @param {Uint8Array} name what names of records are made under
   */
  constructor(id, core, name) {
    this.id = id;
    this.core = core;
    this.name = new HmacKey(name);
    /** As it is kept, sealed, for when the secret is not given any more. */
    this.text = `${id}.${toHex(core)}.${toHex(name)}`;
  }

  /**
   * @param {unknown} text
   * @returns {NamingKeys | null} null: it is none
   */
  static from(text) {
    const parts = /^([0-9a-f]{16})\.([0-9a-f]{32})\.([0-9a-f]{64})$/.exec(`${text}`);
    return parts && new NamingKeys(parts[1], fromHex(parts[2]), fromHex(parts[3]));
  }
}

/** All that is derived from one secret. */
export class SecretKeys extends NamingKeys {
  /** @param {Uint8Array} secret */
  constructor(secret) {
    const derive = (/** @type {string} */ purpose, length = 32) =>
      hkdf(secret, SALT, `sesame ${purpose} ${FORMAT}`, length);
    super(
      toHex(derive('key id', KEY_ID_BYTES)),
      derive('core hash', CORE_KEY_BYTES),
      derive('store name'),
    );
    /** What values' keys are expanded from, together with the credential. */
    this.value = new HmacKey(derive('store value'));
    /** What makes a session cookie genuine. */
    this.cookie = new HmacKey(derive('cookie'));
    /** What handles of sessions are made under (rule R27). */
    this.device = new HmacKey(derive('device handle'));
  }
}

export class KeyRing {
  /** The first writes. @type {SecretKeys[]} */
  all;

  /** @param {readonly Uint8Array[]} secrets at least one */
  constructor(secrets) {
    this.all = secrets.map((secret) => new SecretKeys(secret));
  }

  get first() {
    return this.all[0];
  }

  /** @param {string} id in hexadecimal */
  find(id) {
    return this.all.find((keys) => keys.id === id);
  }
}
