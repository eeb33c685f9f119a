// A cache as a listener of Node's own HTTP servers: Node's request becomes a `Request`, the `Response` is
// written out. How the two kinds of messages are converted is a library's matter (`node-messages.js`); how connections
// change to another protocol is `upgrade.js`'.
//
// Invariant: every request gets exactly one answer, unless its client has gone or an answer that has begun
// cannot be finished.

/**
 * A cache as a listener of Node's own HTTP servers.
 *
 * In the example, `http://localhost:8080` is asked by a user who is signed in at `https://api.example.com`, Ingrid, and
 * by nobody in particular.
 * @module
 */

import { createRequest, sendResponse } from '../js_bindings/dist/node-messages.js';
import { shortPathOf } from '../js_bindings/http/short-path.node.js';
import { isPlainHost, isPlainTarget } from '../js_bindings/http/target.js';
import { endToEnd } from '../js_bindings/origin/headers.js';
import { listenForInspect } from './control-server.js';
import { listenForUpgrades, opensWebSocket, sendUpgrade, serveWithout } from './upgrade.js';

/** @typedef {import('./control-server.js').Inspectable} Inspectable */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Duplex } from 'node:stream' */
/** @import { SesameError } from '../js_bindings/errors.js' */
/** @typedef {import('./identify.js').Ender} Ender */

/**
 * What answers requests: a `SessionCache`, or anything like it.
 * @typedef {object} RequestHandler
 * @property {(request: Request, context: HandleContext) => Promise<Response>} handle answers a request
 */

/**
 * What a request is answered with beside itself.
 * @typedef {object} HandleContext
 * @property {(work: Promise<unknown>) => void} waitUntil takes what goes on behind the answer
 * @property {boolean} [upgrades] whether the answer may be a change to another protocol
 * @property {(status: number, headers: Headers) => void} [onInterim] takes what comes before the answer (1xx)
 */

/**
 * What a listener may be told.
 * @typedef {object} NodeHandlerOptions
 * @property {(error: unknown) => void} [onError] takes what should not have happened; default: nothing is
 *   said, and the client gets a 500
 * @property {'http:' | 'https:'} [protocol] how clients see the server, where something in front of it speaks
 *   TLS; default: what the connection is. `X-Forwarded-Proto` is not looked at
 * @property {string} [host] the host that clients see; default: the request's own
 * @property {(work: Promise<unknown>) => void} [waitUntil] is given what goes on behind answers, for a server that waits
 *   for it when it ends; it never rejects. Default: nothing waits for it
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
 * inspection.socketPath; // => '…/control.sock'
 * // sesame-edge inspect --port 8080 --header 'Cookie: session=…'
 * await inspection.close();
 */
export function letInspect(cache, url) {
  return listenForInspect(cache, url);
}

const DONE = Promise.resolve();

/** Of more fields Node leaves some out (`maxHeadersCount`), and does not say so. */
const MAX_FIELDS = 1000;

/** Fetch has no request with these methods ("forbidden method"). */
const NO_REQUEST = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** Between two links of a field (RFC 8288 section 3): a comma may be part of the address between `<` and `>`. */
const LINK_END = /\s*,\s*(?=<)/;

/**
 * Makes a listener for `http.createServer`. Bodies stream both ways, as they were encoded; each `Set-Cookie` stays a field
 * of its own; and the signal of the `Request` is aborted when the client leaves. WebSockets pass as well where this is the
 * server's own listener; in an application with others (Express' `app.use`) `toUpgradeHandler` says how.
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
export function toNodeHandler(cache, { onError = () => {}, waitUntil: given, ...where } = {}) {
  const waitUntil = behind(onError, given);
  const short = { waitUntil, host: where.host };
  /** @param {IncomingMessage} incoming @param {ServerResponse} outgoing */
  const listener = (incoming, outgoing) => {
    if (hasTooManyFields(incoming)) {
      refuse(outgoing, 431);
      return DONE;
    }
    const held = heldAnswer(cache, incoming, short);
    if (held === null) return answer(incoming, outgoing);
    sendHeld(outgoing, held, onError);
    return DONE;
  };
  /** @param {IncomingMessage} incoming @param {ServerResponse} outgoing */
  const answer = async (incoming, outgoing) => {
    if (NO_REQUEST.has(`${incoming.method}`)) return refuse(outgoing, 501);
    const request = isPlainTarget(incoming.url) ? requestOf(incoming, outgoing, where) : null;
    if (request === null) return refuse(outgoing, 400);
    try {
      const onInterim = interimOf(outgoing);
      const response = await cache.handle(request, { waitUntil, onInterim });
      if (outgoing.destroyed) await response.body?.cancel();
      else await sendResponse(outgoing, response);
    } catch (error) {
      if (request.signal.aborted || outgoing.destroyed) return; // nobody is there to be told
      onError(error);
      if (outgoing.headersSent) outgoing.destroy();
      else refuse(outgoing, 500);
    }
  };
  listenForUpgrades(listener, toUpgradeHandler(cache, { onError, waitUntil: given, ...where }));
  return listener;
}

