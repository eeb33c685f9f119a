// The package's own interface: a cache in a Node program, without a worker.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, test } from 'node:test';
import { OriginUnavailableError, SessionCache } from 'sesame-edge';
import { createClock, DAY, MINUTE, SECOND } from '../support/clock.js';
import { createCache, ORIGIN, withCode } from '../support/fake-cache.js';
import { bearer, cookie } from '../support/http-case.js';
import { DOCUMENT } from '../support/origin.js';
import { createGate, settle } from '../support/wait.js';

/** @param {number} status */
const answering =
  (status, body = '') =>
  () =>
    new Response(body || null, { status });

describe('check and has', () => {
  test('R5: they give what is held and fresh, ask nobody, and agree', async () => {
    const { origin, clock, sessions } = createCache(undefined, { freshFor: '30m' });
    const [ada, bob] = [cookie('ada'), cookie('bob')];
    const held = () => {
      for (const { cookie } of [ada, bob]) {
        assert.equal(sessions.has(cookie), sessions.check(cookie) !== null);
      }
      return [sessions.has(ada.cookie), sessions.has(bob.cookie)];
    };
    assert.deepEqual(held(), [false, false]);
    await sessions.getSession({ headers: ada });
    assert.deepEqual(held(), [true, false]);
    assert.equal(sessions.checkText(ada.cookie), '{"id":"id-ada","name":"ada"}');
    assert.deepEqual(sessions.checkJson(ada.cookie), { id: 'id-ada', name: 'ada' });
    await sessions.getSession({ headers: bob });
    assert.deepEqual(held(), [true, true]);

    await sessions.revokeUser('id-ada');
    assert.deepEqual(held(), [false, true]);
    await sessions.invalidateUser('id-bob');
    assert.deepEqual(held(), [false, false]);
    await sessions.getSession({ headers: bob });
    assert.deepEqual(held(), [false, true]);
    clock.advance(31 * MINUTE);
    assert.deepEqual(held(), [false, false]);
    assert.equal(origin.calls.length, 3);
  });

  test('R70: each counts as a check', async () => {
    const { sessions } = createCache();
    const { cookie: header } = cookie('ada');
    await sessions.getSession({ headers: { cookie: header } });
    const { fresh } = sessions.statistics();
    sessions.has(header);
    sessions.check(header);
    assert.equal(sessions.statistics().fresh, fresh + 2);
  });
});

