// Whoever may write to the store can neither read nor forge what is in it (rule R2), and a session cookie that no node has
// made is looked for nowhere (rule R21).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryStore } from 'sesame-edge/stores';
import { until } from '../support/wait.js';
import { createCluster, login, NEW, OLD, send, whoIs } from './support.js';

/** A store that shows what is put into it, and lets it be exchanged. */
function openStore() {
  const store = new MemoryStore();
  /** @type {Map<string, { value: Uint8Array, options: any }> & { writes: number }} */
  const seen = Object.assign(new Map(), { writes: 0 });
  /** @type {string[]} */
  const looks = [];
  const shown = new Proxy(store, {
    get(target, name) {
      const found = /** @type {any} */ (target)[name];
      if (name === 'get') {
        return (/** @type {string} */ key) => {
          looks.push(key);
          return found.call(target, key);
        };
      }
      if (name !== 'putIfNewer') return typeof found === 'function' ? found.bind(target) : found;
      return (/** @type {string} */ key, /** @type {any} */ value, /** @type {any} */ options) => {
        seen.set(key, { value, options });
        return found.call(target, key, value, options).finally(() => {
          seen.writes += 1;
        });
      };
    },
  });
  return { store, shown, seen, looks };
}

const ada = { cookie: 'session=ada' };

describe('a writer of the store', () => {
  test('R2: a record says nothing, to whoever has the credential and not the secret', async () => {
    const { shown, seen } = openStore();
    const cluster = createCluster(() => shown);
    await whoIs(cluster.start(), ada);
    await until(() => seen.size === 1);
    const [[name, { value }]] = seen;
    for (const text of ['id-ada', 'Ada', 'session', 'at"']) {
      assert.equal(Buffer.from(value).includes(text), false, text);
    }
    // The same credential under another secret is another name and another key.
    await whoIs(cluster.start({ secret: OLD }), ada);
    await until(() => seen.size === 2);
    const names = [...seen.keys()];
    assert.equal(names.length, 2);
    assert.notEqual(names[1], name);
    cluster.end();
  });

  test('R2: a record that is altered in any byte, cut off, moved to another session or made by another secret is not read', async () => {
    const { store, shown, seen } = openStore();
    const cluster = createCluster(() => shown);
    await whoIs(cluster.start(), ada);
    await until(() => seen.size === 1);
    const [[name, { value, options }]] = seen;
    const asked = () => cluster.origin.calls.length;
    const look = async (headers = ada) => {
      const [before, written] = [asked(), seen.writes];
      const sessions = cluster.start();
      const who = await whoIs(sessions, headers);
      // What it has asked for it leaves in the store, behind its answer.
      if (asked() > before) await until(() => seen.writes > written);
      cluster.stop(sessions);
      return [who, asked() - before];
    };
    assert.deepEqual(await look(), ['id-ada', 0], 'control: it is read as it is');
    const put = (/** @type {string} */ at, /** @type {Uint8Array} */ bytes) =>
      store.putIfNewer(at, Uint8Array.from(bytes), options);
    for (let index = 0; index < value.length; index += index < 24 ? 1 : 17) {
      await put(name, value.with(index, value[index] ^ 1));
      assert.deepEqual(await look(), ['id-ada', 1], `byte ${index}`);
    }
    for (const bytes of [
      value.subarray(0, value.length - 1),
      value.subarray(0, 9),
      new Uint8Array(),
    ]) {
      await put(name, bytes);
      assert.deepEqual(await look(), ['id-ada', 1]);
    }
    // Moved to another session: bob's name, ada's document.
    const bob = { cookie: 'session=bob' };
    await whoIs(cluster.start(), bob);
    await until(() => seen.size === 2);
    const other = [...seen.keys()].find((key) => key !== name) ?? '';
    await put(other, value);
    assert.deepEqual(await look(bob), ['id-bob', 1]);
    cluster.end();
  });

  test('R2: the same credential in another cookie, or as a bearer, is another name', async () => {
    const { shown, seen } = openStore();
    const cluster = createCluster(() => shown);
    const sessions = cluster.start();
    for (const headers of [ada, { authorization: 'Bearer ada' }]) await whoIs(sessions, headers);
    await until(() => seen.size === 2);
    cluster.end();
  });
});

