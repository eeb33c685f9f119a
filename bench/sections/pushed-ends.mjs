// How soon a sign-out on one node is known to the last of the others, where it is pushed: nodes at the edge on Durable Objects,
// and `sesame-edge serve --store redis://…` on both runtimes. All of it goes over HTTP, as it does for users; one session after
// the other.
import { setTimeout as wait } from 'node:timers/promises';
import { startCli } from '../../tests/support/cli.js';
import { createClient } from '../../tests/support/client.js';
import { startEdgeNodes } from '../../tests/support/edge-nodes.js';
import { bearer } from '../../tests/support/http-case.js';
import { byDefault, createOrigin, DOCUMENT } from '../../tests/support/origin.js';
import { startRedis } from '../../tests/support/redis-server.js';
import { quantilesOf } from '../lib/statistics.mjs';

const NODES = 3;
const LOGOUT = '/api/logout';

/** A sign-out is not where the last one was in the nodes' readings of the log, of two seconds. */
const MAX_PAUSE_MS = 60;

/** @typedef {(path: string, init?: import('../../tests/support/client.js').ClientInit) => Promise<Response>} Fetch */

/** An origin that knows who has signed out. */
async function startOrigin() {
  const origin = await createOrigin();
  /** @type {Set<string | undefined>} */
  const signedOut = new Set();
  origin.on(`GET ${DOCUMENT}`, (call) =>
    signedOut.has(call.headers.authorization) ? { status: 401 } : byDefault(call),
  );
  origin.on(`POST ${LOGOUT}`, (call) => {
    signedOut.add(call.headers.authorization);
    return { status: 204 };
  });
  return origin;
}

/**
 * @param {Fetch[]} nodes
 * @param {number} count
 */
async function signOutOften(nodes, count) {
  /** @type {number[]} */
  const times = [];
  /** @param {Fetch} node @param {string} name */
  const ask = async (node, name) => {
    const response = await node(DOCUMENT, { headers: bearer(name) });
    await response.arrayBuffer();
    return response.status;
  };
  // Whoever has had a request listens.
  for (let round = 0; round < 3; round += 1) {
    await Promise.all(nodes.map((node) => ask(node, 'everyday')));
    await wait(100);
  }
  for (let index = 0; index < count; index += 1) {
    const name = `user-${index}`;
    for (const node of nodes) {
      await ask(node, name);
      if ((await ask(node, name)) !== 200) throw new Error('it is not signed in');
    }
    await wait(Math.random() * MAX_PAUSE_MS);
    const [one, ...others] = nodes.map((_, at) => nodes[(index + at) % nodes.length]);
    const start = performance.now();
    const signedOut = one(LOGOUT, { method: 'POST', headers: bearer(name) });
    await Promise.all(
      others.map(async (node) => {
        while ((await ask(node, name)) !== 401) await wait(1);
      }),
    );
    times.push(performance.now() - start);
    await (await signedOut).arrayBuffer();
  }
  return quantilesOf(times);
}

/** @param {number} count */
export async function measureEdgeNodes(count) {
  const origin = await startOrigin();
  const edge = await startEdgeNodes(NODES, { origin: origin.url, secret: '5e'.repeat(16) });
  try {
    return await signOutOften(
      edge.nodes.map((node) => node.fetch),
      count,
    );
  } finally {
    await edge.stop();
    await origin.stop();
  }
}

/** @param {string} runtime @param {number} count */
export async function measureServe(runtime, count) {
  const origin = await startOrigin();
  const redis = await startRedis();
  const where = ['--origin', origin.url, '--store', redis.url];
  const ports = Array.from({ length: NODES }, () => ['--port', '0']).flat();
  const cli = startCli(['serve', '--runtime', runtime, ...where, ...ports]);
  const clients = [];
  try {
    await cli.line('stdout', /in front of/);
    const urls = () =>
      cli.stdout.flatMap((line) => /^listening on (\S+)/.exec(line)?.slice(1) ?? []);
    while (urls().length < NODES) await wait(10);
    clients.push(...urls().map((url) => createClient(url)));
    return await signOutOften(
      clients.map(({ fetch }) => fetch),
      count,
    );
  } finally {
    for (const client of clients) client.close();
    cli.child.kill('SIGTERM');
    await cli.closed;
    await Promise.all([redis.stop(), origin.stop()]);
  }
}
