// Three nodes with real sockets on a real Redis server, over links that fail: no WebSocket of a session that has ended is
// left open, and none is closed whose session lives (R29). What happens when is chosen by a seed, which is printed.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { redis } from 'sesame-edge/redis';
import { WebSocket, WebSocketServer } from 'ws';
import { generator } from '../simulation/choices.js';
import { startFaultProxy, unruly } from '../support/fault-proxy.js';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';

const SEED = Number(process.env.SESAME_SEED ?? Date.now() % 1_000_000);
const BOUND_MS = 1000;
const REVOCATIONS = Number(process.env.SESAME_REVOCATIONS ?? 300);
const AT_ONCE = 50;
const LIVE = 20;
const SECRET = '5e'.repeat(16);
/** What a caller has to repeat: with anything else the others are told later. */
const REPEATED = ['ORIGIN_UNAVAILABLE', 'GUARD_FULL', 'OUTBOX_FULL'].map(
  (each) => `ERR_SESAME_${each}`,
);

const number = generator(SEED);
const random = () => number() / 2 ** 32;
/** @template T @param {T[]} list @returns {T} */
const anyOf = (list) => list[Math.floor(random() * list.length)];
const headersOf = (/** @type {string} */ name) => ({ cookie: `session=${name}` });

/** @param {http.IncomingMessage} request */
const nameIn = ({ headers }) => String(headers.cookie).split('=')[1];

/** What a test has begun ends with it, whatever fails. @type {(() => unknown)[]} */
const endings = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** @param {http.Server} server */
async function listening(server) {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  endings.push(() => server.close().closeAllConnections());
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/** An origin that knows who has been signed out of it, and lets everyone open a socket. */
async function startOrigin() {
  /** @type {Set<string>} */
  const revoked = new Set();
  const sockets = new WebSocketServer({ noServer: true });
  /** Who has opened a socket with a credential. @type {Set<string>} */
  const opened = new Set();
  sockets.on('connection', (socket, request) => {
    opened.add(nameIn(request));
    socket.on('message', (data) => socket.send(data));
    socket.on('error', () => {});
  });
  const server = http.createServer((request, response) => {
    const name = nameIn(request);
    response.writeHead(revoked.has(name) ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: `id-${name}` }));
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (joined) =>
      sockets.emit('connection', joined, request),
    );
  });
  endings.push(() => {
    for (const socket of sockets.clients) socket.terminate();
  });
  return { revoked, opened, sockets, url: `http://127.0.0.1:${await listening(server)}` };
}

/**
 * @param {string} origin
 * @param {any} store
 */
async function startNode(origin, store) {
  const options = { origin, store, secret: SECRET, revocationBound: BOUND_MS };
  const sessions = new SessionCache({ ...options, memory: '8MB' }, { warn: () => {} });
  endings.push(() => sessions.dispose());
  const port = await listening(http.createServer(toNodeHandler(sessions)));
  return { sessions, port };
}

/** One that is open, or has been closed: with `code`, at `closedAt`. */
class Client {
  code = 0;
  closedAt = 0;

