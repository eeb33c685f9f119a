// Whether this tree is slower than another one, a built checkout of the commit to compare with. Both trees do the same work
// by turns, each time in a process of its own; a measure's figure is the median of the ratios this/other with its 95 %
// interval. "Not slower" is: the interval's lower end is at most the limit.
// It must not know what is measured: pair-child.mjs does, and no more of a tree than both have.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis } from '../../tests/support/redis-server.js';
import { medianInterval } from './statistics.mjs';

/** What can be compared: fresh hits and fills of one node; what several nodes do on one Redis. */
export const pairedSections = ['checks', 'sharing'];

const child = fileURLToPath(new URL('./pair-child.mjs', import.meta.url));
const here = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Prints a row for each measure.
 * @param {object} how
 * @param {string[]} how.sections
 * @param {string} how.against
 * @param {number} how.pairs
 * @param {number} how.limit
 * @returns {Promise<boolean>} whether a measure is slower
 */
export async function comparePairs({ sections, against, pairs, limit }) {
  const there = path.resolve(against);
  const server = sections.includes('sharing') ? await startRedis() : null;
  /** @param {string} tree @returns {Promise<Record<string, number>>} */
  const measure = async (tree) => {
    const words = [child, tree, sections.join(), server?.url ?? ''];
    const { stdout } = await promisify(execFile)(process.execPath, words);
    return JSON.parse(stdout);
  };
  try {
    // The files of both are in memory before anything counts.
    for (const tree of [here, there]) await measure(tree);
    /** @type {Map<string, number[]>} */
    const ratios = new Map();
    for (let pair = 0; pair < pairs; pair += 1) {
      // Who begins changes from pair to pair.
      const order = pair % 2 === 0 ? [here, there] : [there, here];
      /** @type {Record<string, number>[]} */
      const figures = [];
      for (const tree of order) figures.push(await measure(tree));
      const [mine, other] = pair % 2 === 0 ? figures : figures.reverse();
      for (const [name, value] of Object.entries(mine)) {
        ratios.set(name, [...(ratios.get(name) ?? []), value / other[name]]);
      }
    }
    const rows = [...ratios].map(([name, list]) => {
      const { median, low, high } = medianInterval(list);
      const figures = { ratio: median.toFixed(3), low: low.toFixed(3), high: high.toFixed(3) };
      const verdict = low <= limit ? 'not slower' : 'SLOWER';
      return { measure: name, ...figures, pairs: list.length, verdict };
    });
    console.table(rows);
    return rows.some(({ verdict }) => verdict === 'SLOWER');
  } finally {
    await server?.stop();
  }
}
