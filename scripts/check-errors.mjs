// Proves that docs/errors.md has every code of an error and every `error` of an HTTP answer that the sources have,
// with the status they are answered with, and none that they have not.
import { listFiles, read } from './lib/files.mjs';
import { Failure, isMain, main } from './lib/run.mjs';

const PAGE = 'docs/errors.md';

/** How an answer's `error` is written in the sources: the status first, where it is written out. */
const ANSWERS = [
  /\berrorResponse\(\s*([\w.]+),\s*'(\w+)'/g,
  /\{ status: (\d+), error: '(\w+)' \}/g,
  /\[(\d+), \{ error: '(\w+)' \}\]/g,
];

/** A call of `errorResponse` that hands on what one of the others says, and the function itself. */
const HANDED_ON = /\berrorResponse\((?:(\w+)\.status, \1\.error|status, error, more)\)/g;

export function checkErrors() {
  const directories = ['adapters', 'bin', 'edge_worker', 'js_bindings', 'service_worker'];
  const files = directories.flatMap((directory) => listFiles(directory, /\.js$/));
  /** @type {Set<string>} */
  const thrown = new Set();
  /** @type {Map<string, Set<string>>} the statuses of each `error` */
  const answered = new Map();
  /** @type {string[]} */
  const faults = [];
  for (const file of files) {
    const text = read(file);
    for (const [code] of text.matchAll(/\bERR_SESAME_\w+/g)) thrown.add(code);
    const found = ANSWERS.flatMap((pattern) => [...text.matchAll(pattern)]);
    for (const [, status, error] of found) {
      answered.set(error, (answered.get(error) ?? new Set()).add(status));
    }
    const calls = [...text.matchAll(/\berrorResponse\(/g)].length;
    const known = [ANSWERS[0], HANDED_ON].flatMap((pattern) => [...text.matchAll(pattern)]).length;
    if (calls !== known) faults.push(`${file} has an errorResponse that this check cannot read`);
  }
  const rows = [...read(PAGE).matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  const codes = new Set(rows.map(([, name]) => name));
  const missing = [...thrown, ...answered.keys()].filter((name) => !codes.has(name));
  const surplus = [...codes].filter((name) => !thrown.has(name) && !answered.has(name));
  faults.push(...missing.map((name) => `${PAGE} lacks ${name}`));
  faults.push(...surplus.map((name) => `${PAGE} has ${name}, which is nowhere in the sources`));
  for (const [, name, row] of rows) {
    const said = row.split(' | ')[0];
    const statuses = [...(answered.get(name) ?? [])].filter((status) => /^\d+$/.test(status));
    const unsaid = statuses.filter((status) => !said.includes(status));
    faults.push(...unsaid.map((status) => `${PAGE}: ${name} is answered with ${status} too`));
  }
  if (faults.length > 0)
    throw new Failure(faults.map((each) => `check-errors: ${each}`).join('\n'));
  console.log(`check-errors: ${thrown.size} codes and ${answered.size} answers are in ${PAGE}`);
}

if (isMain(import.meta)) main(checkErrors);
