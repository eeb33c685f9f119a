// Bytes and text in base64 and base64url (RFC 4648), read strictly: what is not well-formed is null.

/**
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer> | null} null: it is not base64url without padding (RFC 7515 section 2)
 */
export function bytesOfBase64url(text) {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
  return bytesOfBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer> | null} null: it is not base64 */
export function bytesOfBase64(text) {
  try {
    return Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  } catch {
    return null;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param {string} text @returns {string | null} null: it is not text in base64url */
export function textOfBase64url(text) {
  try {
    const bytes = bytesOfBase64url(text);
    return bytes && decoder.decode(bytes);
  } catch {
    return null;
  }
}
