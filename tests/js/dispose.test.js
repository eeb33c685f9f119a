// The end of a cache: what it holds outside of JavaScript is freed, by its owner or by the finaliser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SesameError, SessionCache } from 'sesame-edge';
import { createClock } from '../support/clock.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { bearer, cookie } from '../support/http-case.js';
import { DOCUMENT, SESSION } from '../support/origin.js';
import { createGate, settle } from '../support/wait.js';

const ORIGIN = 'http://origin.test';
const request = { headers: cookie('ada') };
const disposed = { name: 'SesameError', code: 'ERR_SESAME_DISPOSED' };

/** @param {Parameters<typeof createFakeOrigin>[0]} [answer] */
const createCache = (answer) =>
  new SessionCache({ origin: ORIGIN }, { fetch: createFakeOrigin(answer).fetch });

describe('dispose', () => {
  test('every later call throws ERR_SESAME_DISPOSED', async () => {
    const sessions = createCache();
    await sessions.getSession(request);
    sessions.dispose();
    await assert.rejects(sessions.getSession(request), disposed);
    await assert.rejects(sessions.getSession({ headers: {} }), disposed);
    await assert.rejects(
      sessions.getSession({ headers: { ...cookie('a'), ...bearer('a') } }),
      disposed,
    );
    for (const path of [DOCUMENT, SESSION]) {
      const init = { headers: cookie('ada') };
      await assert.rejects(sessions.handle(new Request(ORIGIN + path, init)), disposed);
    }
    const patch = new Request(ORIGIN + DOCUMENT, {
      method: 'PATCH',
      body: '{}',
      headers: cookie('ada'),
    });
    await assert.rejects(sessions.handle(patch), disposed);
    assert.throws(() => sessions.statistics(), disposed);
    assert.throws(() => sessions.revoke(request), disposed);
    assert.throws(() => sessions.forget(request), disposed);
    assert.throws(() => sessions.invalidateUser('u'), disposed);
    assert.throws(() => sessions.revokeUser(7), disposed);
    assert.throws(
      () => sessions.statistics(),
      (error) => error instanceof SesameError,
    );
  });

  test('twice is once, and another cache goes on', async () => {
    const [ended, other] = [createCache(), createCache()];
    await other.getSession(request);
    ended.dispose();
    ended.dispose();
    assert.equal((await other.getSession(request))?.user.name, 'ada');
    assert.equal(other.statistics().fresh, 1);
    other.dispose();
  });

  test('Symbol.dispose does the same', { skip: !Symbol.dispose }, () => {
    const sessions = createCache();
    /** @type {any} */ (sessions)[Symbol.dispose]();
    assert.throws(() => sessions.statistics(), disposed);
  });

  test('whoever waits for an answer under way is told at once, leader and followers', {
    timeout: 10_000,
  }, async () => {
    const gate = createGate();
    const { fetch } = createFakeOrigin(async () => {
      await gate.opened;
      return Response.json({ id: 1 });
    });
    const { now, sleep } = createClock(); // it stands still: nobody is woken by it
    const sessions = new SessionCache({ origin: ORIGIN }, { fetch, now, sleep });
    const asked = Array.from({ length: 3 }, () => sessions.getSession(request));
    const ends = Promise.allSettled(asked);
    await settle();
    sessions.dispose();
    gate.open();
    for (const { status, reason } of /** @type {PromiseRejectedResult[]} */ (await ends)) {
      assert.deepEqual([status, reason.code], ['rejected', disposed.code]);
    }
  });

  test('a cache that nobody holds any more is freed by the finaliser', { timeout: 30_000 }, () => {
    const script = fileURLToPath(new URL('../support/forgotten-caches.js', import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', script], {
      encoding: 'utf8',
      timeout: 25_000,
    });
    assert.equal(status, 0, stderr);
    const { made, freed, most, left } = JSON.parse(stdout);
    assert.equal(freed, made - 1, 'the one that was disposed of is not freed again');
    assert.ok(left < most / 10, `${left} of ${most} bytes are left`);
  });
});
