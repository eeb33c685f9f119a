// How a WebSocket is closed with its session in workerd (rule R29), which shows messages and not bytes: both sides end here,
// and each message is passed on; and how a long poll is cut off there. It must not know when a session ends.
import { pause } from '../host.js';
import { endToEnd } from '../origin/headers.js';
import { cutOff, OpenAnswers } from './open-answers.js';

/** The session has ended: as 401 says it (RFC 6455 section 7.4.2 leaves 4000 to 4999 to applications). */
const SESSION_ENDED = 4401;

/** What no side may send: that there was no code, and that the connection was lost (section 7.4.1). */
const UNSENDABLE = [1005, 1006, 1015];

/** The other side has been lost. */
const LOST = 1011;

/** An answer that has not begun in so long is looked after. */
const LONG_POLL_MS = 1000;

/** @typedef {import('../sessions/connections.js').Connection} Connection */

export class EdgeOpenAnswers extends OpenAnswers {
  takesSocket() {
    return true;
  }

  /**
   * @param {Response & { webSocket: any }} response
   * @param {Connection} connection
   */
  join({ headers, webSocket: origin }, connection) {
    const { 0: client, 1: server } = new /** @type {any} */ (globalThis).WebSocketPair();
    const pumped = new PumpedSocket(server, origin, connection);
    connection.attach(pumped);
    const init = { status: 101, headers: endToEnd(headers), webSocket: client };
    return new Response(null, /** @type {ResponseInit} */ (init));
  }

  /** @type {OpenAnswers['followFetch']} */
  followFetch(ends, host, head, varying) {
    const poll = new LongPoll();
    pause(host, LONG_POLL_MS).then(() => {
      if (poll.isOver) return;
      const connection = ends.open(head, varying, cutOff, false);
      if (connection !== null && connection !== 'full') poll.follow(connection);
    });
    return poll;
  }
}

/** An answer that is cut off with its session if it takes long to begin (a long poll). */
class LongPoll {
  #controller = new AbortController();
  /** @type {Connection | null} */
  #connection = null;
  isAttached = true;
  isOver = false;

  get signal() {
    return this.#controller.signal;
  }

  /** A fetch is cut off by its signal. */
  attach() {}

  /** @param {Connection} connection */
  follow(connection) {
    this.#connection = connection;
    connection.attach(this);
  }

  end() {
    this.isOver = true;
    this.#connection?.end(this);
  }

  /** The session has ended. @param {Error} error */
  destroy(error) {
    this.isOver = true;
    this.#controller.abort(error);
  }
}

class PumpedSocket {
  #sides;

  /**
   * @param {any} client a WebSocket of workerd, not yet accepted
   * @param {any} origin another
   * @param {Connection} connection hears of its end
   */
  constructor(client, origin, connection) {
    this.#sides = [client, origin];
    for (const [from, to] of [this.#sides, [origin, client]]) {
      from.binaryType = 'arraybuffer';
      from.accept({ allowHalfOpen: true });
      from.addEventListener('message', (/** @type {{ data: string | ArrayBuffer }} */ { data }) => {
        try {
          to.send(data);
        } catch {
          // It has been closed, and says so.
        }
      });
      from.addEventListener('close', (/** @type {{ code: number, reason: string }} */ event) => {
        connection.end(this);
        closeWith(from, event); // its own close is answered
        closeWith(to, event);
      });
      from.addEventListener('error', () => {
        connection.end(this);
        closeWith(to, { code: LOST, reason: '' });
      });
    }
  }

  /** The session has ended. */
  close() {
    for (const side of this.#sides) {
      closeWith(side, { code: SESSION_ENDED, reason: 'session ended' });
    }
  }
}

/** @param {any} socket @param {{ code: number, reason: string }} event */
function closeWith(socket, { code, reason }) {
  try {
    if (code === 1005) socket.close();
    else if (UNSENDABLE.includes(code)) socket.close(LOST);
    else socket.close(code, reason);
  } catch {
    // It has gone already.
  }
}
