// Sesame's worker in the real workerd, over HTTP. One process holds the caches of all cases, told apart by
// the name in `Host`; a second socket makes them, moves their clocks and calls their JavaScript API.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { workerdConfig } from '../../../edge_worker/serve/capnp.js';
import { findWorkerd, startWorkerd } from '../../../edge_worker/serve/workerd-process.js';
import { createClient } from '../../support/client.js';
import { startRedis } from '../../support/redis-server.js';
import { until } from '../../support/wait.js';
import { bundleWorker } from '../../support/workerd-entry-bundle.js';
import { STORE_SOON_MS } from './patience.js';
import { IDLE_MANAGED, refuseIdleManaged } from './refuse-idle-managed.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

const ENTRY = fileURLToPath(new URL('../workerd-entry.js', import.meta.url));
const REDIS_ENTRY = fileURLToPath(new URL('../workerd-redis-entry.js', import.meta.url));

/** @type {import('./target.js').Adapter} */
export const workerdTarget = {
  name: 'workerd',
  lacks: { ...NO_BROWSER, nodes: 'it has no shared store' },
  dialect: sesameDialect,
  open: () => openWorkerd({}),
};

/** @type {import('./target.js').Adapter} */
export const workerdObjectsTarget = {
  name: 'workerd, Durable Objects',
  lacks: NO_BROWSER,
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  open: () => openWorkerd({ store: 'durable-object', secret: '0'.repeat(32) }),
};

/** Its sessions are in a real Redis server. @type {import('./target.js').Adapter} */
export const workerdRedisTarget = {
  name: 'workerd, Redis',
  lacks: NO_BROWSER,
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  async open() {
    const server = await startRedis();
    const target = await openWorkerd({ store: 'redis', secret: '0'.repeat(32) }, server.url);
    return {
      ...target,
      async close() {
        await target.close();
        await server.stop();
      },
    };
  },
};

/**
 * @param {object} more options of each cache
 * @param {string} [redis] the URL of a server
 * @returns {Promise<import('./target.js').OpenTarget>}
 */
async function openWorkerd(more, redis) {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-conformance-'));
  const workerd = await startIn(directory, redis);
  const controlPath = path.join(directory, 'control.sock');
  return targetIn({
    more,
    port: workerd.port,
    pid: workerd.pid,
    control: (call) => control(controlPath, call),
    async close() {
      workerd.kill();
      await workerd.ended;
      await rm(directory, { recursive: true, force: true });
    },
  });
}

/** @typedef {{ name: string, method: string, args: unknown[] }} ControlCall */

/**
 * Caches in a worker that is running.
 * @param {{ more: object, port: number, pid?: number, control: (call: ControlCall) => Promise<any>,
 *   close: () => Promise<void>, fetchAgain?: boolean }} worker `fetchAgain`: its front cuts a connection whose body
 *   it does not read
 * @returns {import('./target.js').OpenTarget}
 */
export function targetIn({ more, port, pid, control, close, fetchAgain = false }) {
  const client = createClient(`http://127.0.0.1:${port}`);
  /** @type {typeof client.fetch} */
  const fetchOnce = (target, init) => client.fetch(target, init);
  /** @type {typeof client.fetch} */
  const fetchTwice = (target, init) =>
    fetchOnce(target, init).catch((error) => {
      if (error.code !== 'ECONNRESET' || init?.signal?.aborted) throw error;
      return fetchOnce(target, init);
    });
  const fetch = fetchAgain ? fetchTwice : fetchOnce;
  let caches = 0;
  return {
    async start({ origin, options }) {
      if ('store' in more) refuseIdleManaged(options);
      const name = `cache-${++caches}`;
      /** @param {string} method @param {...unknown} args */
      const call = (method, ...args) => control({ name, method, args });
      await call('create', { origin, ...more, ...options });
      const host = `${name}.test`;
      let offset = 0;
      return {
        url: `http://${host}`,
        pid,
        socket: { url: `ws://127.0.0.1:${port}`, headers: { host } },
        now: () => Date.now() + offset,
        async advance(milliseconds) {
          offset += milliseconds;
          await call('advance', milliseconds);
        },
        fetch: (target, { headers, ...init } = {}) =>
          fetch(target, { ...init, headers: { host, ...headers } }),
        api: {
          getSession: (...args) => call('getSession', ...args),
          updateUser: (...args) => call('updateUser', ...args),
          invalidateUser: (...args) => call('invalidateUser', ...args),
          revokeUser: (...args) => call('revokeUser', ...args),
          revoke: (...args) => call('revoke', ...args),
        },
        ...('store' in more && {
          link: (/** @type {import('../../support/disturbed-store.js').Disturbance} */ how) =>
            call('link', how),
        }),
        statistics: () => call('statistics'),
        prometheus: () => call('prometheusText'),
        logs: () => call('logs'),
        idle: () => until(() => call('isIdle')),
        close: () => call('dispose'),
      };
    },
    async close() {
      client.close();
      await close();
    },
  };
}

export default workerdTarget;

/** @param {string} directory @param {string} [redis] the URL of a server */
async function startIn(directory, redis) {
  const { binary, compatibilityDate } = findWorkerd();
  await mkdir(path.join(directory, 'state'));
  const usesNode = redis !== undefined;
  await bundleWorker(usesNode ? REDIS_ENTRY : ENTRY, directory, { usesNode });
  const address = '127.0.0.1:0';
  const config = workerdConfig({
    modules: ['entry.js', 'sesame.wasm'],
    address,
    controlPath: path.join(directory, 'control.sock'),
    compatibilityDate,
    options: {},
    objects: [
      { binding: 'SESAME_STORE', className: 'SesameStore' },
      ...(redis === undefined ? [] : [{ binding: 'SESAME_REDIS_OBJECT', className: 'ManyRedis' }]),
    ],
    ...(redis !== undefined && { texts: { SESAME_REDIS: redis } }),
    storage: path.join(directory, 'state'),
  });
  await writeFile(path.join(directory, 'config.capnp'), config);
  // What it prints about exceptions is of use only where a case fails, and then the case says so.
  const onLine = (/** @type {string} */ line) => {
    if (process.env.CONFORMANCE_VERBOSE) console.error(`workerd: ${line}`);
  };
  return startWorkerd({ binary, directory, address, onLine, signal: undefined });
}

/**
 * @param {string} socketPath
 * @param {ControlCall} call
 */
async function control(socketPath, call) {
  const response = await new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method: 'POST', path: '/' }, resolve);
    request.on('error', reject);
    request.end(JSON.stringify(call));
  });
  const answer = JSON.parse(await text(response));
  if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}
