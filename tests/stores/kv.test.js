// The stores in KV, in miniflare with their state on disk: beside Durable Objects, and alone.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { ConfigError, SessionCache } from 'sesame-edge';
import { kv } from 'sesame-edge/stores';
import { startKv } from '../support/edge-stores.js';
import { contract } from './contract.js';

const edge = await startKv();
after(() => edge.stop());

const PUSH = 'an isolate of the edge has no life of its own in which it could be called';

contract('the store in KV, beside Durable Objects', (options) => edge.stores('kv+truth', options), {
  push: PUSH,
});

contract('the store in KV alone', () => edge.stores('kv', { prefix: 'alone' }), {
  push: PUSH,
  atomic: 'KV reads and then writes: of an end and a late answer at the same time either may stand',
  locks: 'KV cannot compare, so nodes cannot agree who asks the origin',
  order: 'KV has no order of its own: clocks say what came first, and events may show late',
  trimming: 'events run out after a quarter of an hour instead',
});

describe('KV', () => {
  test('R30: what was put is there after a restart', async () => {
    for (const kind of ['kv', 'kv+truth']) {
      const store = edge.stores(kind, { prefix: `restarted-${kind}` });
      const { position } = await store.changes(null);
      await store.putIfNewer('0a', Uint8Array.of(1, 2), { since: position, ttlMs: 60_000 });
      await edge.restart();
      assert.deepEqual(
        await edge.stores(kind, { prefix: `restarted-${kind}` }).get('0a'),
        Uint8Array.of(1, 2),
      );
    }
  });

  test('R31: alone, an end stands in the way of older answers, and its event comes once', async () => {
    const store = edge.stores('kv', { prefix: 'ends' });
    const { position } = await store.changes(null);
    const options = { since: position, ttlMs: 60_000 };
    await store.putIfNewer('0a', Uint8Array.of(1), options);
    await store.end('0a', 'key', 'node', 60_000);
    assert.equal(await store.get('0a'), 'ended');
    assert.equal(await store.putIfNewer('0a', Uint8Array.of(1), options), false);
    const { events, position: next } = await store.changes(position);
    assert.deepEqual(
      events.map((/** @type {any} */ { kind, key, writer }) => ({ kind, key, writer })),
      [{ kind: 'end', key: 'key', writer: 'node' }],
    );
    assert.deepEqual((await store.changes(next)).events, []);
  });

  test('R31: alone, it is refused for a bound that it cannot keep', () => {
    const store = kv(/** @type {any} */ ({}));
    const options = { origin: 'https://origin.test', secret: '0'.repeat(32), store };
    for (const revocationBound of /** @type {const} */ (['5s', '60s'])) {
      assert.throws(
        () => new SessionCache({ ...options, revocationBound }),
        (error) => error instanceof ConfigError && /longer than 60 seconds/.test(error.message),
      );
    }
    new SessionCache({ ...options, revocationBound: '90s' }).dispose();
  });
});
