// Shows that the simulation can fail: takes out, one at a time, what keeps a promise, and prints the seed
// that noticed. Works on copies; the tree is not touched. Words on the command line choose among them:
// `npm run mutants -- R24`.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from './build.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

const MAX_SEEDS = 2000;

/** What is taken out: in `file`, every match of `from` becomes `to`. Each must be noticed. */
const mutants = [
  {
    name: 'the generation compare',
    file: 'wasm/core/session/session_fill.cc',
    from: /(return event != nullptr &&) event->overtakes\(lease\.sequence\);/,
    to: '$1 false;',
  },
  {
    name: 'the tombstone',
    file: 'wasm/core/session/tombstones.cc',
    from: /slot != SlotIndex::kNone && now < slots_\[slot\]\.until/,
    to: 'now < 0 && slot != SlotIndex::kNone',
  },
  {
    name: 'the lease deadline',
    file: 'wasm/core/session/leases.cc',
    from: /now (<|>=) (lease|old)(->|\.)deadline/g,
    to: 'now * 0 $1 $2$3deadline',
  },
  {
    name: 'the branch for failures (R13)',
    file: 'wasm/core/session/session_fill.cc',
    from: /\s*\|\|\s+http_status >= 500/,
    to: '',
  },
  {
    name: 'the end of a lease with its session (R10)',
    file: 'wasm/core/session/session_events.cc',
    from: /(void SessionCache::bury[^}]*)leases_\.cancel\(key\);/,
    to: '$1',
  },
  {
    name: 'the end of sessions with their user (R23)',
    file: 'wasm/core/session/session_cache.cc',
    from: /\(\*event\)->revoked &&/,
    to: 'false &&',
  },
  {
    name: 'the event of an update (R22)',
    file: 'wasm/core/session/session_events.cc',
    from: /(?=users_\.change\(user, change, )/,
    to: 'if (now < 0) ',
  },
  {
    name: 'the wait for a redemption under way (R24)',
    file: 'wasm/core/session/session_managed.cc',
    from: /if \(Lease\* current = leases_\.find_current\(key, now\)\)/,
    to: 'if (Lease* current = now < 0 ? leases_.find_current(key, now) : nullptr)',
  },
  {
    name: 'the difference between a refusal and a failed redemption (R24)',
    file: 'wasm/core/session/session_managed.cc',
    from: /http_status == http::kBadRequest \|\|/,
    to: 'http_status >= http::kBadRequest ||',
  },
  {
    name: 'the end of the session that a login replaces (R21)',
    file: 'js_bindings/http/auth-routes.js',
    from: /(no fixation \(R21\)\.[^\n]*\n *)await this\.#end\(head, context\);/,
    to: '$1',
  },
];

const COPIED = ['CMakeLists.txt', 'CMakePresets.json', 'package.json', 'wasm', 'scripts'];
const COPIED_TOO = ['js_bindings', 'edge_worker', 'service_worker', 'tests/simulation'];

/** That what each takes out is there: whoever rewrites it has to say where it is now. */
export function checkMutants() {
  const lost = mutants.filter(({ file, from, to }) => {
    const source = readFileSync(path.join(root, file), 'utf8');
    return source.replace(from, to) === source;
  });
  if (lost.length > 0) {
    throw new Failure(
      lost.map(({ name, file }) => `mutants: ${name} is not in ${file}`).join('\n'),
    );
  }
  console.log(`mutants: ${mutants.length}, each in its place`);
}

/** @param {typeof mutants[number]} mutant */
function findSeed({ name, file, from, to }) {
  const copy = mkdtempSync(path.join(os.tmpdir(), 'sesame-mutant-'));
  try {
    for (const part of [...COPIED, ...COPIED_TOO]) {
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
    }
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    const source = readFileSync(path.join(copy, file), 'utf8');
    writeFileSync(path.join(copy, file), source.replace(from, to));
    const built = capture(process.execPath, ['scripts/build.mjs'], { cwd: copy });
    if (!built.ok) throw new Failure(`mutants: without ${name} it does not build\n${built.all}`);
    const { ok, all } = simulate(copy);
    const found = /^seed \d+ fails: .*/m.exec(all);
    if (!ok && !found) throw new Failure(`mutants: without ${name} it breaks off\n${all}`);
    return found?.[0].replace(' fails', '') ?? null;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** @param {string} cwd */
function simulate(cwd) {
  const words = ['tests/simulation/run.mjs', `--seeds=${MAX_SEEDS}`, '--brief'];
  return capture(process.execPath, words, { cwd });
}

/** @param {string[]} words mutants whose names hold one of them; none: all */
export async function mutate(words) {
  checkMutants();
  await build();
  const whole = simulate(root);
  if (!whole.ok) throw new Failure(`mutants: with nothing taken out it fails\n${whole.all}`);
  console.log(`with nothing taken out: ${whole.all.trim()}`);
  const chosen = mutants.filter(
    ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
  );
  const missed = chosen.filter((mutant) => {
    const found = findSeed(mutant);
    console.log(`without ${mutant.name}: ${found ?? `nothing in ${MAX_SEEDS} seeds`}`);
    return !found;
  });
  if (missed.length > 0) throw new Failure('mutants: the simulation missed what was taken out');
}

if (isMain(import.meta)) main(() => mutate(process.argv.slice(2)));
