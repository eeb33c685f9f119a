// A body that is passed on for as long as its session lives (rule R29). Of an event stream (WHATWG HTML section 9.2) the
// client is told so, between two events. It must not know of sessions.
// Invariants: bytes are passed on as they are; nothing is read before somebody wants it.
import { pause } from '../host.js';

/** What the client of an event stream hears last. Comments and fields that are unknown are allowed before it. */
const SESSION_ENDED = new TextEncoder().encode('event: session-ended\ndata: {}\n\n');

/** So long an event that is under way may take to come to its end. */
const CLOSE_MS = 1000;

const LF = 10;
const CR = 13;

export class SessionStream {
  #reader;
  #host;
  #connection;
  /** Whether its bytes can be read: what is compressed is ended, and no more. */
  #isPlain;
  /** An empty line ends an event (LF, CR LF or CR end one). At its beginning a stream is between two. */
  #isBetween = true;
  #isAtLineStart = true;
  #isAfterCr = false;
  #isClosing = false;
  #isDone = false;
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  #controller = /** @type {any} */ (null);

  /**
   * @param {ReadableStream<Uint8Array>} body
   * @param {import('../host.js').Host} host
   * @param {{ end: () => void }} connection hears of its end
   * @param {boolean} isPlain it is not encoded
   */
  constructor(body, host, connection, isPlain) {
    this.#isPlain = isPlain;
    this.#reader = body.getReader();
    this.#host = host;
    this.#connection = connection;
    /** @type {ReadableStream<Uint8Array>} */
    this.body = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** @param {ReadableStreamDefaultController<Uint8Array>} controller */
  start(controller) {
    this.#controller = controller;
  }

  async pull() {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#isDone) return;
      if (done) this.#finish();
      else this.#pass(value);
    } catch (error) {
      if (this.#isDone) return;
      this.#leave();
      this.#controller.error(error);
    }
  }

  /** @param {unknown} reason */
  cancel(reason) {
    this.#leave();
    return this.#reader.cancel(reason);
  }

  /** The session has ended. */
  close() {
    if (this.#isDone || this.#isClosing) return;
    this.#isClosing = true;
    if (!this.#isPlain) this.#finish();
    else if (this.#isBetween) this.#sayEnd();
    else pause(this.#host, CLOSE_MS).then(() => this.#isDone || this.#finish());
  }

  /** @param {number} byte */
  #follow(byte) {
    const isEnd = byte === CR || byte === LF;
    const isSecondHalf = byte === LF && this.#isAfterCr;
    if (!isSecondHalf) this.#isBetween = isEnd && this.#isAtLineStart;
    this.#isAtLineStart = isEnd;
    this.#isAfterCr = byte === CR;
  }

  /** @param {Uint8Array} bytes */
  #pass(bytes) {
    if (this.#isClosing) {
      for (let at = 0; at < bytes.length; at += 1) {
        this.#follow(bytes[at]);
        if (!this.#isBetween) continue;
        this.#controller.enqueue(bytes.subarray(0, at + 1));
        this.#sayEnd();
        return;
      }
    } else if (this.#isPlain) {
      for (const byte of bytes.subarray(-4)) this.#follow(byte); // two ends of lines are no longer
    }
    this.#controller.enqueue(bytes);
  }

  #sayEnd() {
    this.#controller.enqueue(SESSION_ENDED);
    this.#finish();
  }

  #finish() {
    this.#leave();
    this.#controller.close();
    this.#reader.cancel().catch(() => {});
  }

  #leave() {
    this.#isDone = true;
    this.#connection.end();
  }
}