describe('session cookies', () => {
  test('R21: a cookie that no node has made is 401 by the node itself: no look-up in the store, no call', async () => {
    const { shown, looks } = openStore();
    const cluster = createCluster(() => shown, { managed: {} });
    const sessions = cluster.start();
    const genuine = await login(sessions, 'ada');
    const [name, value] = genuine.split('=');
    assert.equal(await whoIs(cluster.start(), { cookie: genuine }), 'id-ada', 'control');
    await whoIs(cluster.start({ secret: OLD }), {});
    const foreign = await login(cluster.start({ secret: OLD }), 'ada');
    const made = [
      'A'.repeat(value.length),
      value.slice(0, -1),
      `${value}A`,
      value.toLowerCase(),
      foreign.split('=')[1],
      ...[0, 5, 12, 20, 40, 65, 83].map((at) => {
        const digit = value[at] === 'A' ? 'B' : 'A';
        return value.slice(0, at) + digit + value.slice(at + 1);
      }),
      'x',
    ];
    const fresh = cluster.start();
    await whoIs(fresh, { cookie: genuine });
    const before = [looks.length, cluster.origin.calls.length];
    for (const each of made) {
      const cookie = `${name}=${each}`;
      for (const path of ['/api/v1/users/me', '/api/v1/thing']) {
        const { status } = await send(fresh, path, { cookie });
        if (path === '/api/v1/users/me') assert.equal(status, 401, each);
      }
      assert.equal(await whoIs(fresh, { cookie }), null);
    }
    const calls = cluster.origin.calls.slice(before[1]).filter((call) => !call.endsWith('/thing'));
    assert.deepEqual(calls, []);
    assert.equal(looks.length, before[0]);
    cluster.end();
  });

  test('R21: without a store too, and a cookie of another process is none', async () => {
    const cluster = createCluster(() => new MemoryStore(), {
      managed: {},
      store: undefined,
      secret: undefined,
    });
    const [one, other] = [cluster.start(), cluster.start()];
    const cookie = await login(one, 'ada');
    assert.equal(await whoIs(one, { cookie }), 'id-ada');
    assert.equal(await whoIs(other, { cookie }), null);
    assert.equal(cluster.origin.calls.length, 2);
    cluster.end();
  });

  test('R21: birth is on the store’s clock; a node that is a minute behind or a day behind takes it as now', async () => {
    const { shown } = openStore();
    const cluster = createCluster(() => shown, { managed: {} });
    const cookie = await login(cluster.start(), 'ada');
    for (const behind of [60_000, 24 * 3_600_000]) {
      const now = () => cluster.clock.now() - behind;
      assert.equal(await whoIs(cluster.start({}, { now }), { cookie }), 'id-ada');
    }
    cluster.end();
  });

  test('R8, R21: a cookie past its session’s life is refused without a look-up', async () => {
    const { shown, looks } = openStore();
    const cluster = createCluster(() => shown, { managed: {}, expiresIn: '1d' });
    const cookie = await login(cluster.start(), 'ada');
    cluster.clock.advance(24 * 3_600_000 + 61_000);
    const late = cluster.start();
    await whoIs(late, { cookie: `${cookie}x` });
    const before = looks.length;
    assert.equal(await whoIs(late, { cookie }), null);
    assert.equal(looks.length, before);
    cluster.end();
  });

  test('R21: a cookie is 256 random bits and more, and no two are the same', async () => {
    const cluster = createCluster(() => new MemoryStore(), { managed: {} });
    const sessions = cluster.start({ secret: [NEW, OLD] });
    const cookies = new Set();
    for (let count = 0; count < 20; count += 1) cookies.add(await login(sessions, 'ada'));
    assert.equal(cookies.size, 20);
    for (const cookie of cookies) assert.match(cookie, /^__Host-[a-z]+=[A-Za-z0-9_-]{84}$/);
    cluster.end();
  });
});
