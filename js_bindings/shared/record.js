// A record in a store: a line of JSON, and the document's bytes after it. What is in it is sealed under the nodes' secret
// and the credential it is for (stores/sealing.js), what decides about it included.
// Invariant: what is not a record of this form is none, and nothing fails because of it (SPEC R34).
import { Credential } from '../core/abi-constants.js';
import { nameOf } from '../stores/sealing.js';
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
 * A session as the core names it.
 * @typedef {object} NamedSession
 * @property {string} key
 * @property {string} [endingKey] the same for all spellings of a token; else, or without it, the key itself
 * @property {number} kind
 * @property {string} [name] the cookie's
 * @property {string} credential
 */

/**
 * One more credential of a session, in a record of it.
 * @typedef {import('../core/abi.js').Relative & { name?: string }} Link `name`: where its own record is
 */

/**
 * What the record of a document says.
 * @typedef {object} DocumentRecord
 * @property {string} at
 * @property {string} history
 * @property {string} kept
 * @property {string | null} user
 * @property {number} filledAt
 * @property {number} bornAt
 * @property {number} [endsAt] when the session's cookie ends
 * @property {boolean} [asksFirst] once stale, it is confirmed before it is served
 * @property {Link[]} [links] the other credentials of the session
 * @property {string} cacheControl
 * @property {string} meta
 * @property {Uint8Array<ArrayBuffer>} body
 */

/**
 * Of the record that holds a session's document.
 * @param {RequestHead} head
 * @param {NamedSession} session
 * @returns {CredentialParts}
 */
export function partsOf({ tenant }, { kind, credential, name = '' }) {
  return { tenant, kind: kind === Credential.BEARER ? 'bearer' : 'cookie', name, credential };
}

/**
 * Of the record that holds the document of a session of verified tokens, whichever of them it was asked for with (rule R16).
 * @param {RequestHead} head
 * @param {string | null} name the session's; null: it has none
 * @returns {CredentialParts | null}
 */
export function sessionPartsOf({ tenant }, name) {
  return name === null ? null : { tenant, kind: 'session', name: '', credential: name };
}

/**
 * Of the record that holds the tokens of a managed session.
 * @param {RequestHead} head
 * @param {NamedSession} session
 * @returns {CredentialParts}
 */
export function tokenPartsOf({ tenant }, { credential, name = '' }) {
  return { tenant, kind: 'tokens', name, credential };
}

/**
 * Where an end of a session is marked beside its records: once for all spellings of a token.
 * @param {RequestHead} head
 * @param {NamedSession} session
 * @returns {CredentialParts[]}
 */
export function endingPartsOf({ tenant }, { key, endingKey = key }) {
  return key === endingKey ? [] : [{ tenant, kind: 'token', name: '', credential: endingKey }];
}

/**
 * Where an end is marked in the store, and the key that its event names.
 * @typedef {[name: string, key: string]} EndMark
 */

/**
 * What ends a session everywhere, in one family of names.
 * @param {RequestHead} head with one credential
 * @param {NamedSession} session as the family's core names it
 * @param {Pick<import('./families.js').Family, 'keys'>} family
 * @param {boolean} isManaged
 * @returns {EndMark[]}
 */
export function endMarksOf(head, session, { keys }, isManaged) {
  const parts = [...endingPartsOf(head, session), partsOf(head, session)];
  if (isManaged) parts.unshift(tokenPartsOf(head, session));
  return parts.map((each) => [
    nameOf(keys, each),
    each.kind === 'token' ? each.credential : session.key,
  ]);
}

/**
 * Where an end of a session is marked by whoever knows nothing but its key.
 * @param {string} key in hexadecimal
 * @returns {CredentialParts}
 */
export function keyMarkOf(key) {
  return { tenant: '', kind: 'token', name: '', credential: key };
}

/**
 * Wherever an end of a request's session may be marked: under this tenant, or for all of them; and by the key that its
 * spellings share, as a store that came back empty is told.
 * @param {RequestHead} head
 * @param {Pick<import('../core/abi.js').Core, 'sessionKey'>} core that hashes as the nodes do that have marked it
 * @returns {CredentialParts[]}
 */
export function marksOf(head, core) {
  return [...new Set([head.tenant, ''])].flatMap((tenant) => {
    const each = { ...head, tenant };
    const session = core.sessionKey(each);
    if (session === null) return [];
    const byKey = keyMarkOf(session.endingKey);
    return [partsOf(each, session), ...endingPartsOf(each, session), byKey];
  });
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
 * @returns {DocumentRecord | null}
 */
export function parseRecord(bytes) {
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === null || end < 0) return null;
  return { ...JSON.parse(decoder.decode(bytes.subarray(0, end))), body: bytes.subarray(end + 1) };
}
