// How many instructions the core takes for a hit, counted by Callgrind (Debian's `valgrind`), which no other work on the
// machine changes: `node bench/instructions.mjs [--against DIR]`, DIR being a checkout to compare with. Needs g++, Catch2
// and a tree whose native tests have been built, for nlohmann_json.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { listFiles } from '../scripts/lib/files.mjs';
import { capture, root, run } from '../scripts/lib/run.mjs';

const { values } = parseArgs({ options: { against: { type: 'string' } } });
const FEW = 1000;
const MANY = 11_000;
const KINDS = ['bearer', 'cookie'];

const scratch = mkdtempSync(path.join(os.tmpdir(), 'sesame-instructions-'));

/** @param {string} tree @param {string} name @returns {string} the program */
function compiled(tree, name) {
  const program = path.join(scratch, name);
  const wasm = path.relative(root, path.join(tree, 'wasm'));
  const sources = ['core', 'abi'].flatMap((room) => listFiles(path.join(wasm, room), /\.cc$/));
  const include = ['wasm/core', 'wasm/abi', 'tests/native'].map((of) => `-I${path.join(tree, of)}`);
  const json = path.join(root, 'build/native-debug/json_include');
  run('g++', [
    ...[
      '-std=c++20',
      '-O2',
      '-DJSON_NOEXCEPTION',
      '-DJSON_USE_IMPLICIT_CONVERSIONS=0',
      '-o',
      program,
    ],
    ...[...include, '-isystem', json, path.join(root, 'bench/instructions/hit.cc')],
    ...[...sources, '-lCatch2'],
  ]);
  return program;
}

/** @param {string} program @param {number} hits @param {string} kind of credential */
function instructions(program, hits, kind) {
  const out = path.join(scratch, 'callgrind.out');
  const words = ['--tool=callgrind', `--callgrind-out-file=${out}`, program, String(hits), kind];
  capture('valgrind', words);
  return Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(out, 'utf8'))?.[1]);
}

/** Of one hit; what comes before them is in both counts. @param {string} program @param {string} kind */
const ofHit = (program, kind) =>
  (instructions(program, MANY, kind) - instructions(program, FEW, kind)) / (MANY - FEW);

try {
  const program = compiled(root, 'here');
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
