// What is kept beside a document: its validator and, where it is not the usual one, its media type (rule R7). It must not
// know the document.
// Invariant: a document of the usual type has its validator alone beside it.

const USUAL = 'application/json';

/**
 * @param {Headers} headers of the origin's answer
 * @returns {string}
 */
export function documentMeta(headers) {
  const type = headers.get('content-type') ?? USUAL;
  const etag = headers.get('etag') ?? '';
  return type === USUAL ? etag : `${etag}\n${type}`;
}

/** The validator, or empty. @param {string} meta */
export function etagIn(meta) {
  return meta.split('\n', 1)[0];
}

/** @param {string} meta */
export function typeIn(meta) {
  return meta.split('\n')[1] ?? USUAL;
}
