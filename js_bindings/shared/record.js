// A record in a store: a line of JSON, and the document's bytes after it. What is in it is sealed under the credential
// it is for (stores/sealing.js).
import { Credential } from '../core/abi-constants.js';
import { joined } from '../util/bytes.js';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What a record's first line has: everything but the document. */
const NEWLINE = 10;

/**
 * @param {RequestHead} head
 * @param {{ kind: number, credential: string }} session
 */
export function partsOf({ tenant }, { kind, credential }) {
  return { tenant, kind: kind === Credential.BEARER ? 'bearer' : 'cookie', credential };
}

/**
 * Of the record that holds the tokens of a managed session.
 * @param {RequestHead} head
 * @param {{ credential: string }} session
 */
export function tokenPartsOf({ tenant }, { credential }) {
  return { tenant, kind: 'tokens', credential };
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
 * @returns {{ at: string, history: string, keyId: string, kept: string, user: string | null, filledAt: number,
 *   bornAt: number, cacheControl: string, meta: string, body: Uint8Array<ArrayBuffer> } | null}
 */
export function parseRecord(bytes) {
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === null || end < 0) return null;
  return { ...JSON.parse(decoder.decode(bytes.subarray(0, end))), body: bytes.subarray(end + 1) };
}
