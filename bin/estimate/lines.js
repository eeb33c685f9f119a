// Lines of a file in its bytes as they come, in bounded memory.

/** A longer line is of no log: it is left out. */
const MAX_LINE_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;

/**
 * All lines that end in each chunk, together: to decode a chunk and split it takes a fraction of what
 * decoding line by line would.
 * @param {AsyncIterable<Buffer> | Iterable<Buffer>} chunks
 * @param {{ mostBytes?: number }} [limits]
 * @returns {AsyncGenerator<(string | null)[]>} without their line feeds; null for a line that is too long
 */
export async function* lineGroups(chunks, { mostBytes = MAX_LINE_BYTES } = {}) {
  /** @type {Buffer[]} of a line that has not ended yet */
  let parts = [];
  let length = 0;
  let isTooLong = false;
  for await (const chunk of chunks) {
    const first = chunk.indexOf(LINE_FEED);
    const last = chunk.lastIndexOf(LINE_FEED);
    /** @type {(string | null)[]} */
    let lines = [];
    if (first >= 0) {
      const begun = isTooLong || length + first > mostBytes;
      lines = chunk.toString('utf8', begun ? first + 1 : 0, last).split('\n');
      if (begun) {
        if (last === first) lines.length = 0; // nothing but the end of the long one
        lines.unshift(null);
      } else if (length > 0) {
        // What has come before may end in the middle of a character: bytes are joined, not texts.
        lines[0] = Buffer.concat([...parts, chunk.subarray(0, first)]).toString();
      }
      parts = [];
      length = 0;
      isTooLong = false;
    }
    const rest = chunk.subarray(last + 1);
    length += rest.length;
    isTooLong ||= length > mostBytes;
    if (isTooLong) parts = [];
    else if (rest.length > 0) parts.push(Buffer.from(rest));
    if (lines.length > 0) yield lines.map((line) => (isLonger(line, mostBytes) ? null : line));
  }
  if (length > 0) yield [isTooLong ? null : Buffer.concat(parts).toString()];
}

/** @param {string | null} line @param {number} bytes */
function isLonger(line, bytes) {
  if (line === null || line.length * 3 <= bytes) return false; // a unit of UTF-16 has three bytes at most
  return Buffer.byteLength(line) > bytes;
}
