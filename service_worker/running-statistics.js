// Counters over several caches, one after the other.

/** What is held now, and no sum. */
const NOW = ['entries', 'bytes', 'managedSessions', 'leases'];

/** @typedef {Pick<import('../js_bindings/sessions/parts.js').Parts, 'engine' | 'statistics'>} Counted */

export class RunningStatistics {
  /** @type {Record<string, number>} */
  #past = {};
  /** @type {Record<string, number>} */
  #pastDrops = {};

  /**
   * One cache is given up for another.
   * @param {Counted} from
   * @param {Counted} to
   */
  move(from, to) {
    const { dropsByPath, ...sums } = this.with(from);
    this.#past = numbersOf(sums);
    this.#pastDrops = dropsByPath;
    to.engine.times = from.engine.times;
  }

  /**
   * @param {Counted} parts
   * @returns {import('../js_bindings/sessions/statistics.js').Statistics}
   */
  with(parts) {
    const statistics = parts.statistics();
    const sums = Object.entries(numbersOf(statistics)).map(([name, value]) => [
      name,
      NOW.includes(name) ? value : value + (this.#past[name] ?? 0),
    ]);
    const dropsByPath = { ...this.#pastDrops };
    for (const [path, count] of Object.entries(statistics.dropsByPath)) {
      dropsByPath[path] = (dropsByPath[path] ?? 0) + count;
    }
    return { ...statistics, ...Object.fromEntries(sums), dropsByPath };
  }
}

/**
 * @param {object} statistics
 * @returns {Record<string, number>}
 */
function numbersOf(statistics) {
  return Object.fromEntries(
    Object.entries(statistics).filter(([, value]) => typeof value === 'number'),
  );
}
