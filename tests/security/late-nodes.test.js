// A node that starts after a session was ended knows it (rules R8, R31): at once, a minute and many days later. Nothing of
// this is ended at the origin.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createClient } from 'redis';
import { redis } from 'sesame-edge/redis';
import { MemoryStore } from 'sesame-edge/stores';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';
import { createCluster, login, OLD, whoIs } from './support.js';

const [MINUTE, DAY] = [60_000, 24 * 3_600_000];
const bearer = { authorization: 'Bearer ada' };

const server = await startRedis();
after(() => server.stop());

describe('a node that starts later', () => {
  for (const managed of [undefined, {}]) {
    const mode = managed ? 'managed' : 'plain';
    test(`R31: refuses what was revoked, without asking the origin, for as long as it could live (${mode})`, async () => {
      /** @type {() => number} */
      let lead = () => 0;
      const store = new MemoryStore({ now: () => Date.now() + lead() });
      const cluster = createCluster(() => store, { managed });
      lead = cluster.clock.lead;
      const first = cluster.start({}, {});
      const headers = managed ? { cookie: await login(first, 'ada') } : bearer;
      assert.equal(await whoIs(first, headers), 'id-ada');
      await first.revoke({ headers });
      cluster.stop(first);
      const calls = cluster.origin.calls.length;
      for (const later of [0, 61_000, 20 * MINUTE, DAY, 28 * DAY]) {
        cluster.clock.advance(later);
        const late = cluster.start();
        for (const fresh of [false, true]) {
          const session = await late.getSession({ headers }, { fresh });
          assert.equal(session, null, `${later} ms later, fresh: ${fresh}`);
        }
        cluster.stop(late);
      }
      assert.equal(cluster.origin.calls.length, calls);
      cluster.end();
    });
  }

  test('R31: refuses what `revokeUser` ended, as far as the store knows of it, and goes on refusing it', async () => {
    const store = new MemoryStore();
    const cluster = createCluster(() => store);
    const first = cluster.start();
    assert.equal(await whoIs(first, bearer), 'id-ada');
    await first.revokeUser('id-ada');
    cluster.stop(first);
    const calls = cluster.origin.calls.length;
    for (let count = 0; count < 2; count += 1) {
      const late = cluster.start();
      assert.equal(await whoIs(late, bearer), null);
      cluster.stop(late);
    }
    assert.equal(cluster.origin.calls.length, calls);
    cluster.end();
  });

  test('R33: a credential that was only dropped is asked for, and served', async () => {
    const store = new MemoryStore();
    const cluster = createCluster(() => store);
    const first = cluster.start();
    await whoIs(first, bearer);
    await first.forget({ headers: bearer });
    assert.equal(await whoIs(cluster.start(), bearer), 'id-ada');
    cluster.end();
  });

  test('R31: in Redis the mark of an end lives as long as the session could, of a drop a minute', async (t) => {
    const cluster = createCluster(() => redis(server.url, { prefix: 'late' }), { secret: OLD });
    const first = cluster.start();
    const db = createClient({ url: server.url });
    await db.connect();
    t.after(() => db.destroy());
    const marks = async () => {
      const keys = await db.keys('late:session:*');
      return Promise.all(
        keys.map(async (key) => [await db.hGet(key, 'ended'), await db.pTTL(key)]),
      );
    };
    await whoIs(first, bearer);
    await until(async () => (await db.keys('late:session:*')).length === 1);
    await first.forget({ headers: bearer });
    const [[none, drop]] = await marks();
    assert.equal(none, null);
    assert.ok(Number(drop) > 50_000 && Number(drop) <= MINUTE, `${drop}`);
    await first.revoke({ headers: bearer });
    const [[ended, left]] = await marks();
    assert.equal(ended, '1');
    assert.ok(Number(left) > 29 * DAY && Number(left) <= 30 * DAY, `${left}`);
    await first.forget({ headers: bearer });
    assert.equal((await marks())[0][0], '1', 'a drop does not make it begin anew');
    cluster.end();
  });
});
