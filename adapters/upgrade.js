// Connections that change to another protocol, in Node's own HTTP servers: the answer is written to the socket, and where
// the origin has changed the protocol too, the two sockets are joined.
//
// It must not know of sessions, nor whether a request may pass. Invariant: a socket that it was given is closed, or joined
// to the origin's, or has been answered with a response that ends it.
import diagnostics from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { endToEnd } from '../js_bindings/origin/headers.js';
import { Tunnel } from './tunnel.js';

/** @import { IncomingMessage, Server } from 'node:http' */
/** @import { Duplex } from 'node:stream' */

/** @typedef {(incoming: IncomingMessage, socket: Duplex, head: Uint8Array) => Promise<void>} UpgradeListener */

/** Listeners for requests, each with its listener for upgrades. @type {WeakMap<Function, UpgradeListener>} */
const upgradesOf = new WeakMap();
/** @type {WeakSet<Server>} */
const seen = new WeakSet();
let isListening = false;

/**
 * Lets a server hear of upgrades if its own listener is this one. Node tells a listener of requests nothing of the server
 * that it is given to, and asks for the listener of upgrades before the first request: so it is looked for when a client
 * connects.
 * @param {(...message: any[]) => unknown} listener of requests
 * @param {UpgradeListener} upgrade
 */
export function listenForUpgrades(listener, upgrade) {
  upgradesOf.set(listener, upgrade);
  if (isListening) return;
  isListening = true;
  diagnostics.subscribe('net.server.socket', (message) => {
    const { server } = /** @type {any} */ (message).socket;
    if (seen.has(server)) return;
    seen.add(server);
    const own = server
      .listeners('request')
      .map((/** @type {Function} */ each) => upgradesOf.get(each));
    if (own[0] === undefined || server.listenerCount('upgrade') > 0) return;
    /** @type {UpgradeListener} */
    const only = async (...upgrade) => {
      // The application's own listener, where it has one by now, is the one to answer.
      if (server.listenerCount('upgrade') === 1) await own[0](...upgrade);
    };
    server.on('upgrade', only);
  });
}

/**
 * Answers a request to open a WebSocket.
 * @param {Duplex} socket
 * @param {Uint8Array} head what the client has sent after the request
 * @param {(gone: EventEmitter) => Promise<Response & { webSocket?: any }>} answer `gone` emits `close` when the client has gone
 */
export async function sendUpgrade(socket, head, answer) {
  const gone = new EventEmitter();
  const leave = () => void gone.emit('close');
  // Only who reads hears that the client has gone; what it has sent already is for the origin.
  const look = () => void (socket.readableLength === 0 && socket.read());
  if (head.length > 0) socket.unshift(head);
  socket
    .on('error', () => {})
    .on('close', leave)
    .on('end', leave)
    .on('readable', look);
  const response = await answer(gone);
  socket.off('readable', look);
  try {
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy();
      response.webSocket?.socket.destroy();
      response.webSocket?.connection?.end();
      await response.body?.cancel();
    } else if (response.webSocket) {
      socket.off('close', leave).off('end', leave); // the request is over, and need not be remembered
      join(response, socket);
    } else await end(response, socket);
  } catch {
    socket.destroy(); // one side has gone, and so does the other
  }
}

/** Whether a request opens a WebSocket (RFC 6455 section 4.1). @param {IncomingMessage} incoming */
export function opensWebSocket({ method, headers }) {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Gives a request to change to a protocol that is not known here back to its server, as one that asks for no other
 * (RFC 9110 section 7.8): Node hands all upgrades to who listens for one.
 * @param {IncomingMessage} incoming
 * @param {Duplex} socket
 * @param {Uint8Array} head
 */
export function serveWithout(incoming, socket, head) {
  const { method, url, httpVersion, rawHeaders } = incoming;
  const { server, encrypted } = /** @type {any} */ (socket);
  if (server === undefined) {
    socket.destroy();
    return;
  }
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [rawHeaders[index], rawHeaders[index + 1]];
    if (name.toLowerCase() === 'upgrade') continue;
    const isConnection = name.toLowerCase() === 'connection';
    lines.push(`${name}: ${isConnection ? value.replace(/\bupgrade\b/gi, 'x-upgrade') : value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit(encrypted ? 'secureConnection' : 'connection', socket);
}

/**
 * @param {Response & { webSocket?: any }} response
 * @param {Duplex} client
 */
function join({ headers, statusText, webSocket }, client) {
  /** @type {{ socket: Duplex, head: Uint8Array, connection: import('../js_bindings/sessions/connections.js').Connection | null }} */
  const { socket: origin, head, connection = null } = webSocket;
  const fields = [...endToEnd(headers, { keepUpgrade: true })];
  if (head.length > 0) origin.unshift(head);
  for (const socket of /** @type {any[]} */ ([client, origin])) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
  }
  client.write(headOf(101, statusText, [...fields, ['connection', 'upgrade']]));
  const tunnel = new Tunnel(client, origin, connection);
  connection?.attach(tunnel);
}

/**
 * The origin, or the cache, does not change the protocol: the answer is an ordinary one, with the end of the connection
 * as its end.
 * @param {Response} response
 * @param {Duplex} client
 */
async function end({ status, statusText, headers, body }, client) {
  client.write(headOf(status, statusText, [...headers, ['connection', 'close']]));
  if (body === null) client.end();
  else await pipeline(Readable.fromWeb(/** @type {any} */ (body)), client);
}

/**
 * @param {number} status
 * @param {string} statusText
 * @param {string[][]} fields
 */
function headOf(status, statusText, fields) {
  const line = `HTTP/1.1 ${status} ${statusText || STATUS_CODES[status] || ''}`;
  const lines = [line, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}
