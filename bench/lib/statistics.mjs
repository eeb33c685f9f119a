// Small sums over measurements.

/** @param {Iterable<number>} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {Float64Array} sorted
 * @param {number} share
 */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/**
 * A median with its interval of 95 %, whatever the values are like: two of them, by their ranks.
 * @param {number[]} values some independent ones; of less than six, the interval is all there is
 * @returns {{ median: number, low: number, high: number }}
 */
export function medianInterval(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const reach = 0.98 * Math.sqrt(sorted.length);
  const low = Math.max(0, Math.floor(sorted.length / 2 - reach));
  return { median: median(sorted), low: sorted[low], high: sorted[sorted.length - 1 - low] };
}

/** @param {number} value @param {number} digits significant ones */
export function round(value, digits = 4) {
  return Number(value.toPrecision(digits));
}

/** @param {number[]} values */
export function quantilesOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (/** @type {number} */ share) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
