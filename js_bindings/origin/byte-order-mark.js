// The byte order mark that some back ends begin a document with (RFC 8259 section 8.1: a reader may ignore it). It must
// not know what a document says.

export const MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/** @param {Uint8Array} bytes */
const isMarked = (bytes) => MARK.every((byte, at) => bytes[at] === byte);

/**
 * Bytes without the mark that they may begin with: themselves if they begin with none.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export const unmarked = (bytes) => (isMarked(bytes) ? bytes.subarray(MARK.length) : bytes);
