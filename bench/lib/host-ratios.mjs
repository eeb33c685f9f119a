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
 * What two workers are to one, against what two of a constant are to one: the median over rounds.
 * @param {Record<string, Measured>} hosts
 * @param {number} connections
 * @returns {{ factor: number, ours: number, theirs: number } | null} null: not all were measured
 */
export function workersFactor(hosts, connections) {
  const names = ['serve-two', 'serve-one', 'constant-two', 'constant-one'];
  const loads = names.map((name) => hosts[name]?.loads[connections]);
  if (loads.some((each) => !each)) return null;
  const [two, one, constantTwo, constantOne] = loads;
  const rounds = two.map((each, round) => {
    const ours = each.rate / one[round].rate;
    const theirs = constantTwo[round].rate / constantOne[round].rate;
    return { factor: ours / theirs, ours, theirs };
  });
  const of = (/** @type {'factor' | 'ours' | 'theirs'} */ what) =>
    median(rounds.map((each) => each[what]));
  return { factor: of('factor'), ours: of('ours'), theirs: of('theirs') };
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
