// Where the frames of a WebSocket begin and end, in bytes that are passed on as they are (RFC 6455 section 5.2). It must
// not know sockets, nor what a message says.
// Invariant: it keeps no byte: of a direction it remembers how many are left of the frame under way.

const CLOSE = 8;

/** Between two frames, or in a payload. */
const PAYLOAD = 0;
/** The byte with the length is next. Above it: eight for each byte of the extended length, and those of the mask. */
const LENGTH = 1;
const EXTENDED = 8;
const MASK_BYTES = 4;

/** The bytes of one direction. */
export class Frames {
  /** Bytes that are to come of a payload and its mask; in a header, the length as far as it has been read. */
  #left = 0;
  #state = PAYLOAD;
  /** The frame under way, or the last one, is a close frame. */
  isClosing = false;

  /** Whether the next byte begins a frame. */
  get isBetween() {
    return this.#left === 0 && this.#state === PAYLOAD;
  }

  /**
   * Follows some bytes.
   * @param {Uint8Array} bytes
   * @param {boolean} [stops] at the first end of a frame
   * @returns {number} how many it has followed
   */
  follow(bytes, stops = false) {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      if (this.#state === PAYLOAD && this.#left > 0) {
        const step = Math.min(this.#left, length - at);
        this.#left -= step;
        at += step;
      } else {
        this.#readHeader(bytes[at]);
        at += 1;
      }
      if (stops && this.isBetween) break;
    }
    return at;
  }

  /** @param {number} byte */
  #readHeader(byte) {
    if (this.#state === PAYLOAD) {
      this.isClosing = (byte & 15) === CLOSE;
      this.#state = LENGTH;
      return;
    }
    if (this.#state === LENGTH) {
      const length = byte & 127;
      const more = length < 126 ? 0 : length === 126 ? 2 : 8;
      this.#left = more === 0 ? length : 0;
      this.#state = more * EXTENDED + (byte & 128 ? MASK_BYTES : 0);
    } else {
      this.#left = this.#left * 256 + byte;
      this.#state -= EXTENDED;
    }
    if (this.#state >= EXTENDED) return;
    this.#left += this.#state;
    this.#state = PAYLOAD;
  }
}

/**
 * A close frame.
 * @param {number} code
 * @param {Uint8Array} [mask] four bytes that nobody can guess, where it goes to a server
 */
export function closeFrame(code, mask) {
  const payload = [code >> 8, code & 255];
  if (mask === undefined) return Uint8Array.of(128 | CLOSE, payload.length, ...payload);
  const masked = payload.map((byte, index) => byte ^ mask[index]);
  return Uint8Array.of(128 | CLOSE, 128 | payload.length, ...mask, ...masked);
}
