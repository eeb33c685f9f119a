// Sesame as `sesame-edge serve --workers 2` runs it: two processes with the server of the command.
// As nodes: a case has its cache on one worker, and further nodes on the other. By turns: a case has a cache on both, on one
// port and one clock; each request comes on a connection of its own, so that they go to both by turns, and so do calls of
// the API. What a rule says of a node's own counters and memory does not hold of two of them together.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { prometheusText } from '../../../js_bindings/http/prometheus.js';
import { ClusterPrimary } from '../../../js_bindings/stores/cluster-primary.js';
import { addCounters } from '../../../js_bindings/stores/counter-sums.js';
import { MemoryStore } from '../../../js_bindings/stores/memory-store.js';
import { createClient } from '../../support/client.js';
import { freePort } from '../../support/free-port.js';
import { until } from '../../support/wait.js';
import { STORE_SOON_MS } from './patience.js';
import { IDLE_MANAGED, refuseIdleManaged } from './refuse-idle-managed.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

const CHILD = fileURLToPath(new URL('../workers-child.js', import.meta.url));
const WORKERS = 2;

/** @type {import('./target.js').Adapter} */
export const serveWorkersTarget = {
  name: 'serve, two workers',
  lacks: NO_BROWSER,
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  open: () => open(1),
};

/** @type {import('./target.js').Adapter} */
export const serveByTurnsTarget = {
  name: 'serve, two workers by turns',
  lacks: {
    ...NO_BROWSER,
    alone: 'its requests come to two nodes',
    source: 'what one worker holds the other has from it',
  },
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  open: () => open(WORKERS),
};

export default serveWorkersTarget;

/** @typedef {{ name: string, method: string, args: unknown[] }} Call */

/** @param {number} atOnce on so many workers a case has a cache */
async function open(atOnce) {
  /** @type {Map<string, ClusterPrimary>} */
  const primaries = new Map();
  const all = await Promise.all(Array.from({ length: WORKERS }, () => startWorker(primaries)));
  let caches = 0;
  let turn = 0;
  return {
    /** @param {{ origin: string, options: Record<string, any> }} setup */
    async start({ origin, options }) {
      refuseIdleManaged(options);
      caches += 1;
      const name = `cache-${caches}`;
      const port = await freePort();
      const workers = atOnce === 1 ? [all[caches % WORKERS]] : all;
      /** @param {string} method @param {...unknown} args @returns {Promise<any[]>} */
      const each = (method, ...args) =>
        Promise.all(workers.map((worker) => worker.call({ name, method, args })));
      /** @param {string} method @returns {(...args: unknown[]) => Promise<any>} */
      const one =
        (method) =>
        (...args) => {
          turn += 1;
          return workers[turn % workers.length].call({ name, method, args });
        };
      await each('create', { port, secret: '0'.repeat(32), origin, ...options });
      const url = `http://127.0.0.1:${port}`;
      const client = createClient(url, { keepAlive: atOnce === 1 });
      let offset = 0;
      const statistics = async () => (await each('statistics')).reduce((a, b) => addCounters(a, b));
      return {
        url,
        now: () => Date.now() + offset,
        fetch: client.fetch,
        socket: { url: `ws://127.0.0.1:${port}`, headers: {} },
        /** @param {number} milliseconds */
        async advance(milliseconds) {
          offset += milliseconds;
          await each('advance', milliseconds);
        },
        api: {
          getSession: one('getSession'),
          updateUser: one('updateUser'),
          invalidateUser: one('invalidateUser'),
          revokeUser: one('revokeUser'),
          revoke: one('revoke'),
        },
        /** @param {import('../../support/disturbed-store.js').Disturbance} how */
        link: async (how) => void (await each('link', how)),
        statistics,
        prometheus: async () => prometheusText(await statistics()),
        logs: async () => (await each('logs')).flat(),
        idle: () => until(async () => (await each('isIdle')).every(Boolean)),
        async close() {
          client.close();
          await each('dispose');
        },
      };
    },
    close: async () => void (await Promise.all(all.map((worker) => worker.end()))),
  };
}

/** @param {Map<string, ClusterPrimary>} primaries by the place of their stores */
async function startWorker(primaries) {
  cluster.setupPrimary({ exec: CHILD, args: [] });
  const worker = cluster.fork();
  /** @type {Map<number, (message: any) => void>} */
  const calls = new Map();
  /** @type {Map<string, (value: any) => void>} what takes messages about a store, by its place */
  const stores = new Map();
  /** @type {(value?: unknown) => void} */
  let ready = () => {};
  const started = new Promise((resolve) => {
    ready = resolve;
  });
  worker.on('message', (/** @type {any} */ message) => {
    if (message.suite === 'ready') ready();
    if (message.suite === 'answer') calls.get(message.id)?.(message);
    if (message.suite !== 'store') return;
    const { place, value } = message;
    if (!stores.has(place)) attach(place);
    stores.get(place)?.(value);
  });

  /** @param {string} place */
  function attach(place) {
    const primary = primaries.get(place) ?? new ClusterPrimary(new MemoryStore());
    primaries.set(place, primary);
    primary.attach({
      send: (value) => worker.isConnected() && worker.send({ suite: 'store', place, value }),
      listen(listener) {
        stores.set(place, listener);
        return () => void stores.delete(place);
      },
    });
  }

  await started;
  let asked = 0;
  return {
    /** @param {Call} call @returns {Promise<any>} */
    call: (call) =>
      new Promise((resolve, reject) => {
        asked += 1;
        const id = asked;
        calls.set(id, ({ value, error }) => {
          calls.delete(id);
          if (error) reject(Object.assign(new Error(error.message), error));
          else resolve(value ?? null);
        });
        worker.send({ suite: 'call', id, ...call });
      }),
    async end() {
      const ended = once(worker, 'exit');
      worker.process.kill('SIGKILL');
      await ended;
    },
  };
}
