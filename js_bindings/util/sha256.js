// SHA-256, HMAC and HKDF (FIPS 180-4, RFC 2104, RFC 5869) that answer at once: what WebCrypto answers later is too late
// where a cache is made, and costs more than it saves for the hundred bytes of a credential.
// It must not know what is hashed. Invariant: no table is indexed by a secret, and no branch depends on one.
import { joined } from './bytes.js';

export const DIGEST_BYTES = 32;
const BLOCK_BYTES = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const K = new Uint32Array(64);
/** The same of the square roots of the first eight. */
const INITIAL = new Uint32Array(8);

for (let candidate = 2, found = 0; found < 64; candidate += 1) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) {
    if (candidate % divisor === 0) isPrime = false;
  }
  if (!isPrime) continue;
  if (found < 8) INITIAL[found] = fractionOf(candidate ** (1 / 2));
  K[found] = fractionOf(candidate ** (1 / 3));
  found += 1;
}

/** @param {number} root */
function fractionOf(root) {
  return (root - Math.floor(root)) * 2 ** 32;
}

const words = new Uint32Array(64);

/**
 * @param {Uint32Array} state changed
 * @param {DataView} view
 * @param {number} offset
 */
function compress(state, view, offset) {
  for (let i = 0; i < 16; i += 1) words[i] = view.getUint32(offset + 4 * i);
  for (let i = 16; i < 64; i += 1) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let a = state[0]; // not by destructuring, which takes an iterator
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const first = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function sha256(bytes) {
  return digestFrom(INITIAL, 0, bytes);
}

/**
 * @param {Uint32Array} start the state after `before` bytes, whole blocks
 * @param {number} before
 * @param {Uint8Array} bytes what follows
 */
function digestFrom(start, before, bytes) {
  const state = start.slice();
  const rest = bytes.length % BLOCK_BYTES;
  const whole = bytes.length - rest;
  if (whole > 0) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < whole; at += BLOCK_BYTES) compress(state, view, at);
  }
  const tail = new Uint8Array(rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  tail.set(bytes.subarray(whole));
  tail[rest] = 0x80;
  const tailView = new DataView(tail.buffer);
  const length = before + bytes.length;
  tailView.setUint32(tail.length - 8, Math.floor(length / 2 ** 29));
  tailView.setUint32(tail.length - 4, (length << 3) >>> 0);
  for (let at = 0; at < tail.length; at += BLOCK_BYTES) compress(state, tailView, at);
  const digest = new Uint8Array(DIGEST_BYTES);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < 8; i += 1) out.setUint32(4 * i, state[i]);
  return digest;
}

/** A key of HMAC, made ready once. */
export class HmacKey {
  #inner;
  #outer;

  /** @param {Uint8Array} key */
  constructor(key) {
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
    this.#inner = stateAfter(block, 0x36);
    this.#outer = stateAfter(block, 0x5c);
  }

  /** @param {Uint8Array} message */
  sign(message) {
    return digestFrom(this.#outer, BLOCK_BYTES, digestFrom(this.#inner, BLOCK_BYTES, message));
  }
}

/**
 * @param {Uint8Array} block
 * @param {number} mask
 */
function stateAfter(block, mask) {
  const state = INITIAL.slice();
  compress(state, new DataView(block.map((byte) => byte ^ mask).buffer), 0);
  return state;
}

/**
 * @param {Uint8Array} key
 * @param {Uint8Array} message
 */
export function hmac(key, message) {
  return new HmacKey(key).sign(message);
}

/**
 * HKDF of at most one digest.
 * @param {Uint8Array} input
 * @param {Uint8Array} salt
 * @param {string} label
 * @param {number} [length] in bytes
 */
export function hkdf(input, salt, label, length = DIGEST_BYTES) {
  const info = new TextEncoder().encode(label);
  return hmac(hmac(salt, input), joined([info, Uint8Array.of(1)])).slice(0, length);
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
