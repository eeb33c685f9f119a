// Lists of a user's sessions on every store (R27): what two nodes list, one of them ends, and the other refuses.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { redis } from 'sesame-edge/redis';
import { MemoryStore } from 'sesame-edge/stores';
import { startKv, startObjects } from '../support/edge-stores.js';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';

const server = await startRedis();
const objects = await startObjects();
const edge = await startKv();
after(() => Promise.all([server.stop(), objects.stop(), edge.stop()]));

const memory = new MemoryStore();
/** @type {Record<string, () => any>} */
const stores = {
  memory: () => memory,
  Redis: () => redis(server.url, { prefix: 'devices' }),
  'Durable Objects': () => objects.stores('durable-object', { prefix: 'devices' }),
  'KV beside Durable Objects': () => edge.stores('kv+truth', { prefix: 'devices' }),
  'KV alone': () => ({
    ...edge.stores('kv', { prefix: 'devices-alone' }),
    ...{ cannotLock: true, propagationMs: 60_000 },
  }),
};

const by = (/** @type {string} */ name) => ({ headers: { cookie: `session=${name}` } });

describe('a list of devices', { timeout: 120_000 }, () => {
  for (const [name, open] of Object.entries(stores)) {
    test(`R27: in ${name}, what one node has seen another lists and ends`, async () => {
      const isAlone = name === 'KV alone';
      const fetch = async (/** @type {any} */ _, /** @type {any} */ { headers }) => {
        const [id] = new Headers(headers).get('cookie')?.split('=')[1].split('-') ?? [];
        return Response.json({ id });
      };
      const options = {
        ...{ origin: 'http://origin.test', secret: '0f'.repeat(16), userId: '/id', devices: true },
        ...(isAlone && { revocationBound: 90_000 }),
      };
      const start = () =>
        new SessionCache({ ...options, store: open() }, /** @type {any} */ ({ fetch }));
      const nodes = [start(), start()];
      try {
        await nodes[0].getSession(by('ada-1'));
        await until(async () => (await nodes[1].list('ada')).length === 1, 'the first is listed');
        await nodes[1].getSession(by('ada-2'));
        await until(async () => (await nodes[0].list('ada')).length === 2, 'both are listed');
        const [device] = (await nodes[1].list('ada', { request: by('ada-2') })).filter(
          ({ current }) => !current,
        );
        assert.equal(await nodes[1].end(device.handle), true);
        assert.equal(await nodes[1].getSession(by('ada-1')), null);
        const third = start();
        assert.equal(
          await third.getSession(by('ada-1')),
          null,
          'a node that starts later knows it',
        );
        await third.getSession(by('ada-3'));
        await until(async () => (await nodes[1].list('ada')).length === 2, 'the third is listed');
        const others = await nodes[1].endOthers(by('ada-2'));
        assert.deepEqual(others, { ended: 1, isComplete: !isAlone });
        const fourth = start();
        assert.equal(await fourth.getSession(by('ada-3')), null);
        assert.equal((await fourth.getSession(by('ada-2')))?.user.id, 'ada');
        third.dispose();
        fourth.dispose();
      } finally {
        for (const node of nodes) node.dispose();
      }
    });
  }
});
