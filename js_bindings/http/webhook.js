// The webhook through which the origin ends or invalidates sessions (SPEC R23). Knows whether a message
// is the origin's; what it says is carried out elsewhere.
//
// A message is `POST`ed with the header `Sesame-Signature: t=SECONDS,v1=HEX`, where HEX is the
// HMAC-SHA256 of `SECONDS.BODY` under the shared secret (RFC 2104), and the body is JSON:
// `{ "action": "revoke" | "invalidate", "user": "…" }`. A user whose identifier is a number above 2^53 is named
// by a string of its digits.
import { joined } from '../util/bytes.js';
import { fromHex } from '../util/hex.js';
import { isUserId } from '../util/user-id.js';

/** How old a message may be, and how far its clock may be ahead. */
const MAX_AGE_MS = 5 * 60_000;

export const ALREADY_USED = Object.freeze({ status: 409, error: 'signature_already_used' });
/** Another request carries it out at this moment, and may fail. */
const UNDER_WAY = Object.freeze({ status: 503, error: 'message_under_way' });

/** Signatures seen are kept for as long as they could be used again; beyond this many, none is taken. */
const MAX_SEEN = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** Whether a header has the form of a signature. @param {string | null} value */
export function isSignature(value) {
  return SIGNATURE.test(value ?? '');
}

/**
 * @typedef {{ action: 'revoke' | 'invalidate', user: string | number }} WebhookMessage
 * @typedef {{ message: WebhookMessage, digest: string } | { status: number, error: string }} WebhookResult
 */

export class WebhookVerifier {
  /** @type {Map<string, { until: number, isUsed: boolean }>} */
  #seen = new Map();
  /** @type {Promise<CryptoKey> | undefined} */
  #key;

  /** @param {string} secret */
  constructor(secret) {
    this.secret = secret;
  }

  /**
   * @param {string | null} signature the header's value
   * @param {Uint8Array<ArrayBuffer>} body
   * @param {number} now
   * @returns {Promise<WebhookResult>}
   */
  async verify(signature, body, now) {
    const parts = SIGNATURE.exec(signature ?? '');
    if (!parts || !(await this.#isSigned(parts[1], parts[2], body))) {
      return { status: 401, error: 'bad_signature' };
    }
    if (Math.abs(now - Number(parts[1]) * 1000) > MAX_AGE_MS) {
      return { status: 401, error: 'signature_too_old' };
    }
    this.#forgetOld(now);
    const seen = this.#seen.get(parts[2]);
    if (seen) return seen.isUsed ? ALREADY_USED : UNDER_WAY;
    if (this.#seen.size >= MAX_SEEN) return { status: 503, error: 'too_many_messages' };
    // From `now` it can be used for as long as its own time allows, twice that at the most.
    const message = parseMessage(body);
    this.#seen.set(parts[2], { until: now + 2 * MAX_AGE_MS, isUsed: message === null });
    return message ? { message, digest: parts[2] } : { status: 400, error: 'bad_message' };
  }

  /**
   * A message that was verified has been carried out, or has failed: then its sender may repeat it (R23).
   * @param {string} digest
   * @param {boolean} isUsed
   */
  finish(digest, isUsed) {
    const seen = this.#seen.get(digest);
    if (!isUsed) this.#seen.delete(digest);
    else if (seen) seen.isUsed = true;
  }

  /**
   * @param {string} seconds
   * @param {string} hex
   * @param {Uint8Array<ArrayBuffer>} body
   */
  async #isSigned(seconds, hex, body) {
    this.#key ??= crypto.subtle.importKey(
      'raw',
      encoder.encode(this.secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    );
    const signed = joined([encoder.encode(`${seconds}.`), body]);
    // Compares in constant time.
    return crypto.subtle.verify('HMAC', await this.#key, fromHex(hex), signed);
  }

  /** @param {number} now */
  #forgetOld(now) {
    for (const [signature, { until }] of this.#seen) {
      if (now < until) return; // in the order in which they came
      this.#seen.delete(signature);
    }
  }
}

/**
 * @param {Uint8Array} body
 * @returns {WebhookMessage | null}
 */
function parseMessage(body) {
  try {
    const { action, user } = JSON.parse(decoder.decode(body));
    const isKnown = action === 'revoke' || action === 'invalidate';
    return isKnown && isUserId(user) ? { action, user } : null;
  } catch {
    return null;
  }
}
