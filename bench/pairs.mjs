// Whether this tree is slower than another one: `node bench/pairs.mjs --against DIR`, DIR being a built checkout of the
// commit to compare with. Both trees do the same work by turns, each time in a process of its own; a measure's figure is
// the median of the ratios this/other with its 95 % interval. "Not slower" is: the interval's lower end is at most the
// limit. Exit code 1 if a measure is slower.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { medianInterval } from './lib/statistics.mjs';

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    limit: { type: 'string', default: '1.03' },
  },
});
if (values.against === undefined) {
  console.error('bench: --against DIR, a built checkout of the commit to compare with');
  process.exit(2);
}

const child = fileURLToPath(new URL('./lib/pair-child.mjs', import.meta.url));
const here = fileURLToPath(new URL('../', import.meta.url));
const there = path.resolve(values.against);

/** @param {string} tree @returns {Promise<Record<string, number>>} */
async function measure(tree) {
  const { stdout } = await promisify(execFile)(process.execPath, [child, tree]);
  return JSON.parse(stdout);
}

// The files of both are in memory before anything counts.
for (const tree of [here, there]) await measure(tree);
/** @type {Map<string, number[]>} */
const ratios = new Map();
for (let pair = 0; pair < Number(values.pairs); pair += 1) {
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
const limit = Number(values.limit);
const rows = [...ratios].map(([name, list]) => {
  const { median, low, high } = medianInterval(list);
  const figures = { ratio: median.toFixed(3), low: low.toFixed(3), high: high.toFixed(3) };
  return {
    measure: name,
    ...figures,
    pairs: list.length,
    verdict: low <= limit ? 'not slower' : 'SLOWER',
  };
});
console.table(rows);
if (rows.some(({ verdict }) => verdict === 'SLOWER')) process.exitCode = 1;
