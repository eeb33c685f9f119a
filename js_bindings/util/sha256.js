// SHA-256, HMAC and HKDF (FIPS 180-4, RFC 2104, RFC 5869) that answer at once: what WebCrypto answers later is too late
// where a cache is made, and costs more than it saves for the hundred bytes of a credential. A library does the work.
// It must not know what is hashed.
import { hkdf as derive, sha256 as digest, hmac } from '../dist/hashes.js';

export const DIGEST_BYTES = 32;

const encoder = new TextEncoder();

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function sha256(bytes) {
  return new Uint8Array(digest(bytes));
}

/** A key of HMAC, made ready once. */
export class HmacKey {
  #start;

  /** @param {Uint8Array} key */
  constructor(key) {
    this.#start = hmac.create(digest, key);
  }

  /**
   * @param {Uint8Array} message
   * @returns {Uint8Array<ArrayBuffer>}
   */
  sign(message) {
    return new Uint8Array(this.#start.clone().update(message).digest());
  }
}

/**
 * HKDF.
 * @param {Uint8Array} input
 * @param {Uint8Array} salt
 * @param {string} label
 * @param {number} [length] in bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function hkdf(input, salt, label, length = DIGEST_BYTES) {
  return new Uint8Array(derive(digest, input, salt, encoder.encode(label), length));
}

/**
 * Whether two are the same, in a time that does not depend on where they differ.
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
export function areSame(a, b) {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a[i] ^ b[i];
  return difference === 0;
}
