// Which answers stay open, and how they are closed when their session ends (rule R29): WebSockets, event streams, and
// whatever of a `GET` has not come to its end. It must not know when a session ends.
// Invariant: what is over its limit is refused before the origin hears of it, if its request says that it will stay open.
import { SessionEndedError } from '../origin/proxy.js';
import { isWebSocket } from './cross-site.js';
import { SessionStream } from './event-stream.js';
import { errorResponse } from './responses.js';

const EVENT_STREAM = 'text/event-stream';

/** Whoever is over the limit may come again after so many seconds. */
const RETRY_AFTER_SECONDS = '10';

/** @typedef {import('../sessions/connections.js').Connection} Connection */

/**
 * An answer that may stay open.
 * @typedef {object} OpenAnswer
 * @property {Connection} connection
 * @property {Connection} [exchange] the same, if it is to be cut off: nobody knows how long it takes
 */

export class OpenAnswers {
  #ends;
  #host;
  #options;

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor({ ends, host, options }) {
    this.#ends = ends;
    this.#host = host;
    this.#options = options;
  }

  /**
   * A request is about to be sent to the origin.
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {Pick<import('./context.js').HandlerContext, 'upgrades'>} context
   * @returns {OpenAnswer | Response | null} a response: there are too many; null: no session's
   */
  begin(request, passed, { upgrades }) {
    const { head, standing, candidates } = passed;
    const isNobody = head.cookie === '' && head.authorization === '';
    if (this.#ends === null || isNobody || request.method !== 'GET') return null;
    if (standing === 'ended' || standing === 'refused') return null;
    const { headers } = request;
    const varying = this.#varyingOf(request);
    const isSocket = upgrades === true && isWebSocket(request);
    const takesEvents = headers.get('accept')?.toLowerCase().includes(EVENT_STREAM) ?? false;
    if (isSocket || takesEvents) {
      const connection = this.#ends.open(head, varying, close);
      return connection === 'full' ? tooMany() : connection && { connection };
    }
    // What a request may change is carried out, whatever becomes of its session.
    if (this.#host.forward === undefined || candidates.length > 0) return null;
    const isAccepted = standing === 'accepted';
    const exchange = this.#ends.openAnswer(head, varying, isAccepted, cutOff);
    return { connection: exchange, exchange };
  }

  /**
   * The origin has answered.
   * @param {OpenAnswer} open
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {Response & { webSocket?: any }} response
   * @returns {ReadableStream<Uint8Array> | null} the body to be sent in the place of the answer's; null: its own
   */
  answered({ connection, exchange }, request, { head }, response) {
    const { body, headers, webSocket } = response;
    if (webSocket) {
      webSocket.connection = connection;
      return null;
    }
    const isStream = body !== null && typeOf(headers) === EVENT_STREAM;
    if (!isStream) {
      if (exchange === undefined || body === null) connection.end();
      return null;
    }
    let own = connection;
    if (exchange !== undefined) {
      const found = this.#ends?.open(head, this.#varyingOf(request), close) ?? null;
      if (found === null || found === 'full') return null; // it is cut off all the same
      connection.end();
      own = found;
    }
    const stream = new SessionStream(body, this.#host, own, !headers.has('content-encoding'));
    own.attach(stream);
    return stream.body;
  }

  /** What the origin is asked with beside the credential, where its answer depends on it. @param {Request} request */
  #varyingOf({ headers, url }) {
    return this.#options.varyOn.length > 0 ? { headers, url } : null;
  }
}

/** @param {Headers} headers of an answer */
function typeOf(headers) {
  return headers.get('content-type')?.split(';', 1)[0].trim().toLowerCase();
}

/** @param {{ close: () => void }} open a tunnel, or an event stream */
function close(open) {
  open.close();
}

/** @param {{ destroy: (error: Error) => void }} exchange with the origin */
function cutOff(exchange) {
  exchange.destroy(new SessionEndedError('the session has ended'));
}

function tooMany() {
  return errorResponse(503, 'too_many_connections', [['retry-after', RETRY_AFTER_SECONDS]]);
}
