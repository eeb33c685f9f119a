// The store in a real Redis server.
import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { redis } from 'sesame-edge/redis';
import { withCode } from '../support/fake-cache.js';
import { startRedis } from '../support/redis-server.js';
import { contract } from './contract.js';

const server = await startRedis();
after(() => server.stop());

contract('the store in Redis', (options) => redis(server.url, options));

describe('Redis that fails', () => {
  const unavailable = withCode('ERR_SESAME_STORE_UNAVAILABLE');
  /** @type {ReturnType<typeof redis>[]} */
  const opened = [];
  afterEach(async () => {
    server.resume();
    for (const store of opened.splice(0)) await store.close();
  });
  const open = (url = server.url, timeoutMs = 2000) => {
    const store = redis(url, { timeoutMs });
    opened.push(store);
    return store;
  };

  test('R33: a server that does not answer is given up in time, and used again after', async () => {
    const store = open();
    const { position } = /** @type {any} */ (await store.changes(null));
    server.pause();
    await assert.rejects(store.get('00'), unavailable);
    await assert.rejects(store.changes(position), unavailable);
    server.resume();
    assert.equal(await store.get('00'), null);
  });

  test('R31: one that comes back empty has another history', async () => {
    const store = open();
    const { position } = /** @type {any} */ (await store.changes(null));
    await server.stop();
    await server.start();
    assert.equal(await store.changes(position), null);
    const again = /** @type {any} */ (await store.changes(null));
    assert.notEqual(again.position.history, position.history);
  });

  test('R33: one that is not there is said to be so', async () => {
    const store = open('redis://127.0.0.1:1', 100);
    await assert.rejects(store.get('00'), unavailable);
  });
});
