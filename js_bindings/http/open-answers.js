// Which answers stay open, and how they are closed when their session ends (rule R29): WebSockets, event streams, and
// whatever of a `GET` has not come to its end. It must not know when a session ends.
// Invariant: what is over its limit is refused, and before the origin hears of it if its request says that it will stay open.
import { SessionEndedError } from '../origin/proxy.js';
import { isWebSocket } from './cross-site.js';
import { SessionStream } from './event-stream.js';
import { errorResponse } from './responses.js';

const EVENT_STREAM = 'text/event-stream';

/** Whoever is over the limit may come again after so many seconds. */
const RETRY_AFTER_SECONDS = '10';

/** @typedef {import('../sessions/connections.js').Connection} Connection */

/**
 * What an answer is cut off by of which nobody knows how long it takes.
 * @typedef {import('../host.js').Attachable & { isAttached: boolean, signal?: AbortSignal }} Exchange `isAttached`: it has begun;
 *   `signal`: of a host that asks by `fetch`
 */

/**
 * An answer that may stay open.
 * @typedef {object} OpenAnswer
 * @property {Connection | Exchange} connection
 * @property {Exchange} [exchange] the same, if it is to be cut off
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
  begin(request, passed, context) {
    if (request.method !== 'GET') return null;
    const isSocket = isWebSocket(request) && this.takesSocket(context);
    const accept = request.headers.get('accept')?.toLowerCase() ?? '';
    if (isSocket || accept.includes(EVENT_STREAM)) {
      const connection = this.#open(request, passed);
      return connection === 'full' ? tooMany() : connection && { connection };
    }
    const { head, standing, candidates } = passed;
    if (!isOfSession(passed) || this.#ends === null) return null;
    // What a request may change is carried out, whatever becomes of its session.
    if (candidates.length > 0) return null;
    const varying = this.#varyingOf(request);
    const exchange =
      this.#host.forward === undefined
        ? this.followFetch(this.#ends, this.#host, head, varying)
        : this.#ends.openAnswer(head, varying, standing === 'accepted', cutOff);
    return exchange && { connection: exchange, exchange };
  }

  /**
   * An answer begins that may take long, of a host that asks by `fetch`.
   * @param {import('../sessions/connection-ends.js').ConnectionEnds} _ends
   * @param {import('../host.js').Host} _host
   * @param {import('../core/abi.js').RequestHead} _head
   * @param {import('../origin/vary.js').Varying | null} _varying
   * @returns {Exchange | null} null: it is not cut off
   */
  followFetch(_ends, _host, _head, _varying) {
    return null;
  }

  /**
   * The origin has answered.
   * @param {OpenAnswer | null} open null: it was not known that the answer may stay open
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {Response & { webSocket?: any }} response
   * @returns {ReadableStream<Uint8Array> | Response | null} what is to be sent in the place of the answer, or of its body;
   *   null: its own
   */
  answered(open, request, passed, response) {
    const { body, headers, webSocket } = response;
    if (webSocket)
      return open && this.join(/** @type {any} */ (response), /** @type {any} */ (open).connection);
    const isStream = body !== null && typeOf(headers) === EVENT_STREAM;
    if (!isStream) {
      // An exchange goes on for as long as its body does; that of a fetch the host passes on without its request.
      const goesOn = open?.exchange && open.exchange.signal === undefined && body !== null;
      if (!goesOn) open?.connection.end();
      return null;
    }
    const connection =
      open && !open.exchange
        ? /** @type {Connection} */ (open.connection)
        : this.#open(request, passed);
    if (connection === 'full') {
      body.cancel().catch(() => {}); // it has gone already
      return tooMany();
    }
    if (connection === null) return null;
    open?.exchange?.end();
    const stream = new SessionStream(
      body,
      this.#host,
      connection,
      !headers.has('content-encoding'),
    );
    connection.attach(stream);
    return stream.body;
  }

  /**
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   */
  #open(request, passed) {
    if (this.#ends === null || !isOfSession(passed)) return null;
    return this.#ends.open(passed.head, this.#varyingOf(request), close);
  }

  /**
   * Whether whoever has asked can change to another protocol.
   * @param {Pick<import('./context.js').HandlerContext, 'upgrades'>} context
   */
  takesSocket({ upgrades }) {
    return upgrades === true;
  }

  /**
   * The origin has opened a WebSocket: whoever has asked joins the two sides.
   * @param {Response & { webSocket: any }} response
   * @param {Connection} connection
   * @returns {Response | null} in the place of the answer
   */
  join({ webSocket }, connection) {
    webSocket.connection = connection;
    return null;
  }

  /** What the origin is asked with beside the credential, where its answer depends on it. @param {Request} request */
  #varyingOf({ headers, url }) {
    return this.#options.varyOn.length > 0 ? { headers, url } : null;
  }
}

/** Whether a request may be one of a session that lives. @param {import('./observing.js').Passed} passed */
function isOfSession({ head, standing }) {
  const hasCredential = head.cookie !== '' || head.authorization !== '';
  return hasCredential && standing !== 'ended' && standing !== 'refused';
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
export function cutOff(exchange) {
  exchange.destroy(new SessionEndedError('the session has ended'));
}

function tooMany() {
  return errorResponse(503, 'too_many_connections', [['retry-after', RETRY_AFTER_SECONDS]]);
}
