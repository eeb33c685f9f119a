// A node by itself, which says how many bytes it holds: its clients and its origin are in another process.
import { once } from 'node:events';
import http from 'node:http';
import { toNodeHandler } from '../../adapters/node.js';
import { SessionCache } from '../../js_bindings/index.node.js';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';

const { origin } = setupOfChild();
const sessions = new SessionCache({ origin, memory: '8MB' });
const server = http.createServer(toNodeHandler(sessions)).listen(0, '127.0.0.1');
await once(server, 'listening');

answerQuestions({
  port: () => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  hold: async ({ cookies }) => {
    for (const cookie of cookies) await sessions.getSession({ headers: new Headers({ cookie }) });
  },
  // Not what the host reads and writes with, which comes and goes.
  bytes: () => {
    for (let round = 0; round < 4; round += 1) globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  },
  count: () => sessions.statistics().connections,
});
