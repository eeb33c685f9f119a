/**
 * The names of members that a JSON pointer (RFC 6901) goes through.
 * @param {string} pointer
 */
export function membersOf(pointer) {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The value at a JSON pointer (RFC 6901), or undefined.
 * @param {unknown} document
 * @param {string} pointer such as `/data/access_token`
 * @returns {unknown}
 */
export function valueAt(document, pointer) {
  let value = document;
  for (const name of membersOf(pointer)) {
    if (typeof value !== 'object' || value === null) return undefined;
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
