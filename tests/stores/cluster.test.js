// The store of workers: the contract of all stores, and that an event is answered when every worker has it in effect. The
// channel is one that copies and takes its time, as that of processes does; processes are in workers.test.js.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { ClusterClient } from '../../js_bindings/stores/cluster-client.js';
import { ClusterPrimary } from '../../js_bindings/stores/cluster-primary.js';
import { createClock } from '../support/clock.js';
import { ORIGIN } from '../support/fake-cache.js';
import { bearer } from '../support/http-case.js';
import { createGate, settle, until } from '../support/wait.js';
import { contract } from './contract.js';

/** @import { Link, Message } from '../../js_bindings/stores/cluster-messages.js' */

/** @param {import('node:worker_threads').MessagePort} port @returns {Link} */
function linkOn(port) {
  /** @type {Set<(message: Message) => void>} */
  const listeners = new Set();
  port.on('message', (text) => {
    for (const listener of listeners) listener(JSON.parse(text));
  });
  port.unref();
  return {
    send: (message) => port.postMessage(JSON.stringify(message)), // `node:cluster` carries JSON
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** @param {ClusterPrimary} primary @param {{ timeoutMs?: number }} [options] */
function workerOf(primary, options) {
  const { port1, port2 } = new MessageChannel();
  const end = primary.attach(linkOn(port1));
  port1.ref();
  const store = new ClusterClient(linkOn(port2), options);
  port2.ref();
  return {
    store,
    /** It hears nothing any more. */
    stick: () => void port2.removeAllListeners('message'),
    die() {
      port2.close();
      end();
    },
    async close() {
      await store.close();
      end();
      port1.close();
      port2.close();
    },
  };
}

const primary = new ClusterPrimary(new MemoryStore());
contract('the store of workers', (options) => {
  const { store, close } = workerOf(
    options ? new ClusterPrimary(new MemoryStore(options)) : primary,
  );
  return new Proxy(store, {
    get(target, /** @type {keyof ClusterClient} */ name) {
      if (/** @type {string} */ (name) === 'close') return close;
      const found = target[name];
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
});

const END = /** @type {const} */ (['00', '0a', 'node', 60_000]);

/** A primary whose patience is over when the test says so. */
function patientPrimary() {
  /** @type {Set<() => void>} */
  const waiting = new Set();
  const primary = new ClusterPrimary(new MemoryStore(), {
    wait: (_, signal) =>
      new Promise((resolve) => {
        waiting.add(resolve);
        signal.addEventListener('abort', () => void waiting.delete(resolve));
      }),
  });
  return { primary, waiting };
}

/** A worker that follows the log as a cache does. @param {ClusterPrimary} primary */
async function followerOf(primary) {
  const worker = workerOf(primary);
  const gate = createGate();
  const seen = { calls: 0 };
  const { store } = worker;
  let { position } = /** @type {any} */ (await store.changes(null));
  await store.subscribe(async (isAwaited) => {
    seen.calls += 1;
    assert.equal(isAwaited, true);
    await gate.opened;
    const found = /** @type {any} */ (await store.changes(position));
    position = found.position;
  });
  return { ...worker, gate, seen };
}

/** @param {Promise<unknown>} work */
function watched(work) {
  const state = { isDone: false };
  work.then(() => {
    state.isDone = true;
  });
  return state;
}

describe('an event', () => {
  test('R31: it is answered when it is in effect in every worker, the one that tells it among them', async (t) => {
    const { primary } = patientPrimary();
    const [one, other] = [await followerOf(primary), await followerOf(primary)];
    t.after(() => Promise.all([one.close(), other.close()]));
    const told = one.store.end(...END);
    const state = watched(told);
    one.gate.open();
    await until(() => other.seen.calls > 0);
    for (let turn = 0; turn < 20; turn += 1) await settle();
    assert.equal(state.isDone, false, 'it is not in effect in the other one');
    other.gate.open();
    await told;
  });

  test('R31: a worker that has died holds up nobody', async (t) => {
    const { primary } = patientPrimary();
    const [one, other] = [await followerOf(primary), await followerOf(primary)];
    t.after(() => one.close());
    one.gate.open();
    const told = one.store.end(...END);
    await until(() => other.seen.calls > 0);
    other.die();
    await told;
  });

  test('R31: one that does not answer in time counts as cut off, and is not waited for until it is heard of', async (t) => {
    const { primary, waiting } = patientPrimary();
    const [one, other] = [await followerOf(primary), await followerOf(primary)];
    t.after(() => Promise.all([one.close(), other.close()]));
    one.gate.open();
    const told = one.store.end(...END);
    await until(() => waiting.size > 0);
    for (const over of waiting) over();
    await told;
    await one.store.end(...END); // nobody says that time is over
    other.gate.open();
    await until(() => other.seen.calls > 1);
    for (let turn = 0; turn < 50; turn += 1) await settle();
    const later = await followerOf(primary);
    t.after(() => later.close());
    const next = watched(one.store.end(...END));
    await until(() => later.seen.calls > 0 && other.seen.calls > 2);
    assert.equal(next.isDone, false, 'those that answer are waited for');
    later.gate.open();
    await until(() => next.isDone);
  });

  test('R31: two nodes that have each something in their outbox do not wait for each other', async (t) => {
    const { primary, waiting } = patientPrimary();
    const clock = createClock();
    const host = { now: clock.now, monotonic: clock.now, sleep: clock.sleep };
    const fetch = async () => Response.json({ id: 'x' });
    const nodes = [workerOf(primary), workerOf(primary)].map((worker) => {
      const options = { origin: ORIGIN, store: worker.store, secret: '0'.repeat(32) };
      const sessions = new SessionCache(/** @type {any} */ (options), { ...host, fetch });
      t.after(async () => {
        sessions.dispose();
        await worker.close();
      });
      return sessions;
    });
    const users = Array.from({ length: 20 }, (_, at) => ({ headers: bearer(`user-${at}`) }));
    for (const [at, user] of users.entries()) await nodes[at % 2].getSession(user);
    await Promise.all(users.map((user, at) => nodes[at % 2].revoke(user)));
    assert.equal(waiting.size, 0);
    for (const user of users) {
      for (const node of nodes) assert.equal(await node.getSession(user), null);
    }
  });

  test('R33: a primary that does not answer is a store that cannot be reached', async () => {
    const { port1, port2 } = new MessageChannel();
    const store = new ClusterClient(linkOn(port2), { timeoutMs: 20 });
    port2.ref();
    await assert.rejects(store.get('00'), { code: 'ERR_SESAME_STORE_UNAVAILABLE' });
    port1.close();
  });
});

describe('the counters of all workers', () => {
  test('R70: they are sums, and none falls when a worker has gone', async (t) => {
    const { primary } = patientPrimary();
    const [one, other] = [workerOf(primary), workerOf(primary)];
    t.after(() => one.close());
    const counted = (/** @type {number} */ checks) => ({
      ...{ checks, entries: 10, storeSilenceMs: checks, bypassReasons: { malformed: checks } },
      checkTime: { count: checks, sumMs: 1.5, buckets: [{ leMs: 5, count: checks }] },
    });
    one.store.report(() => counted(3));
    other.store.report(() => counted(4));
    await until(async () => (await one.store.sums()).workers === 2);
    const both = await one.store.sums();
    assert.deepEqual(both, {
      ...{ checks: 7, entries: 20, storeSilenceMs: 4, bypassReasons: { malformed: 7 } },
      checkTime: { count: 7, sumMs: 3, buckets: [{ leMs: 5, count: 7 }] },
      workers: 2,
    });
    other.die();
    const { checks, entries, storeSilenceMs, workers } = await one.store.sums();
    assert.deepEqual(
      { checks, entries, storeSilenceMs, workers },
      {
        ...{ checks: 7, entries: 10, storeSilenceMs: 3, workers: 1 },
      },
    );
  });

  test('R70: one that does not answer counts with what it has said last', async (t) => {
    const { primary, waiting } = patientPrimary();
    const [one, other] = [workerOf(primary), workerOf(primary)];
    t.after(() => Promise.all([one.close(), other.close()]));
    one.store.report(() => ({ checks: 1 }));
    other.store.report(() => ({ checks: 2 }));
    await until(async () => (await one.store.sums()).workers === 2);
    assert.equal((await one.store.sums()).checks, 3);
    other.stick();
    const sums = one.store.sums();
    await until(() => waiting.size > 0);
    await settle();
    for (const over of waiting) over();
    assert.equal((await sums).checks, 3);
  });
});
