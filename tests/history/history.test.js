// What `npm test` has time for of the history check: nothing fails, and a store that evicts. With every fault it takes an
// hour: `npm run history` (docs/several-nodes.md).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHistory } from './history.js';

const SEED = Number(process.env.SESAME_SEED ?? Date.now() % 1_000_000);

test(`R22, R24, R31, R33: three nodes on one Redis keep their promises, seed ${SEED}`, async () => {
  const found = await runHistory({
    seed: SEED,
    lastsMs: 20_000,
    users: 60,
    faults: ['node added'],
  });
  console.log(JSON.stringify(found.totals));
  assert.deepEqual(found.findings, []);
  assert.ok(found.counts['read 200'] > 300, 'users were served');
  assert.ok(found.totals.redemptions > 50, 'tokens were exchanged');
  assert.equal(found.totals.served, 0, 'the stranger got nothing');
});

test('R31, R33: a store that evicts signs nobody out who has a plain session', async () => {
  const redis = ['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random'];
  const given = { seed: SEED, lastsMs: 5000, users: 60, isPlain: true, faults: ['node paused'] };
  const found = await runHistory({ ...given, redis });
  assert.deepEqual(found.findings, []);
  assert.ok(found.counts['read 200'] > 100, 'users were served');
});
