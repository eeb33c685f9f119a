// Further documents of a user (option `documents`, rule R17): under which key each is kept, and in which form. It must
// not know who asks for one, nor how that is answered.
//
// Each is kept under the credential that it was asked with, as if the path were one more thing that the answer varies on:
// what happens to a credential happens to it under all of those. It is kept inside an object that names the user as the
// main document does:
//
//     {"id":"ada","sesame:document":["read","write"]}
//
// so what happens to a user reaches it too, though it need not say whose it is.
// Invariant: what is taken out of that object is byte for byte what was put in.
import { pathOf } from '../dialects/path-patterns.js';
import { joined } from '../util/bytes.js';
import { membersOf } from '../util/json-pointer.js';
import { isUserId, userIdIn } from '../util/user-id.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** No `userId` points to it. */
const NAME = 'document":';

/**
 * Under which key a further document of a credential is kept: no other tenant begins with a slash, which tells the core
 * that the session is looked at elsewhere.
 * @template {{ tenant: string }} T
 * @param {T} head
 * @param {string} path
 * @returns {T}
 */
export function furtherHead(head, path) {
  return { ...head, tenant: `${path}\n${head.tenant}` };
}

/**
 * Whether it is the path of a document, with whatever query.
 * @param {Pick<import('../options/options.js').ParsedOptions, 'documentPath' | 'documents'>} options
 * @param {string} path
 */
export function isDocumentPath({ documentPath, documents }, path) {
  return path === documentPath || documents.some((each) => pathOf(each) === path);
}

/**
 * What says of a main document with what the object starts that its user's others are kept in. Told of the same again,
 * it does not parse it again.
 * @param {readonly string[]} pointers where it names its user; the first that is there counts
 * @returns {(document: Uint8Array) => Uint8Array | null} null: JavaScript cannot write that name as it was
 */
export function startsFor(pointers) {
  let known = '';
  /** @type {Uint8Array | null} */
  let start = null;
  return (document) => {
    const text = decoder.decode(document);
    if (text !== known) start = startFor(text, pointers);
    known = text;
    return start;
  };
}

/** @param {string} document @param {readonly string[]} pointers */
function startFor(document, pointers) {
  const id = userIdIn(JSON.parse(document), pointers);
  if (id === undefined) return encoder.encode('{"sesame:');
  if (!isUserId(id)) return null;
  const names = membersOf(pointers[0]);
  const named = names.reduceRight(
    (value, name) => `{${JSON.stringify(name)}:${value}}`,
    JSON.stringify(id),
  );
  return encoder.encode(`${named.slice(0, -1)},"sesame:`);
}

/**
 * @param {Uint8Array} document
 * @param {Uint8Array} start
 * @returns {Uint8Array<ArrayBuffer>} as it is if it is no JSON: so it is no document
 */
export function wrapped(document, start) {
  try {
    JSON.parse(decoder.decode(document));
  } catch {
    return /** @type {Uint8Array<ArrayBuffer>} */ (document);
  }
  return joined([start, encoder.encode(NAME), document, encoder.encode('}')]);
}

/**
 * @param {Uint8Array<ArrayBuffer>} kept
 * @param {Uint8Array} start
 * @returns {Uint8Array<ArrayBuffer> | null} null: it is another user's
 */
export function unwrapped(kept, start) {
  if (!startsWith(kept, start)) return null;
  return kept.subarray(start.length + NAME.length, -1);
}

/** @param {Uint8Array} bytes @param {Uint8Array} start */
function startsWith(bytes, start) {
  return start.every((byte, at) => bytes[at] === byte);
}
