// Shows that the simulation can fail: takes out, one at a time, what keeps a promise, and prints the seed
// that noticed. Works on copies; the tree is not touched.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

const MOST_SEEDS = 2000;

/** What is taken out: in `file`, every match of `from` becomes `to`. */
const mutants = [
  {
    name: 'the generation compare',
    file: 'wasm/core/session_fill.cc',
    from: /if \(event == nullptr\) return false;/,
    to: 'return false;',
  },
  {
    name: 'the tombstone',
    file: 'wasm/core/tombstones.cc',
    from: /if \(by_key_\.empty\(\)\) return false;/,
    to: 'if (now >= 0) return false;',
  },
  {
    name: 'the lease deadline',
    file: 'wasm/core/leases.cc',
    from: /now (<|>=) (lease|old)(->|\.)deadline/g,
    to: 'now * 0 $1 $2$3deadline',
  },
  {
    name: 'the branch for failures (R13)',
    file: 'wasm/core/session_fill.cc',
    from: / \|\| http_status >= 500/,
    to: '',
  },
];

const COPIED = ['CMakeLists.txt', 'CMakePresets.json', 'package.json', 'wasm', 'scripts'];
const COPIED_TOO = ['js_bindings', 'edge_worker', 'tests/simulation'];

/** @param {typeof mutants[number]} mutant */
function findSeed({ name, file, from, to }) {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'sesame-mutant-'));
  try {
    for (const part of [...COPIED, ...COPIED_TOO]) {
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    const source = readFileSync(path.join(copy, file), 'utf8');
    const mutated = source.replace(from, to);
    if (mutated === source) throw new Failure(`mutants: ${name} is not where it was, in ${file}`);
    writeFileSync(path.join(copy, file), mutated);
    const built = capture(process.execPath, ['scripts/build.mjs'], { cwd: copy });
    if (!built.ok) throw new Failure(`mutants: without ${name} it does not build\n${built.all}`);
    const words = ['tests/simulation/run.mjs', `--seeds=${MOST_SEEDS}`, '--brief'];
    const result = capture(process.execPath, words, { cwd: copy });
    return /^seed (\d+) fails: (.*)/m.exec(result.all);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

export async function mutate() {
  await build();
  const missed = mutants.filter((mutant) => {
    const found = findSeed(mutant);
    const verdict = found ? `seed ${found[1]}: ${found[2]}` : `nothing in ${MOST_SEEDS} seeds`;
    console.log(`without ${mutant.name}: ${verdict}`);
    return !found;
  });
  if (missed.length > 0) throw new Failure('mutants: the simulation missed what was taken out');
}

if (isMain(import.meta)) main(mutate);
