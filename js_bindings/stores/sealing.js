// What a shared store gets to see of a session (SPEC R2): a name that says nothing of its credential, and a value that
// opens to nobody without both the nodes' secret and the credential.
// - input: length-prefixed tenant, kind, name of the cookie, and credential
// - name: HMAC-SHA-256 of it, under a key of the secret
// - key: HKDF-Expand (RFC 5869) with the input as what it is for, from another key of the secret
// - value: a format number, the key id, 96 random bits, AES-256-GCM; all before the sealed bytes, and the name, are
//   authenticated with them, so that no value can be moved to another session
// Invariant: nothing that decides about a session is outside of the sealed bytes.

import { joined } from '../util/bytes.js';
import { fromHex, toHex } from '../util/hex.js';
import { FORMAT, KEY_ID_BYTES } from '../util/key-ring.js';

const NONCE_BYTES = 12;
const HEAD_BYTES = 1 + KEY_ID_BYTES;

const encoder = new TextEncoder();

/**
 * @typedef {import('../util/key-ring.js').NamingKeys} NamingKeys
 * @typedef {import('../util/key-ring.js').SecretKeys} SecretKeys
 */

/**
 * What a name stands for.
 * @typedef {object} CredentialParts
 * @property {string} tenant
 * @property {string} kind
 * @property {string} name the cookie's, or the scheme's; empty: neither
 * @property {string} credential
 */

/**
 * The name of a session's record.
 * @param {NamingKeys} keys
 * @param {CredentialParts} parts
 */
export function nameOf(keys, parts) {
  return toHex(keys.name.sign(inputOf(parts)));
}

/**
 * Where the record of a session is, and under what it is sealed: enough to write it, without the credential.
 * @typedef {object} Place
 * @property {string} name
 * @property {Uint8Array<ArrayBuffer>} key
 */

/**
 * @param {SecretKeys} keys
 * @param {CredentialParts} parts
 * @returns {Place}
 */
export function placeOf(keys, parts) {
  const key = keys.value.sign(joined([inputOf(parts), Uint8Array.of(1)]));
  return { name: nameOf(keys, parts), key: Uint8Array.from(key) };
}

/**
 * @param {SecretKeys} keys
 * @param {CredentialParts} parts
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues
 */
export function seal(keys, parts, bytes, getRandomValues) {
  return sealAt(keys, placeOf(keys, parts), bytes, getRandomValues);
}

/**
 * @param {SecretKeys} keys
 * @param {Place} place
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues
 */
export async function sealAt(keys, place, bytes, getRandomValues) {
  const head = headOf(keys);
  const iv = new Uint8Array(NONCE_BYTES);
  getRandomValues(iv);
  const key = await keyOf(place, 'encrypt');
  const sealed = await crypto.subtle.encrypt(algorithm(place, head, iv), key, bytes);
  return joined([head, iv, new Uint8Array(sealed)]);
}

/**
 * @param {SecretKeys} keys
 * @param {CredentialParts} parts
 * @param {Uint8Array<ArrayBuffer>} value
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is not of this session or secret, or has been altered
 */
export function open(keys, parts, value) {
  return openAt(keys, placeOf(keys, parts), value);
}

/**
 * @param {SecretKeys} keys
 * @param {Place} place
 * @param {Uint8Array<ArrayBuffer>} value
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it is not of this session or secret, or has been altered
 */
export async function openAt(keys, place, value) {
  const head = headOf(keys);
  if (value.length < HEAD_BYTES + NONCE_BYTES) return null;
  if (!head.every((byte, index) => value[index] === byte)) return null;
  const iv = value.slice(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const sealed = value.slice(HEAD_BYTES + NONCE_BYTES);
  try {
    const key = await keyOf(place, 'decrypt');
    return new Uint8Array(await crypto.subtle.decrypt(algorithm(place, head, iv), key, sealed));
  } catch {
    return null;
  }
}

/** @param {SecretKeys} keys */
function headOf({ id }) {
  return joined([Uint8Array.of(FORMAT), fromHex(id)]);
}

/**
 * @param {Place} place
 * @param {Uint8Array} head
 * @param {Uint8Array<ArrayBuffer>} iv
 */
function algorithm({ name }, head, iv) {
  const additionalData = joined([head, encoder.encode(name)]);
  return { name: 'AES-GCM', iv, additionalData };
}

/**
 * @param {Place} place
 * @param {'encrypt' | 'decrypt'} use
 */
function keyOf({ key }, use) {
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use]);
}

/** @param {CredentialParts} parts */
function inputOf({ tenant, kind, name, credential }) {
  const fields = [tenant, kind, name, credential].map((field) => encoder.encode(field));
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
