// The store's clock as this node knows it, and which of its moments one of the node's own is (SPEC R32). It must not know
// what happened then.
// Invariant: a clock that is set on this node moves no moment that it has noted: what was first on the store's clock is
// first on the node's.

/** Less than this is no other offset, but the way that the answers of the store took. */
const STEP_MS = 20;

/** So many offsets are remembered. */
const MAX_OFFSETS = 32;

export class StoreClock {
  #host;
  /** When the store's clock was known the last time; null: it is not yet. @type {number | null} */
  #placedAt = null;
  /** The same on the monotonic clock. */
  #placedTick = 0;
  /** The same on the store's: then, or a little later. */
  #placedTime = 0;
  /** How much later it may have been. */
  #slackMs = 0;
  /** How far the store's clock was ahead of the node's from some moment of the node's on: the oldest first.
   * @type {{ from: number, offset: number }[]} */
  #offsets = [];

  /** @param {Pick<import('../host.js').Host, 'now' | 'monotonic'>} host */
  constructor(host) {
    this.#host = host;
  }

  /** What it shows, as far as that is known: a clock that is set on this node does not move it. */
  get time() {
    if (this.#placedAt === null) return this.#host.now();
    return this.#placedTime + this.#host.monotonic() - this.#placedTick;
  }

  /** The same at the latest: in a suspended machine only the wall clock goes on, if nobody sets it. */
  get latestTime() {
    if (this.#placedAt === null) return this.#host.now();
    return Math.max(this.time, this.#placedTime + this.#host.now() - this.#placedAt);
  }

  /** What it may show at most, as far as the ways of its answers say. */
  get ceiling() {
    return this.time + this.#slackMs;
  }

  /** How far it is ahead of the node's, as far as that is known, in milliseconds. */
  get offset() {
    return this.time - this.#host.now();
  }

  /**
   * It showed `time` at some moment since it was asked. A store or a node that stood still meanwhile does not make that
   * less certain: what is known of the clock counts for as long as it may be so.
   * @param {number} time
   * @param {number} askedTick on the monotonic clock
   */
  place(time, askedTick) {
    if (this.#placedAt !== null) this.#noteOffset(); // before a step of the store's own
    const expected = this.#placedAt === null ? time : this.time;
    const tick = this.#host.monotonic();
    const latest = time + tick - askedTick;
    const ceiling = this.#placedAt === null ? latest : Math.min(this.ceiling, latest);
    this.#placedTime = Math.min(Math.max(time, expected), latest);
    this.#slackMs = Math.max(0, ceiling - this.#placedTime);
    this.#placedTick = tick;
    this.#placedAt = this.#host.now();
    this.#noteOffset();
  }

  /** A moment of the node's that has been, on the store's clock. @param {number} at */
  timeOf(at) {
    if (this.#placedAt === null) return at;
    this.#noteOffset();
    const last = this.#offsets.findLastIndex(({ from }) => from <= at);
    const { offset } = this.#offsets[Math.max(last, 0)];
    const next = this.#offsets[last + 1];
    const time = at + offset;
    return last < 0 || next === undefined ? time : Math.min(time, next.from + next.offset);
  }

  /**
   * The other way round. By what is known best of the store's clock: a moment that was noted when it was known less well is
   * no later than it was.
   * @param {number} time
   */
  momentOf(time) {
    if (this.#placedAt === null) return time;
    this.#noteOffset();
    const last = this.#offsets.findLastIndex(({ from, offset }) => from + offset <= time);
    const place = Math.max(last, 0);
    const next = this.#offsets[place + 1];
    if (next === undefined) return time - this.offset;
    const at = time - this.#offsets[place].offset;
    return last < 0 ? at : Math.min(at, next.from - 1);
  }

  /** If one of the two clocks has been set: what was before keeps its offset. */
  #noteOffset() {
    const now = this.#host.now();
    const { offset } = this;
    const last = this.#offsets.at(-1);
    if (last !== undefined && Math.abs(offset - last.offset) < STEP_MS) return;
    // A clock that is set forward was not set before it was last looked at.
    const passed = this.#host.monotonic() - this.#placedTick;
    const isForward = last !== undefined && offset < last.offset;
    this.#offsets.push({ from: isForward ? now - passed : now, offset });
    if (this.#offsets.length > MAX_OFFSETS) this.#offsets.shift();
  }
}
