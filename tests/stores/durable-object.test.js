// The store in Durable Objects, in the real workerd with its state on disk.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startObjects } from '../support/edge-stores.js';
import { contract } from './contract.js';

const objects = await startObjects();
after(() => objects.stop());

const NO_PUSH = {
  push: 'an isolate of the edge has no life of its own in which it could be called',
};

contract(
  'the store in Durable Objects',
  (options) => objects.stores('durable-object', options),
  NO_PUSH,
);

describe('Durable Objects that come back', () => {
  test('R30: what was put is there after a restart, and so is what was ended', async () => {
    const store = objects.stores('durable-object', { prefix: 'restarted' });
    const { position } = await store.changes(null);
    const options = { since: position, ttlMs: 60_000 };
    const value = Uint8Array.of(1, 2, 3);
    assert.equal(await store.putIfNewer('0a', value, options), true);
    const ended = await store.end('0b', 'key', 'node');
    await objects.restart();
    const again = objects.stores('durable-object', { prefix: 'restarted' });
    assert.deepEqual(await again.get('0a'), value);
    assert.equal(await again.putIfNewer('0b', value, options), false);
    const { events, position: now } = await again.changes(position);
    assert.deepEqual(events, [{ at: ended.at, kind: 'end', key: 'key', writer: 'node' }]);
    assert.equal(now.history, position.history);
  });

  test('R4: two prefixes share nothing', async () => {
    const [one, other] = ['one', 'other'].map((prefix) =>
      objects.stores('durable-object', { prefix }),
    );
    const { position } = await one.changes(null);
    await one.putIfNewer('0a', Uint8Array.of(1), { since: position, ttlMs: 60_000 });
    assert.equal(await other.get('0a'), null);
  });
});