describe('getSession', () => {
  test('R5: takes Headers, and what Node has of a request, for the same', async () => {
    const { origin, sessions } = createCache();
    const expected = { id: 'id-ada', name: 'ada' };
    const first = await sessions.getSession({ headers: new Headers(cookie('ada')) });
    assert.deepEqual(first?.user, expected);
    assert.equal(origin.calls[0].url, ORIGIN + DOCUMENT);
    const request = new http.IncomingMessage(/** @type {any} */ (null));
    request.headers = { host: 'x', cookie: 'theme=dark; session=ada', 'set-cookie': ['a', 'b'] };
    for (const headers of [
      request.headers,
      { cookie: ['theme=dark', 'session=ada'] },
      { Cookie: 'session=ada', authorization: undefined },
      { ':method': 'GET', cookie: 'session=ada' },
    ]) {
      const session = await sessions.getSession({ headers: /** @type {any} */ (headers) });
      assert.deepEqual(session?.user, expected);
    }
    assert.deepEqual(
      (await sessions.getSession(new Request(ORIGIN, { headers: cookie('ada') })))?.user,
      expected,
    );
    assert.equal(origin.calls.length, 1);
  });

  test("R5: takes another library's Headers as well", async () => {
    const { sessions } = createCache();
    class OtherHeaders {
      #fields = new Map([['cookie', 'session=ada']]);
      get(/** @type {string} */ name) {
        return this.#fields.get(name) ?? null;
      }
      entries() {
        return this.#fields.entries();
      }
      [Symbol.iterator]() {
        return this.entries();
      }
    }
    const session = await sessions.getSession({ headers: /** @type {any} */ (new OtherHeaders()) });
    assert.equal(session?.user.name, 'ada');
  });

  test('R8: expiresAt is the end of the session, whatever refreshes it', async () => {
    const { clock, sessions } = createCache();
    const end = new Date(clock.now() + 30 * DAY).toISOString();
    const request = { headers: bearer('ada') };
    assert.equal((await sessions.getSession(request))?.expiresAt, end);
    clock.advance(31 * MINUTE);
    await sessions.getSession(request);
    await settle();
    assert.equal((await sessions.getSession(request))?.expiresAt, end);
  });

  test('R8: and that of a JWT is its own exp', async () => {
    const { clock, origin, sessions } = createCache();
    const exp = Math.floor(clock.now() / 1000) + 60;
    const claims = Buffer.from(JSON.stringify({ sub: 'ada', exp })).toString('base64url');
    const request = { headers: bearer(`eyJhbGciOiJub25lIn0.${claims}.c2ln`) };
    assert.equal(
      (await sessions.getSession(request))?.expiresAt,
      new Date(exp * 1000).toISOString(),
    );
    clock.advance(60 * SECOND - 1);
    await sessions.getSession(request);
    assert.equal(origin.calls.length, 1);
    clock.advance(1);
    await sessions.getSession(request);
    assert.equal(origin.calls.length, 2);
  });

  test('R11: fresh goes to the origin, and what it says replaces what was held', async () => {
    const { origin, sessions } = createCache((_, call) => Response.json({ id: 1, call }));
    const request = { headers: cookie('ada') };
    assert.equal((await sessions.getSession(request))?.user.call, 1);
    assert.equal((await sessions.getSession(request, { fresh: true }))?.user.call, 2);
    assert.equal((await sessions.getSession(request))?.user.call, 2);
    assert.equal(origin.calls.length, 2);
    assert.equal(sessions.statistics().originFresh, 1);
  });

  test('R11, R12: fresh asks past a remembered "no" too', async () => {
    const { sessions } = createCache((_, call) =>
      call === 1 ? new Response('', { status: 401 }) : Response.json({ id: 1 }),
    );
    const request = { headers: cookie('ada') };
    assert.equal(await sessions.getSession(request), null);
    assert.equal(await sessions.getSession(request), null);
    assert.deepEqual((await sessions.getSession(request, { fresh: true }))?.user, { id: 1 });
  });

  test('R11: a fresh check does not take an answer from before it', async () => {
    const gate = createGate();
    const { origin, sessions } = createCache(async (_, call) => {
      if (call === 1) await gate.opened;
      return Response.json({ id: 1, call });
    });
    const request = { headers: cookie('ada') };
    const early = sessions.getSession(request);
    const fresh = sessions.getSession(request, { fresh: true });
    await settle();
    gate.open();
    assert.equal((await early)?.user.call, 1);
    assert.equal((await fresh)?.user.call, 2);
    assert.equal(origin.calls.length, 2);
  });

  test('R12: nobody, and whoever the origin refuses, is null', async () => {
    for (const answer of [answering(401), answering(403), answering(200, 'null')]) {
      const { sessions } = createCache(answer);
      assert.equal(await sessions.getSession({ headers: cookie('ada') }), null);
    }
    const { origin, sessions } = createCache();
    assert.equal(await sessions.getSession({ headers: {} }), null);
    assert.equal(origin.calls.length, 0);
  });

  test('R13: a failure is an error with its code and a time, never null', async () => {
    const statuses = [302, 400, 404, 405, 407, 408, 410, 425, 429, 500, 503];
    const failures = statuses.map((status) => answering(status));
    const bodies = ['[]', '"null"', 'x'].map((body) => answering(200, body));
    const networks = [() => Promise.reject(new TypeError('fetch failed'))];
    for (const headers of [cookie('ada'), { ...cookie('ada'), ...bearer('ada') }]) {
      for (const answer of [...failures, ...bodies, ...networks]) {
        const { sessions } = createCache(answer);
        await assert.rejects(sessions.getSession({ headers }), (error) => {
          assert.ok(error instanceof OriginUnavailableError);
          assert.equal(error.code, 'ERR_SESAME_ORIGIN_UNAVAILABLE');
          assert.ok(error.retryAfterMs >= 1000);
          return true;
        });
      }
    }
  });

  test('R73: the error that the origin cannot be asked has a cause, which whoever waited has too, and the log says it', async () => {
    const refused = new TypeError('fetch failed', {
      cause: Object.assign(new Error('connect 192.0.2.1'), { code: 'ECONNREFUSED' }),
    });
    for (const [answer, message, inner] of /** @type {[any, string, any][]} */ ([
      [() => Promise.reject(refused), 'connection refused', refused],
      [answering(502), 'status 502', undefined],
      [answering(429), 'status 429', undefined],
      [answering(200, 'x'), 'no document', undefined],
    ])) {
      const { sessions } = createCache(answer);
      /** @type {import('sesame-edge').LogEntry[]} */
      const lines = [];
      sessions.observe((line) => void lines.push(line));
      const requests = [cookie('ada'), cookie('ada'), { ...cookie('ada'), ...bearer('ada') }];
      for (const result of await Promise.allSettled(
        requests.map((headers) => sessions.getSession({ headers })),
      )) {
        const { reason } = /** @type {PromiseRejectedResult} */ (result);
        assert.equal(reason.cause.message, message);
        assert.equal(reason.cause.cause, inner);
      }
      const [call] = lines.filter(({ event }) => event === 'origin');
      assert.equal(call.failure, call.status === 0 ? message : undefined);
      assert.doesNotMatch(JSON.stringify(lines), /192\.0\.2\.1/);
      await assert.rejects(
        sessions.revoke({ headers: cookie('bob') }),
        (/** @type {any} */ error) => error.cause.message === message,
      );
    }
  });

  test('R73: that its time is up is the cause where the origin hangs', async () => {
    const { clock, sessions } = createCache(() => new Promise(() => {}));
    const asked = sessions.getSession({ headers: cookie('ada') });
    await settle();
    clock.advance(8 * SECOND);
    await assert.rejects(asked, (/** @type {any} */ error) => error.cause.message === 'timed out');
  });

  test('R13: the time is that of the origin where it names one', async () => {
    const { sessions } = createCache(
      () => new Response('', { status: 503, headers: { 'retry-after': '30' } }),
    );
    await assert.rejects(sessions.getSession({ headers: cookie('ada') }), { retryAfterMs: 30_000 });
  });

  test('R9, R13: an origin that hangs is given up after originTimeout, and its call ended', async () => {
    const { clock, origin, sessions } = createCache(() => new Promise(() => {}));
    const request = { headers: cookie('ada') };
    const asked = [sessions.getSession(request), sessions.getSession(request)];
    await settle();
    clock.advance(8 * SECOND - 1);
    await settle();
    assert.equal(origin.calls[0].signal?.aborted, false);
    clock.advance(1);
    for (const each of asked) await assert.rejects(each, withCode('ERR_SESAME_ORIGIN_UNAVAILABLE'));
    assert.equal(origin.calls[0].signal?.aborted, true);
    assert.equal(origin.calls.length, 1);
  });

  test('R44: a credential over its limit is an error with its code', async () => {
    const { origin, sessions } = createCache();
    const long = 'x'.repeat(20_000);
    for (const headers of [cookie(long), bearer(long), { cookie: 'é'.repeat(9_000) }]) {
      await assert.rejects(sessions.getSession({ headers }), withCode('ERR_SESAME_TOO_LARGE'));
    }
    assert.equal(origin.calls.length, 0);
  });

  test('R1: an ambiguous request asks each time, and keeps nothing', async () => {
    const { origin, sessions } = createCache(() => Response.json({ id: 1 }));
    const headers = { ...cookie('ada'), ...bearer('ada') };
    for (const call of [1, 2]) {
      assert.deepEqual(await sessions.getSession({ headers }), {
        user: { id: 1 },
        expiresAt: null,
      });
      assert.equal(origin.calls.length, call);
    }
    assert.equal(sessions.statistics().entries, 0);
  });

  test('waitUntil gets what goes on behind an answer', async () => {
    const { clock, sessions } = createCache();
    /** @type {Promise<unknown>[]} */
    const work = [];
    const waitUntil = (/** @type {Promise<unknown>} */ each) => void work.push(each);
    const request = { headers: cookie('ada') };
    await sessions.getSession(request, { waitUntil });
    assert.equal(work.length, 1);
    clock.advance(31 * MINUTE);
    await sessions.getSession(request, { waitUntil });
    assert.equal(work.length, 2);
    await Promise.all(work);
    assert.equal(sessions.statistics().originRefresh, 1);
  });

  test('a caller that has gone no longer waits for another’s call', async () => {
    const gate = createGate();
    const { sessions } = createCache(async () => {
      await gate.opened;
      return Response.json({ id: 1 });
    });
    const request = { headers: cookie('ada') };
    const leader = sessions.getSession(request);
    const caller = new AbortController();
    const follower = sessions.getSession(request, { signal: caller.signal });
    await settle();
    caller.abort();
    await assert.rejects(follower, withCode('ERR_SESAME_ORIGIN_UNAVAILABLE'));
    gate.open();
    assert.deepEqual((await leader)?.user, { id: 1 });
    assert.equal(sessions.statistics().leases, 0);
  });
});

