// Runs the fuzz targets for a number of inputs rather than for a while: `npm run fuzz:long`. What is found
// on the way stays in build/native-fuzz/corpus, so that the next run goes on from there.
//   --inputs=N   in total over all targets (default ten million)
//   words        only targets whose names hold one of them
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './build.mjs';
import { listFiles } from './lib/files.mjs';
import { captureAsync, Failure, isMain, main, parallel, root } from './lib/run.mjs';

/** How many inputs a target gets for one of another's: an input of this is up to 320 documents. */
const SHARES = new Map([['shapes_fuzz', 1 / 20]]);

/** The last lines of libFuzzer that say what it did. */
const CLOSING = /^(Done \d+ runs|stat::)/;

/** @param {string} name */
function directoriesOf(name) {
  const subject = name.replace(/_fuzz$/, '');
  const found = `build/native-fuzz/corpus/${subject}`;
  const seeds = `tests/native/fuzz/corpus/${subject}`;
  mkdirSync(path.join(root, found), { recursive: true });
  return existsSync(path.join(root, seeds)) ? [found, seeds] : [found];
}

/**
 * @param {string} name
 * @param {number} inputs
 */
async function fuzz(name, inputs) {
  const directories = directoriesOf(name);
  const { ok: ended, all } = await captureAsync(`build/native-fuzz/fuzz/${name}`, [
    ...[`-runs=${inputs}`, '-timeout=25', '-rss_limit_mb=2048', '-print_final_stats=1'],
    ...[`-artifact_prefix=build/native-fuzz/${name}-`, ...directories],
  ]);
  const ok = ended || /^==\d+== libFuzzer: run interrupted/m.test(all);
  const held = readdirSync(path.join(root, directories[0])).length;
  const closing = all.split('\n').filter((line) => CLOSING.test(line));
  console.log(`${name}${ok ? '' : ': A FINDING'}, corpus ${held}`);
  console.log(ok ? closing.join('\n') : all);
  const runs = /number_of_executed_units: (\d+)/.exec(all)?.[1] ?? '0';
  return { target: name, inputs: Number(runs), corpus: held, findings: ok ? 0 : 1 };
}

/** @param {string[]} args */
export async function fuzzLong(args) {
  const { values, positionals } = parseArgs({
    args,
    options: { inputs: { type: 'string', default: '10000000' } },
    allowPositionals: true,
  });
  await build('native-fuzz');
  const names = listFiles('tests/native/fuzz', /\.cc$/)
    .map((file) => path.basename(file, '.cc'))
    .filter((name) => positionals.length === 0 || positionals.some((word) => name.includes(word)));
  const shareOf = (/** @type {string} */ name) => SHARES.get(name) ?? 1;
  const inputs = Number(values.inputs) / names.reduce((sum, name) => sum + shareOf(name), 0);
  if (!(inputs > 0)) throw new Failure('fuzz-long: no target of that name, or no number of inputs');
  const results = await parallel(names, (name) => fuzz(name, Math.ceil(inputs * shareOf(name))));
  console.table(results);
  const total = results.reduce((sum, result) => sum + result.inputs, 0);
  const findings = results.reduce((sum, result) => sum + result.findings, 0);
  console.log(`fuzz-long: ${total} inputs, ${findings} findings`);
  if (findings > 0) throw new Failure('fuzz-long: fuzzing found a fault');
}

if (isMain(import.meta)) main(() => fuzzLong(process.argv.slice(2)));
