// Runs the parts of the test: all that `npm test` has, or those named: `npm test`, `node scripts/test.mjs js asan`.
//   --all           the long parts as well (lib/parts.mjs says which)
//   --watch js …    runs the parts again when one of their sources changes, until Ctrl-C
//   --only a,b PART the files of a part whose names begin so: `backends --only express,django`
// Every part runs even if another failed; the exit status and the last line tell. Parts are processes of their
// own, some at the same time; what one prints comes in one piece, when it has ended.
import { existsSync, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { estimateLong } from './estimate-long.mjs';
import { fuzzLong } from './fuzz-long.mjs';
import { listFiles } from './lib/files.mjs';
import { PARTS } from './lib/parts.mjs';
import { captureAsync, Failure, isMain, main, parallel, root, run } from './lib/run.mjs';
import { watchDirectories } from './lib/watch.mjs';
import { lint } from './lint.mjs';
import { mutate } from './mutants.mjs';
import { setup } from './setup.mjs';
import { size } from './size.mjs';
import { testPackage } from './test-package.mjs';
import { types } from './types.mjs';

// What hangs ends: a busy machine needs several times as long as a quiet one.
const partLimitMs = 25 * 60_000;
const fileLimitMs = 15 * 60_000;
const long = {
  env: {
    SESAME_SEEDS: process.env.SESAME_SEEDS ?? '20000',
    SESAME_SHARED_SEEDS: process.env.SESAME_SHARED_SEEDS ?? '1500',
    SESAME_OPEN_SEEDS: process.env.SESAME_OPEN_SEEDS ?? '600',
  },
  ...{ timeoutMs: 4 * partLimitMs, fileMs: 4 * partLimitMs },
};
const manyRevocations = {
  env: { SESAME_REVOCATIONS: process.env.SESAME_REVOCATIONS ?? '10000' },
  only: ['faults', 'open-sockets'],
  ...{ timeoutMs: 2 * partLimitMs, fileMs: 2 * partLimitMs },
};
/** `--part NAME`, and the files of it that are chosen: one part, in a process of its own. */
const [first, name, ...chosen] = process.argv.slice(2);
const fuzzSeconds = Number(process.env.FUZZ_SECONDS ?? 5);

/** @param {string} preset */
async function native(preset) {
  await build(preset);
  const jobs = `--parallel=${os.availableParallelism()}`;
  const words = ['--preset', preset, jobs, '--output-on-failure', '--no-tests=error'];
  run('ctest', words, { timeoutMs: partLimitMs });
}

/**
 * The tests of a directory, or those of them that are chosen by name. A file's process ends with its last test, also
 * where a test that failed has left something open, and a file that does not end is ended.
 * @param {string} directory
 * @param {object} [how]
 * @param {Record<string, string>} [how.env]
 * @param {number} [how.timeoutMs] the part ends then
 * @param {number} [how.fileMs] a file ends then
 * @param {string[]} [how.only] what the names of its files begin with
 */
function node(directory, how = {}) {
  const { env = {}, timeoutMs = partLimitMs, fileMs = fileLimitMs, only = chosen } = how;
  const all = listFiles(directory, /\.test\.(js|mjs)$/);
  if (all.length === 0) throw new Failure(`test: ${directory} has no *.test.js`);
  const files = filesNamed(all, only);
  const ending = ['--test-force-exit', `--test-timeout=${fileMs}`];
  const words = ['--test', ...ending, '--test-reporter=spec', ...files];
  run(process.execPath, words, { env, timeoutMs });
}

/**
 * The files whose names begin with one of these.
 * @param {string[]} files
 * @param {string[]} names none: all of them
 */
export function filesNamed(files, names) {
  const named = (/** @type {string} */ name) =>
    files.filter((file) => path.basename(file).startsWith(name));
  const missing = names.find((name) => named(name).length === 0);
  if (missing !== undefined) {
    const there = files.map((file) => path.basename(file).replace(/\.test\.m?js$/, ''));
    throw new Failure(`test: no '${missing}' among ${there.join(', ')}`);
  }
  return names.length === 0 ? files : [...new Set(names.flatMap(named))].sort();
}

async function fuzz() {
  await build('native-fuzz');
  const names = listFiles('tests/native/fuzz', /\.cc$/).map((file) => path.basename(file, '.cc'));
  if (names.length === 0) throw new Failure('test: there is no fuzz target');
  const failed = await parallel(names, fuzzOne);
  if (failed.includes(true)) throw new Failure('test: fuzzing found a fault');
}

/** @param {string} name */
async function fuzzOne(name) {
  const subject = name.replace(/_fuzz$/, '');
  const found = `build/native-fuzz/corpus/${subject}`; // what this machine came across, kept
  const seeds = `tests/native/fuzz/corpus/${subject}`;
  mkdirSync(path.join(root, found), { recursive: true });
  const result = await captureAsync(`build/native-fuzz/fuzz/${name}`, [
    ...[`-max_total_time=${fuzzSeconds}`, '-timeout=10', '-rss_limit_mb=2048'],
    ...['-print_final_stats=1', `-artifact_prefix=build/native-fuzz/${name}-`],
    ...[found, ...(existsSync(path.join(root, seeds)) ? [seeds] : [])],
  ]);
  const runs = /number_of_executed_units: (\d+)/.exec(result.all)?.[1] ?? '0';
  console.log(result.ok ? `${name}: ${runs} inputs` : `${name}:\n${result.all}`);
  return !result.ok;
}

/** What each part does. @type {Record<string, () => unknown>} */
export const bodies = {
  build: () => build(),
  types,
  size,
  check,
  package: testPackage,
  scripts: () => node('tests/scripts'),
  js: () => node('tests/js'),
  cli: () => node('tests/cli'),
  nginx: () => node('tests/nginx'),
  security: () => node('tests/security'),
  workerd: () => node('tests/workerd'),
  browser: () => node('tests/browser'),
  docs: () => node('tests/docs'),
  nextjs: () => node('tests/nextjs'),
  frameworks: () => node('tests/frameworks'),
  backends: () => node('tests/backends', { fileMs: partLimitMs }),
  stores: () => node('tests/stores', { fileMs: partLimitMs }),
  history: () => node('tests/history', { fileMs: partLimitMs }),
  reference: () => node('tests/reference'),
  // On each of its hosts one after the other.
  conformance: () =>
    node('tests/conformance', { timeoutMs: 2 * partLimitMs, fileMs: 2 * partLimitMs }),
  simulation: () => node('tests/simulation', { fileMs: partLimitMs }),
  native: () => native('native-debug'),
  lint,
  asan: () => native('native-asan'),
  fuzz,
  'simulation-long': () => node('tests/simulation', long),
  'revocations-long': () => node('tests/stores', manyRevocations),
  mutants: () => mutate([]),
  'fuzz-long': () => fuzzLong([]),
  'estimate-long': () => estimateLong(),
};

/** What is made first, in this order. */
export const preparation = /** @type {const} */ (['build', 'types']);

/** The others: those of a row run one after the other, each row beside another; what is long comes first. */
export const rows = [
  ['size', 'check', 'native', 'lint', 'asan', 'fuzz'],
  ['conformance'],
  ['stores'],
  ['history'],
  ['security'],
  ['nextjs'],
  ['backends'],
  ['frameworks'],
  ['browser'],
  ['docs'],
  ['simulation'],
  ['workerd'],
  ['reference'],
  ['js'],
  ['cli'],
  ['package'],
  ['nginx', 'scripts'],
  ['simulation-long'],
  ['revocations-long'],
  ['mutants'],
  ['fuzz-long'],
  ['estimate-long'],
];

/** @typedef {{ part: string, passed: boolean, seconds: number }} Result */

/** @param {string[]} names @param {string[]} only @returns {Promise<boolean>} whether all passed */
async function test(names, only) {
  setup(names);
  /** @type {Result[]} */
  const results = [];
  for (const name of preparation) {
    const isNeeded = names.some((each) => each === name || PARTS[each].after.includes(name));
    if (isNeeded) results.push(await runPart(name, []));
  }
  await parallel(rows, async (row) => {
    for (const name of row) {
      if (names.includes(name)) results.push(await runPart(name, only));
    }
  });
  console.log();
  console.table(results);
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`sesame: ${results.length - failed} passed, ${failed} failed`);
  return failed === 0;
}

