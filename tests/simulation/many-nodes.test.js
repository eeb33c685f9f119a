// A hundred nodes with a hundred tabs each, and one user: however many ask, and wherever, a change of the
// document costs the origin one call.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { createClock } from '../support/clock.js';
import { settle } from '../support/wait.js';
import { settleCryptoAtOnce } from './crypto.js';
import { WEBHOOK_SECRET } from './events.js';

const NODES = 100;
const TABS = 100;
const SECRET = '0'.repeat(32);
const HEADERS = { authorization: 'Bearer ada' };

/** By turns, what changes a document, and what that may cost. */
const CHANGES = /** @type {const} */ (['updateUser', 'invalidateUser', 'webhook']);
const ROUNDS = 6;

settleCryptoAtOnce();

/** The origin: one user, whose document has a version. */
function createOrigin() {
  const origin = {
    version: 1,
    reads: 0,
    writes: 0,
    /** @param {string | Request} _ @param {RequestInit} [init] */
    async fetch(_, { method = 'GET' } = {}) {
      if (method === 'GET') origin.reads += 1;
      else {
        origin.writes += 1;
        origin.version += 1;
      }
      await settle(); // it takes its time, and meanwhile everybody asks
      return Response.json({ id: 'ada', version: origin.version });
    },
  };
  return origin;
}

function startNodes() {
  const clock = createClock();
  const origin = createOrigin();
  const store = new MemoryStore({ now: clock.now });
  const nodes = Array.from({ length: NODES }, () => {
    const { now, sleep } = clock;
    return new SessionCache(
      {
        origin: 'http://origin',
        memory: '4MB',
        secret: SECRET,
        webhookSecret: WEBHOOK_SECRET,
        store,
      },
      { fetch: origin.fetch, now, monotonic: now, sleep },
    );
  });
  return { clock, origin, nodes };
}

/**
 * Done when the node says so, and all others can know.
 * @param {typeof CHANGES[number]} change
 * @param {ReturnType<typeof createOrigin>} origin
 * @param {SessionCache} node
 * @param {() => number} now
 */
async function makeChange(change, origin, node, now) {
  if (change === 'updateUser') return node.updateUser({ headers: HEADERS }, {});
  origin.version += 1;
  if (change === 'invalidateUser') return node.invalidateUser('ada');
  const response = await node.handle(webhook(origin.version, now()));
  assert.equal(response.status, 204);
}

/** @param {number} nonce @param {number} now */
function webhook(nonce, now) {
  const body = JSON.stringify({ action: 'invalidate', user: 'ada', nonce });
  const seconds = Math.floor(now / 1000);
  const mac = createHmac('sha256', WEBHOOK_SECRET).update(`${seconds}.${body}`).digest('hex');
  const headers = { 'sesame-signature': `t=${seconds},v1=${mac}` };
  return new Request('http://edge/api/auth/revoke', { method: 'POST', headers, body });
}

/**
 * Every tab on every node asks at once.
 * @param {ReturnType<typeof startNodes>} started
 */
async function askEverywhere({ clock, nodes }) {
  const asking = nodes.flatMap((node) =>
    Array.from({ length: TABS }, () => node.getSession({ headers: HEADERS })),
  );
  let isDone = false;
  const all = Promise.all(asking).finally(() => {
    isDone = true;
  });
  for (let turn = 0; turn < 1000 && !isDone; ++turn) {
    await settle();
    clock.advance(10);
  }
  return all;
}

test('R9, R22, R23: 10,000 checks on 100 nodes after a change cost one origin call, after an update none', async (t) => {
  const started = startNodes();
  const { origin, nodes } = started;
  await settle();
  await askEverywhere(started);
  t.diagnostic(`first: ${NODES * TABS} checks, ${origin.reads} GET`);
  assert.equal(origin.reads, 1);
  for (let round = 0; round < ROUNDS; ++round) {
    const change = CHANGES[round % CHANGES.length];
    origin.reads = 0;
    await makeChange(change, origin, nodes[(round * 17) % NODES], started.clock.now);
    const answers = await askEverywhere(started);
    t.diagnostic(`${change}: ${answers.length} checks, ${origin.reads} GET`);
    assert.equal(origin.reads, change === 'updateUser' ? 0 : 1);
    assert.ok(answers.every((session) => session?.user.version === origin.version));
  }
  const counted = nodes.reduce((sum, node) => sum + node.statistics().checks, 0);
  t.diagnostic(`${counted} checks in all`);
  for (const node of nodes) node.dispose();
});
