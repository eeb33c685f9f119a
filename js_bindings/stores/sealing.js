// What a shared store gets to see of a session (SPEC R2): a name that is a hash of its credential, and a
// value that only the credential opens. WebCrypto does the work, on every host.
// - name: SHA-256 over the length-prefixed tenant, kind and credential
// - key: HKDF (RFC 5869) with SHA-256 of the same bytes, under a label of its own
// - value: a version, 96 random bits, AES-256-GCM; the name is authenticated with it, so that no value can be
//   moved to another session
import { toHex } from '../util/hex.js';

const VERSION = 1;
const NONCE_BYTES = 12;
const LABEL = new TextEncoder().encode('sesame store value 1');
const NO_SALT = new Uint8Array();

const encoder = new TextEncoder();

/** @typedef {{ tenant: string, kind: string, credential: string }} CredentialParts */

/**
 * The name of a session.
 * @param {CredentialParts} parts
 */
export async function nameOf(parts) {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', inputOf(parts))));
}

/**
 * @param {CredentialParts} parts
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues
 */
export async function seal(parts, bytes, getRandomValues) {
  const nonce = new Uint8Array(NONCE_BYTES);
  getRandomValues(nonce);
  const sealed = await crypto.subtle.encrypt(
    await algorithm(parts, nonce),
    await keyOf(parts),
    bytes,
  );
  const value = new Uint8Array(1 + NONCE_BYTES + sealed.byteLength);
  value[0] = VERSION;
  value.set(nonce, 1);
  value.set(new Uint8Array(sealed), 1 + NONCE_BYTES);
  return value;
}

/**
 * @param {CredentialParts} parts
 * @param {Uint8Array<ArrayBuffer>} value
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is not of this session, or has been altered
 */
export async function open(parts, value) {
  if (value[0] !== VERSION) return null;
  const nonce = value.slice(1, 1 + NONCE_BYTES);
  try {
    const given = await algorithm(parts, nonce);
    const sealed = value.slice(1 + NONCE_BYTES);
    return new Uint8Array(await crypto.subtle.decrypt(given, await keyOf(parts), sealed));
  } catch {
    return null;
  }
}

/**
 * @param {CredentialParts} parts
 * @param {Uint8Array<ArrayBuffer>} iv
 */
async function algorithm(parts, iv) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(await nameOf(parts)) };
}

/** @param {CredentialParts} parts */
async function keyOf(parts) {
  const input = await crypto.subtle.importKey('raw', inputOf(parts), 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: NO_SALT, info: LABEL },
    input,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  );
}

/** @param {CredentialParts} parts */
function inputOf({ tenant, kind, credential }) {
  const fields = [tenant, kind, credential].map((field) => encoder.encode(field));
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    view.setUint32(at, field.length);
    bytes.set(field, at + 4);
    at += 4 + field.length;
  }
  return bytes;
}