/** Runs parts, and again after each change of their sources. @param {string[]} names @param {string[]} only */
async function watch(names, only) {
  const sources = new Set(names.flatMap((name) => PARTS[name].sources));
  const changes = watchDirectories([...sources].map((directory) => path.join(root, directory)));
  for (;;) {
    await test(names, only);
    console.log(`sesame: waiting for a change in ${[...sources].join(', ')}`);
    const changed = await changes.next();
    console.log(`\nsesame: ${changed.map((file) => path.relative(root, file)).join(', ')}`);
  }
}

/** In a process of its own. @param {string} name @param {string[]} only @returns {Promise<Result>} */
async function runPart(name, only) {
  const start = Date.now();
  const words = [fileURLToPath(import.meta.url), '--part', name, ...only];
  const { ok, all } = await captureAsync(process.execPath, words);
  console.log(`\n=== ${name}\n${all.trimEnd()}`);
  const seconds = Number(((Date.now() - start) / 1000).toFixed(1));
  return { part: name, passed: ok, seconds };
}

async function testAsTold() {
  const { values, positionals } = parseArgs({
    options: { all: { type: 'boolean' }, watch: { type: 'boolean' }, only: { type: 'string' } },
    allowPositionals: true,
  });
  const names = Object.keys(PARTS);
  const unknown = positionals.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new Failure(`test: no part '${unknown}'; there are ${names.join(', ')}`);
  }
  const usual = names.filter((name) => values.all || !PARTS[name].long);
  if (values.only !== undefined && positionals.length !== 1) {
    throw new Failure('test: --only chooses among the files of one part: name the part');
  }
  const wanted = positionals.length > 0 ? positionals : usual;
  const only = values.only?.split(',') ?? [];
  if (values.watch) await watch(wanted, only);
  else if (!(await test(wanted, only))) process.exitCode = 1;
}

if (isMain(import.meta)) main(first === '--part' ? bodies[name] : testAsTold);
