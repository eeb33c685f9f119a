// How a WebSocket is closed with its session in workerd (rule R29), which shows messages and not bytes: both sides end here,
// and each message is passed on. It must not know when a session ends.
import { endToEnd } from '../origin/headers.js';
import { OpenAnswers } from './open-answers.js';

/** The session has ended: as 401 says it (RFC 6455 section 7.4.2 leaves 4000 to 4999 to applications). */
const SESSION_ENDED = 4401;

/** What no side may send: that there was no code, and that the connection was lost (section 7.4.1). */
const UNSENDABLE = [1005, 1006, 1015];

/** The other side has been lost. */
const LOST = 1011;

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
