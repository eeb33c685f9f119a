// A client for a handler in this process, a function from Request to Response.
import { Readable } from 'node:stream';

/**
 * @param {string} url where the handler believes to be
 * @param {(request: Request) => Promise<Response>} handle
 * @returns {import('./target.js').Running['fetch']}
 */
export function handlerFetch(url, handle) {
  return async (path, { body, headers = {}, ...init } = {}) => {
    const stream = typeof body === 'object' && !(body instanceof Uint8Array);
    const sent = stream
      ? { body: Readable.toWeb(Readable.from(bytesOf(body))), duplex: 'half' }
      : { body };
    const pairs = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((each) => [name, each]),
    );
    const request = new Request(
      url + path,
      /** @type {any} */ ({ ...init, ...sent, headers: pairs }),
    );
    const { signal } = init;
    const gone = new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
    return /** @type {Response} */ (await Promise.race([handle(request), gone]));
  };
}

/** @param {AsyncIterable<string | Uint8Array>} chunks */
async function* bytesOf(chunks) {
  for await (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
