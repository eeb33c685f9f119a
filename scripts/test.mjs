// Runs the parts of the test, all of them or those named: `npm test`, `node scripts/test.mjs js asan`.
// Every part runs even if one before it failed; the exit status and the last line tell.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { check } from './check.mjs';
import { listFiles } from './lib/files.mjs';
import { captureAsync, Failure, isMain, main, parallel, root, run } from './lib/run.mjs';
import { lint } from './lint.mjs';
import { setup } from './setup.mjs';
import { size } from './size.mjs';
import { testPackage } from './test-package.mjs';
import { types } from './types.mjs';

const partLimitMs = 5 * 60_000;
const fuzzSeconds = Number(process.env.FUZZ_SECONDS ?? 5);

/** @param {string} preset */
async function native(preset) {
  await build(preset);
  const words = ['--preset', preset, '--verbose', '--no-tests=error'];
  run('ctest', words, { timeoutMs: partLimitMs }); // verbose shows Catch2's own closing lines
}

/**
 * @param {string} directory
 * @param {number} [timeoutMs]
 */
async function node(directory, timeoutMs = partLimitMs) {
  await build();
  const files = listFiles(directory, /\.test\.(js|mjs)$/);
  if (files.length === 0) throw new Failure(`test: ${directory} has no *.test.js`);
  const words = ['--test', '--test-reporter=spec', ...files];
  run(process.execPath, words, { timeoutMs });
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

async function packed() {
  await build();
  types();
  await testPackage();
}

/** In the order they run: what is quick comes first. */
const parts = new Map([
  ['build', () => build()],
  ['size', size],
  ['js', () => node('tests/js')],
  ['cli', () => node('tests/cli')],
  ['native', () => native('native-debug')],
  ['check', check],
  ['lint', lint],
  ['package', packed],
  ['workerd', () => node('tests/workerd')],
  ['browser', () => node('tests/browser')],
  ['nextjs', () => node('tests/nextjs')],
  ['stores', () => node('tests/stores')],
  ['conformance', () => node('tests/conformance')],
  ['simulation', () => node('tests/simulation', 2 * partLimitMs)],
  ['asan', () => native('native-asan')],
  ['fuzz', fuzz],
]);

/** @param {string[]} names */
async function test(names) {
  const unknown = names.filter((name) => !parts.has(name));
  if (unknown.length > 0) {
    throw new Failure(`test: no part '${unknown[0]}'; there are ${[...parts.keys()].join(', ')}`);
  }
  setup();
  const results = [];
  for (const [name, part] of parts) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.log(`\n=== ${name}`);
    const start = Date.now();
    let passed = true;
    try {
      await part();
    } catch (error) {
      console.error(error instanceof Failure ? error.message : error);
      passed = false;
    }
    results.push({ part: name, passed, seconds: Number(((Date.now() - start) / 1000).toFixed(1)) });
  }
  console.log();
  console.table(results);
  const failed = results.filter(({ passed }) => !passed).length;
  console.log(`sesame: ${results.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

if (isMain(import.meta)) main(() => test(process.argv.slice(2)));
