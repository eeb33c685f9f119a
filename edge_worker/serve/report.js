// The lines that a local server prints about its traffic.
//
// It must not know where counters come from nor where lines go, and reads no clock. Invariant: a
// line is made only of counters and the time, never of a credential or a document (SPEC R71).

/**
 * The worker's counters, by their names: those of `Statistics`.
 * @typedef {Record<string, number>} Counters
 */

/** The counters that stand for a check which cost no origin call of its own. */
const HITS = ['fresh', 'stale', 'negative', 'joined'];

/**
 * `checks 17 hits 16 origin calls 1`. A hit is a check without an origin call of its own.
 * @param {Counters | null} counters null while there was no request
 * @returns {string}
 */
export function describeCounters(counters) {
  const count = (/** @type {string} */ name) => counters?.[name] ?? 0;
  const hits = HITS.reduce((sum, name) => sum + count(name), 0);
  return `checks ${count('checks')} hits ${hits} origin calls ${count('originCalls')}`;
}

/**
 * @param {Date} time
 * @returns {string} `12:00:01`, on this machine's clock
 */
export function describeTime(time) {
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

/**
 * Says what changed since it last spoke, and nothing if nothing did.
 * @returns {(counters: Counters | null, time: Date) => string | null} the line to print
 */
export function createReport() {
  let last = describeCounters(null);
  return (counters, time) => {
    const now = describeCounters(counters);
    if (now === last) return null;
    last = now;
    return `${describeTime(time)} ${now}`;
  };
}
