// How long things took, in buckets (SPEC R70): cumulative counts, as Prometheus and OpenTelemetry have them.

/** Upper bounds in milliseconds. */
const BOUNDS = Object.freeze([1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]);

/**
 * One bucket of a histogram.
 * @typedef {object} Bucket
 * @property {number} leMs its upper bound, in milliseconds
 * @property {number} count how many took at most that long
 */

/**
 * How long things took, in buckets whose counts are cumulative.
 * @typedef {object} HistogramValue
 * @property {number} count how many there were
 * @property {number} sumMs how long they took together, in milliseconds
 * @property {Bucket[]} buckets from the shortest; what took longer than the last bound is in `count` alone
 */

export class Histogram {
  #counts = BOUNDS.map(() => 0);
  #count = 0;
  #sumMs = 0;

  /** @param {number} milliseconds */
  record(milliseconds) {
    const time = Math.max(0, milliseconds);
    ++this.#count;
    this.#sumMs += time;
    let bucket = 0; // a loop: every check comes here, and nearly every one is of the first
    while (bucket < BOUNDS.length && time > BOUNDS[bucket]) ++bucket;
    if (bucket < BOUNDS.length) ++this.#counts[bucket];
  }

  /** @returns {HistogramValue} */
  value() {
    let count = 0;
    const buckets = BOUNDS.map((leMs, index) => {
      count += this.#counts[index];
      return { leMs, count };
    });
    return { count: this.#count, sumMs: this.#sumMs, buckets };
  }
}
