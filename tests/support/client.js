// A plain HTTP client: sends what it is told, header by header, and changes nothing that comes back.
// Unlike `fetch`, it adds no header, follows no redirect and decodes no body.
import http from 'node:http';
import { Readable } from 'node:stream';
import { NULL_BODY, responseOf } from '../../js_bindings/origin/any-status.js';

/**
 * @typedef {object} ClientInit
 * @property {string} [method]
 * @property {Record<string, string | string[]>} [headers]
 * @property {string | Uint8Array | AsyncIterable<string | Uint8Array>} [body]
 * @property {AbortSignal} [signal] the client goes away: its connection is destroyed
 */

/**
 * @param {string} base
 * @param {{ keepAlive?: boolean }} [options] false: a connection for each request
 */
export function createClient(base, { keepAlive = true } = {}) {
  const { hostname, port } = new URL(base);
  const agent = new http.Agent({ keepAlive, maxSockets: Number.POSITIVE_INFINITY });
  return {
    /**
     * @param {string} path as it goes on the wire
     * @param {ClientInit} [init]
     * @returns {Promise<Response>} its body still streaming
     */
    fetch: (path, { method = 'GET', headers = {}, body, signal } = {}) =>
      new Promise((resolve, reject) => {
        const isWhole = typeof body === 'string' || body instanceof Uint8Array;
        // Node announces no length of its own for a DELETE.
        const length = isWhole && { 'content-length': Buffer.byteLength(body) };
        const request = http.request({
          ...{ hostname, port, path, method, agent },
          headers: { ...length, ...headers },
        });
        request.on('error', reject);
        // A reset, as a FIN alone would not tell the server that nobody reads any more.
        signal?.addEventListener('abort', () => {
          request.socket?.resetAndDestroy();
          reject(signal.reason);
        });
        request.on('response', (incoming) => resolve(toResponse(incoming, method)));
        if (body === undefined || isWhole) {
          request.end(body);
        } else {
          Readable.from(body, { objectMode: false }).on('error', reject).pipe(request);
        }
      }),
    close: () => agent.destroy(),
  };
}

/** @param {http.IncomingMessage} incoming @param {string} method */
function toResponse(incoming, method) {
  const { statusCode: status = 0, statusMessage: statusText, rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at], rawHeaders[at + 1]);
  }
  const isEmpty = NULL_BODY.has(status) || method === 'HEAD';
  if (isEmpty) incoming.resume();
  const body = isEmpty ? null : /** @type {any} */ (Readable.toWeb(incoming));
  return responseOf(body, { status, statusText, headers });
}
