// A minute of the history check; `npm run history` takes an hour (docs/several-nodes.md).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runHistory } from './history.js';

const SEED = Number(process.env.SESAME_SEED ?? Date.now() % 1_000_000);

test(`R22, R24, R31, R33: three nodes under faults keep their promises, seed ${SEED}`, async () => {
  const found = await runHistory({ seed: SEED, lastsMs: 45_000, users: 60 });
  console.log(JSON.stringify({ ...found.totals, excused: found.excused }));
  assert.deepEqual(found.findings, [], `${[...new Set(found.faults.map(({ name }) => name))]}`);
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
