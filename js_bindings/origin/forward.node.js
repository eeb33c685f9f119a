// How a request goes on to the origin in Node, where `fetch` would change it: Node's own HTTP client hands a body over as
// it was encoded, knows every status and method, says what comes before the answer (1xx), and can change protocols (rule
// R41). Connections are kept and shared, as fetch keeps them.
//
// It must not know what a request is about. Invariants: what the origin has answered is given back as it was; a request
// is sent again only where nothing can have come of it.
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { responseOf as anyResponseOf, NULL_BODY } from './any-status.js';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:stream').Duplex} Duplex */

/**
 * The origin has changed to another protocol: what it has to be handed on with.
 * @typedef {object} Upgraded
 * @property {Duplex} socket the connection to the origin
 * @property {Uint8Array} head what has come of the new protocol already
 */

/** @typedef {Response & { webSocket?: Upgraded }} Forwarded */

/** What an origin may say in the fields of its answer, as much as in workerd: what it has answered is passed on (rule R41). */
const MAX_HEADER_BYTES = 128 * 1024;

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
};

/** Methods that may be repeated on another connection where an idle one was closed just then (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** @type {import('../host.js').Forward} */
export async function forward(target, { body = null, ...init }) {
  const begun = body instanceof ReadableStream ? await beginningOf(body) : body;
  const sent = { ...init, body: begun };
  try {
    return await once(target, sent);
  } catch (error) {
    if (!isStale(error, sent)) throw error;
    return once(target, sent);
  }
}

/**
 * A stream with its first part read: one without any is no body, and is not announced as one.
 * @param {ReadableStream<Uint8Array>} stream
 */
async function beginningOf(stream) {
  const reader = stream.getReader();
  const first = await reader.read();
  if (first.done) return null;
  return new ReadableStream(
    {
      start: (controller) => controller.enqueue(first.value),
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

/**
 * @param {string} target
 * @param {import('../host.js').ForwardInit} init
 * @returns {Promise<Forwarded>}
 */
function once(target, { method, headers, body = null, signal, upgrades, onInterim, open }) {
  const url = new URL(target);
  const { request: send } = url.protocol === 'https:' ? https : http;
  const agent = agents[/** @type {'http:' | 'https:'} */ (url.protocol)];
  const fields = fieldsOf(headers, body, upgrades === true);
  return new Promise((resolve, reject) => {
    const path = url.pathname + url.search;
    const how = { method, path, agent, signal, maxHeaderSize: MAX_HEADER_BYTES };
    const outgoing = send(url, { ...how, headers: fields });
    outgoing.on('error', (error) => {
      reject(Object.assign(error, { isReused: outgoing.reusedSocket }));
    });
    if (open) {
      open.attach(outgoing);
      outgoing.on('close', () => open.end(outgoing));
    }
    outgoing.on('information', ({ statusCode, rawHeaders }) => {
      if (statusCode !== 100) onInterim?.(statusCode, headersOf(rawHeaders));
    });
    /** @param {() => Forwarded} answer throws where the origin's is none that a `Response` can be */
    const answered = (answer) => {
      try {
        resolve(answer());
      } catch (error) {
        outgoing.destroy();
        reject(error);
      }
    };
    outgoing.on('response', (incoming) => answered(() => responseOf(incoming, `${method}`)));
    outgoing.on('upgrade', (incoming, socket, head) =>
      answered(() => upgradedOf(incoming, { socket, head })),
    );
    sendBody(outgoing, body);
  });
}

/**
 * @param {Headers} headers
 * @param {BodyInit | null} body
 * @param {boolean} upgrades
 */
function fieldsOf(headers, body, upgrades) {
  const fields = Object.fromEntries(headers);
  if (body === null) {
    // What was announced, and is not there, would be waited for.
    if (fields['content-length'] !== '0') delete fields['content-length'];
  } else if (body instanceof Uint8Array) {
    fields['content-length'] = String(body.length);
  } else if (fields['content-length'] === undefined) {
    fields['transfer-encoding'] = 'chunked'; // which Node says by itself of some methods alone
  }
  if (fields.upgrade === undefined) return fields;
  if (upgrades) fields.connection = 'upgrade';
  else delete fields.upgrade;
  return fields;
}

/**
 * @param {import('node:http').ClientRequest} outgoing
 * @param {BodyInit | null} body
 */
function sendBody(outgoing, body) {
  if (body instanceof ReadableStream) {
    // An origin that has answered already need not hear the rest; `outgoing` says what else went wrong.
    pipeline(Readable.fromWeb(/** @type {any} */ (body)), outgoing).catch((error) => {
      outgoing.destroy(error);
    });
  } else if (body instanceof Uint8Array) {
    outgoing.end(body);
  } else {
    outgoing.end();
  }
}

/**
 * Whether an idle connection was closed by the origin just when the request was sent: it has not read it.
 * @param {unknown} error
 * @param {import('../host.js').ForwardInit} init
 */
function isStale(error, { method, body = null, signal }) {
  const { code, isReused } = /** @type {any} */ (error);
  const isClosed = code === 'ECONNRESET' || code === 'EPIPE';
  const canRepeat = IDEMPOTENT.has(`${method}`) && !(body instanceof ReadableStream);
  return isReused && isClosed && canRepeat && !signal?.aborted;
}

/**
 * @param {IncomingMessage} incoming
 * @param {string} method
 * @returns {Forwarded}
 */
function responseOf(incoming, method) {
  const { statusCode: status = 0, statusMessage: statusText, rawHeaders } = incoming;
  const headers = headersOf(rawHeaders);
  // The connection is free for the next request, whether or not anybody reads an empty body.
  const isEmpty = headers.get('content-length') === '0';
  const hasBody = method !== 'HEAD' && !NULL_BODY.has(status) && !isEmpty;
  if (!hasBody) incoming.resume();
  const body = hasBody ? streamOf(incoming) : null;
  return anyResponseOf(body, { status, statusText, headers });
}

/**
 * A `Response` has no status 101: this one has it all the same.
 * @param {IncomingMessage} incoming
 * @param {Upgraded} webSocket
 * @returns {Forwarded}
 */
function upgradedOf({ rawHeaders, statusMessage: statusText }, webSocket) {
  const response = new Response(null, { statusText, headers: headersOf(rawHeaders) });
  Object.defineProperties(response, { status: { value: 101 }, webSocket: { value: webSocket } });
  return response;
}

/** Each field of its own, as it was sent: bytes that are no ASCII are Latin-1 here and there. @param {string[]} raw */
function headersOf(raw) {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index], raw[index + 1]);
  return headers;
}

/** A body that is read as fast as it is taken, and not at all when nobody takes it. @param {IncomingMessage} incoming */
function streamOf(incoming) {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        incoming.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
