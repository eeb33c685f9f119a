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
