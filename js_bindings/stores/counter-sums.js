// The counters of several caches as those of one. It must not know what a counter counts, only which of them say how
// things are now.
// Invariant: what is added never falls (rule R70), whichever of the caches have gone.

/** Counters as `statistics()` gives them, or pieces of them. @typedef {any} Counters */

/** What is held now, which goes with the cache that holds it. */
const HELD_NOW = ['entries', 'bytes', 'managedSessions', 'leases', 'connections'];
/** How things are where they are worst. */
const WORST = ['storeSilenceMs', 'storeRefused'];
/** Names the bucket of a histogram. */
const NAMES = ['leMs'];

/**
 * @param {Counters} one undefined: none
 * @param {Counters} other
 * @returns {Counters} a new object
 */
export function addCounters(one, other, name = '') {
  if (one === undefined || other === undefined) return one ?? other;
  if (typeof other === 'number') {
    if (NAMES.includes(name)) return other;
    return WORST.includes(name) ? Math.max(one, other) : one + other;
  }
  if (Array.isArray(other)) return other.map((each, at) => addCounters(one[at], each));
  if (other === null || typeof other !== 'object') return other;
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...names].map((each) => [each, addCounters(one[each], other[each], each)]),
  );
}

/**
 * What of the counters of a cache that has gone still counts.
 * @param {Counters} counters
 * @returns {Counters}
 */
export function countersOf(counters) {
  const none = [...HELD_NOW, ...WORST].filter((name) => name in counters).map((name) => [name, 0]);
  return { ...counters, ...Object.fromEntries(none) };
}
