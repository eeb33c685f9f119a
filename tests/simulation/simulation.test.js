// Runs the simulation over many seeds, half of them in each of two processes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const seeds = Number(process.env.SESAME_SEEDS ?? 20_000);
const runner = fileURLToPath(new URL('run.mjs', import.meta.url));

/**
 * @param {number} from
 * @param {number} count
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function runSeeds(from, count) {
  return new Promise((resolve) => {
    const words = [runner, `--from=${from}`, `--seeds=${count}`];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
    });
    child.on('close', (code) => resolve({ code, output }));
  });
}

const half = Math.floor(seeds / 2);
const halves = [
  [1, half],
  [half + 1, seeds - half],
];

test('R3, R8-R11, R13, R20-R26, R50, R70: no order of events breaks an invariant', async (t) => {
  const results = await Promise.all(halves.map(([from, count]) => runSeeds(from, count)));
  for (const { code, output } of results) {
    assert.equal(code, 0, output);
    t.diagnostic(output.trim());
  }
});
