// Undoes the content codings of an answer that a host's fetch has left as they are (RFC 9110 section 8.4). It must not know
// what is in it.
//
// It must not be reachable from the service worker: a browser's fetch undoes all that it knows.
import { readBody } from './bodies.js';

/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * @param {(codings: string) => boolean} isUndone whether the host's fetch has undone all of a `Content-Encoding`
 * @returns {NonNullable<import('../host.js').Host['decode']>}
 */
export function decoderOf(isUndone) {
  return async (body, { ok, headers }, limit) => {
    const field = headers.get('content-encoding') ?? '';
    if (body.length === 0 || isUndone(field)) return body;
    const codings = field
      .toLowerCase()
      .split(/[\s,]+/)
      .reverse(); // the last one is undone first
    try {
      /** @type {Bytes | null} */
      let result = body;
      for (const coding of codings) result = result && (await undone(coding, result, limit));
      return result;
    } catch (error) {
      // A failure's own words may be passed on for what they are. Some servers name a coding, and use none.
      if (!ok || isText(body)) return body;
      throw error;
    }
  };
}

/**
 * @param {string} coding
 * @param {Bytes} body
 * @param {number} limit
 * @returns {Promise<Bytes | null> | Bytes | null} null: what comes out is longer than `limit` bytes
 */
function undone(coding, body, limit) {
  switch (coding) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return inflated(body, 'gzip', limit);
    case 'deflate':
      // Some servers leave out the zlib header, whose first byte ends in 8 (RFC 1950 section 2.2).
      return inflated(body, body[0] % 16 === 8 ? coding : 'deflate-raw', limit);
    case 'br':
      return unbrotlied(body, limit);
    default:
      return unknown();
  }
}

/**
 * @param {Bytes} body
 * @param {CompressionFormat} format
 * @param {number} limit
 */
function inflated(body, format, limit) {
  const stream = new Blob([body]).stream();
  return readBody(stream.pipeThrough(new DecompressionStream(format)), limit);
}

/**
 * No stream of the hosts' undoes this coding; Node does, and workerd with `nodejs_compat`.
 * @param {Bytes} body
 * @param {number} limit
 * @returns {Bytes}
 * @throws `ERR_BUFFER_TOO_LARGE` if what comes out is longer than that
 */
function unbrotlied(body, limit) {
  const zlib = globalThis.process?.getBuiltinModule?.('node:zlib');
  if (!zlib) return unknown();
  return Uint8Array.from(zlib.brotliDecompressSync(body, { maxOutputLength: limit }));
}

/** @returns {never} */
function unknown() {
  throw Object.assign(new Error(), { code: 'UNKNOWN_CODING' });
}

/** Whether bytes can be JSON or a page: what is none becomes U+FFFD. @param {Bytes} body */
const isText = (body) => !new TextDecoder().decode(body).includes('\ufffd');
