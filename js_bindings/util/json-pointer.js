/**
 * The value at a JSON pointer (RFC 6901), or undefined.
 * @param {unknown} document
 * @param {string} pointer such as `/data/access_token`
 * @returns {unknown}
 */
export function valueAt(document, pointer) {
  let value = document;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (!Object.hasOwn(value, name)) return undefined;
    value = /** @type {Record<string, unknown>} */ (value)[name];
  }
  return value;
}

/**
 * Whether it points into a document: the whole document, which is the empty pointer, does not count.
 * @param {unknown} value
 */
export function isPointer(value) {
  return typeof value === 'string' && /^(\/([^~]|~[01])*)+$/.test(value);
}
