// What every shared store keeps to.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { compareAt } from '../../js_bindings/stores/store.js';

const MINUTE = 60_000;
const name = () => randomUUID().replaceAll('-', '');
const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);

/**
 * What a store may not promise, and the tests ask of all others.
 * @typedef {'atomic' | 'order' | 'locks' | 'push' | 'trimming'} Feature
 */

/**
 * @param {string} title
 * @param {(options?: { mostEvents: number }) => any} make a store, on the same data each time
 * @param {Partial<Record<Feature, string>>} [lacks] what it cannot promise, and why
 */
export function contract(title, make, lacks = {}) {
  /** @param {Feature} feature @param {string} name @param {() => Promise<void>} run */
  const testIf = (feature, name, run) =>
    test(name, { skip: lacks[feature] && `cannot be promised: ${lacks[feature]}` }, run);

  /** @type {any[]} */
  const opened = [];
  /** @param {{ mostEvents: number }} [options] */
  function open(options) {
    const store = make(options);
    opened.push(store);
    return store;
  }

  describe(title, () => {
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
    });

    /** @param {any} store */
    const here = async (store) => (await store.changes(null)).position;

    test('what is put is got, byte for byte', async () => {
      const store = open();
      const value = Uint8Array.from({ length: 256 }, (_, index) => index);
      const session = name();
      assert.equal(await store.get(session), null);
      const options = { since: await here(store), ttlMs: MINUTE };
      assert.equal(await store.putIfNewer(session, value, options), true);
      assert.deepEqual(await store.get(session), value);
      assert.equal(await store.putIfNewer(session, bytes('new'), options), true);
      assert.deepEqual(await store.get(session), bytes('new'));
      assert.equal(await store.get(name()), null);
    });

    test('R10, R31: nothing is put under a session that has been ended or forgotten', async () => {
      const store = open();
      for (const how of ['end', 'forget']) {
        const session = name();
        const since = await here(store);
        const options = { since, ttlMs: MINUTE };
        await store.putIfNewer(session, bytes('old'), options);
        const at = await store[how](session, '0a', 'node', MINUTE);
        assert.ok(compareAt(at.at, since.at) > 0);
        assert.equal(await store.get(session), how === 'end' ? 'ended' : null);
        assert.equal(await store.putIfNewer(session, bytes('late'), options), false);
        const later = { since: await here(store), ttlMs: MINUTE };
        assert.equal(await store.putIfNewer(session, bytes('later'), later), false);
        assert.equal(await store.get(session), how === 'end' ? 'ended' : null);
      }
    });

    test('R31: that a session has ended is told from that nothing is known of it, on any link', async () => {
      const [store, other] = [open(), open()];
      const [ended, dropped] = [name(), name()];
      await store.end(ended, '0a', 'node', 30 * 24 * 60 * MINUTE);
      await store.forget(dropped, '0a', 'node');
      assert.equal(await other.get(ended), 'ended');
      assert.equal(await other.get(dropped), null);
      assert.equal(await other.get(name()), null);
      // What is only dropped, later, does not make it begin anew.
      await other.forget(ended, '0a', 'node');
      assert.equal(await store.get(ended), 'ended');
    });

    testIf(
      'order',
      'R34: whoever has read further than the log goes is not told what is missing',
      async () => {
        const store = open();
        const position = await store.userEvent('invalidate', name(), 'node');
        const [time, ...rest] = position.at.split('-').map(Number);
        const ahead = [time + 1_000_000, ...rest].join('-');
        assert.equal(await store.changes({ ...position, at: ahead }), null);
      },
    );

    testIf('order', 'R22: an older record does not replace a newer one', async () => {
      const store = open();
      const session = name();
      const before = await here(store);
      const since = await store.userEvent('invalidate', name(), 'node');
      assert.equal(await store.putIfNewer(session, bytes('new'), { since, ttlMs: MINUTE }), true);
      const late = { since: before, ttlMs: MINUTE };
      assert.equal(await store.putIfNewer(session, bytes('old'), late), false);
      assert.deepEqual(await store.get(session), bytes('new'));
    });

    test('R31: an answer from before the fence is refused, whatever stands there', async () => {
      const store = open();
      const since = await here(store);
      const old = { ...since, time: since.time - 2 * MINUTE };
      assert.equal(
        await store.putIfNewer(name(), bytes('x'), { since: old, ttlMs: MINUTE }),
        false,
      );
    });

    testIf('order', 'R31: events come in their order, once, from where one is', async () => {
      const [store, other] = [open(), open()];
      const start = await here(store);
      assert.deepEqual((await store.changes(start)).events, []);
      const [session, user] = [name(), name()];
      await store.end(session, session, 'node', MINUTE);
      await other.userEvent('revoke', user, 'node');
      await store.forget(session, session, 'node');
      const last = await other.userEvent('invalidate', user, 'node');
      const { events, position, more } = await other.changes(start);
      assert.deepEqual(
        events.map((/** @type {any} */ { kind, key }) => [kind, key]),
        [
          ['end', session],
          ['revoke', user],
          ['forget', session],
          ['invalidate', user],
        ],
      );
      assert.equal(position.at, last.at);
      assert.equal(more, false);
      assert.deepEqual((await store.changes(position)).events, []);
      const rest = await store.changes({ ...start, at: events[1].at });
      assert.deepEqual(rest.events, events.slice(2));
    });

    testIf(
      'order',
      'R23: of a user, the newest events are known to whoever comes later',
      async () => {
        const store = open();
        const user = name();
        const none = { revokedAt: '', revokedTime: undefined, changedAt: '', revokedBefore: 0 };
        assert.deepEqual({ ...none, ...(await store.epochs(user)) }, none);
        const revoked = await store.userEvent('revoke', user, 'node');
        await store.userEvent('invalidate', user, 'node');
        const changed = await store.userEvent('invalidate', user, 'node');
        const { revokedTime, ...epochs } = await store.epochs(user);
        const expected = { revokedAt: revoked.at, changedAt: changed.at, revokedBefore: 0 };
        assert.deepEqual(epochs, expected);
        assert.ok(
          Number(revokedTime) <= changed.time && Number(revokedTime) > changed.time - 60_000,
        );
        assert.deepEqual({ ...none, ...(await store.epochs(name())) }, none);
      },
    );

    testIf(
      'order',
      'R23: a revocation that is published late keeps the moment of its call',
      async () => {
        const store = open();
        const user = name();
        const since = await here(store);
        const calledAt = since.time - 5000;
        await store.userEvent('revoke', user, 'node', calledAt);
        await store.userEvent('revoke', user, 'node', calledAt - 5000);
        const { revokedAt, revokedBefore } = await store.epochs(user);
        assert.deepEqual({ revokedAt, revokedBefore }, { revokedAt: '', revokedBefore: calledAt });
        const found = await store.changes(since);
        const told = found.events.filter((/** @type {any} */ { key }) => key === user);
        assert.deepEqual(
          told.map((/** @type {any} */ { before }) => before),
          [calledAt, calledAt - 5000],
        );
      },
    );

    test('R31: another history is not told', async () => {
      const store = open();
      const position = await here(store);
      assert.equal(await store.changes({ ...position, history: 'another' }), null);
    });

    testIf('trimming', 'R31: more events than are kept are not told', async () => {
      const store = open({ mostEvents: 50 });
      const start = await here(store);
      const user = name();
      for (let done = 0; done < 500; done += 50) {
        await Promise.all(
          Array.from({ length: 50 }, () => store.userEvent('invalidate', user, 'node')),
        );
      }
      assert.equal(await store.changes(start), null);
    });

    testIf('push', 'R31: whoever listens is called', async () => {
      const [store, other] = [open(), open()];
      let calls = 0;
      /** @type {() => void} */
      let called = () => {};
      const stop = await store.subscribe(() => {
        calls += 1;
        called();
      });
      const next = () => new Promise((resolve) => (called = () => resolve(undefined)));
      // Over a network it takes a moment until one is subscribed.
      for (let before = calls; calls === before; ) {
        const heard = next();
        await other.end(name(), '0a', 'node', MINUTE);
        await Promise.race([heard, new Promise((resolve) => setTimeout(resolve, 20))]);
      }
      await stop();
    });

    testIf('locks', 'R9: a lock is one holder’s, until it gives it back', async () => {
      const [store, other] = [open(), open()];
      const lock = name();
      const token = await store.acquire(lock, MINUTE);
      assert.equal(typeof token, 'string');
      assert.equal(await other.acquire(lock, MINUTE), null);
      await other.release(lock, 'not the token');
      assert.equal(await other.acquire(lock, MINUTE), null);
      await store.release(lock, token);
      assert.equal(typeof (await other.acquire(lock, MINUTE)), 'string');
    });

    testIf(
      'locks',
      'R24: a lock is held for longer, and who has lost it changes nothing',
      async () => {
        const [store, other] = [open(), open()];
        const session = name();
        const since = await here(store);
        const put = (/** @type {string} */ text, /** @type {string} */ lock) =>
          store.putIfNewer(session, bytes(text), { since, ttlMs: MINUTE, lock });
        const token = await store.acquire(session, MINUTE);
        assert.equal(await store.acquire(session, MINUTE, token), token);
        assert.equal(await other.acquire(session, MINUTE, 'not the token'), null);
        assert.equal(await put('first', token), true);
        await store.release(session, token);
        assert.equal(await store.acquire(session, MINUTE, token), null);
        assert.equal(await put('late', token), false);
        const next = await other.acquire(session, MINUTE);
        assert.equal(await put('late', token), false);
        assert.equal(await put('second', next), true);
        assert.deepEqual(await store.get(session), bytes('second'));
      },
    );

    testIf(
      'locks',
      'R24: what replaces a record byte for byte is put once, however old it is, and never over an end',
      async () => {
        const [store, other] = [open(), open()];
        const session = name();
        const since = await here(store);
        const old = { ...since, time: since.time - 10 * MINUTE };
        const put = (
          /** @type {any} */ on,
          /** @type {string} */ text,
          /** @type {any} */ replaces,
        ) => on.putIfNewer(session, bytes(text), { since: old, ttlMs: MINUTE, replaces });
        assert.equal(await put(store, 'first', bytes('another')), false);
        assert.equal(await store.get(session), null);
        assert.equal(await put(store, 'first', null), true);
        assert.equal(await put(other, 'also first', null), false);
        assert.equal(await put(other, 'second', bytes('First')), false);
        assert.deepEqual(await other.get(session), bytes('first'));
        const won = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            put(index % 2 ? store : other, `of ${index}`, bytes('first')),
          ),
        );
        assert.equal(won.filter(Boolean).length, 1);
        assert.deepEqual(await store.get(session), bytes(`of ${won.indexOf(true)}`));
        await other.end(session, '0a', 'node', MINUTE);
        assert.equal(await put(store, 'late', bytes(`of ${won.indexOf(true)}`)), false);
        assert.equal(await put(store, 'late', null), false);
        assert.equal(await store.get(session), 'ended');
      },
    );

    testIf('order', 'R33: a question for a session is an event like others', async () => {
      const [store, other] = [open(), open()];
      const start = await here(store);
      const key = name();
      const { at } = await store.ask(key, 'node');
      const { events } = await other.changes(start);
      assert.deepEqual(events, [{ at, kind: 'ask', key, writer: 'node' }]);
    });

    testIf(
      'atomic',
      'R10, R31: of a thousand races between an end and a late answer, the end wins all',
      async () => {
        const [store, other] = [open(), open()];
        const since = await here(store);
        for (let race = 0; race < 1000; race += 50) {
          await Promise.all(
            Array.from({ length: 50 }, async () => {
              const session = name();
              await Promise.all([
                store.putIfNewer(session, bytes('late'), { since, ttlMs: MINUTE }),
                other.end(session, '0a', 'node', MINUTE),
              ]);
              assert.equal(await store.get(session), 'ended');
            }),
          );
        }
      },
    );
  });
}
