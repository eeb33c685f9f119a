// Finds the entries of a HAR file in its bytes as they come, so that a file of any size is read in the
// memory of its largest entry. It looks only for where entries begin and end; what is in them is
// `JSON.parse`'s to judge.
import { EstimateError } from './estimate-error.js';

/** A longer entry is a download: it is left out. */
const MAX_ENTRY_BYTES = 8 * 1024 * 1024;
/** A longer key is none that is looked for. */
const MAX_KEY_BYTES = 16;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = Buffer.from('{}[]');

/** Depth of what is in `{ "log": { "entries": [` … */
const ENTRIES_DEPTH = 3;

/**
 * @param {AsyncIterable<Buffer> | Iterable<Buffer>} chunks
 * @param {{ mostBytes?: number }} [limits]
 * @returns {AsyncGenerator<string | null>} the entries as they stand there; null for one that is too long
 * @throws {EstimateError} `ERR_SESAME_LOG_FORMAT` if it has no list of entries, `ERR_SESAME_LOG_TRUNCATED`
 *   if it ends before they do
 */
export async function* harEntries(chunks, { mostBytes = MAX_ENTRY_BYTES } = {}) {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  let isInEntries = false;
  let hasEntries = false;
  let keyStart = -1; // in this chunk, of a string that may be a key
  let key = '';
  /** @type {string[]} the keys that lead to where we are, as far as they matter */
  const keys = [];
  /** @type {Buffer[]} of an entry that began in an earlier chunk */
  let parts = [];
  let partsLength = 0;
  let isTooLong = false;

  for await (const chunk of chunks) {
    let entryStart = isInEntries && depth > ENTRIES_DEPTH ? 0 : -1;
    if (keyStart >= 0) keyStart = 0; // the chunk before holds its beginning, in `key`
    for (let i = 0; i < chunk.length; ++i) {
      const byte = chunk[i];
      if (isInString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) {
          isInString = false;
          if (keyStart >= 0) key += chunk.toString('latin1', keyStart, i);
          keyStart = -1;
        }
        continue;
      }
      if (byte === QUOTE) {
        isInString = true;
        if (depth < ENTRIES_DEPTH) {
          keyStart = i + 1;
          key = '';
        }
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (depth < ENTRIES_DEPTH) keys[depth] = key;
        if (isInEntries && depth === ENTRIES_DEPTH) entryStart = i;
        ++depth;
        if (byte === OPEN_LIST && depth === ENTRIES_DEPTH && keys[1] === 'log') {
          isInEntries = keys[2] === 'entries';
          hasEntries ||= isInEntries;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (--depth < 0) throw notHar();
        if (depth < ENTRIES_DEPTH) isInEntries = false;
        if (isInEntries && depth === ENTRIES_DEPTH) {
          const last = chunk.subarray(entryStart, i + 1);
          isTooLong ||= partsLength + last.length > mostBytes;
          yield isTooLong ? null : Buffer.concat([...parts, last]).toString();
          parts = [];
          partsLength = 0;
          isTooLong = false;
          entryStart = -1;
        }
      }
    }
    if (keyStart >= 0) {
      if (key.length < MAX_KEY_BYTES) {
        key += chunk.toString('latin1', keyStart, Math.min(chunk.length, keyStart + MAX_KEY_BYTES));
      }
    }
    if (entryStart >= 0) {
      const rest = chunk.subarray(entryStart);
      isTooLong ||= partsLength + rest.length > mostBytes;
      if (isTooLong) parts = [];
      else parts.push(Buffer.from(rest));
      partsLength += rest.length;
    }
  }
  if (depth > 0) {
    throw new EstimateError(
      'ERR_SESAME_LOG_TRUNCATED',
      'the HAR file ends before its last bracket',
    );
  }
  if (!hasEntries) throw notHar();
}

function notHar() {
  return new EstimateError('ERR_SESAME_LOG_FORMAT', 'this is no HAR file: it has no log.entries');
}
