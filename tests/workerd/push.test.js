// Sign-outs are pushed between nodes at the edge, in the real workerd: isolates of their own on the same Durable Objects
// (R31). The log is read so seldom here that nothing but a push can be in time.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startEdgeNodes } from '../support/edge-nodes.js';
import { bearer } from '../support/http-case.js';
import { byDefault, createOrigin, DOCUMENT } from '../support/origin.js';
import { until } from '../support/wait.js';

const NODES = 3;

/** @type {Awaited<ReturnType<typeof createOrigin>>} */
let origin;
/** @type {Awaited<ReturnType<typeof startEdgeNodes>>} */
let edge;
/** Their tokens. @type {Set<string | undefined>} */
const signedOut = new Set();
before(async () => {
  origin = await createOrigin();
  origin.on(`GET ${DOCUMENT}`, (call) =>
    signedOut.has(call.headers.authorization) ? { status: 401 } : byDefault(call),
  );
  origin.on('POST /api/logout', ({ headers }) => {
    signedOut.add(headers.authorization);
    return { status: 204 };
  });
  edge = await startEdgeNodes(NODES, {
    ...{ origin: origin.url, secret: '5e'.repeat(16), revocationBound: '1h' },
  });
});
after(async () => {
  await edge.stop();
  await origin.stop();
});

/** @typedef {(typeof edge.nodes)[number]} Node */

/** @param {Node} node @param {string} name */
async function ask(node, name) {
  const response = await node.fetch(DOCUMENT, { headers: bearer(name) });
  await response.text();
  return [response.status, response.headers.get('server-timing')];
}

describe('nodes at the edge', { timeout: 60_000 }, () => {
  test('R31: a sign-out is pushed to the other nodes, whichever it went through', async () => {
    for (const [index, node] of edge.nodes.entries()) {
      const name = `ada-${index}`;
      for (const each of edge.nodes) await ask(each, name);
      for (const each of edge.nodes) {
        assert.deepEqual(await ask(each, name), [200, 'sesame;desc=fresh']);
      }
      await node.fetch('/api/logout', { method: 'POST', headers: bearer(name) });
      for (const each of edge.nodes) {
        await until(async () => (await ask(each, name))[0] === 401, 'the others know');
      }
    }
    assert.equal((await edge.counts()).listens, NODES, 'each node listens once, behind a request');
  });

  test('R30, R31: a hundred sign-outs on one node are known to the others, and each is told once', async () => {
    const [one, ...others] = edge.nodes;
    const names = Array.from({ length: 100 }, (_, index) => `crowd-${index}`);
    for (const node of edge.nodes) for (const name of names) await ask(node, name);
    const { changes } = await edge.counts();
    await Promise.all(
      names.map((name) => one.fetch('/api/logout', { method: 'POST', headers: bearer(name) })),
    );
    for (const node of others) {
      await until(async () => (await node.stats()).entries === 0, 'nothing is held any more');
    }
    assert.equal((await edge.counts()).changes, changes, 'the log was not read for it');
  });

  test('R31, R33: when the object is started anew, the nodes listen again and hear what they have missed', async () => {
    const names = ['before', 'meanwhile'];
    for (const node of edge.nodes) for (const name of names) await ask(node, name);
    await edge.abort();
    await edge.nodes[0].fetch('/api/logout', { method: 'POST', headers: bearer('meanwhile') });
    for (const node of edge.nodes) {
      await until(async () => (await ask(node, 'meanwhile'))[0] === 401, 'the others know');
      assert.equal((await ask(node, 'before'))[0], 200);
    }
  });
});
