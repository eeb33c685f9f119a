// Which session each request is of: uniform, or a few of them most of the time.
import { createRandom } from './random.mjs';

/** @typedef {'uniform' | 'zipf'} Access */

/**
 * Draws ranks 0 … count-1 with probability proportional to 1 / (rank + 1)^exponent, by searching the
 * cumulated distribution.
 */
export class Zipf {
  #cumulated;
  #random;

  /**
   * @param {number} count
   * @param {number} exponent
   * @param {number} seed
   */
  constructor(count, exponent, seed) {
    this.#cumulated = new Float64Array(count);
    this.#random = createRandom(seed);
    let sum = 0;
    for (let rank = 0; rank < count; ++rank) {
      sum += (rank + 1) ** -exponent;
      this.#cumulated[rank] = sum;
    }
  }

  next() {
    const cumulated = this.#cumulated;
    const wanted = this.#random() * cumulated[cumulated.length - 1];
    let low = 0;
    let high = cumulated.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulated[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * A permutation of 0 … count-1: what is asked for often was not stored side by side.
 * @param {number} count
 */
export function scatter(count) {
  // A prime that does not divide count has no factor in common with it.
  const step = [2_654_435_761, 2_246_822_519, 3_266_489_917].find((prime) => count % prime !== 0);
  return (/** @type {number} */ rank) => Number((BigInt(rank) * BigInt(step ?? 1)) % BigInt(count));
}

/**
 * @param {Access} access
 * @param {number} count sessions
 * @param {number} length
 * @param {number} seed
 * @returns {Uint32Array} indices of sessions
 */
export function accessSequence(access, count, length, seed) {
  const sequence = new Uint32Array(length);
  if (access === 'uniform') {
    const random = createRandom(seed);
    for (let at = 0; at < length; ++at) sequence[at] = Math.floor(random() * count);
    return sequence;
  }
  const zipf = new Zipf(count, 0.9, seed);
  const place = scatter(count);
  for (let at = 0; at < length; ++at) sequence[at] = place(zipf.next());
  return sequence;
}
