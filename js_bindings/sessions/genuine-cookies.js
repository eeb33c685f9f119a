// Session cookies that a node recognises by itself (SPEC R21): format, key id, time of birth, 256 random bits, and a MAC
// under the secret, in base64url. A made-up one costs no look-up, in the store or at the origin.
// It must not know whether a session is held. Invariant: nothing of a cookie counts before its MAC has been compared, in a
// time that does not depend on where it differs.

import { bytesOfBase64url } from '../util/base64.js';
import { joined } from '../util/bytes.js';
import { fromHex, toHex } from '../util/hex.js';
import { FORMAT, KEY_ID_BYTES } from '../util/key-ring.js';
import { areSame } from '../util/sha256.js';

const BIRTH_BYTES = 6;
const RANDOM_BYTES = 32;
const MAC_BYTES = 16;
const BIRTH_AT = 1 + KEY_ID_BYTES;
const MAC_AT = BIRTH_AT + BIRTH_BYTES + RANDOM_BYTES;
/** Each digit has six bits, and all of them count: there is one spelling of a cookie. */
const DIGITS = ((MAC_AT + MAC_BYTES) * 4) / 3;
const FORM = new RegExp(`^[A-Za-z0-9_-]{${DIGITS}}$`);

/** How far the clocks of two nodes may be apart. */
const SKEW_MS = 60_000;

export class GenuineCookies {
  #ring;
  #expiresIn;

  /**
   * @param {import('../util/key-ring.js').KeyRing} ring
   * @param {number} expiresIn how long a session may live, in milliseconds
   */
  constructor(ring, expiresIn) {
    this.#ring = ring;
    this.#expiresIn = expiresIn;
  }

  /**
   * @param {number} bornAtMs
   * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues
   */
  make(bornAtMs, getRandomValues) {
    const birth = new Uint8Array(8);
    new DataView(birth.buffer).setBigUint64(0, BigInt(Math.floor(bornAtMs)));
    const { id, cookie } = this.#ring.first;
    const random = getRandomValues(new Uint8Array(RANDOM_BYTES));
    const signed = joined([Uint8Array.of(FORMAT), fromHex(id), birth.subarray(2), random]);
    const mac = cookie.sign(signed).subarray(0, MAC_BYTES);
    const binary = String.fromCharCode(...signed, ...mac);
    return btoa(binary).replaceAll('+', '-').replaceAll('/', '_');
  }

  /**
   * When the session of a cookie began: a birth in the future counts as now.
   * @param {string} value
   * @param {number} now on the clock that births are on
   * @returns {number | null} null: this is no cookie of these secrets, or one whose session is over
   */
  birthOf(value, now) {
    if (!FORM.test(value)) return null;
    const bytes = bytesOfBase64url(value);
    if (bytes?.[0] !== FORMAT) return null;
    const keys = this.#ring.find(toHex(bytes.subarray(1, BIRTH_AT)));
    if (keys === undefined) return null;
    const mac = keys.cookie.sign(bytes.subarray(0, MAC_AT)).subarray(0, MAC_BYTES);
    if (!areSame(mac, bytes.subarray(MAC_AT))) return null;
    const birth = new DataView(joined([new Uint8Array(2), bytes.subarray(BIRTH_AT)]).buffer);
    const bornAtMs = Number(birth.getBigUint64(0));
    if (now - bornAtMs >= this.#expiresIn + SKEW_MS) return null;
    return Math.min(bornAtMs, now);
  }
}
