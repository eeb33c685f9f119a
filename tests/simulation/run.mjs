// Runs the simulation: `node tests/simulation/run.mjs [--shared] [--seeds N] [--from S] [--seed S]`, of one
// node alone, or of several that share a store. A failing seed is
// printed with the story of its shortest form (`--brief`: without); `--seed S` replays one alone.
import { parseArgs } from 'node:util';
import { Choices, shrink } from './choices.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    shared: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
  },
});

const simulate = values.shared
  ? (await import('./shared-scenario.js')).simulateShared
  : (await import('./scenario.js')).simulate;
const kind = values.shared ? ' --shared' : '';

/** @param {number} seed */
async function findShortest(seed) {
  const choices = Choices.fromSeed(seed);
  await simulate(choices);
  return shrink(choices.drawn, async (list) => {
    const { violations } = await simulate(Choices.fromList(list));
    return violations.length > 0;
  });
}

/** @param {number} seed @returns {Promise<boolean>} whether it held */
async function holds(seed) {
  const { violations } = await simulate(Choices.fromSeed(seed));
  if (violations.length === 0) return true;
  console.log(`seed ${seed} fails: ${violations.join('; ')}`);
  if (values.brief) return false;
  const shortest = await findShortest(seed);
  const { story } = await simulate(Choices.fromList(shortest));
  console.log(`${shortest.length} choices: ${shortest.join(' ')}`);
  console.log(`${story.join('\n')}\nreplay: node tests/simulation/run.mjs${kind} --seed ${seed}`);
  return false;
}

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
for (let seed = from; seed < from + count; ++seed) {
  if (!(await holds(seed))) process.exit(1);
}
console.log(`${count} seeds from ${from} held`);
