// What is kept beside a document: its validator and, where they are not the usual ones, its media type and that it began
// with a byte order mark (rule R7), which the core takes for no JSON. It must not know what the document says.
// Invariant: a document of the usual kind has its validator alone beside it.
import { joined } from '../util/bytes.js';
import { MARK } from './byte-order-mark.js';

const USUAL = 'application/json';

/**
 * @param {Headers} headers of the origin's answer
 * @param {boolean} isMarked
 * @returns {string} the validator, the type and an empty line, as far as they are needed
 */
export function documentMeta(headers, isMarked) {
  const type = headers.get('content-type') ?? USUAL;
  const etag = headers.get('etag') ?? '';
  if (isMarked) return `${etag}\n${type}\n`;
  return type === USUAL ? etag : `${etag}\n${type}`;
}

/** The validator, or empty. @param {string} meta */
export function etagIn(meta) {
  const end = meta.indexOf('\n');
  return end < 0 ? meta : meta.slice(0, end);
}

/** @param {string} meta */
export function typeIn(meta) {
  return meta.includes('\n') ? meta.split('\n')[1] : USUAL;
}

/**
 * A document as the origin has sent it.
 * @param {string} meta
 * @param {Uint8Array<ArrayBuffer>} document as it is kept
 */
export function asSent(meta, document) {
  return meta.endsWith('\n') ? joined([MARK, document]) : document;
}
