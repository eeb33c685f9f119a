// Runs the simulation over many seeds, half of them in each of two processes: of one node alone, and of
// several that share a store.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const seeds = Number(process.env.SESAME_SEEDS ?? 2700);
const sharedSeeds = Number(process.env.SESAME_SHARED_SEEDS ?? 700);
const openSeeds = Number(process.env.SESAME_OPEN_SEEDS ?? 200);
const runner = fileURLToPath(new URL('run.mjs', import.meta.url));

/**
 * @param {number} from
 * @param {number} count
 * @param {string[]} more
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function runSeeds(from, count, more) {
  return new Promise((resolve) => {
    const words = [runner, `--from=${from}`, `--seeds=${count}`, ...more];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

/**
 * @param {import('node:test').TestContext} t
 * @param {number} count
 * @param {...string} more
 */
async function runAll(t, count, ...more) {
  const half = Math.floor(count / 2);
  const results = await Promise.all([
    runSeeds(1, half, more),
    runSeeds(half + 1, count - half, more),
  ]);
  for (const { code, output } of results) {
    assert.equal(code, 0, output);
    t.diagnostic(output.trim());
  }
}

// Each seed is run with an adversary and without.
test('R3, R8-R11, R13, R20-R26, R50, R53, R54, R70: no order of events breaks an invariant, and a stranger and a user with an account change nothing for the others', (t) =>
  runAll(t, seeds));

test('R9, R22, R23, R30-R33: nor does any with several nodes, whatever happens to their links', (t) =>
  runAll(t, sharedSeeds, '--shared'));

test('R29: nor is a stream closed on doubt, or left open when its session has ended', (t) =>
  runAll(t, openSeeds, '--shared', '--opens'));
