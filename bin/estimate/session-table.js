// What each session has asked for, in bounded memory: an open-addressed table in typed arrays, 29 bytes a slot,
// two slots a session. Invariant: what stands in a session's row is exact; sessions that come when the table is
// full have no row.

/** 15 MB when it is full. */
export const MAX_SESSIONS = 262_144;
const FIRST_SLOTS = 1024;

/**
 * @typedef {object} SessionRow
 * @property {number} high names the session, see `session-ids.js`
 * @property {number} checks
 * @property {number} answered
 * @property {number} originCalls
 * @property {number} savedMs
 */

export class SessionTable {
  #most;
  #slots = columns(FIRST_SLOTS);
  size = 0;
  /** Whether there were more sessions than it holds. */
  isFull = false;

  /** @param {number} [most] */
  constructor(most = MAX_SESSIONS) {
    this.#most = most;
  }

  /**
   * @param {{ high: number, low: number }} id
   * @param {Partial<Omit<SessionRow, 'high'>>} more what to add to its row
   */
  add({ high, low }, { checks = 0, answered = 0, originCalls = 0, savedMs = 0 }) {
    const slot = this.#slotOf(high, low);
    if (slot < 0) return;
    const slots = this.#slots;
    slots.checks[slot] += checks;
    slots.answered[slot] += answered;
    slots.originCalls[slot] += originCalls;
    slots.savedMs[slot] += savedMs;
  }

  /** @param {number} high @param {number} low @returns {number} -1: there is no room for another */
  #slotOf(high, low) {
    const found = find(this.#slots, high, low);
    if (this.#slots.used[found] === 1) return found;
    if (this.size === this.#most) {
      this.isFull = true;
      return -1;
    }
    ++this.size;
    const hasGrown = this.size * 2 > this.#slots.used.length;
    if (hasGrown) this.#grow();
    const slots = this.#slots;
    const slot = hasGrown ? find(slots, high, low) : found;
    slots.used[slot] = 1;
    slots.high[slot] = high;
    slots.low[slot] = low;
    return slot;
  }

  #grow() {
    const old = this.#slots;
    const grown = columns(old.used.length * 2);
    for (let slot = 0; slot < old.used.length; ++slot) {
      if (old.used[slot] === 0) continue;
      const to = find(grown, old.high[slot], old.low[slot]);
      for (const [name, column] of Object.entries(old)) {
        grown[/** @type {keyof typeof old} */ (name)][to] = column[slot];
      }
    }
    this.#slots = grown;
  }

  /**
   * The rows with the most checks, most first.
   * @param {number} count
   * @returns {SessionRow[]}
   */
  top(count) {
    const { used, checks, high, low, answered, originCalls, savedMs } = this.#slots;
    const order = (/** @type {number} */ one, /** @type {number} */ other) =>
      checks[other] - checks[one] || high[one] - high[other] || low[one] - low[other];
    /** @type {number[]} */
    let best = [];
    for (let slot = 0; slot < used.length; ++slot) {
      if (used[slot] === 1) best.push(slot);
      if (best.length >= 2 * count + 1024) best = best.sort(order).slice(0, count);
    }
    return best
      .sort(order)
      .slice(0, count)
      .map((slot) => ({
        high: high[slot],
        checks: checks[slot],
        answered: answered[slot],
        originCalls: originCalls[slot],
        savedMs: savedMs[slot],
      }));
  }
}

/** @param {number} length a power of two */
function columns(length) {
  return {
    used: new Uint8Array(length),
    high: new Uint32Array(length),
    low: new Uint32Array(length),
    checks: new Uint32Array(length),
    answered: new Uint32Array(length),
    originCalls: new Uint32Array(length),
    savedMs: new Float64Array(length),
  };
}

/**
 * Where it is, or where it is to be.
 * @param {ReturnType<typeof columns>} slots
 * @param {number} high
 * @param {number} low
 */
function find({ used, high: highs, low: lows }, high, low) {
  const mask = used.length - 1;
  let slot = low & mask;
  while (used[slot] === 1 && (highs[slot] !== high || lows[slot] !== low)) slot = (slot + 1) & mask;
  return slot;
}
