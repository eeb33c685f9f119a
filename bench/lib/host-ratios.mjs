// What follows from the loads of hosts that were measured by turns: ratios of the same round, medians over rounds. It must not
// know how they were measured.
import { median } from './statistics.mjs';

/** @typedef {import('../hosts/wrk.mjs').Load} Load */

/**
 * @typedef {object} Measured
 * @property {string} label
 * @property {string} group
 * @property {Record<number, Load[]>} loads by connections, a round each
 * @property {number | null} [signOutSeconds] null: not within the time that was waited
 * @property {number} [bytes] for the sessions of the run
 */

/**
 * The median over rounds of one load's figure to another's, of the same round.
 * @param {Measured | undefined} of
 * @param {Measured | undefined} to
 * @param {number} connections
 * @param {'rate' | 'p50' | 'micros'} [what]
 * @returns {number | null} null: one of them was not measured
 */
export function ratioOf(of, to, connections, what = 'rate') {
  const [ours, theirs] = [of?.loads[connections], to?.loads[connections]];
  if (!ours || !theirs) return null;
  return median(ours.map((each, round) => Number(each[what]) / Number(theirs[round][what])));
}

/**
 * The medians of one host's rounds.
 * @param {Load[]} loads
 * @returns {Load}
 */
export function mediansOf(loads) {
  const of = (/** @type {'rate' | 'p50' | 'p99' | 'micros'} */ what) =>
    median(loads.map((each) => Number(each[what])));
  const hasMicros = loads.every(({ micros }) => micros !== null);
  return {
    rate: of('rate'),
    p50: of('p50'),
    p99: of('p99'),
    micros: hasMicros ? of('micros') : null,
  };
}
