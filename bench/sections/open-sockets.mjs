// How soon what is open is closed when its session ends (rule R29): WebSockets through three nodes on a real Redis, with healthy
// links and with links that fail; and what one that is open costs in workerd, where each looks for itself.
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { toNodeHandler } from '../../adapters/node.js';
import { serve } from '../../edge_worker/serve/serve.js';
import { SessionCache } from '../../js_bindings/index.node.js';
import { redis } from '../../js_bindings/stores/redis.js';
import { startFaultProxy, unruly } from '../../tests/support/fault-proxy.js';
import { startRedis } from '../../tests/support/redis-server.js';
import { processorSeconds, residentBytes } from '../hosts/wrk.mjs';
import { MAX_FAULT_MS } from '../lib/faults.mjs';
import { quantilesOf } from '../lib/statistics.mjs';
import { cookieOf, openSocket, startSilentOrigin } from './socket-bytes.mjs';

const NODES = 3;
const AT_ONCE = 50;
const BOUND_MS = 1000;

const MAX_HEALTHY_MS = 400;
const FAULTS = /** @type {const} */ (['delay', 'freeze', 'drop', 'cut']);

/** @param {number} count */
export async function measureOpenSockets(count) {
  const server = await startRedis();
  const origin = await startSilentOrigin();
  const control = { isOn: false, counts: {} };
  const proxies = await Promise.all(
    Array.from({ length: NODES }, () => startFaultProxy(() => server.port, Math.random)),
  );
  const nodes = await Promise.all(
    proxies.map(async ({ url }) => {
      const store = unruly(redis(url, { timeoutMs: 250 }), Math.random, control);
      const options = {
        origin: origin.url,
        store,
        secret: '5e'.repeat(16),
        revocationBound: BOUND_MS,
      };
      const sessions = new SessionCache({ ...options, memory: '8MB' }, { warn: () => {} });
      const listener = http.createServer(toNodeHandler(sessions)).listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (listener.address());
      return { sessions, listener, port };
    }),
  );
  /** @param {boolean} isFaulty */
  const closeAll = async (isFaulty) => {
    const names = Array.from({ length: count }, (_, index) => `${isFaulty}-${index}`);
    const opened = names.map(() => 0);
    /** @type {(() => void)[]} */
    const disturbing = [];
    /** @type {number[]} */
    const times = [];
    let left = count;
    for (let from = 0; from < count; from += AT_ONCE) {
      await Promise.all(
        names.slice(from, from + AT_ONCE).map(async (name, at) => {
          const node = nodes[(from + at) % NODES];
          const headers = new Headers({ cookie: cookieOf(name) });
          await node.sessions.getSession({ headers });
          const socket = await openSocket(node.port, cookieOf(name));
          socket
            .on('error', () => {})
            .on('data', () => {
              times.push(performance.now() - opened[from + at]); // it is a close frame
              left -= 1;
              socket.destroy();
            });
        }),
      );
    }
    let isOver = false;
    if (isFaulty) {
      control.isOn = true;
      disturbing.push(() => {
        isOver = true;
      });
    }
    const disturbed = (async () => {
      while (isFaulty && !isOver) {
        const proxy = proxies[Math.floor(Math.random() * NODES)];
        proxy.set(FAULTS[Math.floor(Math.random() * FAULTS.length)]);
        await wait(Math.random() * MAX_FAULT_MS);
        proxy.set('healthy');
        await wait(Math.random() * MAX_HEALTHY_MS);
      }
    })();
    // One after the other where that is quick.
    const atOnce = isFaulty ? AT_ONCE : 1;
    for (let from = 0; from < count; from += atOnce) {
      await Promise.all(
        names.slice(from, from + atOnce).map(async (name, at) => {
          const by = nodes[Math.floor(Math.random() * NODES)].sessions;
          const headers = new Headers({ cookie: cookieOf(name) });
          opened[from + at] = performance.now();
          // What fails is to be repeated, and counts from when it has not.
          while (
            !(await by.revoke({ headers }).then(
              () => true,
              () => false,
            ))
          ) {
            opened[from + at] = performance.now();
            await wait(20);
          }
        }),
      );
    }
    for (let waited = 0; left > 0 && waited < 4 * BOUND_MS; waited += 20) await wait(20);
    for (const end of disturbing) end();
    await disturbed;
    control.isOn = false;
    return { ...quantilesOf(times), left };
  };
  try {
    const healthy = await closeAll(false);
    return { count, boundMs: BOUND_MS, healthy, faulty: await closeAll(true) };
  } finally {
    for (const { sessions, listener } of nodes) {
      sessions.dispose();
      listener.close().closeAllConnections();
    }
    await origin.stop();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
    await server.stop();
  }
}

/**
 * What a WebSocket that is open costs a second in workerd, where each looks for itself once a second.
 * @param {{ count: number, seconds: number }} how
 */
export async function measureWorkerdSockets({ count, seconds }) {
  const origin = await startSilentOrigin();
  const server = await serve({ runtime: 'workerd', origin: origin.url });
  const pids = [server.pid];
  try {
    const port = Number(new URL(server.url).port);
    /** Of a second, and all that is held. */
    const look = async () => {
      await wait(2000);
      const before = processorSeconds(pids) ?? Number.NaN;
      await wait(seconds * 1000);
      const after = processorSeconds(pids) ?? Number.NaN;
      return { seconds: (after - before) / seconds, bytes: residentBytes(pids) };
    };
    /** @param {boolean} isOfSession */
    const costs = async (isOfSession) => {
      const idle = await look();
      const sockets = [];
      for (let index = 0; index < count; index += 1) {
        const cookie = isOfSession ? cookieOf(`user-${index}`) : null;
        sockets.push(await openSocket(port, cookie));
      }
      const busy = await look();
      for (const socket of sockets) socket.destroy();
      return {
        micros: ((busy.seconds - idle.seconds) / count) * 1e6,
        bytes: (busy.bytes - idle.bytes) / count,
      };
    };
    return { count, nobody: await costs(false), session: await costs(true) };
  } finally {
    await server.close(0);
    await origin.stop();
  }
}
