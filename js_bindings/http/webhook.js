// The webhook through which the origin ends or invalidates sessions (SPEC R23). Knows whether a message
// is the origin's; what it says is carried out elsewhere.
//
// A message is `POST`ed with the header `Sesame-Signature: t=SECONDS,v1=HEX`, where HEX is the
// HMAC-SHA256 of `SECONDS.BODY` under the shared secret (RFC 2104), and the body is JSON:
// `{ "action": "revoke" | "invalidate", "user": "…" }`, or `{ "action": "revokeOthers", "user": "…", "keep": "HANDLE" }`
// (rule R27). Or it is signed as Standard Webhooks
// (https://www.standardwebhooks.com) says: `webhook-id`, `webhook-timestamp` and `webhook-signature`, which has the
// HMAC-SHA256 of `ID.SECONDS.BODY` in base64; the same is then in the body, or in its `data`. A user whose identifier
// is a number above 2^53 is named by a string of its digits.

import { bytesOfBase64 } from '../util/base64.js';
import { joined } from '../util/bytes.js';
import { isHandle } from '../util/device-handle.js';
import { fromHex, toHex } from '../util/hex.js';
import { sha256 } from '../util/sha256.js';
import { isUserId } from '../util/user-id.js';
import { SeenMessages } from './seen-messages.js';

/** How old a message may be, and how far its clock may be ahead. */
const MAX_AGE_MS = 5 * 60_000;
/** From when it comes a message can be used again for as long as its own time allows, twice that at the most. */
export const KEEP_MS = 2 * MAX_AGE_MS;
const MAX_SEEN = 10_000;

export const ALREADY_USED = Object.freeze({ status: 409, error: 'signature_already_used' });
/** What becomes of a message that came before, or for which there is no room. */
const REFUSALS = Object.freeze({
  used: ALREADY_USED,
  'under way': Object.freeze({ status: 503, error: 'message_under_way' }), // it may fail
  full: Object.freeze({ status: 503, error: 'too_many_messages' }),
});

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

const SIGNATURE = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/** Whether a header has the form of a signature. @param {string | null} value */
export function isSignature(value) {
  return SIGNATURE.test(value ?? '');
}

/** An identifier has no dot: one stands behind it in what is signed. */
const ID = /^[\w:-]{1,256}$/;
const SECONDS = /^\d{1,12}$/;
/** Of version 1, each is one HMAC; there are several while a secret is changed. */
const STANDARD_SIGNATURE = /^v1,([A-Za-z0-9+/]{43}=)$/;
const MAX_SIGNATURES = 8;

/** Senders name the headers after the standard, or after Svix, which it comes from. */
const PREFIXES = ['webhook', 'svix'];

/** What stands before a secret that is bytes in base64. */
const SECRET_PREFIX = 'whsec_';

/**
 * What a message says of itself by Standard Webhooks.
 * @typedef {{ id: string, seconds: string, macs: string[] }} StandardHeaders
 */

/**
 * @param {Headers} headers
 * @returns {StandardHeaders | null} null: they have not the form of a signature
 */
export function standardHeaders(headers) {
  for (const prefix of PREFIXES) {
    const [id, seconds, signature] = ['id', 'timestamp', 'signature'].map(
      (name) => headers.get(`${prefix}-${name}`) ?? '',
    );
    const list = signature.split(' ');
    const macs = list.flatMap((each) => STANDARD_SIGNATURE.exec(each)?.[1] ?? []);
    const isWhole = ID.test(id) && SECONDS.test(seconds) && macs.length > 0;
    if (isWhole && list.length <= MAX_SIGNATURES) return { id, seconds, macs };
  }
  return null;
}

/**
 * @typedef {{ action: 'revoke' | 'invalidate', user: string | number, keep?: undefined }
 *   | { action: 'revokeOthers', user: string | number, keep: string }} WebhookMessage
 * @typedef {{ message: WebhookMessage, digest: string } | { status: number, error: string }} WebhookResult
 */

export class WebhookVerifier {
  #seen = new SeenMessages(MAX_SEEN);
  /** @type {Promise<CryptoKey> | undefined} */
  #key;
  /** @type {Promise<CryptoKey> | undefined} */
  #standardKey;

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
    return this.#take(parts[2], parts[1], body, now);
  }

  /**
   * The same, of a message by Standard Webhooks. Its name is its identifier, which it keeps when it is sent again.
   * @param {StandardHeaders} headers
   * @param {Uint8Array<ArrayBuffer>} body
   * @param {number} now
   * @returns {Promise<WebhookResult>}
   */
  async verifyStandard({ id, seconds, macs }, body, now) {
    this.#standardKey ??= hmacKey(standardSecret(this.secret));
    const key = await this.#standardKey;
    const signed = joined([encoder.encode(`${id}.${seconds}.`), body]);
    const verdicts = await Promise.all(
      macs.map((mac) => {
        const bytes = bytesOfBase64(mac) ?? new Uint8Array();
        return crypto.subtle.verify('HMAC', key, bytes, signed);
      }),
    );
    if (!verdicts.includes(true)) return { status: 401, error: 'bad_signature' };
    return this.#take(toHex(sha256(encoder.encode(`webhook-id ${id}`))), seconds, body, now);
  }

  /**
   * @param {string} name of a message that is the origin's
   * @param {string} seconds when it was signed
   * @param {Uint8Array} body
   * @param {number} now
   * @returns {WebhookResult}
   */
  #take(name, seconds, body, now) {
    if (Math.abs(now - Number(seconds) * 1000) > MAX_AGE_MS) {
      return { status: 401, error: 'signature_too_old' };
    }
    const before = this.#seen.begin(name, now, now + KEEP_MS);
    if (before !== null) return REFUSALS[before];
    const message = parseMessage(body);
    if (message !== null) return { message, digest: name };
    this.#seen.finish(name, true); // it says nothing, however often it comes
    return { status: 400, error: 'bad_message' };
  }

  /**
   * A message that was verified has been carried out, or has failed: then its sender may repeat it (R23).
   * @param {string} digest
   * @param {boolean} isUsed
   */
  finish(digest, isUsed) {
    this.#seen.finish(digest, isUsed);
  }

  /**
   * @param {string} seconds
   * @param {string} hex
   * @param {Uint8Array<ArrayBuffer>} body
   */
  async #isSigned(seconds, hex, body) {
    this.#key ??= hmacKey(encoder.encode(this.secret));
    const signed = joined([encoder.encode(`${seconds}.`), body]);
    // Compares in constant time.
    return crypto.subtle.verify('HMAC', await this.#key, fromHex(hex), signed);
  }
}

/** @param {Uint8Array<ArrayBuffer>} secret */
function hmacKey(secret) {
  return crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, [
    'verify',
  ]);
}

/** The bytes that a secret stands for in Standard Webhooks. @param {string} secret */
function standardSecret(secret) {
  const isPrefixed = secret.startsWith(SECRET_PREFIX);
  const bytes = isPrefixed ? bytesOfBase64(secret.slice(SECRET_PREFIX.length)) : null;
  return bytes ?? encoder.encode(secret);
}

/**
 * @param {Uint8Array} body
 * @returns {WebhookMessage | null}
 */
function parseMessage(body) {
  try {
    const whole = JSON.parse(decoder.decode(body));
    const { action, user, keep } = whole.action === undefined ? whole.data : whole;
    if (!isUserId(user)) return null;
    if (action === 'revokeOthers') return isHandle(keep) ? { action, user, keep } : null;
    return action === 'revoke' || action === 'invalidate' ? { action, user } : null;
  } catch {
    return null;
  }
}
