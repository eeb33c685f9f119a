// How deep a document is nested, before the module is given it. It must not know what a document says.

/** What the module takes (wasm/core/json/document.h): a document without containers in it is 1 deep. */
export const MAX_DEPTH = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING_BRACE = 0x7b;
const OPENING = [0x5b, OPENING_BRACE];
const CLOSING = [0x5d, 0x7d];

const SPACES = [0x20, 0x09, 0x0a, 0x0d];

/**
 * Whether a document is nested deeper than `MAX_DEPTH`. What is no object is none: it fails as such. Of what is no JSON
 * the answer means nothing.
 * @param {Uint8Array} text
 */
export function isTooDeep(text) {
  if (text.length <= 2 * MAX_DEPTH) return false; // each level opens and closes
  const first = text.findIndex((byte) => !SPACES.includes(byte));
  if (text[first] !== OPENING_BRACE) return false;
  let depth = 0;
  let isInString = false;
  for (let at = first; at < text.length; at += 1) {
    const byte = text[at];
    if (isInString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isInString = false;
    } else if (byte === QUOTE) {
      isInString = true;
    } else if (OPENING.includes(byte)) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (CLOSING.includes(byte)) {
      depth -= 1;
    }
  }
  return false;
}
