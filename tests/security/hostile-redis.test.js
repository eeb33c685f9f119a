// Whoever may write to Redis leaves things there, by hand, by a tool, or by a later version (rule R34): what is not
// understood is skipped, and neither takes a node out of service nor keeps it for long.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createClient } from 'redis';
import { redis } from 'sesame-edge/redis';
import { startRedis } from '../support/redis-server.js';

const server = await startRedis();
const db = createClient({ url: server.url });
before(() => db.connect());
after(async () => {
  for (const store of opened) await store.close();
  db.destroy();
  await server.stop();
});

let number = 0;
/** @type {import('sesame-edge/stores').SharedStore[]} */
const opened = [];
const OWN = { kind: 'end', key: 'a'.repeat(32), writer: 'node' };
const bytes = Uint8Array.of(1, 2, 3);

/** A store, and its keys in Redis. */
function open() {
  number += 1;
  const prefix = `hostile${number}`;
  const store = redis(server.url, { prefix, timeoutMs: 5000 });
  opened.push(store);
  return {
    store,
    log: `{${prefix}}:log`,
    history: `{${prefix}}:history`,
    user: (/** @type {string} */ name) => `{${prefix}}:user:${name}`,
    record: (/** @type {string} */ name) => `${prefix}:session:{${name}}`,
    lock: (/** @type {string} */ name) => `${prefix}:lock:{${name}}`,
    here: async () => /** @type {any} */ (await store.changes(null)).position,
  };
}

describe('a log that others write to', () => {
  /** @type {Record<string, [string, Record<string, string>][]>} */
  const entries = {
    'without fields of ours': [['*', { note: 'x' }]],
    'that lack some': [
      ['*', { kind: 'end' }],
      ['*', { kind: 'end', key: 'x' }],
    ],
    'with nonsense': [['*', { kind: 'zz', key: 'zz', writer: 'zz' }]],
    'in another order, with more': [['*', { writer: 'w', more: '1', key: 'k', kind: 'end' }]],
    'of 5 MB': [
      ['*', { ...OWN, key: 'a'.repeat(5e6) }],
      ['*', { x: 'a'.repeat(5e6) }],
    ],
    'from the year 2286': [['9999999999999-0', OWN]],
  };
  for (const [what, added] of Object.entries(entries)) {
    test(`R34: entries ${what} are passed over, and those after them are read`, async () => {
      const { store, log, here } = open();
      await store.end('00', OWN.key, 'node', 1000);
      const start = await here();
      for (const [id, fields] of added) await db.xAdd(log, id, fields);
      const last = await store.end('01', 'b'.repeat(32), 'me', 1000);
      const found = [];
      let position = start;
      for (let more = true; more; ) {
        const begun = performance.now();
        const read = /** @type {any} */ (await store.changes(position));
        assert.ok(performance.now() - begun < 1000, 'nobody waits for it');
        found.push(...read.events);
        ({ position, more } = read);
      }
      assert.equal(position.at, last.at);
      assert.deepEqual(found.at(-1), {
        at: last.at,
        kind: 'end',
        key: 'b'.repeat(32),
        writer: 'me',
      });
      assert.equal(found.length, added.length + 1);
      for (const { key, kind, writer } of found) assert.ok(`${key}${kind}${writer}`.length < 1600);
    });
  }

  test('R34: a log that is no log, that is gone or that is full makes way for another history', async () => {
    /** @type {((at: ReturnType<typeof open>) => Promise<any>)[]} */
    const ways = [
      async ({ log }) => {
        await db.del(log);
        await db.set(log, 'x');
      },
      ({ log }) => db.del(log),
      ({ history }) => db.del(history),
      async ({ history }) => {
        await db.del(history);
        await db.hSet(history, 'a', 'b');
      },
      ({ history }) => db.set(history, 'a'.repeat(1e6)),
      ({ log }) => db.xAdd(log, '18446744073709551615-18446744073709551615', OWN),
    ];
    for (const way of ways) {
      const opened = open();
      const { store, here } = opened;
      await store.end('00', OWN.key, 'node', 1000);
      const start = await here();
      await way(opened);
      const next = await store.end('01', OWN.key, 'node', 1000);
      assert.equal(await store.changes(start), null, `${way}`);
      assert.equal((await here()).at, next.at);
    }
  });

  test('R34: what was ended counts although its history is another’s now', async () => {
    const { store, log } = open();
    await store.end('00', OWN.key, 'node', 60_000);
    await db.del(log);
    assert.equal(await store.get('00'), 'ended');
  });
});

describe('records that others write', () => {
  test('R34: a record of 64 MB, a string, a list and one without a value are none, and can be replaced', async () => {
    /** @type {((key: string) => Promise<any>)[]} */
    const ways = [
      (key) => db.hSet(key, 'value', 'A'.repeat(64e6)),
      (key) => db.set(key, 'x'),
      (key) => db.rPush(key, 'x'),
      (key) => db.hSet(key, 'other', 'x'),
      (key) => db.hSet(key, 'at', 'x'),
      (key) => db.hSet(key, { at: 'x'.repeat(1e6), ended: 'x'.repeat(1e6) }),
    ];
    for (const way of ways) {
      const { store, record, here } = open();
      await way(record('0a'));
      const begun = performance.now();
      assert.equal(await store.get('0a'), null, `${way}`);
      assert.ok(performance.now() - begun < 500);
      const since = await here();
      assert.equal(await store.putIfNewer('0a', bytes, { since, ttlMs: 60_000 }), true, `${way}`);
      assert.deepEqual(await store.get('0a'), bytes);
      await way(record('0b'));
      await store.end('0b', OWN.key, 'node', 60_000);
      assert.equal(await store.get('0b'), 'ended');
    }
  });

  test('R34: what is noted of users, and locks, of any kind: no call fails', async () => {
    const { store, user, lock } = open();
    await db.hSet(user('u'), { revoke: 'x', invalidate: 'y'.repeat(1e6) });
    assert.deepEqual(await store.epochs('u'), { revokedAt: '', changedAt: '', revokedBefore: 0 });
    await db.set(user('v'), 'x');
    const { at } = await store.userEvent('revoke', 'v', 'node');
    const revokedTime = Number.parseInt(at, 10);
    const expected = { revokedAt: at, revokedTime, changedAt: '', revokedBefore: 0 };
    assert.deepEqual(await store.epochs('v'), expected);
    await db.rPush(lock('0a'), 'x');
    assert.equal(await store.acquire('0a', 1000), null);
    await store.release('0a', 'x');
  });
});
