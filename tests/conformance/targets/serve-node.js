// Sesame as `sesame-edge serve` runs it in Node: the server of the command, over HTTP, on the test's clock. What is held is
// answered on the short path, and compared with what the full path answers to the same request.
import assert from 'node:assert/strict';
import { SessionCache } from 'sesame-edge';
import { listenFor } from '../../../edge_worker/serve/on-node.js';
import { createBackground } from '../../support/background.js';
import { createClient } from '../../support/client.js';
import { comparePaths } from '../../support/compare-paths.js';
import { createMovingClock } from '../../support/moving-clock.js';
import { apiOf } from './sesame-api.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

/** @type {import('./target.js').Adapter} */
export const serveNodeTarget = {
  name: 'serve, Node',
  lacks: { ...NO_BROWSER, nodes: 'it has no shared store' },
  dialect: sesameDialect,
  async open() {
    const done = { caches: 0, compared: 0 };
    return {
      start: (setup) => start(setup, done),
      async close() {
        // A comparison that never happens proves nothing.
        assert.ok(done.caches < MANY_CACHES || done.compared > done.caches, JSON.stringify(done));
      },
    };
  },
};

/** So many has only the whole suite. */
const MANY_CACHES = 200;

/**
 * @param {{ origin: string, options: any }} setup
 * @param {{ caches: number, compared: number }} done
 * @returns {Promise<import('./target.js').Running>}
 */
async function start({ origin, options }, done) {
  const { now, sleep, advance } = createMovingClock();
  /** @type {unknown[]} */
  const lines = [];
  const log = (/** @type {unknown} */ line) => void lines.push(line);
  const sessions = new SessionCache(
    { origin, ...options },
    { now, monotonic: now, sleep, log, warn: () => {} },
  );
  // There its counters are in an answer.
  const paths = options.metricsPath === undefined ? comparePaths(sessions, lines) : null;
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
      done.caches += 1;
      done.compared += paths?.count() ?? 0;
      await paths?.settled();
    },
  };
}

export default serveNodeTarget;