describe('one cache in front of another', () => {
  test('R15: keeps what that one keeps, for as long as it is fresh there, and nothing else', async () => {
    for (const [wish, calls, stale] of /** @type {[string, number, boolean][]} */ ([
      ['', 1, false],
      ['max-age=60', 1, true],
      ['no-store', 5, false],
    ])) {
      const edge = createCache(() =>
        Response.json({ id: 'id-ada' }, { headers: { 'cache-control': wish } }),
      );
      const clock = createClock();
      const host = {
        now: clock.now,
        sleep: clock.sleep,
        fetch: (/** @type {string} */ url, /** @type {any} */ init) =>
          edge.sessions.handle(new Request(url, init)),
      };
      const sessions = new SessionCache({ origin: ORIGIN }, /** @type {any} */ (host));
      for (let check = 0; check < 5; check += 1) {
        assert.equal((await sessions.getSession({ headers: bearer('ada') }))?.user.id, 'id-ada');
      }
      assert.equal(edge.origin.calls.length, calls, wish);
      assert.equal(sessions.statistics().originCalls, calls, wish);
      if (calls > 1) continue;
      for (const each of [clock, edge.clock]) each.advance(2 * MINUTE);
      assert.equal(sessions.has('', bearer('ada').authorization), !stale, wish);
    }
  });
});
