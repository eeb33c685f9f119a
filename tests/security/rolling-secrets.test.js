// A secret is changed node by node, and nobody notices (rule R2): on a real Redis, and on the store in memory.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { redis } from 'sesame-edge/redis';
import { MemoryStore } from 'sesame-edge/stores';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';
import { createCluster, login, NEW, OLD, send, whoIs } from './support.js';

const DAY = 24 * 3_600_000;
const STEPS = [[OLD], [OLD, NEW], [NEW, OLD], [NEW]];

const server = await startRedis();
after(() => server.stop());
let prefixes = 0;

/** @type {Record<string, () => () => any>} */
const STORES = {
  Redis() {
    prefixes += 1;
    const prefix = `rolling${prefixes}`;
    return () => redis(server.url, { prefix });
  },
  memory() {
    const store = new MemoryStore();
    return () => store;
  },
};

for (const [kind, open] of Object.entries(STORES)) {
  describe(`three nodes on ${kind}`, () => {
    for (const managed of [undefined, {}]) {
      const mode = managed ? 'managed' : 'plain';
      const bearer = { authorization: 'Bearer ada' };

      /** @param {object} [options] */
      const begin = (options = {}) => {
        const cluster = createCluster(open(), { managed, ...options });
        const nodes = [0, 1, 2].map(() => cluster.start({ secret: STEPS[0] }));
        /** Restarts the nodes one by one with other secrets. @param {(step: string) => Promise<void>} look */
        const roll = async (
          /** @type {string[]} */ secret,
          look = async (/** @type {string} */ _) => {},
        ) => {
          for (const index of [0, 1, 2]) {
            cluster.stop(nodes[index]);
            nodes[index] = cluster.start({ secret });
            await look(`step ${STEPS.indexOf(secret)}, ${index + 1} of the nodes`);
          }
        };
        return {
          ...cluster,
          roll,
          nodes: () => nodes,
          node: (/** @type {number} */ index) => nodes[index],
        };
      };

      test(`R2, R24, R30: a rotation signs no user out, costs no call, and redeems no token twice (${mode})`, async () => {
        const { origin, clock, nodes, node, roll, end } = begin();
        const document = 'GET /api/v1/users/me';
        const asked = () => origin.calls.filter((call) => call === document).length;
        const begun = async () => (managed ? { cookie: await login(node(0), 'ada') } : bearer);
        let headers = await begun();
        assert.equal(await whoIs(node(0), headers), 'id-ada');
        assert.equal(asked(), 1);
        for (const secret of STEPS.slice(1)) {
          await roll(secret, async (step) => {
            const calls = asked();
            for (const each of nodes()) assert.equal(await whoIs(each, headers), 'id-ada', step);
            // A record under one secret is read by who has it; the last step's nodes know one alone.
            assert.ok(asked() - calls <= 1, step);
            if (managed) {
              // Tokens run out, and all nodes want new ones at once.
              clock.advance(901_000);
              const ask = (/** @type {any} */ each) => send(each, '/api/v1/thing', headers);
              for (const { status } of await Promise.all(nodes().map(ask))) {
                assert.equal(status, 200, step);
              }
              assert.ok(origin.calls.includes('POST /api/v1/auth/refresh'));
            }
          });
          // A secret that is retired ends the sessions that it made: those of before are ended by the last step.
          if (managed && STEPS.indexOf(secret) === 2) headers = await begun();
        }
        assert.equal(origin.replays, 0);
        end();
      });

      test(`R31: at each step a sign-out on one node is one on all others (${mode})`, async () => {
        const { nodes, node, roll, end } = begin();
        for (const secret of STEPS.slice(1)) {
          await roll(secret, async (step) => {
            for (const [from, to] of [
              [0, 2],
              [2, 0],
              [1, 2],
            ]) {
              for (const how of ['revoke', 'revokeUser']) {
                const plain = {
                  authorization: `Bearer ada-${step.replace(/\W/g, '')}-${from}-${how}`,
                };
                const headers = managed ? { cookie: await login(node(from), 'ada') } : plain;
                for (const each of nodes())
                  assert.equal(await whoIs(each, headers), 'id-ada', step);
                if (how === 'revoke') await node(from).revoke({ headers });
                else await node(from).revokeUser('id-ada');
                await until(
                  async () => (await whoIs(node(to), headers)) === null,
                  `${step} ${how} ${mode}`,
                );
              }
            }
          });
        }
        end();
      });

      test(`R8, R31: what was ended under a retired secret stays so, for as long as it could live (${mode})`, async () => {
        const { clock, node, roll, end, start } = begin();
        const headers = managed ? { cookie: await login(node(0), 'ada') } : bearer;
        assert.equal(await whoIs(node(0), headers), 'id-ada');
        await node(0).revoke({ headers });
        for (const secret of STEPS.slice(1)) {
          await roll(secret);
          assert.equal(await whoIs(node(1), headers), null);
        }
        clock.advance(kind === 'Redis' ? 0 : DAY); // Redis has the machine's clock
        assert.equal(await whoIs(start({ secret: [NEW] }), headers), null);
        end();
      });
    }

    test('R21: a retired secret ends the sessions that it made', async () => {
      const cluster = createCluster(open(), { managed: {} });
      const cookie = await login(cluster.start({ secret: [OLD] }), 'ada');
      assert.equal(await whoIs(cluster.start({ secret: [NEW, OLD] }), { cookie }), 'id-ada');
      assert.equal(await whoIs(cluster.start({ secret: [NEW] }), { cookie }), null);
      cluster.end();
    });
  });
}
