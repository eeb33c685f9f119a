// Sesame as `sesame-edge serve` runs it in Node: the server of the command, over HTTP, on the test's clock. What is held is
// answered on the short path.
import { SessionCache } from 'sesame-edge';
import { listenFor } from '../../../edge_worker/serve/on-node.js';
import { createBackground } from '../../support/background.js';
import { createClient } from '../../support/client.js';
import { createMovingClock } from '../../support/moving-clock.js';
import { apiOf } from './sesame-api.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

/** @type {import('./target.js').Adapter} */
export const serveNodeTarget = {
  name: 'serve, Node',
  lacks: { ...NO_BROWSER, nodes: 'it has no shared store' },
  dialect: sesameDialect,
  open: async () => ({ start, close: async () => {} }),
};

/** @param {{ origin: string, options: any }} setup @returns {Promise<import('./target.js').Running>} */
async function start({ origin, options }) {
  const { now, sleep, advance } = createMovingClock();
  /** @type {unknown[]} */
  const lines = [];
  const log = (/** @type {unknown} */ line) => void lines.push(line);
  const sessions = new SessionCache(
    { origin, ...options },
    { now, monotonic: now, sleep, log, warn: () => {} },
  );
  const background = createBackground();
  const server = await listenFor(sessions, {
    ...{ host: '127.0.0.1', port: 0 },
    warn: () => {}, // where a case breaks what passes, that is what it is about
    onWork: background.waitUntil,
  });
  const client = createClient(server.url);
  const { host } = new URL(server.url);
  return {
    ...{ url: server.url, now, fetch: client.fetch, api: apiOf(sessions) },
    socket: { url: `ws://${host}`, headers: {} },
    advance: async (milliseconds) => advance(milliseconds),
    statistics: async () => sessions.statistics(),
    prometheus: async () => sessions.prometheusText(),
    logs: async () => lines,
    idle: background.idle,
    async close() {
      client.close();
      await server.stop(0);
      sessions.dispose();
    },
  };
}

export default serveNodeTarget;
