// The clock, the timers and the network's delays of a cache that lives in a log's time.
// Invariant: time never goes back, and what is due runs in the order of its time, each with all that follows
// from it before the next.
import { InOrder } from './in-order.js';

/** @typedef {{ timeMs: number, run: (() => void) | null }} Task `run` null: it is not wanted any more */

export class SimulatedTime {
  #nowMs = 0;
  /** @type {InOrder<Task>} */
  #tasks = new InOrder({ windowMs: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY });
  /** @type {Task | undefined} */
  #next;

  now = () => this.#nowMs;

  /**
   * As `Host.sleep` says.
   * @param {number} milliseconds
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  sleep = (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const task = this.#add(milliseconds, resolve);
      const stop = () => {
        task.run = null;
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
    });

  /**
   * @param {number} milliseconds from now
   * @param {() => void} run
   */
  after(milliseconds, run) {
    this.#add(milliseconds, run);
  }

  /** @param {number} milliseconds @param {() => void} run */
  #add(milliseconds, run) {
    /** @type {Task} */
    const task = { timeMs: this.#nowMs + milliseconds, run };
    if (this.#next !== undefined && task.timeMs < this.#next.timeMs) {
      this.#tasks.push(this.#next);
      this.#next = task;
    } else {
      this.#tasks.push(task);
    }
    return task;
  }

  /** Whether anything is to run until then. @param {number} timeMs */
  isDue(timeMs) {
    for (;;) {
      this.#next ??= this.#tasks.next(true);
      if (this.#next === undefined) return false;
      if (this.#next.run !== null) return this.#next.timeMs <= timeMs;
      this.#next = undefined;
    }
  }

  /** Runs what is due until then, and stops there. @param {number} timeMs */
  async runUntil(timeMs) {
    while (this.isDue(timeMs)) {
      const { timeMs: dueMs, run } = /** @type {Task} */ (this.#next);
      this.#next = undefined;
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      run?.();
      await settled();
    }
    if (timeMs !== Number.POSITIVE_INFINITY) this.skipTo(timeMs);
  }

  /** Nothing is due until then. @param {number} timeMs */
  skipTo(timeMs) {
    if (timeMs > this.#nowMs) this.#nowMs = timeMs;
  }
}

/** Resolves when everything that could go on without time passing has gone on. */
export function settled() {
  return new Promise((resolve) => void setImmediate(resolve));
}
