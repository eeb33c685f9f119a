// A record in a store: a line of JSON, and the document's bytes after it. What is in it is sealed under the nodes' secret
// and the credential it is for (stores/sealing.js), what decides about it included.
// Invariant: what is not a record of this form is none, and nothing fails because of it (SPEC R34).
import { Credential } from '../core/abi-constants.js';
import { joined } from '../util/bytes.js';

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/sealing.js').CredentialParts} CredentialParts
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a record's first line has: everything but the document. */
const NEWLINE = 10;

/**
 * @typedef {object} NamedSession
 * @property {number} kind
 * @property {string} credential
 * @property {string} [cookieName]
 */

/**
 * @param {RequestHead} head
 * @param {NamedSession} session
 * @returns {CredentialParts}
 */
export function partsOf({ tenant }, { kind, credential, cookieName = '' }) {
  const isBearer = kind === Credential.BEARER;
  return { tenant, kind: isBearer ? 'bearer' : 'cookie', cookie: cookieName, credential };
}

/**
 * Of the record that holds the tokens of a managed session.
 * @param {RequestHead} head
 * @param {Omit<NamedSession, 'kind'>} session
 * @returns {CredentialParts}
 */
export function tokenPartsOf({ tenant }, { credential, cookieName = '' }) {
  return { tenant, kind: 'tokens', cookie: cookieName, credential };
}

/**
 * @param {object} head
 * @param {Uint8Array} body
 */
export function recordOf(head, body) {
  return joined([encoder.encode(`${JSON.stringify(head)}\n`), body]);
}

/**
 * @param {Uint8Array<ArrayBuffer> | null} bytes
 * @returns {{ at: string, history: string, kept: string, user: string | null, filledAt: number,
 *   bornAt: number, cacheControl: string, meta: string, body: Uint8Array<ArrayBuffer> } | null}
 */
export function parseRecord(bytes) {
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === null || end < 0) return null;
  return { ...JSON.parse(decoder.decode(bytes.subarray(0, end))), body: bytes.subarray(end + 1) };
}
