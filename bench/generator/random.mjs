// Randomness that comes out the same every time: the documents and traces of one run are those of
// every other. Nothing here is fit for secrets.

/**
 * A generator of uniform numbers in [0, 1), after Tommy Ettinger's mulberry32.
 * @param {number} seed
 */
export function createRandom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * The seed of one thing among many: neighbours have nothing in common.
 * @param {number} seed
 * @param {number} index
 */
export function seedOf(seed, index) {
  let mixed = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}

/** Small draws from one stream of random numbers. */
export class Draw {
  /** @param {number} seed */
  constructor(seed) {
    this.random = createRandom(seed);
  }

  /** @param {number} below */
  integer(below) {
    return Math.floor(this.random() * below);
  }

  /** @param {number} probability */
  chance(probability) {
    return this.random() < probability;
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  one(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  /** @param {number} count */
  hex(count) {
    let text = '';
    for (let done = 0; done < count; done += 4) {
      text += HEX_WORDS[Math.floor(this.random() * 65536)];
    }
    return text.slice(0, count);
  }

  /** RFC 9562, version 4. */
  uuid() {
    const variant = '89ab'[this.integer(4)];
    const third = `4${this.hex(3)}-${variant}${this.hex(3)}`;
    return `${this.hex(8)}-${this.hex(4)}-${third}-${this.hex(12)}`;
  }

  /**
   * A moment in a span of days, ISO 8601 with milliseconds.
   * @param {string} from
   * @param {number} days
   */
  time(from, days) {
    return new Date(Date.parse(from) + this.integer(days * 86_400_000)).toISOString();
  }

  /** @param {number} count */
  digits(count) {
    let text = '';
    for (let done = 0; done < count; ++done) text += this.integer(10);
    return text;
  }
}

const HEX_WORDS = Array.from({ length: 65536 }, (_, word) => word.toString(16).padStart(4, '0'));
