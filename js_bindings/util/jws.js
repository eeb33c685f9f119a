// A signed message in its compact form (JWS, RFC 7515): taken apart, and its signature verified by the host's Web Crypto.
// It must not know what a message means, nor whose a key is.
// Invariants: the algorithms are a closed list of asymmetric ones, and each says what its key must be: what is signed with
// a secret, or not at all, is never verified, and no key is used with an algorithm that it was not made for.
import { bytesOfBase64url, textOfBase64url } from './base64.js';
import { isRecord } from './is-record.js';

/** @typedef {{ name: string, hash?: string, namedCurve?: string, saltLength?: number }} Parameters */

/**
 * By the name of `alg` (RFC 7518 section 3.1, RFC 8037, RFC 9864).
 * @type {Record<string, { kty: string, crv?: string, parameters: Parameters }>}
 */
const ALGORITHMS = Object.freeze({
  ...forHashes((bits) => ['RS', { kty: 'RSA', parameters: rsa('RSASSA-PKCS1-v1_5', bits) }]),
  ...forHashes((bits) => [
    'PS',
    { kty: 'RSA', parameters: { ...rsa('RSA-PSS', bits), saltLength: bits / 8 } },
  ]),
  ES256: ecdsa('P-256', 256),
  ES384: ecdsa('P-384', 384),
  ES512: ecdsa('P-521', 512),
  EdDSA: { kty: 'OKP', crv: 'Ed25519', parameters: { name: 'Ed25519' } },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', parameters: { name: 'Ed25519' } },
});

/** The names of the algorithms. */
export const JWS_ALGORITHMS = Object.freeze(Object.keys(ALGORITHMS));

/** A shorter modulus is no protection any more (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2048;

/**
 * A message taken apart. Nothing of it is true before its signature is verified.
 * @typedef {object} Jws
 * @property {Record<string, unknown>} header
 * @property {Record<string, unknown>} payload
 * @property {Uint8Array<ArrayBuffer>} signed
 * @property {Uint8Array<ArrayBuffer>} signature
 */

/** @param {(bits: number) => [string, { kty: string, parameters: Parameters }]} of */
function forHashes(of) {
  return Object.fromEntries([256, 384, 512].map((bits) => [of(bits)[0] + bits, of(bits)[1]]));
}

/** @param {string} name @param {number} bits */
function rsa(name, bits) {
  return { name, hash: `SHA-${bits}` };
}

/** @param {string} crv @param {number} bits */
function ecdsa(crv, bits) {
  return { kty: 'EC', crv, parameters: { name: 'ECDSA', namedCurve: crv, hash: `SHA-${bits}` } };
}

/** @param {string | null} text @returns {any} undefined: it is no JSON */
export function jsonOf(text) {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/**
 * @param {string} token
 * @returns {Jws | null} null: it is none, or its payload is no JSON object
 */
export function parseJws(token) {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  const [header, payload] = parts.slice(0, 2).map((part) => jsonOf(textOfBase64url(part)));
  const signature = bytesOfBase64url(parts[2]);
  if (!isRecord(header) || !isRecord(payload) || signature === null) return null;
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  return { header, payload, signed, signature };
}

/**
 * Whether a key may have signed a message, by what both say of themselves.
 * @param {Record<string, unknown>} header
 * @param {unknown} key a JSON Web Key
 * @returns {key is JsonWebKey & { kid?: string }}
 */
export function mayHaveSigned({ alg, kid }, key) {
  const wanted = algorithmOf(alg);
  if (wanted === null || !isRecord(key)) return false;
  const { use = 'sig', key_ops: uses = ['verify'] } = key;
  return (
    key.kty === wanted.kty &&
    (wanted.crv === undefined || key.crv === wanted.crv) &&
    (key.alg === undefined || key.alg === alg) &&
    (kid === undefined || key.kid === kid) &&
    use === 'sig' &&
    Array.isArray(uses) &&
    uses.includes('verify')
  );
}

/** @param {unknown} alg */
function algorithmOf(alg) {
  const isKnown = typeof alg === 'string' && Object.hasOwn(ALGORITHMS, alg);
  return isKnown ? ALGORITHMS[alg] : null;
}

/**
 * Whether a key has signed a message. Never rejects.
 * @param {Jws} jws
 * @param {JsonWebKey} key one that may have
 */
export async function hasSigned({ header, signed, signature }, key) {
  const { alg } = header;
  const algorithm = algorithmOf(alg);
  if (algorithm === null || !mayHaveSigned(header, key)) return false;
  try {
    const imported = await importedKey(key, /** @type {string} */ (alg), algorithm.parameters);
    if (imported === null) return false;
    return await crypto.subtle.verify(algorithm.parameters, imported, signature, signed);
  } catch {
    return false;
  }
}

/**
 * Keys as the host has them, by what they were made of and for what: to make one takes longer than to verify with it.
 * @type {WeakMap<JsonWebKey, Map<string, CryptoKey>>}
 */
const imported = new WeakMap();

/**
 * @param {JsonWebKey} key
 * @param {string} alg
 * @param {Parameters} parameters
 * @returns {Promise<CryptoKey | null>} null: it is too short
 */
async function importedKey(key, alg, parameters) {
  const made = imported.get(key) ?? new Map();
  const known = made.get(alg);
  if (known !== undefined) return known;
  const { kty, n, e, crv, x, y } = key;
  if (kty === 'RSA' && bitsOf(n ?? '') < MIN_RSA_BITS) return null;
  // Public members alone: what else it says was looked at before.
  const bare = JSON.parse(JSON.stringify({ kty, n, e, crv, x, y }));
  const found = await crypto.subtle.importKey('jwk', bare, parameters, false, ['verify']);
  imported.set(key, made.set(alg, found));
  return found;
}

/** @param {string} modulus in base64url */
function bitsOf(modulus) {
  return (bytesOfBase64url(modulus)?.length ?? 0) * 8;
}
