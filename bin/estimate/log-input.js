// The bytes of a log, from a file or standard input, unpacked if they are packed.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { EstimateError } from './estimate-error.js';

const CHUNK_BYTES = 64 * 1024;
const MAX_SNIFFED_BYTES = 64 * 1024;

/**
 * @typedef {object} LogInput
 * @property {AsyncIterable<Buffer>} chunks unpacked, without a byte order mark
 * @property {string} start of it
 * @property {() => number} bytesRead of the file as it lies there
 * @property {number | null} bytesTotal null: nobody knows
 */

/**
 * @param {string} file `-` for standard input
 * @returns {Promise<LogInput>}
 * @throws {EstimateError} `ERR_SESAME_LOG_READ`
 */
export async function openLog(file) {
  const bytesTotal = file === '-' ? null : await sizeOf(file);
  const source =
    file === '-' ? process.stdin : createReadStream(file, { highWaterMark: CHUNK_BYTES });
  let bytesRead = 0;
  const raw = counted(source, file, (length) => {
    bytesRead += length;
  });
  const packed = await peeked(raw, 2);
  const isPacked = packed.head[0] === 0x1f && packed.head[1] === 0x8b;
  const plain = await peeked(isPacked ? unpacked(packed.chunks) : packed.chunks, MAX_SNIFFED_BYTES);
  const hasMark = plain.head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf]));
  const start = (hasMark ? plain.head.subarray(3) : plain.head).toString();
  return {
    chunks: hasMark ? withoutMark(plain.chunks) : plain.chunks,
    start,
    bytesRead: () => bytesRead,
    bytesTotal,
  };
}

/** @param {string} file */
async function sizeOf(file) {
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return found.isFile() ? found.size : null;
  } catch (error) {
    throw cannotRead(file, error);
  }
}

/**
 * @param {AsyncIterable<Buffer>} source
 * @param {string} file
 * @param {(length: number) => void} count
 */
async function* counted(source, file, count) {
  try {
    for await (const chunk of source) {
      count(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw cannotRead(file, error);
  }
}

/** @param {AsyncIterable<Buffer>} chunks @returns {AsyncGenerator<Buffer>} */
async function* unpacked(chunks) {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const feeding = feed(chunks, gunzip);
  try {
    yield* /** @type {AsyncIterable<Buffer>} */ (gunzip);
    await feeding;
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'Z_BUF_ERROR') {
      throw new EstimateError('ERR_SESAME_LOG_TRUNCATED', 'the packed file ends in the middle');
    }
    if (!code?.startsWith('Z_')) throw error;
    throw new EstimateError('ERR_SESAME_LOG_READ', `cannot unpack the file (${message})`);
  }
}

/**
 * No faster than it is read.
 * @param {AsyncIterable<Buffer>} chunks
 * @param {import('node:zlib').Gunzip} gunzip
 */
async function feed(chunks, gunzip) {
  try {
    for await (const chunk of chunks) {
      if (gunzip.write(chunk) || gunzip.destroyed) continue;
      await new Promise((resolve) => {
        gunzip.once('drain', resolve).once('close', resolve);
      });
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(/** @type {Error} */ (error));
  }
}

/**
 * The beginning, and all of it with the beginning.
 * @param {AsyncIterable<Buffer>} chunks
 * @param {number} length at least this much of it, if there is as much
 */
async function peeked(chunks, length) {
  const iterator = chunks[Symbol.asyncIterator]();
  /** @type {Buffer[]} */
  const seen = [];
  let seenLength = 0;
  while (seenLength < length) {
    const { value, done } = await iterator.next();
    if (done) break;
    seen.push(value);
    seenLength += value.length;
  }
  async function* all() {
    while (seen.length > 0) yield/** @type {Buffer} */ (seen.shift());
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return { head: Buffer.concat(seen), chunks: all() };
}

/** @param {AsyncIterable<Buffer>} chunks */
async function* withoutMark(chunks) {
  let skip = 3;
  for await (const chunk of chunks) {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    yield chunk.subarray(skipped);
  }
}

/** @param {string} file @param {unknown} error */
function cannotRead(file, error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  const what = file === '-' ? 'standard input' : file;
  return new EstimateError('ERR_SESAME_LOG_READ', `cannot read ${what} (${code ?? message})`);
}
