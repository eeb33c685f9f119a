import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from 'sesame-edge/stores';
import { contract } from './contract.js';

const store = new MemoryStore();
contract('the store in memory', (options) => (options ? new MemoryStore(options) : store));

test('R31: what was read before the store came back empty is not put into it after', async () => {
  const emptied = new MemoryStore();
  const since = /** @type {any} */ (await emptied.changes(null)).position;
  emptied.clear();
  const isPut = await emptied.putIfNewer('name', new Uint8Array(1), { since, ttlMs: 1000 });
  assert.equal(isPut, false);
});

test('R33, R50: a full store takes no more records, and every sign-out, until some are over', async () => {
  let time = 1_000_000;
  const full = new MemoryStore({ now: () => time, maxBytes: 10_000 });
  const { position: since } = /** @type {any} */ (await full.changes(null));
  const put = (/** @type {string} */ name) =>
    full.putIfNewer(name, new Uint8Array(700), { since: { ...since, time }, ttlMs: 1000 });
  for (let at = 0; at < 10; at += 1) assert.equal(await put(`record ${at}`), true);
  await assert.rejects(put('one more'), {
    code: 'ERR_SESAME_STORE_UNAVAILABLE',
    message: 'The shared store refuses: full (OOM)',
  });
  assert.equal(await put('record 3'), true, 'in the place of another');
  await full.end('record 4', '0a', 'node', 1000);
  assert.equal(await full.get('record 4'), 'ended');
  time += 1000;
  // Nobody asks for those that are over: writes find them, some at a time (R51).
  for (let at = 0; at < 10; at += 1) await full.ask('0a', 'node');
  for (let at = 0; at < 9; at += 1) assert.equal(await put(`another ${at}`), true);
  assert.equal(await full.get('record 4'), 'ended');
});
