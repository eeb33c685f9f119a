// A cache as a listener of Node's own HTTP servers: Node's request becomes a `Request`, the `Response` is
// written out. How the two kinds of messages are converted is a library's matter, `@remix-run/node-fetch-server`.
//
// Invariant: every request gets exactly one answer, unless its client has gone or an answer that has begun
// cannot be finished.

/**
 * A cache as a listener of Node's own HTTP servers. Needs `@remix-run/node-fetch-server` installed beside the package.
 *
 * In the example, `http://localhost:8080` is asked by a user who is signed in at `https://api.example.com`, Ingrid, and
 * by nobody in particular.
 * @module
 */

import { createRequest, sendResponse } from '@remix-run/node-fetch-server';
import { isPlainHost, isPlainTarget } from '../js_bindings/http/target.js';
import { listenForInspect } from './control-server.js';

/** @typedef {import('./control-server.js').Inspectable} Inspectable */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

/**
 * What answers requests: a `SessionCache`, or anything like it.
 * @typedef {object} RequestHandler
 * @property {(request: Request, context: { waitUntil(work: Promise<unknown>): void }) => Promise<Response>} handle
 *   answers a request; `waitUntil` takes what goes on behind the answer
 */

/**
 * What a listener may be told.
 * @typedef {object} NodeHandlerOptions
 * @property {(error: unknown) => void} [onError] takes what should not have happened; default: nothing is
 *   said, and the client gets a 500
 * @property {'http:' | 'https:'} [protocol] how clients see the server, where something in front of it speaks
 *   TLS; default: what the connection is. `X-Forwarded-Proto` is not looked at
 * @property {string} [host] the host that clients see; default: the request's own
 */

/**
 * Lets `sesame-edge inspect` ask this process why a request is answered as it is (SPEC R72), over a socket that only
 * its own user may open (mode 0600).
 * @param {Inspectable} cache a `SessionCache`
 * @param {string} url where the server answers: by it several are told apart
 * @returns {Promise<{ socketPath: string, close: () => Promise<void> }>} `close` removes the socket, as the end of the
 *   process does
 *
 * @example
 * import http from 'node:http';
 * import { SessionCache } from 'sesame-edge';
 * import { letInspect, toNodeHandler } from 'sesame-edge/node';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * http.createServer(toNodeHandler(sessions)).listen(8080);
 * const inspection = await letInspect(sessions, 'http://localhost:8080');
 * // sesame-edge inspect --port 8080 --header 'Cookie: session=…'
 * await inspection.close();
 */
export function letInspect(cache, url) {
  return listenForInspect(cache, url);
}

/** Fetch has no request with these methods ("forbidden method"). */
const NO_REQUEST = new Set(['CONNECT', 'TRACE', 'TRACK']);

/**
 * Makes a listener for `http.createServer`. Bodies stream both ways, each `Set-Cookie` stays a field of its
 * own, and the signal of the `Request` is aborted when the client leaves.
 * @param {RequestHandler} cache a `SessionCache`
 * @param {NodeHandlerOptions} [options]
 * @returns {(incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>} a listener; it never rejects
 *
 * @example
 * import http from 'node:http';
 * import { SessionCache } from 'sesame-edge';
 * import { toNodeHandler } from 'sesame-edge/node';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * http.createServer(toNodeHandler(sessions)).listen(8080);
 * // GET /api/v1/users/me as ingrid => 200 {"id":"5d42f8b6-…","email":"ingrid@example.com",…}
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 * // GET /api/auth/session => 200 null
 */
export function toNodeHandler(cache, { onError = () => {}, ...where } = {}) {
  /** @type {(work: Promise<unknown>) => void} */
  const waitUntil = (work) => void work.catch(onError);
  return async (incoming, outgoing) => {
    if (NO_REQUEST.has(`${incoming.method}`)) return refuse(outgoing, 501);
    const request = isPlainTarget(incoming.url) ? requestOf(incoming, outgoing, where) : null;
    if (request === null) return refuse(outgoing, 400);
    try {
      const response = await cache.handle(request, { waitUntil });
      if (outgoing.destroyed) await response.body?.cancel();
      else await sendResponse(outgoing, response);
    } catch (error) {
      if (request.signal.aborted || outgoing.destroyed) return; // nobody is there to be told
      onError(error);
      if (outgoing.headersSent) outgoing.destroy();
      else refuse(outgoing, 500);
    }
  };
}

/**
 * @param {IncomingMessage} incoming
 * @param {ServerResponse} outgoing
 * @param {{ protocol?: 'http:' | 'https:', host?: string }} where
 * @returns {Request | null} null: its `Host` is none
 */
function requestOf(incoming, outgoing, where) {
  if (!isPlainHost(where.host ?? incoming.headers.host)) return null;
  try {
    return createRequest(incoming, outgoing, where);
  } catch {
    return null;
  }
}

/**
 * @param {ServerResponse} outgoing
 * @param {number} status
 */
function refuse(outgoing, status) {
  outgoing.writeHead(status, { 'content-length': 0, connection: 'close' }).end();
}
