// Puts the entries of a log into the order of their times, as far as they are only a little out of it: servers
// write a line when its request ends, and several of them write into one log. Bounded: entries wait here while
// they are younger than the window, and no more than so many of them.

const WINDOW_MS = 60_000;
const MAX_ENTRIES = 32_768;

/**
 * @template {{ timeMs: number }} T
 */
export class InOrder {
  /** @type {{ entry: T, order: number }[]} a binary heap */
  #heap = [];
  #windowMs;
  #most;
  #order = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #releasedMs = Number.NEGATIVE_INFINITY;
  /** Entries that came too late to be put where they belong. */
  late = 0;

  /** @param {{ windowMs?: number, most?: number }} [bounds] */
  constructor({ windowMs = WINDOW_MS, most = MAX_ENTRIES } = {}) {
    this.#windowMs = windowMs;
    this.#most = most;
  }

  /** @param {T} entry */
  push(entry) {
    this.#newestMs = Math.max(this.#newestMs, entry.timeMs);
    const heap = this.#heap;
    const added = { entry, order: this.#order++ };
    let place = heap.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(added, heap[parent])) break;
      heap[place] = heap[parent];
      place = parent;
    }
    heap[place] = added;
  }

  /**
   * The next entry, once nothing earlier is to be expected.
   * @param {boolean} [isEnd] the log has ended
   * @returns {T | undefined}
   */
  next(isEnd = false) {
    const heap = this.#heap;
    if (heap.length === 0) return undefined;
    const { entry } = heap[0];
    const isRipe = entry.timeMs <= this.#newestMs - this.#windowMs || heap.length > this.#most;
    if (!isRipe && !isEnd) return undefined;
    this.#removeFirst();
    if (entry.timeMs < this.#releasedMs) ++this.late;
    this.#releasedMs = Math.max(this.#releasedMs, entry.timeMs);
    return entry;
  }

  #removeFirst() {
    const heap = this.#heap;
    const last = /** @type {typeof heap[0]} */ (heap.pop());
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) ++child;
      if (!isBefore(heap[child], last)) break;
      heap[place] = heap[child];
      place = child;
    }
    heap[place] = last;
  }
}

/** @typedef {{ entry: { timeMs: number }, order: number }} Ordered */

/** Of the same time, as they stood in the log. @param {Ordered} one @param {Ordered} other */
function isBefore(one, other) {
  const difference = one.entry.timeMs - other.entry.timeMs;
  return difference < 0 || (difference === 0 && one.order < other.order);
}
