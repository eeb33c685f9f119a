// Runs the simulation: `node tests/simulation/run.mjs [--shared [--opens]] [--seeds N] [--from S] [--seed S]`, of one
// node alone, or of several that share a store, with pages that listen to event streams (`--opens`). A failing seed is
// printed with the story of its shortest form (`--brief`: without); `--seed S` replays one alone.
import { parseArgs } from 'node:util';
import { Choices, shrink } from './choices.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    shared: { type: 'boolean', default: false },
    opens: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
  },
});

/** @type {(choices: Choices, strange: Choices) => Promise<{ violations: string[], story: string[] }>} */
let simulate;
if (values.shared) {
  const { simulateShared } = await import('./shared-scenario.js');
  simulate = (choices, strange) => simulateShared(choices, strange, { opens: values.opens });
} else {
  ({ simulate } = await import('./scenario.js'));
}
const kind = values.shared ? ` --shared${values.opens ? ' --opens' : ''}` : '';

/** The adversary's choices are a stream of their own. */
const STRANGE = 0x5bd1e995;

/** @param {number} seed @returns {[Choices, Choices]} */
const choicesOf = (seed) => [Choices.fromSeed(seed), Choices.fromSeed(seed ^ STRANGE)];

/** @param {string} violation */
const ruleOf = (violation) => violation.slice(0, violation.indexOf(':'));

/** Honest users' choices and the adversary's, each made shorter beside the other, as long as the same rule is broken. */
async function findShortest(/** @type {number} */ seed) {
  const [choices, strange] = choicesOf(seed);
  const rule = ruleOf((await simulate(choices, strange)).violations[0]);
  const fails = async (/** @type {number[]} */ list, /** @type {number[]} */ strangeList) => {
    const made = await simulate(Choices.fromList(list), Choices.fromList(strangeList));
    return made.violations.some((violation) => ruleOf(violation) === rule);
  };
  const first = await shrink(strange.drawn, (list) => fails(choices.drawn, list));
  const honest = await shrink(choices.drawn, (list) => fails(list, first));
  return { honest, strange: await shrink(first, (list) => fails(honest, list)) };
}

/** @param {number} seed @returns {Promise<boolean>} whether it held */
async function holds(seed) {
  const { violations } = await simulate(...choicesOf(seed));
  if (violations.length === 0) return true;
  console.log(`seed ${seed} fails: ${violations.join('; ')}`);
  if (values.brief) return false;
  const shortest = await findShortest(seed);
  const lists = [Choices.fromList(shortest.honest), Choices.fromList(shortest.strange)];
  const { story } = await simulate(lists[0], lists[1]);
  console.log(`${shortest.honest.length} choices: ${shortest.honest.join(' ')}`);
  console.log(`${shortest.strange.length} of the adversary: ${shortest.strange.join(' ')}`);
  console.log(`${story.join('\n')}\nreplay: node tests/simulation/run.mjs${kind} --seed ${seed}`);
  return false;
}

const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.seeds) : 1;
for (let seed = from; seed < from + count; ++seed) {
  if (!(await holds(seed))) process.exit(1);
}
console.log(`${count} seeds from ${from} held`);
