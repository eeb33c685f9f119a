// Several nodes: how long after a sign-out on one the last of the others still serves the session, with healthy
// links and with cut ones; what a cold start costs that finds its session in the store; and what the store
// costs where it is not needed. The stores are real: a Redis server, Durable Objects in workerd, KV in miniflare. The nodes are in
// this process, where Durable Objects and KV can push nothing: what they push is in the section `sign-outs`.
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { SessionCache } from '../../js_bindings/index.node.js';
import { redis } from '../../js_bindings/stores/redis.js';
import { startKv, startObjects } from '../../tests/support/edge-stores.js';
import { startRedis } from '../../tests/support/redis-server.js';
import { median, quantilesOf } from '../lib/statistics.mjs';

const NODES = 3;
const SECRET = '5e'.repeat(16);
const BOUND_MS = 5000;

/** The edge has no life between requests: these keep its nodes up to date. */
const TRAFFIC_EVERY_MS = 20;

const bearer = (/** @type {string} */ name) => ({ authorization: `Bearer ${name}` });
const requestOf = (/** @type {string} */ name) => ({ headers: new Headers(bearer(name)) });
const answer = async (/** @type {any} */ _url, /** @type {any} */ { headers }) => {
  const name = String(headers.get('authorization')).slice('Bearer '.length);
  return Response.json({ id: name, name, plan: 'free' });
};

/** A store as one node reaches it. @param {any} store */
function linkTo(store) {
  const link = { isCut: false, calls: 0, store: /** @type {any} */ (null) };
  link.store = new Proxy(store, {
    get(target, name) {
      const found = target[name];
      if (typeof found !== 'function') return found;
      if (name === 'subscribe') {
        return (/** @type {() => void} */ listener) =>
          target.subscribe(() => link.isCut || listener());
      }
      return async (/** @type {unknown[]} */ ...args) => {
        link.calls += 1;
        if (link.isCut) throw new Error('cut');
        return found.apply(target, args);
      };
    },
  });
  return link;
}

/** @param {() => any} makeStore @param {boolean} isEdge */
function startNode(makeStore, isEdge) {
  const link = linkTo(makeStore());
  const sessions = new SessionCache(
    { origin: 'http://origin.test', secret: SECRET, store: link.store, revocationBound: BOUND_MS },
    { fetch: /** @type {any} */ (answer), sharesPromises: !isEdge },
  );
  return { link, sessions };
}

/**
 * @param {() => any} makeStore
 * @param {{ isEdge: boolean, repeats: number, atOnce: number }} how
 */
async function measureStore(makeStore, { isEdge, repeats, atOnce }) {
  const nodes = Array.from({ length: NODES }, () => startNode(makeStore, isEdge));
  let isOver = false;
  const traffic = nodes.map(async ({ sessions }) => {
    while (isEdge && !isOver) {
      await sessions.getSession(requestOf('everyday')).catch(() => {});
      await wait(TRAFFIC_EVERY_MS);
    }
  });
  /** @param {boolean} isCut @param {number} times */
  const signOut = async (isCut, times) => {
    /** @type {number[]} */
    const latencies = [];
    for (let time = 0; time < times; ++time) {
      const names = Array.from({ length: atOnce }, (_, index) => `u-${isCut}-${time}-${index}`);
      for (const { sessions } of nodes) {
        await Promise.all(names.map((name) => sessions.getSession(requestOf(name))));
      }
      await wait(100 + (isEdge ? Math.random() * 2000 : 0));
      for (const { link } of nodes.slice(1)) link.isCut = isCut;
      // One after the other where it is quick, all at once where it takes a while.
      for (const group of isEdge || isCut ? [names] : names.map((name) => [name])) {
        const start = performance.now();
        const revoking = Promise.all(
          group.map((name) => nodes[0].sessions.revoke(requestOf(name))),
        );
        const left = new Set(group);
        while (left.size > 0) {
          for (const name of left) {
            if (nodes.some(({ sessions }) => sessions.has('', bearer(name).authorization)))
              continue;
            latencies.push(performance.now() - start);
            left.delete(name);
          }
          await wait(1); // one that never rests takes the processor from what it waits for
        }
        await revoking;
      }
      for (const { link } of nodes) link.isCut = false;
      await wait(BOUND_MS / 4);
    }
    return quantilesOf(latencies);
  };
  const healthy = await signOut(false, repeats);
  const cut = await signOut(true, Math.max(1, Math.floor(repeats / 3)));

  await nodes[0].sessions.getSession(requestOf('cold'));
  await wait(200);
  /** @type {number[]} */
  const coldStarts = [];
  for (let time = 0; time < 5; ++time) {
    const start = performance.now();
    const { sessions } = startNode(makeStore, isEdge);
    await sessions.getSession(requestOf('cold'));
    coldStarts.push(performance.now() - start);
    if (sessions.statistics().originCalls > 0) throw new Error('the store did not have it');
    sessions.dispose();
  }
  isOver = true;
  await Promise.all(traffic);
  for (const { sessions } of nodes) sessions.dispose();
  return { healthy, cut, coldStartMs: median(coldStarts) };
}

/** A fresh hit, with a store behind the node and without. @param {() => any} makeStore */
async function measureHits(makeStore) {
  const shared = startNode(makeStore, false);
  const alone = new SessionCache(
    { origin: 'http://origin.test', secret: SECRET },
    { fetch: /** @type {any} */ (answer) },
  );
  const { authorization } = bearer('hit');
  for (const sessions of [shared.sessions, alone]) await sessions.getSession(requestOf('hit'));
  await wait(200);
  /** @type {Record<'shared' | 'alone', number[]>} */
  const nanoseconds = { shared: [], alone: [] };
  let storeCalls = 0;
  for (let round = 0; round < 9; ++round) {
    for (const [name, sessions] of /** @type {const} */ ([
      ['shared', shared.sessions],
      ['alone', alone],
    ])) {
      const before = shared.link.calls;
      const start = process.hrtime.bigint();
      for (let check = 0; check < 100_000; ++check) sessions.check('', authorization);
      nanoseconds[name].push(Number(process.hrtime.bigint() - start) / 100_000);
      storeCalls += shared.link.calls - before;
      await turn();
    }
  }
  shared.sessions.dispose();
  alone.dispose();
  return { shared: median(nanoseconds.shared), alone: median(nanoseconds.alone), storeCalls };
}

/** @param {{ repeats: number, atOnce: number }} how */
export async function measureSharing(how) {
  // One after the other: two that are bundled at once stop each other's bundler, and wait for ever.
  const server = await startRedis();
  const objects = await startObjects();
  const edge = await startKv();
  try {
    const redisStore = () => redis(server.url);
    return {
      stores: {
        Redis: await measureStore(redisStore, { isEdge: false, ...how }),
        'Durable Objects, read alone': await measureStore(() => objects.stores('durable-object'), {
          isEdge: true,
          ...how,
        }),
        'KV, Durable Objects beside it': await measureStore(() => edge.stores('kv+truth'), {
          isEdge: true,
          ...how,
        }),
      },
      hits: await measureHits(redisStore),
    };
  } finally {
    await Promise.all([server.stop(), objects.stop(), edge.stop()]);
  }
}
