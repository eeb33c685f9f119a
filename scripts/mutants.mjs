// Shows that tests can fail: takes out, one at a time, a guard that keeps a promise, and prints what noticed. Those of
// the core are noticed by the simulation or the native tests, those of the shell by a test file that each names. Works
// on copies; the tree is not touched. Words on the command line choose among them by name or file: `npm run mutants --
// R24`; `--shell` and `--core` one kind of them. With `--simulation` nothing but the simulation may notice: each guard
// against strangers and users with an account (mutants/simulated.mjs) is taken out, and the seed printed.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { capture, captureAsync, Failure, isMain, main, parallel, root } from './lib/run.mjs';
import { coreMutants } from './mutants/core.mjs';
import { shellMutants } from './mutants/shell.mjs';
import { alone, elsewhere, RULES, shared } from './mutants/simulated.mjs';

/**
 * What is taken out: in `file`, every match of `from` becomes `to`.
 * @typedef {object} Mutant
 * @property {string} name
 * @property {string} file
 * @property {RegExp | string} from a text stands there once
 * @property {string} to
 * @property {string[]} [by] what Node runs that has to notice, such as `--test` and a file
 * @property {boolean} [isNative] the core's native tests have to notice. Neither this nor `by`: the simulation
 */

const MAX_SEEDS = Number(process.env.SESAME_SEEDS ?? 2000);
/** A test that never ends has noticed, too. */
const MAX_TEST_MS = 120_000;
/** A simulation has noticed nothing that has found nothing by then. */
const MAX_SIMULATION_MS = Number(process.env.SESAME_MINUTES ?? 30) * 60_000;

/** @type {Mutant[]} */
const mutants = [...coreMutants, ...shellMutants];

const COPIED = ['CMakeLists.txt', 'CMakePresets.json', 'package.json', 'wasm', 'scripts'];
/** What tests of the shell read beside it. */
const COPIED_FOR_TESTS = ['adapters', 'bin', 'examples', 'tests'];

/** @param {Mutant} mutant @returns {string | null} the file without it; null: it is not there, or not once */
function mutated({ file, from, to }) {
  const source = readFileSync(path.join(root, file), 'utf8');
  if (typeof from === 'string' && source.split(from).length !== 2) return null;
  const changed =
    typeof from === 'string' ? source.replace(from, () => to) : source.replace(from, to);
  return changed === source ? null : changed;
}

/**
 * Whether a file of the shell is none any more without it: then any test fails, and none has noticed.
 * @param {Mutant} mutant
 * @param {typeof import('esbuild')} esbuild
 */
function isBroken(mutant, { transformSync }) {
  if (!mutant.file.endsWith('.js')) return false;
  try {
    transformSync(mutated(mutant) ?? '', { loader: 'js', logLevel: 'silent' });
    return false;
  } catch {
    return true;
  }
}

/** That what each takes out is there: whoever rewrites it has to say where it is now. */
export async function checkMutants() {
  const lost = mutants.filter((mutant) => mutated(mutant) === null);
  if (lost.length > 0) {
    throw new Failure(
      lost.map(({ name, file }) => `mutants: ${name} is not in ${file}, or not once`).join('\n'),
    );
  }
  const esbuild = await import('esbuild'); // a fresh clone has it after its set-up alone
  const broken = mutants.filter((mutant) => isBroken(mutant, esbuild));
  if (broken.length > 0) {
    const names = broken.map(({ name }) => `  ${name}`).join('\n');
    throw new Failure(`mutants: without one of these the file cannot be read:\n${names}`);
  }
  const names = new Set(mutants.map(({ name }) => name));
  if (names.size < mutants.length) throw new Failure('mutants: two have the same name');
  const placed = [...alone, ...shared, ...elsewhere.flatMap(([, each]) => each)];
  const wrong = [
    ...placed.filter((name, at) => !names.has(name) || placed.indexOf(name) !== at),
    ...[...names].filter((name) => RULES.test(name) && !placed.includes(name)),
  ];
  if (wrong.length > 0) {
    throw new Failure(`mutants: not once in simulated.mjs, or not a guard:\n${wrong.join('\n')}`);
  }
  console.log(`mutants: ${mutants.length}, each in its place`);
}

