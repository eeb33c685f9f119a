// Runs the simulation: `node tests/simulation/run.mjs [--seeds N] [--from S] [--seed S]`. A failing seed is
// printed with the story of its shortest form (`--brief`: without); `--seed S` replays one alone.
import { parseArgs } from 'node:util';
import { Choices, shrink } from './choices.js';
import { simulate } from './scenario.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    brief: { type: 'boolean', default: false },
  },
});

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
  console.log(`${story.join('\n')}\nreplay: node tests/simulation/run.mjs --seed ${seed}`);
  return false;
}

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
for (let seed = from; seed < from + count; ++seed) {
  if (!(await holds(seed))) process.exit(1);
}
console.log(`${count} seeds from ${from} held`);
