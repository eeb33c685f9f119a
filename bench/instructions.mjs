// How many instructions the core takes for a hit, counted by Callgrind (Debian's `valgrind`), which no other work on the
// machine changes: `node bench/instructions.mjs [--against DIR]`, DIR being a checkout to compare with. Needs g++, Catch2
// and a tree whose native tests have been built, for nlohmann_json.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({ options: { against: { type: 'string' } } });
const FEW = 1000;
const MANY = 11_000;
const KINDS = ['bearer', 'cookie'];

const scratch = mkdtempSync(path.join(os.tmpdir(), 'sesame-instructions-'));

/** @param {string} command @param {string[]} words */
const run = (command, words) => execFileSync(command, words, { encoding: 'utf8', stdio: 'pipe' });

/** @param {string} directory */
const sourcesIn = (directory) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.cc'))
    .map((name) => path.join(directory, name));

/** @param {string} tree @param {string} name @returns {string} the program */
function compiled(tree, name) {
  const program = path.join(scratch, name);
  const sources = ['wasm/core', 'wasm/abi'].flatMap((room) => sourcesIn(path.join(tree, room)));
  const include = ['wasm/core', 'wasm/abi', 'tests/native'].map((of) => `-I${path.join(tree, of)}`);
  const json = path.join(here, 'build/native-debug/json_include');
  run('g++', [
    ...[
      '-std=c++20',
      '-O2',
      '-DJSON_NOEXCEPTION',
      '-DJSON_USE_IMPLICIT_CONVERSIONS=0',
      '-o',
      program,
    ],
    ...[...include, '-isystem', json, path.join(here, 'bench/instructions/hit.cc')],
    ...[...sources, '-lCatch2'],
  ]);
  return program;
}

/** @param {string} program @param {number} hits @param {string} kind of credential */
function instructions(program, hits, kind) {
  const out = path.join(scratch, 'callgrind.out');
  const words = ['--tool=callgrind', `--callgrind-out-file=${out}`, program, String(hits), kind];
  execFileSync('valgrind', words, { stdio: 'ignore' });
  return Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(out, 'utf8'))?.[1]);
}

/** Of one hit; what comes before them is in both counts. @param {string} program @param {string} kind */
const ofHit = (program, kind) =>
  (instructions(program, MANY, kind) - instructions(program, FEW, kind)) / (MANY - FEW);

try {
  const program = compiled(here, 'here');
  const other = values.against && compiled(path.resolve(values.against), 'there');
  const rows = KINDS.map((kind) => {
    const own = ofHit(program, kind);
    if (!other) return { 'a hit by': kind, instructions: own };
    const theirs = ofHit(other, kind);
    return { 'a hit by': kind, instructions: own, there: theirs, ratio: own / theirs };
  });
  console.table(rows);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