/** @param {string[]} parts of the tree */
function copyOf(parts) {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'sesame-mutant-'));
  for (const part of parts)
    cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
  return copy;
}

/** @param {string} cwd @param {boolean} isShared with several nodes */
function simulate(cwd, isShared) {
  const words = ['tests/simulation/run.mjs', `--seeds=${MAX_SEEDS}`, '--brief'];
  if (isShared) words.push('--shared');
  return captureAsync(process.execPath, words, { cwd, timeoutMs: MAX_SIMULATION_MS });
}

/** @param {string[]} words @param {string} cwd */
function runTests(words, cwd) {
  return captureAsync(process.execPath, words, { cwd, timeoutMs: MAX_TEST_MS });
}

/** What an output of Node's test runner, or of the suite of rules, says has failed. @param {string} said */
function failureIn(said) {
  const failed = /^(?:\s*(?:✖|not ok \d+ -)|[\w ]+: (?=R\d)) ?(.*?)(?: \([\d.]+ms\))?$/m.exec(said);
  return failed?.[1] ?? 'it did not end as it should';
}

/** @param {Mutant[]} chosen of the shell @returns {Promise<Mutant[]>} those that nothing has noticed */
async function missedByTests(chosen) {
  /** @type {string[]} */
  const copies = [];
  const free = Array.from({ length: os.availableParallelism() }, () => {
    copies.push(
      copyOf([...COPIED, 'js_bindings', 'edge_worker', 'service_worker', ...COPIED_FOR_TESTS]),
    );
    return copies[copies.length - 1];
  });
  try {
    const suites = new Map(chosen.map(({ by = [] }) => [by.join(' '), by]));
    await parallel(suites.values(), async (words) => {
      const cwd = /** @type {string} */ (free.pop());
      const { ok, all } = await runTests(words, cwd);
      free.push(cwd);
      if (!ok)
        throw new Failure(`mutants: with nothing taken out, ${words.join(' ')} fails\n${all}`);
    });
    const noticed = await parallel(chosen, async (mutant) => {
      const cwd = /** @type {string} */ (free.pop());
      const file = path.join(cwd, mutant.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, mutated(mutant) ?? '');
      const { ok, all } = await runTests(mutant.by ?? [], cwd);
      writeFileSync(file, source);
      free.push(cwd);
      console.log(`without ${mutant.name}: ${ok ? 'NOTHING' : failureIn(all)}`);
      return !ok;
    });
    return chosen.filter((_, at) => !noticed[at]);
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

/** That the simulation finds nothing where nothing is taken out. */
async function checkSimulation() {
  await parallel([false, true], async (isShared) => {
    const whole = await simulate(root, isShared);
    if (!whole.ok) throw new Failure(`mutants: with nothing taken out it fails\n${whole.all}`);
    console.log(`with nothing taken out: ${whole.all.trim()}`);
  });
}

/** What the simulation reads. */
const SIMULATED = [...COPIED, 'js_bindings', 'edge_worker', 'service_worker', 'adapters'];

/** @param {Mutant[]} chosen @returns {Promise<Mutant[]>} those that the simulation has not noticed */
async function missedBySimulation(chosen) {
  /** @type {Set<Mutant>} */
  const missed = new Set();
  const ofCore = chosen.filter(({ file }) => file.startsWith('wasm/'));
  const ofShell = chosen.filter((each) => !ofCore.includes(each));
  await parallel(ofShell, (mutant) =>
    inCopy(async (cwd) => {
      if (!(await isSimulated(mutant, cwd))) missed.add(mutant);
    }),
  );
  // In one copy: each is built, and most of it is built already.
  await inCopy(async (cwd) => {
    for (const mutant of ofCore) if (!(await isSimulated(mutant, cwd))) missed.add(mutant);
  });
  return [...missed];
}

/** @param {(cwd: string) => Promise<void>} work */
async function inCopy(work) {
  const cwd = copyOf([...SIMULATED, 'tests/simulation']);
  try {
    await work(cwd);
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/**
 * Whether the simulation notices that a guard is not there.
 * @param {Mutant} mutant
 * @param {string} cwd a copy of the tree, as it is when this is through
 */
async function isSimulated(mutant, cwd) {
  const file = path.join(cwd, mutant.file);
  const source = readFileSync(file, 'utf8');
  writeFileSync(file, mutated(mutant) ?? '');
  if (mutant.file.startsWith('wasm/')) {
    const built = capture(process.execPath, ['scripts/build.mjs'], { cwd });
    if (!built.ok) {
      throw new Failure(`mutants: without ${mutant.name} it does not build\n${built.all}`);
    }
  }
  const { ok, all } = await simulate(cwd, shared.includes(mutant.name));
  writeFileSync(file, source);
  const found = /^seed \d+ fails: .*/m.exec(all)?.[0].replace(' fails', '');
  const isCut = !ok && all === '';
  const nothing = isCut ? 'nothing in its time' : `nothing in ${MAX_SEEDS} seeds`;
  const how = found ?? (ok || isCut ? nothing : `it breaks off\n${all}`);
  console.log(`without ${mutant.name}: ${how}`);
  return !ok && !isCut;
}

/** @param {Mutant[]} chosen of the core @returns {Promise<Mutant[]>} those that no native test has noticed */
async function missedByNative(chosen) {
  const cwd = copyOf([...COPIED, 'tests/native']);
  const test = () => {
    const built = capture(process.execPath, ['scripts/build.mjs', 'native-debug'], { cwd });
    if (!built.ok) throw new Failure(`mutants: it does not build natively\n${built.all}`);
    const limits = { cwd, timeoutMs: MAX_TEST_MS };
    return captureAsync('build/native-debug/tests/native/sesame_tests', ['--abort'], limits);
  };
  try {
    const whole = await test();
    if (!whole.ok) throw new Failure(`mutants: with nothing taken out it fails\n${whole.all}`);
    /** @type {Mutant[]} */
    const missed = [];
    for (const mutant of chosen) {
      const file = path.join(cwd, mutant.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, mutated(mutant) ?? '');
      const { ok, all } = await test();
      writeFileSync(file, source);
      const failed = /-{79}\n([^\n]+(?:\n [^\n]+)*)\n-{79}/.exec(all)?.[1] ?? 'it broke off';
      console.log(`without ${mutant.name}: ${ok ? 'NOTHING' : failed.replace(/\s+/g, ' ')}`);
      if (ok) missed.push(mutant);
    }
    return missed;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** @param {string[]} words mutants whose names or files hold one of them, `--shell`, `--core`, `--simulation`; none: all */
export async function mutate(words) {
  const { values, positionals } = parseArgs({
    args: words,
    options: {
      shell: { type: 'boolean' },
      core: { type: 'boolean' },
      simulation: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  await checkMutants();
  await build();
  const chosen = mutants.filter(
    ({ name, file, by, isNative }) =>
      (!values.shell || by) &&
      (!values.core || !by) &&
      (!values.simulation || [...alone, ...shared].includes(name) || (!by && !isNative)) &&
      (positionals.length === 0 || positionals.some((word) => `${name} ${file}`.includes(word))),
  );
  const shell = chosen.filter(({ by }) => by && !values.simulation);
  const native = chosen.filter(({ isNative }) => isNative && !values.simulation);
  const simulated = chosen.filter((each) => !shell.includes(each) && !native.includes(each));
  if (simulated.length > 0) await checkSimulation();
  const missed = [
    ...(shell.length > 0 ? await missedByTests(shell) : []),
    ...(native.length > 0 ? await missedByNative(native) : []),
    ...(simulated.length > 0 ? await missedBySimulation(simulated) : []),
  ];
  if (missed.length > 0) {
    const names = missed.map(({ name }) => `  ${name}`).join('\n');
    throw new Failure(`mutants: nothing noticed that this was taken out:\n${names}`);
  }
}

if (isMain(import.meta)) main(() => mutate(process.argv.slice(2)));
