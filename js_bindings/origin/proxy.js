// Passes a request on to the origin, and its answer back, as they are (SPEC R41). Knows nothing of
// sessions.
import { MAX_STATUS, NULL_BODY, responseOf } from './any-status.js';
import { readRequestBody } from './bodies.js';
import { endToEnd } from './headers.js';

/** A body is over its limit; the origin has got none of it. */
export class BodyTooLargeError extends Error {}

/** The session of a request has ended while the origin was asked. */
export class SessionEndedError extends Error {}

/**
 * How a request is sent to the origin.
 * @typedef {object} SendOptions
 * @property {number} [maxBody] refuse a longer body
 * @property {Headers} [headers] in the place of the request's own
 * @property {string} [path] in the place of the request's own, with the query
 * @property {Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null} [body] of the request, if it has been read
 *   already, or stands for its own
 * @property {AbortSignal} [signal]
 * @property {boolean} [isRead] the answer's body is read here, and so has to be decoded
 * @property {boolean} [upgrades] whoever has asked can change to another protocol
 * @property {(status: number, headers: Headers) => void} [onInterim] takes what comes before the answer (1xx)
 * @property {import('../host.js').Attachable} [open] is given what the exchange is cut off with
 */

export class OriginProxy {
  /** Answers whose bodies are as they were on the wire. @type {WeakSet<Response>} */
  #asEncoded = new WeakSet();
  /** What else is set with an answer. @type {WeakMap<Response, string[]>} */
  #setCookies = new WeakMap();

  /**
   * @param {string} origin
   * @param {import('../host.js').Host} host
   */
  constructor(origin, host) {
    this.origin = origin;
    this.host = host;
  }

  /**
   * Sends the request to the origin.
   * @param {Request} request
   * @param {SendOptions} [options]
   * @returns {Promise<Response>} the origin's own, still streaming
   * @throws {BodyTooLargeError}
   */
  async send(request, { maxBody = Number.POSITIVE_INFINITY, isRead = false, ...given } = {}) {
    const url = new URL(request.url);
    const original = given.headers ?? request.headers;
    const { decodesBodies } = this.host;
    const forward = isRead ? undefined : this.host.forward;
    const isUpgrade = original.get('upgrade')?.toLowerCase() === 'websocket';
    // A fetch that decodes bodies is none of an edge's, and carries no WebSocket.
    const canUpgrade = forward ? given.upgrades === true : !decodesBodies;
    const headers = endToEnd(original, { keepUpgrade: isUpgrade && canUpgrade });
    headers.delete('host');
    headers.delete('expect'); // the client has been told to go on
    if (decodesBodies && !forward) headers.delete('accept-encoding'); // that is for its fetch to say
    if (url.origin !== this.origin) {
      // Set by the proxy nearest to the client, if there are several.
      if (!headers.has('x-forwarded-host')) headers.set('x-forwarded-host', url.host);
      if (!headers.has('x-forwarded-proto')) {
        headers.set('x-forwarded-proto', url.protocol.slice(0, -1));
      }
    }
    const path = given.path ?? url.pathname + url.search;
    const body = given.body === undefined ? await bodyOf(request, maxBody) : given.body;
    const target = this.origin + path;
    const { method } = request;
    const { upgrades, onInterim, open } = given;
    // Whom a connection would be handed on to has to be there.
    const signal = given.signal ?? (isUpgrade && forward ? request.signal : undefined);
    if (forward) {
      const response = await forward(target, {
        ...{ method, headers, body, signal, upgrades, onInterim, open },
      });
      this.#asEncoded.add(response);
      return response;
    }
    /** @type {RequestInit & { duplex?: 'half' }} */
    const init = { method, headers, redirect: 'manual', signal };
    if (body === null) return this.host.fetch(target, init, request);
    if (['GET', 'HEAD'].includes(method) && given.body === undefined) {
      // Clients may send one (RFC 9110 section 9.3.1), but fetch takes it only as part of a request.
      return this.host.fetch(
        new Request(target, request),
        { headers, redirect: 'manual' },
        request,
      );
    }
    return this.host.fetch(target, Object.assign(init, { body, duplex: 'half' }), request);
  }

  /**
   * Adds cookies that the origin has set with another answer, which its client does not get to see.
   * @param {Response} response what `send` has given
   * @param {string[]} lines fields `Set-Cookie`
   */
  addCookies(response, lines) {
    if (lines.length > 0) {
      this.#setCookies.set(response, [...(this.#setCookies.get(response) ?? []), ...lines]);
    }
    return response;
  }

  /**
   * The origin's answer as the client is to get it.
   * @param {Response & { webSocket?: unknown }} response
   * @param {(headers: Headers) => void} [change] changes the headers in place
   * @param {ReadableStream<Uint8Array> | null} [instead] in the place of its body
   */
  relay(response, change, instead = null) {
    if (response.webSocket) return response; // the socket goes with this very object
    if (response.status === 0) return response; // a browser: no script may look into it
    // An edge sends such a status with the very response that it has received.
    if (response.status > MAX_STATUS && !this.host.decodesBodies) return response;
    const decodesBodies = this.host.decodesBodies && !this.#asEncoded.has(response);
    const headers = relayHeaders(response.headers, { decodesBodies });
    for (const line of this.#setCookies.get(response) ?? []) headers.append('set-cookie', line);
    change?.(headers);
    const { status, statusText } = response;
    const body = NULL_BODY.has(status) ? null : (instead ?? response.body);
    return responseOf(body, { status, statusText, headers });
  }
}

const DECODED = new Set(['gzip', 'x-gzip', 'deflate', 'br']);

/**
 * Whether a fetch which decodes undoes all of a `Content-Encoding`; one other coding among them, and it leaves the body as
 * it is.
 * @param {string} field
 */
export const isDecoded = (field) =>
  field
    .toLowerCase()
    .split(',')
    .every((coding) => DECODED.has(coding.trim()));

/**
 * End-to-end headers of the origin's answer, and where the host's fetch has decoded the body, nothing
 * that speaks of how it was encoded.
 * @param {Headers} original
 * @param {Pick<import('../host.js').Host, 'decodesBodies'>} host
 */
export function relayHeaders(original, { decodesBodies }) {
  const headers = endToEnd(original);
  const codings = headers.get('content-encoding');
  if (decodesBodies && codings !== null && isDecoded(codings)) {
    headers.delete('content-encoding');
    headers.delete('content-length');
  }
  // Two lines of it are one list, in which some caches do not see the star.
  const vary = headers.get('vary')?.split(',') ?? [];
  if (vary.some((name) => name.trim() === '*')) headers.set('vary', '*');
  return headers;
}

/**
 * The body, still streaming. One that is limited and whose length was not announced is read to its end
 * first: workerd would end a stream that fails half-way as if it were whole.
 * @param {Request} request
 * @param {number} limit
 * @throws {BodyTooLargeError} before the origin has got any of it
 */
async function bodyOf({ headers, body }, limit) {
  const announced = Number(headers.get('content-length') ?? Number.NaN);
  // A length that was announced is kept to by the host's HTTP parser.
  if (body === null || announced <= limit || limit === Number.POSITIVE_INFINITY) return body;
  const whole = await readRequestBody(body, limit);
  if (whole === null) throw new BodyTooLargeError();
  return whole;
}
