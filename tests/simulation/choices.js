// Every choice that a simulated run makes comes from here, so that a seed, or a list of choices, is the
// whole of a run: it replays, and it can be made shorter.

/** A small, well-mixed generator (mulberry32). @param {number} seed */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

export class Choices {
  /** @type {number[]} what was drawn, for a replay */
  drawn = [];
  #next;

  /** @param {() => number} next */
  constructor(next) {
    this.#next = next;
  }

  /** @param {number} seed */
  static fromSeed(seed) {
    return new Choices(generator(seed));
  }

  /** Replays a list; after its end every choice is the first one. @param {number[]} list */
  static fromList(list) {
    let index = 0;
    return new Choices(() => list[index++] ?? 0);
  }

  /** A whole number in [0, bound). @param {number} bound */
  below(bound) {
    const value = this.#next();
    this.drawn.push(value % bound);
    return value % bound;
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  pick(list) {
    return list[this.below(list.length)];
  }

  /** True once in `times`. The first choice is false, so that a shorter run is a quieter one.
   * @param {number} times */
  oneIn(times) {
    return this.below(times) === times - 1;
  }
}

/**
 * Makes a failing list of choices shorter and smaller, as long as it fails: drops runs of choices, then
 * sets single ones to 0.
 * @param {number[]} list
 * @param {(list: number[]) => Promise<boolean>} fails
 * @param {number} [most] runs tried at the most
 */
export async function shrink(list, fails, most = 600) {
  let best = list;
  let left = most;
  const tryList = async (/** @type {number[]} */ candidate) => {
    if (left-- <= 0 || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let size = best.length >> 1; size > 0 && left > 0; size >>= 1) {
    for (let start = 0; start < best.length && left > 0; ) {
      const shorter = [...best.slice(0, start), ...best.slice(start + size)];
      if (!(await tryList(shorter))) start += size;
    }
  }
  for (let index = 0; index < best.length && left > 0; ++index) {
    if (best[index] !== 0) await tryList(best.with(index, 0));
  }
  return best;
}
