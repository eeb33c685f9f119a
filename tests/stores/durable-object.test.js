// The store in Durable Objects, in the real workerd with its state on disk.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { startObjects } from '../support/edge-stores.js';
import { until } from '../support/wait.js';
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

describe('a Durable Object that is listened to', () => {
  test('R31: what happened since is told first, and then what happens, without a gap', async () => {
    const store = objects.stores('durable-object', { prefix: 'heard' });
    const { position } = await store.changes(null);
    await store.end('0a', 'key-a', 'node', 60_000);
    await store.userEvent('revoke', 'user', 'node');
    const hearing = store.pushed(position, 4);
    let isHeard = false;
    hearing.finally(() => {
      isHeard = true;
    });
    await store.forget('0b', 'key-b', 'node');
    await store.ask('key-c', 'node');
    const pushes = await until(async () => (isHeard ? hearing : null), 'four events are heard');
    const { events, position: now } = await store.changes(position);
    assert.deepEqual(
      pushes.flatMap((/** @type {any} */ push) => push.events),
      events,
    );
    let { at } = position;
    for (const push of pushes) {
      assert.equal(push.from, at);
      assert.equal(push.position.history, position.history);
      ({ at } = push.position);
    }
    assert.equal(at, now.at);
  });

  test('R31: who knows another history, or what has been lost, cannot listen, and reads', async () => {
    const store = objects.stores('durable-object', { prefix: 'lost' });
    const { position } = await store.changes(null);
    for (const since of [
      { ...position, history: 'another' },
      { ...position, at: '7' },
    ]) {
      await assert.rejects(store.pushed(since, 1), { code: 'ERR_SESAME_STORE_UNAVAILABLE' });
    }
  });

  test('R53: no more than a thousand nodes listen to one object, and those that have stopped leave room', async () => {
    const store = objects.stores('durable-object', { prefix: 'crowded' });
    const { position } = await store.changes(null);
    assert.equal(await store.listenOften(position, 1001), 1000);
    await until(async () => (await store.listenOften(position, 1)) === 1, 'there is room');
  });
});