/**
 * Makes a listener for the event `upgrade` of Node's HTTP servers: WebSockets reach the back end, and what it sends comes
 * back, with the rules of all other requests (R41, R42). A server whose own listener is `toNodeHandler`'s has it already.
 * @param {RequestHandler} cache a `SessionCache`
 * @param {NodeHandlerOptions} [options]
 * @returns {(incoming: IncomingMessage, socket: Duplex, head: Uint8Array) => Promise<void>} a listener; it never rejects
 *
 * @example
 * import express from 'express';
 * import { SessionCache } from 'sesame-edge';
 * import { toNodeHandler, toUpgradeHandler } from 'sesame-edge/node';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const app = express();
 * app.use(toNodeHandler(sessions));
 * app.listen(8080).on('upgrade', toUpgradeHandler(sessions));
 * // GET /api/v1/users/me as ingrid => 200 {"id":"5d42f8b6-…","email":"ingrid@example.com",…}
 */
export function toUpgradeHandler(cache, { onError = () => {}, waitUntil: given, ...where } = {}) {
  const waitUntil = behind(onError, given);
  return async (incoming, socket, head) => {
    if (!opensWebSocket(incoming)) serveWithout(incoming, socket, head);
    else
      await sendUpgrade(socket, head, async (gone) => {
        if (hasTooManyFields(incoming)) return new Response(null, { status: 431 });
        const request = isPlainTarget(incoming.url) ? requestOf(incoming, gone, where) : null;
        if (request === null) return new Response(null, { status: 400 });
        try {
          return await cache.handle(request, { waitUntil, upgrades: true });
        } catch (error) {
          if (!request.signal.aborted) onError(error);
          return new Response(null, { status: 500 });
        }
      });
  };
}

/** Whether a request is over the limit of rule R44. @param {IncomingMessage} incoming */
function hasTooManyFields({ rawHeaders }) {
  return rawHeaders.length > 2 * MAX_FIELDS;
}

/**
 * What is held, if that answers a request.
 * @param {RequestHandler} cache
 * @param {IncomingMessage} incoming
 * @param {import('../js_bindings/http/short-path.node.js').ShortContext} context
 */
function heldAnswer(cache, incoming, context) {
  try {
    return shortPathOf(cache)?.answerTo(incoming, context) ?? null;
  } catch {
    return null; // the full path finds the same, and says it
  }
}

/**
 * @param {ServerResponse} outgoing
 * @param {import('../js_bindings/http/short-path.node.js').ShortAnswer} held
 * @param {(error: unknown) => void} onError
 */
function sendHeld(outgoing, { status, fields, body }, onError) {
  if (outgoing.destroyed) return; // nobody is there to be told
  try {
    outgoing.writeHead(status, '', fields);
    outgoing.end(body, 'latin1'); // with a text the head is part of the same write
  } catch (error) {
    onError(error);
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, 500);
  }
}

/**
 * @param {(error: unknown) => void} onError
 * @param {(work: Promise<unknown>) => void} [waitUntil]
 * @returns {(work: Promise<unknown>) => void}
 */
function behind(onError, waitUntil = () => {}) {
  return (work) => waitUntil(work.catch(onError));
}

/** A client of HTTP/1.0 does not know of interim answers (RFC 9110 section 15.2). @param {ServerResponse} outgoing */
function interimOf(outgoing) {
  const { httpVersionMajor, httpVersionMinor } = outgoing.req;
  if (httpVersionMajor === 1 && httpVersionMinor === 0) return undefined;
  /** @param {number} status @param {Headers} headers */
  return (status, headers) => {
    if (outgoing.headersSent || outgoing.destroyed) return;
    // A hint is no answer: what it would set in the browser comes with that (RFC 8297 section 2).
    const { link = '', 'set-cookie': _, ...fields } = Object.fromEntries(endToEnd(headers));
    try {
      if (status === 102) outgoing.writeProcessing();
      if (status === 103) outgoing.writeEarlyHints({ ...fields, link: link.split(LINK_END) });
    } catch {
      // What Node cannot say is left out: nothing depends on it.
    }
  };
}

/**
 * @param {IncomingMessage} incoming
 * @param {{ once(event: 'close', listener: () => void): unknown }} outgoing tells when the client has gone
 * @param {{ protocol?: 'http:' | 'https:', host?: string }} where
 * @returns {Request | null} null: its `Host` is none
 */
function requestOf(incoming, outgoing, where) {
  if (!isPlainHost(where.host ?? incoming.headers.host)) return null;
  try {
    return createRequest(incoming, /** @type {any} */ (outgoing), where);
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

/**
 * For sign-outs in the application's own code: ends every session that a request names, on all nodes, and puts what ends its
 * cookie into the answer where the cookie is Sesame's own (R8, R25). To be called before the answer begins.
 * @param {Ender} cache a `SessionCache`
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as soon
 *   as it can be reached
 * @throws {SesameError} rejects as `SessionCache.endSession` does: the sign-out has to be repeated
 *
 * @example
 * import http from 'node:http';
 * import { SessionCache } from 'sesame-edge';
 * import { endSession, toNodeHandler } from 'sesame-edge/node';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com' });
 * const passOn = toNodeHandler(sessions);
 * http.createServer(async (request, response) => {
 *   if (request.url !== '/leave') return passOn(request, response);
 *   await endSession(sessions, request, response);
 *   response.end('bye');
 * }).listen(8080);
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 * // GET /leave as ingrid => 200 bye
 * // GET /api/auth/session as ingrid => 401 null
 */
export async function endSession(cache, request, response) {
  const { setCookies } = await cache.endSession(request);
  for (const line of setCookies) response.appendHeader('set-cookie', line);
  response.setHeader('cache-control', 'private, no-store');
}
