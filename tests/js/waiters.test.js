// How those who wait are woken (SPEC R9): at once where promises are shared, after short looks elsewhere.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { defaultHost } from '../../js_bindings/host.js';
import { Waiters } from '../../js_bindings/sessions/waiters.js';
import { createClock, SECOND } from '../support/clock.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { cookie } from '../support/http-case.js';
import { createGate, settle } from '../support/wait.js';

/** @param {boolean} sharesPromises */
function createWaiters(sharesPromises) {
  const clock = createClock();
  const waiters = new Waiters({
    ...defaultHost,
    now: clock.now,
    sleep: clock.sleep,
    sharesPromises,
  });
  return { clock, waiters, deadline: clock.now() + 10 * SECOND };
}

describe('waiters', () => {
  test('who shares promises is woken at once, all of them and nobody else', async () => {
    const { clock, waiters, deadline } = createWaiters(true);
    const waiting = [1, 1, 1].map((lease) => waiters.wait(lease, deadline, 0, undefined));
    const other = waiters.wait(2, deadline, 0, undefined);
    assert.deepEqual(clock.pauses(), Array(4).fill(10 * SECOND));
    waiters.wake(1);
    await Promise.all(waiting);
    assert.deepEqual(clock.pauses(), [10 * SECOND]);
    waiters.wake(3);
    clock.advance(10 * SECOND);
    await other;
    assert.equal(waiters.wakes.size, 0);
  });

  test('elsewhere they look again, soon at first, never later than the deadline', async () => {
    const { clock, waiters, deadline } = createWaiters(false);
    const pauses = [];
    for (let round = 0; clock.now() < deadline; round += 1) {
      const waiting = waiters.wait(1, deadline, round, undefined);
      const [pause] = clock.pauses();
      pauses.push(pause);
      clock.advance(pause);
      await waiting;
    }
    assert.deepEqual(pauses.slice(0, 6), [4, 8, 16, 32, 50, 50]);
    assert.ok(Math.max(...pauses) <= 50);
    assert.equal(clock.now(), deadline);
    assert.equal(waiters.wakes.size, 0);
  });

  test('who has gone no longer waits, and leaves nothing', async () => {
    for (const sharesPromises of [true, false]) {
      const { clock, waiters, deadline } = createWaiters(sharesPromises);
      const caller = new AbortController();
      const waiting = waiters.wait(1, deadline, 0, caller.signal);
      caller.abort();
      await waiting;
      assert.deepEqual(clock.pauses(), []);
      assert.equal(waiters.wakes.size, 0);
    }
  });

  test('past the deadline nobody sleeps', async () => {
    const { clock, waiters } = createWaiters(true);
    const waiting = waiters.wait(1, clock.now() - 1, 0, undefined);
    assert.deepEqual(clock.pauses(), [0]);
    clock.advance(0);
    await waiting;
  });
});

describe('followers that look again by themselves', () => {
  /** @param {Parameters<typeof createFakeOrigin>[0]} answer */
  function createCache(answer) {
    const origin = createFakeOrigin(answer);
    const clock = createClock();
    const host = { fetch: origin.fetch, now: clock.now, sleep: clock.sleep, sharesPromises: false };
    return { origin, clock, sessions: new SessionCache({ origin: 'http://origin.test' }, host) };
  }
  const request = { headers: cookie('ada') };

  test('R9: share the answer as well', async () => {
    const gate = createGate();
    const { origin, clock, sessions } = createCache(async () => {
      await gate.opened;
      return Response.json({ id: 1 });
    });
    const asked = Array.from({ length: 10 }, () => sessions.getSession(request));
    await settle();
    clock.advance(4);
    await settle();
    gate.open();
    await settle();
    clock.advance(50);
    for (const session of await Promise.all(asked)) assert.deepEqual(session?.user, { id: 1 });
    assert.equal(origin.calls.length, 1);
    assert.equal(sessions.statistics().leases, 0);
  });

  test('R9: finish within leaseFor if nobody comes back to them, and one takes over', async () => {
    const { origin, clock, sessions } = createCache((_, call) =>
      call === 1 ? new Promise(() => {}) : Response.json({ id: 1 }),
    );
    // The leader's host ends it without a word: its time-out never rings.
    const sleep = clock.sleep;
    const dead = new SessionCache(
      { origin: 'http://origin.test' },
      {
        fetch: origin.fetch,
        now: clock.now,
        sharesPromises: false,
        sleep: (ms, signal) =>
          ms === 8 * SECOND && origin.calls.length === 0
            ? new Promise(() => {})
            : sleep(ms, signal),
      },
    );
    void dead.getSession(request);
    await settle();
    const followers = Array.from({ length: 5 }, () => dead.getSession(request));
    const ends = Promise.allSettled(followers);
    for (let at = 0; at < 10 * SECOND + 100; at += 50) {
      await settle();
      clock.advance(50);
    }
    for (const end of await ends) {
      if (end.status === 'fulfilled') assert.deepEqual(end.value?.user, { id: 1 });
      else assert.equal(end.reason.code, 'ERR_SESAME_ORIGIN_UNAVAILABLE');
    }
    assert.equal(origin.calls.length, 2);
    assert.equal(dead.statistics().takeovers, 1);
    assert.deepEqual((await dead.getSession(request))?.user, { id: 1 });
    sessions.dispose();
  });
});

describe('the host', () => {
  test('sleep ends with its signal, or at once if that has been given', async () => {
    const gone = new AbortController();
    const sleeping = defaultHost.sleep(60 * SECOND, gone.signal);
    gone.abort();
    await sleeping;
    await defaultHost.sleep(60 * SECOND, gone.signal);
  });

  test('a sleep longer than a timer can be is not over at once', async () => {
    const gone = new AbortController();
    let isOver = false;
    const sleeping = defaultHost.sleep(2 ** 40, gone.signal).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(isOver, false);
    gone.abort();
    await sleeping;
  });
});
