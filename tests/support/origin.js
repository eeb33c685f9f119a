// An origin that behaves as a test scripts it, over real HTTP, and remembers every request.
// It must not know Sesame. Without a script it answers `GET /api/v1/users/me` with the document
// of whoever the bearer token or the cookie `session` names, 401 without, and anything else with 404.
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export const DOCUMENT = '/api/v1/users/me';
export const SESSION = '/api/auth/session';
export const READ = `GET ${DOCUMENT}`;

/**
 * How a request is answered.
 * @typedef {object} Behaviour
 * @property {number} [status] 200 unless given
 * @property {string} [statusText]
 * @property {Record<string, string | string[]>} [headers]
 * @property {unknown} [body] text, bytes, an async iterable of them, or a value to be sent as JSON
 * @property {Promise<unknown>} [after] not before this
 * @property {'hang' | 'reset'} [fault] no answer at all; or the connection goes away
 * @property {(request: http.IncomingMessage, response: http.ServerResponse) => void} [raw] does it all;
 *   the request's body has not been read then
 */

/**
 * @typedef {object} Call
 * @property {string} key method and path: `GET /x`
 * @property {string} url with the query
 * @property {http.IncomingHttpHeaders} headers
 * @property {string[]} rawHeaders
 * @property {Buffer} body
 * @property {http.IncomingMessage} request
 */

/** The document of a user, as the origin sends it. @param {string} name */
export const documentOf = (name) => JSON.stringify({ id: `id-${name}`, name });

export async function createOrigin() {
  /** @type {Map<string, (Behaviour | ((call: Call) => Behaviour))[]>} */
  const script = new Map();
  /** @type {Call[]} */
  let calls = [];
  /** @type {Set<() => void>} */
  const watchers = new Set();
  const server = http.createServer({ keepAliveTimeout: 600_000, maxHeaderSize: 64 * 1024 });

  server.on('request', async (request, response) => {
    const call = note(request);
    const behaviour = next(call);
    for (const look of watchers) look();
    if (behaviour.raw) return behaviour.raw(request, response);
    try {
      for await (const chunk of request) call.body = Buffer.concat([call.body, chunk]);
      await behaviour.after;
      await answer(behaviour, request, response);
    } catch {
      response.destroy(); // whoever asked has gone
    }
  });

  /** @param {http.IncomingMessage} request @returns {Call} */
  function note(request) {
    const { method, url = '', headers, rawHeaders } = request;
    const key = `${method} ${url.split('?', 1)[0]}`;
    const call = { key, url, headers, rawHeaders, body: Buffer.alloc(0), request };
    calls.push(call);
    return call;
  }

  /** @param {Call} call @returns {Behaviour} */
  function next(call) {
    const planned = script.get(call.key) ?? [byDefault];
    const behaviour = planned.length > 1 ? planned.shift() : planned[0];
    return typeof behaviour === 'function' ? behaviour(call) : (behaviour ?? {});
  }

  /** @param {string} key */
  const callsOf = (key) => calls.filter((call) => call.key === key);

  const listen = (port = 0) =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve(server.address()));
    });
  const { port } = await listen();

  return {
    url: `http://127.0.0.1:${port}`,
    server,

    /**
     * What to do for `METHOD /path`: one behaviour a call, the last of them for all that follow.
     * @param {string} key @param {...(Behaviour | ((call: Call) => Behaviour))} behaviours
     */
    on: (key, ...behaviours) => void script.set(key, behaviours),

    /** The requests so far. @param {string} [key] */
    calls: (key) => (key ? callsOf(key) : calls),

    /** How often it was asked for the document, or for what `key` says. */
    count: (key = READ) => callsOf(key).length,

    /** Once a request has arrived `times` times. @param {string} key @returns {Promise<Call>} */
    called: (key, times = 1) =>
      new Promise((resolve) => {
        const look = () => {
          if (callsOf(key).length < times) return;
          watchers.delete(look);
          resolve(callsOf(key)[times - 1]);
        };
        watchers.add(look);
        look();
      }),

    /** Forgets its behaviours and the requests so far. */
    reset() {
      script.clear();
      calls = [];
    },

    /** Goes away, connections and all. */
    stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
    /** Comes back, where it was. */
    restart: () => listen(port),
  };
}

/** @typedef {Awaited<ReturnType<typeof createOrigin>>} Origin */

/** @param {Call} call @returns {Behaviour} */
export function byDefault({ key, headers }) {
  if (key !== READ) return { status: 404, body: { error: 'no such path' } };
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '');
  const cookie = /(?:^|; )session=([^;]+)/.exec(headers.cookie ?? '');
  const name = bearer?.[1] ?? cookie?.[1];
  if (name === undefined) return { status: 401, body: { error: 'nobody' } };
  return { headers: { 'content-type': 'application/json' }, body: documentOf(name) };
}

/**
 * @param {Behaviour} behaviour
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
async function answer(
  { status = 200, statusText, headers = {}, body = '', fault },
  request,
  response,
) {
  if (fault === 'hang') return;
  if (fault === 'reset') return void request.socket.destroy();
  if (statusText) response.statusMessage = statusText;
  response.writeHead(status, headers);
  if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  else if (isIterable(body)) await pipeline(Readable.from(body, { objectMode: false }), response);
  else response.end(JSON.stringify(body));
}

/** @param {unknown} body @returns {body is AsyncIterable<Uint8Array>} */
function isIterable(body) {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
}
