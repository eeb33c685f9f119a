// Runs the parts of the test, all of them or those named: `npm test`, `node scripts/test.mjs js asan`.
// Every part runs even if another failed; the exit status and the last line tell. Parts are processes of their
// own, some at the same time; what one prints comes in one piece, when it has ended.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { listFiles } from './lib/files.mjs';
import { captureAsync, Failure, isMain, main, parallel, root, run } from './lib/run.mjs';
import { lint } from './lint.mjs';
import { setup } from './setup.mjs';
import { size } from './size.mjs';
import { testPackage } from './test-package.mjs';
import { types } from './types.mjs';

const partLimitMs = 25 * 60_000; // what hangs; a busy machine needs twice as long as a quiet one
const fuzzSeconds = Number(process.env.FUZZ_SECONDS ?? 5);

/** @param {string} preset */
async function native(preset) {
  await build(preset);
  const words = ['--preset', preset, '--verbose', '--no-tests=error'];
  run('ctest', words, { timeoutMs: partLimitMs }); // verbose shows Catch2's own closing lines
}

/** @param {string} directory */
function node(directory) {
  const files = listFiles(directory, /\.test\.(js|mjs)$/);
  if (files.length === 0) throw new Failure(`test: ${directory} has no *.test.js`);
  const words = ['--test', '--test-reporter=spec', ...files];
  run(process.execPath, words, { timeoutMs: partLimitMs });
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

/** What each part does. @type {Map<string, () => unknown>} */
const parts = new Map([
  ['build', () => build()],
  ['types', types],
  ['size', size],
  ['check', check],
  ['package', testPackage],
  ['js', () => node('tests/js')],
  ['cli', () => node('tests/cli')],
  ['workerd', () => node('tests/workerd')],
  ['browser', () => node('tests/browser')],
  ['docs', () => node('tests/docs')],
  ['nextjs', () => node('tests/nextjs')],
  ['stores', () => node('tests/stores')],
  ['reference', () => node('tests/reference')],
  ['conformance', () => node('tests/conformance')],
  ['simulation', () => node('tests/simulation')],
  ['native', () => native('native-debug')],
  ['lint', lint],
  ['asan', () => native('native-asan')],
  ['fuzz', fuzz],
]);

/** What all others need: the module, and the types that the package has. */
const preparation = ['build', 'types'];

/** The others, those of a row one after the other, each row beside another: what is long comes first. */
const rows = [
  ['size', 'check', 'native', 'lint', 'asan', 'fuzz'],
  ['conformance'],
  ['stores'],
  ['nextjs'],
  ['browser'],
  ['docs'],
  ['simulation'],
  ['workerd'],
  ['reference'],
  ['js'],
  ['cli'],
  ['package'],
];

/** @typedef {{ part: string, passed: boolean, seconds: number }} Result */

/** @param {string[]} names */
async function test(names) {
  const unknown = names.filter((name) => !parts.has(name));
  if (unknown.length > 0) {
    throw new Failure(`test: no part '${unknown[0]}'; there are ${[...parts.keys()].join(', ')}`);
  }
  setup();
  /** @type {Result[]} */
  const results = [];
  for (const name of preparation) results.push(await runPart(name));
  await parallel(rows, async (row) => {
    for (const name of row) {
      if (names.length === 0 || names.includes(name)) results.push(await runPart(name));
    }
  });
  console.log();
  console.table(results);
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`sesame: ${results.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

/** In a process of its own. @param {string} name @returns {Promise<Result>} */
async function runPart(name) {
  const start = Date.now();
  const words = [fileURLToPath(import.meta.url), '--part', name];
  const { ok, all } = await captureAsync(process.execPath, words);
  console.log(`\n=== ${name}\n${all.trimEnd()}`);
  const seconds = Number(((Date.now() - start) / 1000).toFixed(1));
  return { part: name, passed: ok, seconds };
}

const [first, ...rest] = process.argv.slice(2);
const body = first === '--part' ? parts.get(rest[0]) : () => test(process.argv.slice(2));
if (isMain(import.meta) && body) main(body);
