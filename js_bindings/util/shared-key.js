// A secret that an application shares with whoever signs its tokens (HMAC, RFC 7518 section 3.2). It must not know what a
// token says.
// Invariant: with a secret nothing else is verified: no public key is ever taken for one.

/** By the name of `alg`: the hash, and the least length of a secret in bytes (RFC 7518 section 3.2). */
const HASHES = Object.freeze({
  HS256: { hash: 'SHA-256', bytes: 32 },
  HS384: { hash: 'SHA-384', bytes: 48 },
  HS512: { hash: 'SHA-512', bytes: 64 },
});

/** @typedef {keyof typeof HASHES} SharedAlgorithm */

/** The algorithms for which a secret is long enough. @param {Uint8Array} secret */
export function algorithmsFor(secret) {
  return Object.entries(HASHES).flatMap(([name, { bytes }]) =>
    secret.length >= bytes ? [name] : [],
  );
}

export class SharedKey {
  #secret;
  #algorithms;
  /** @type {Map<string, CryptoKey>} */
  #made = new Map();

  /** @param {Uint8Array<ArrayBuffer>} secret @param {readonly string[]} algorithms */
  constructor(secret, algorithms) {
    this.#secret = secret;
    this.#algorithms = algorithms;
  }

  /**
   * Whether a token was signed with the secret. Never rejects.
   * @param {import('./jws.js').Jws} jws
   * @returns {Promise<'signed' | 'not-signed'>}
   */
  async verify({ header: { alg }, signature, signed }) {
    const name = /** @type {SharedAlgorithm} */ (alg);
    if (!this.#algorithms.includes(name) || !Object.hasOwn(HASHES, name)) return 'not-signed';
    const known = this.#made.get(name);
    const key = known ?? (await this.#make(name));
    const isSigned = await crypto.subtle.verify('HMAC', key, signature, signed).catch(() => false);
    return isSigned ? 'signed' : 'not-signed';
  }

  /** @param {SharedAlgorithm} name */
  async #make(name) {
    const { hash } = HASHES[name];
    const how = { name: 'HMAC', hash };
    const key = await crypto.subtle.importKey('raw', this.#secret, how, false, ['verify']);
    this.#made.set(name, key);
    return key;
  }
}