  /** @param {string} name @param {number} port */
  constructor(name, port) {
    this.name = name;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/live`, { headers: headersOf(name) });
    this.opened = once(this.socket, 'open');
    this.socket.on('error', () => {});
    this.socket.on('close', (code) => {
      this.code = code;
      this.closedAt = performance.now();
    });
    endings.push(() => this.socket.terminate());
  }

  async echo() {
    this.socket.send('x');
    await once(this.socket, 'message');
  }
}

describe(`sockets of three nodes on Redis, seed ${SEED}`, () => {
  test(`R29: of ${REVOCATIONS} revocations with open sockets under faults, none is open after the bound`, async () => {
    const redisServer = await startRedis();
    endings.push(() => redisServer.stop());
    const origin = await startOrigin();
    const control = { isOn: true, counts: /** @type {Record<string, number>} */ ({}) };
    const proxies = await Promise.all(
      [1, 2, 3].map(() => startFaultProxy(() => redisServer.port, random)),
    );
    endings.push(...proxies.map((proxy) => () => proxy.stop()));
    const nodes = await Promise.all(
      proxies.map(({ url }) =>
        startNode(origin.url, unruly(redis(url, { timeoutMs: 250 }), random, control)),
      ),
    );
    /** @type {Client[]} */
    const live = [];
    for (let index = 0; index < LIVE; index += 1) {
      live.push(new Client(`live${index}`, nodes[index % 3].port));
    }
    await Promise.all(live.map(({ opened }) => opened));

    let isOver = false;
    endings.push(() => {
      isOver = true;
    });
    const disturb = async () => {
      while (!isOver) {
        const index = Math.floor(random() * 3);
        const fault = anyOf(/** @type {const} */ (['delay', 'freeze', 'drop', 'cut']));
        control.counts[fault] = (control.counts[fault] ?? 0) + 1;
        proxies[index].set(fault);
        await wait(random() * 600);
        proxies[index].set('healthy');
        await wait(random() * 400);
      }
    };
    const disturbing = disturb();
    /** @type {Map<string, { client: Client, toldAt: number }>} */
    const revoked = new Map();
    /** @type {[string, string][]} */
    const untold = [];
    for (let batch = 0; batch < REVOCATIONS / AT_ONCE; batch += 1) {
      const names = Array.from({ length: AT_ONCE }, (_, index) => `s${batch}x${index}`);
      await Promise.all(
        names.map(async (name) => {
          const client = new Client(name, anyOf(nodes).port);
          // Some end while they are opened.
          if (random() < 0.8) await client.opened;
          const isKnownToOrigin = random() < 0.5;
          const by = anyOf(nodes).sessions;
          await by.getSession({ headers: headersOf(name) }).catch(() => null);
          if (isKnownToOrigin) origin.revoked.add(name);
          const entry = { client, toldAt: 0 };
          revoked.set(name, entry);
          try {
            await by.revoke({ headers: headersOf(name) });
          } catch (error) {
            untold.push([name, /** @type {any} */ (error).code]);
          }
          entry.toldAt = performance.now();
          await client.opened;
        }),
      );
    }
    isOver = true;
    await disturbing;
    for (const proxy of proxies) proxy.set('healthy');
    control.isOn = false;
    await wait(3 * BOUND_MS);
    for (const [name, code] of untold) {
      // The origin may not have known whether there is anything to end: then it is to be repeated.
      if (REPEATED.includes(code)) await nodes[0].sessions.revoke({ headers: headersOf(name) });
    }
    // Whose handshake came after the end has reached the origin as nobody's (R8).
    const all = [...revoked.values()].filter(({ client }) => origin.opened.has(client.name));
    await until(() => all.every(({ client }) => client.code !== 0)).catch(() => {});
    const left = all.filter(({ client }) => client.code === 0).map(({ client }) => client.name);
    const ages = all.map(({ client, toldAt }) => client.closedAt - toldAt);
    const codes = new Set(all.map(({ client }) => client.code));
    for (const { client } of revoked.values()) client.socket.terminate();
    console.log(
      `${all.length} sockets of ${revoked.size} revocations, ${untold.length} of them told later; the last was closed ` +
        `${Math.max(...ages).toFixed(0)} ms after; ${JSON.stringify(control.counts)}`,
    );
    assert.deepEqual(left, [], 'open after the bound');
    assert.deepEqual([...codes], [4401]);
    for (const client of live) {
      assert.equal(client.code, 0, `${client.name} lives`);
      await client.echo();
    }
    await until(() => origin.sockets.clients.size === LIVE); // both sides are closed
    const open = nodes.map(({ sessions }) => sessions.statistics().connections);
    assert.equal(
      open.reduce((sum, each) => sum + each, 0),
      LIVE,
    );
  });
});
