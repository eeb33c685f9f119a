// Reads bodies within a limit.
import { joined } from '../util/bytes.js';

/** So much of a request that is too long is read and dropped. */
const MAX_DISCARDED_BYTES = 16 * 1024 ** 2;

/**
 * Reads a request's body to its end, however long, before it gives null for one that is longer than
 * `limit`: a server that closes a connection with bytes unread resets it, and the client never sees its
 * answer (RFC 9112 section 9.6). Past MAX_DISCARDED_BYTES that is its own fault.
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} limit bytes
 */
export function readRequestBody(stream, limit) {
  return readBody(stream, limit, MAX_DISCARDED_BYTES);
}

/**
 * Reads a body to its end. Null if it is longer than `limit` bytes: the rest is not read.
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} limit bytes
 * @param {number} [mostDiscarded] bytes of the rest to read nevertheless
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 */
export async function readBody(stream, limit, mostDiscarded = 0) {
  if (stream === null) return new Uint8Array();
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limit + mostDiscarded) {
      // Not awaited: of a copied response it ends only when the other copy has ended as well.
      reader.cancel().catch(() => {});
      return null;
    }
    if (length <= limit) chunks.push(value);
  }
  if (length > limit) return null;
  return joined(chunks);
}

/**
 * Reads an answer of the origin to its end, as it was before it was encoded. Null if it is longer than `limit` bytes.
 * @param {Pick<import('../host.js').Host, 'decode'>} host
 * @param {Response} response
 * @param {number} limit bytes
 */
export async function readAnswer({ decode }, response, limit) {
  const body = await readBody(response.body, limit);
  return body && decode ? decode(body, response, limit) : body;
}

/** A body this short is kept until the origin has answered the request that it came with. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * The body of a request that is looked into, or may have to be sent twice: null if it has none, undefined if it is
 * too long to keep.
 * @param {Request} request
 */
export async function keptBody(request) {
  if (request.body === null) return null;
  const length = Number(request.headers.get('content-length') ?? Number.NaN);
  if (!(length <= MAX_KEPT_BYTES)) return undefined;
  return (await readBody(request.body, MAX_KEPT_BYTES)) ?? undefined;
}

/**
 * A stream as it goes on, and what has gone through it, if that is short and it has come to its end.
 * @param {ReadableStream<Uint8Array>} stream
 */
export function recorded(stream) {
  /** @type {Uint8Array[] | null} null: it is too long to keep */
  let chunks = [];
  let length = 0;
  let isWhole = false;
  const reader = stream.getReader();
  const body = new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        isWhole = done;
        if (done) return controller.close();
        length += value.length;
        if (length > MAX_KEPT_BYTES) chunks = null;
        chunks?.push(value.slice());
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { body, copy: () => (isWhole && chunks !== null ? joined(chunks) : undefined) };
}
