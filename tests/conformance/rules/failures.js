// The origin says no, or fails: the one ends a session, the other never does (SPEC R12, R13).
import assert from 'node:assert/strict';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { post } from '../identity.js';
import { rule } from '../suite.js';

const HELD = '{"id":"held"}';

async function* cutShort() {
  yield '{"id":';
  throw new Error('the origin breaks off');
}

/** Every way to fail. @type {Record<string, () => import('../../support/origin.js').Behaviour>} */
const FAILURES = {
  ...Object.fromEntries(
    [408, 425, 429, 500, 502, 503, 504].map((status) => [`status ${status}`, () => ({ status })]),
  ),
  'a connection that goes away': () => ({ fault: 'reset' }),
  'a document cut short': () => ({ body: cutShort(), headers: { 'content-length': '100' } }),
  'text that is no JSON': () => ({ body: '<html>Sign in</html>' }),
  'a list': () => ({ body: '[{"id":1}]' }),
  null: () => ({ body: 'null' }),
  'an empty body': () => ({ body: '' }),
  'status 204': () => ({ status: 204 }),
  'a document over the limit': () => ({ body: `{"id":"${'x'.repeat(300_000)}"}` }),
};

export const failures = [
  rule(
    'R12',
    'a clear "no" is passed on as it is, remembered, and null as a session',
    async (t) => {
      for (const status of [401, 403]) {
        const credential = cookie(t.user());
        const headers = {
          'www-authenticate': 'Bearer error="expired"',
          'content-type': 'text/plain',
        };
        t.origin.on(READ, { status, headers, body: 'gone, sorry' });
        const calls = t.origin.count();
        for (let time = 0; time < 3; time += 1) {
          const response = await t.fetch(DOCUMENT, { headers: credential });
          assert.deepEqual([response.status, await response.text()], [status, 'gone, sorry']);
          assert.equal(response.headers.get('www-authenticate'), headers['www-authenticate']);
        }
        assert.equal(await t.session(credential), null);
        assert.equal(t.origin.count(), calls + 1);
      }
    },
  ),

  rule('R12', 'it is remembered for negativeFor, 10 seconds', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 401 }, { body: HELD });
    await t.ask(credential);
    await t.advance(10 * SECOND - MARGIN);
    assert.equal((await t.ask(credential))[0], 401);
    await t.advance(2 * MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    assert.equal(t.origin.count(), 2);
  }),

  rule('R12', 'it removes what was held', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: HELD }, { status: 401 });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    await t.until(async () => (await t.ask(credential))[0] === 401);
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R12',
    'which statuses are a clear "no" is configurable',
    async (t) => {
      t.origin.on(READ, { status: 404 }, { body: HELD });
      const credential = bearer(t.user());
      assert.equal((await t.ask(credential))[0], 404);
      assert.equal((await t.ask(credential))[0], 404);
      assert.equal(t.origin.count(), 1);
    },
    { options: { refusals: [401, 404] } },
  ),

  rule('R12', 'a later login with the same credential clears it', async (t) => {
    const credential = cookie(t.user());
    t.origin.on(READ, { status: 401 }, { body: HELD });
    t.origin.on('POST /api/v1/auth/login', { status: 200, body: '{}' });
    assert.equal((await t.ask(credential))[0], 401);
    assert.equal((await post(t, '/api/v1/auth/login', credential)).status, 200);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
  }),

  // Who sees no cookies cannot know whether a login that fails has changed them.
  rule(
    'R12',
    'a login that the origin refuses does not',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { status: 401 }, { body: HELD });
      t.origin.on('POST /api/v1/auth/login', { status: 401 });
      await t.ask(credential);
      assert.equal((await post(t, '/api/v1/auth/login', credential)).status, 401);
      assert.equal((await t.ask(credential))[0], 401);
      assert.equal(t.origin.count(), 1);
    },
    { needs: ['cookies'] },
  ),

  rule(
    'R12',
    'any other 4xx is passed on, removes what was held, and is not remembered',
    async (t) => {
      for (const status of [400, 404, 410, 422]) {
        const credential = bearer(t.user());
        const calls = t.origin.count();
        t.origin.on(READ, { body: HELD }, { status, body: 'what?' });
        await t.ask(credential);
        await t.advance(30 * MINUTE + MARGIN);
        await t.ask(credential);
        await t.until(async () => (await t.ask(credential))[0] === status);
        assert.deepEqual(await t.ask(credential), [status, 'what?']);
        assert.equal(t.origin.count(), calls + 4);
      }
    },
  ),

  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    rule('R13', `cold, ${kind}: 503 with Retry-After, and nothing negative is kept`, async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, behaviour);
      for (const path of [DOCUMENT, SESSION]) {
        const response = await t.fetch(path, { headers: credential });
        assert.equal(response.status, 503);
        assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        assert.deepEqual(response.headers.getSetCookie(), []);
      }
      t.origin.on(READ, { body: HELD });
      assert.deepEqual(await t.ask(credential), [200, HELD]);
    }),
  ),

  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    rule('R13', `held, ${kind}: what staleIfError allows is served, for 5 minutes`, async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: HELD }, behaviour);
      await t.ask(credential);
      for (const wait of [60 * MINUTE + MARGIN, 5 * MINUTE - 3 * MARGIN]) {
        await t.advance(wait);
        assert.deepEqual(await t.ask(credential), [200, HELD]);
      }
      await t.advance(3 * MARGIN);
      assert.equal((await t.ask(credential))[0], 503);
      t.origin.on(READ, { body: HELD });
      await t.advance(MINUTE);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
    }),
  ),

  rule('R13', 'an origin that hangs is a failure after originTimeout, 8 seconds', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { fault: 'hang' });
    const asked = t.ask(credential);
    await t.soon(t.origin.called(READ));
    await t.advance(8 * SECOND + 500);
    assert.equal((await t.soon(asked))[0], 503);
  }),

  rule('R13', 'so is one that stops in the middle of its answer', async (t) => {
    const credential = bearer(t.user());
    /** @type {any} */
    const raw = (/** @type {any} */ _request, /** @type {any} */ response) =>
      response.write('{"id"');
    t.origin.on(READ, { raw });
    const asked = t.ask(credential);
    await t.soon(t.origin.called(READ));
    await t.turn();
    await t.advance(8 * SECOND + 500);
    assert.equal((await t.soon(asked))[0], 503);
  }),

  rule('R13', "429's own Retry-After is obeyed", async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 429, headers: { 'retry-after': '70' } }, { body: HELD });
    for (const wait of [0, 30 * SECOND, 30 * SECOND]) {
      await t.advance(wait);
      const response = await t.fetch(DOCUMENT, { headers: credential });
      assert.equal(response.status, 503);
      assert.ok(Number(response.headers.get('retry-after')) >= 5);
    }
    assert.equal(t.origin.count(), 1);
    await t.advance(10 * SECOND + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
  }),

  rule('R13', 'it is obeyed behind stale answers too', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(
      READ,
      { body: HELD },
      { status: 429, headers: { 'retry-after': '300' } },
      { body: HELD },
    );
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    await t.ask(credential);
    await t.soon(t.origin.called(READ, 2));
    await t.idle();
    for (let step = 0; step < 4; step += 1) {
      await t.advance(MINUTE);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
    }
    await t.idle();
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R13',
    'cookies stay, even if the page that reports the failure clears them',
    async (t) => {
      const credential = cookie(t.user());
      const headers = { 'set-cookie': 'session=; Path=/; Max-Age=0' };
      t.origin.on(READ, { body: HELD }, { status: 500, headers });
      await t.ask(credential);
      await t.advance(30 * MINUTE + MARGIN);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
      await t.soon(t.origin.called(READ, 2));
      await t.idle();
      assert.deepEqual(await t.ask(credential), [200, HELD]);
      await t.advance(30 * MINUTE);
      const held = await t.fetch(DOCUMENT, { headers: credential });
      assert.deepEqual([held.status, held.headers.getSetCookie()], [200, []]);
      for (const path of [DOCUMENT, SESSION]) {
        const cold = await t.fetch(path, { headers: cookie(t.user()) });
        assert.deepEqual([cold.status, cold.headers.getSetCookie()], [503, []]);
      }
    },
    { needs: ['wire'] },
  ),

  rule(
    'R13',
    'the API rejects, and never says that nobody is signed in',
    async (t) => {
      const credential = bearer(t.user());
      for (const behaviour of Object.values(FAILURES)) {
        t.origin.on(READ, behaviour);
        await assert.rejects(t.api.getSession(credential));
      }
      t.origin.on(READ, { body: HELD });
      assert.deepEqual((await t.api.getSession(credential))?.user, JSON.parse(HELD));
      t.origin.on(READ, { status: 500 });
      await t.advance(61 * MINUTE);
      assert.deepEqual((await t.api.getSession(credential))?.user, JSON.parse(HELD));
    },
    { needs: ['api'] },
  ),

  rule(
    'R13',
    'with the origin gone warm users are answered, cold ones get 503, nobody is signed out',
    async (t) => {
      const [warm, cold] = [t.user(), t.user()];
      await t.ask(bearer(warm));
      await t.origin.stop();
      for (let time = 0; time < 3; time += 1) {
        assert.deepEqual(await t.ask(bearer(warm)), [200, documentOf(warm)]);
        assert.equal((await t.ask(bearer(cold)))[0], 503);
        await t.advance(20 * MINUTE);
      }
      await t.origin.restart();
      assert.deepEqual(await t.ask(bearer(cold)), [200, documentOf(cold)]);
      assert.deepEqual(await t.ask(bearer(warm)), [200, documentOf(warm)]);
    },
  ),
];
