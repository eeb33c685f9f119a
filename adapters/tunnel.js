// Two sockets that are joined: what one says the other hears, byte for byte, until both have ended. A WebSocket whose
// session has ended is closed between two frames, on both sides (rule R29, RFC 6455 sections 5.4 and 5.5.1).
//
// It must not know of sessions. Invariants: no byte is changed, and none is left out before a close; when one side has
// gone, so does the other. What is here is all that an open WebSocket costs: no timer, and no function of its own.
import { randomBytes } from 'node:crypto';
import { closeFrame, Frames } from './frames.js';

/** @import { Duplex } from 'node:stream' */

/** The session has ended: as 401 says it (section 7.4.2 leaves 4000 to 4999 to applications). */
const SESSION_ENDED = 4401;

/** So long each side has to end its frame, and to answer the close. Then it is cut off. */
const CLOSE_MS = 1000;

/** What a socket says is a direction of its tunnel. */
const SAYS = Symbol('says');

/** What one side says to the other. */
class Direction extends Frames {
  /** The other has been sent a close frame. */
  isClosed = false;

  /** @param {Tunnel} tunnel @param {Duplex} from @param {Duplex} to */
  constructor(tunnel, from, to) {
    super();
    this.tunnel = tunnel;
    this.from = from;
    this.to = to;
  }
}

export class Tunnel {
  #onEnd;
  #up;
  #down;
  #isEnding = false;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {Duplex} client
   * @param {Duplex} server
   * @param {{ end: () => void } | null} onEnd its method is called when one side has gone
   */
  constructor(client, server, onEnd) {
    this.#onEnd = onEnd;
    this.#up = new Direction(this, client, server);
    this.#down = new Direction(this, server, client);
    for (const direction of [this.#up, this.#down]) {
      const { from } = direction;
      Object.defineProperty(from, SAYS, { value: direction });
      from.on('data', hear).on('drain', goOn).on('end', finish);
      from.on('error', ignore).on('close', leave);
    }
  }

  /** The session has ended: both sides are told, and then cut off. */
  close() {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#timer = setTimeout(() => this.#cutOff(), CLOSE_MS);
    for (const direction of [this.#up, this.#down]) {
      if (direction.isBetween) this.#say(direction);
      direction.from.resume();
    }
  }

  /** @param {Direction} direction @param {Uint8Array} bytes */
  pass(direction, bytes) {
    if (!this.#isEnding) {
      direction.follow(bytes);
      if (!direction.to.write(bytes)) direction.from.pause();
      return;
    }
    let at = 0;
    if (!direction.isClosed) {
      at = direction.follow(bytes, true);
      direction.to.write(bytes.subarray(0, at));
      if (direction.isBetween) this.#say(direction);
    }
    // What comes after it is heard for the answer's sake alone.
    while (at < bytes.length && !direction.isClosing) {
      at += direction.follow(bytes.subarray(at), true);
    }
    this.#part(direction);
  }

  /** Tells one side that it is over. @param {Direction} direction */
  #say(direction) {
    direction.isClosed = true;
    const isToServer = direction === this.#up;
    // A side that hears the other's own close needs no second one.
    if (!direction.isClosing && direction.to.writable) {
      direction.to.write(closeFrame(SESSION_ENDED, isToServer ? randomBytes(4) : undefined));
    }
    this.#part(isToServer ? this.#down : this.#up);
  }

  /** Ends the connection of a side that has been told, and has answered. @param {Direction} says what that side says */
  #part(says) {
    const hears = says === this.#up ? this.#down : this.#up;
    if (hears.isClosed && says.isClosing) says.from.end();
  }

  /** One side has nothing more to say. @param {Direction} direction */
  finish(direction) {
    direction.to.end();
    if (this.#isEnding) direction.from.end();
  }

  /** One side has gone. The other still gets what that has said. @param {Direction} direction */
  leave({ from, to }) {
    this.#onEnd?.end();
    this.#onEnd = null;
    if (to.destroyed) clearTimeout(this.#timer);
    else if (!this.#isEnding && from.readableEnded) to.end(() => to.destroy());
    else if (!this.#isEnding) to.destroy();
  }

  /** Their time is up. */
  #cutOff() {
    this.#up.from.destroy();
    this.#down.from.destroy();
  }
}

/** @this {any} @param {Uint8Array} bytes */
function hear(bytes) {
  const direction = this[SAYS];
  direction.tunnel.pass(direction, bytes);
}

/** What this side hears has room again. @this {any} */
function goOn() {
  const { to } = this[SAYS];
  to.resume();
}

/** @this {any} */
function finish() {
  const direction = this[SAYS];
  direction.tunnel.finish(direction);
}

/** @this {any} */
function leave() {
  const direction = this[SAYS];
  direction.tunnel.leave(direction);
}

/** What ends by an error is closed. */
function ignore() {}
