// The origin fails: what is held is served, everything else is 503, and no session ends (R13).
// Invariant: no case here may see a 401, a cookie that is cleared, or null for a session.
import assert from 'node:assert/strict';
import { assertPrivate } from '../../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { hostRule, rule } from '../suite.js';

const HELD = '{"id":"held"}';

async function* cutShort() {
  yield '{"id":';
  throw new Error('the origin breaks off');
}

/** Every way to fail. @type {Record<string, () => import('../../support/origin.js').Behaviour>} */
const FAILURES = {
  ...Object.fromEntries(
    [408, 425, 429, 500, 502, 503, 504, 599].map((status) => [
      `status ${status}`,
      () => ({ status }),
    ]),
  ),
  'a connection that goes away': () => ({ fault: 'reset' }),
  'a document cut short': () => ({ body: cutShort(), headers: { 'content-length': '100' } }),
  'a document of unknown length cut short': () => ({ body: cutShort() }),
  'text that is no JSON': () => ({ body: '<html>Sign in</html>' }),
  'a list': () => ({ body: '[{"id":1}]' }),
  'a string': () => ({ body: '"id"' }),
  'an empty body': () => ({ body: '' }),
  'status 204': () => ({ status: 204 }),
  'a part that nobody has asked for': () => ({ status: 206, body: '{"id":1}' }),
  'two byte order marks': () => ({ body: '\ufeff\ufeff{"id":1}' }),
  'bad UTF-8': () => ({ body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) }),
  'a 304 without a condition': () => ({ status: 304 }),
  'a document over the limit': () => ({ body: `{"id":"${'x'.repeat(300_000)}"}` }),
};

/** Answers that are none: a rolling deploy, a maintenance page, a proxy in front that refuses. */
const NO_ANSWERS = [302, 307, 400, 402, 404, 405, 407, 409, 410, 418, 451];
/** Those that every host can pass on. */
const PASSED = [400, 402, 404, 405, 409, 410, 418, 451];

const PAGE = { headers: { location: '/maintenance', 'content-type': 'text/html' }, body: 'wait' };

export const failures = [
  rule(
    'R13',
    'a 3xx or 4xx that is no clear "no" signs nobody out who is held, refresh after refresh',
    async (t) => {
      for (const status of NO_ANSWERS) {
        const credential = cookie(t.user());
        t.origin.on(READ, { body: HELD }, { status, ...PAGE });
        await t.ask(credential);
        for (const wait of [30 * MINUTE + MARGIN, 30 * MINUTE, 4 * MINUTE]) {
          await t.advance(wait);
          assert.deepEqual(await t.ask(credential), [200, HELD], `${status}`);
          await t.idle();
          assert.deepEqual((await t.session(credential))?.user, JSON.parse(HELD), `${status}`);
        }
        t.origin.on(READ, { body: '{"id":"new"}' });
        await t.advance(2 * MINUTE);
        await t.until(async () => (await t.ask(credential))[1] === '{"id":"new"}');
      }
    },
  ),

  rule(
    'R13',
    'a 4xx that is no clear "no" is passed on where nothing is held, and is not remembered',
    async (t) => {
      for (const status of PASSED) {
        const credential = bearer(t.user());
        t.origin.on(READ, { status, ...PAGE });
        const response = await t.fetch(DOCUMENT, { headers: credential });
        assert.deepEqual([response.status, await response.text()], [status, 'wait']);
        assert.equal(response.headers.get('content-type'), 'text/html');
        t.origin.on(READ, { body: HELD });
        assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, HELD]);
      }
    },
  ),

  rule(
    'R13',
    'the session path answers 503 to a 3xx or 4xx that is no clear "no", never null',
    async (t) => {
      for (const status of NO_ANSWERS) {
        const credential = bearer(t.user());
        t.origin.on(READ, { status, ...PAGE }, { body: HELD });
        const response = await t.fetch(SESSION, { headers: credential });
        assert.equal(response.status, 503, `${status}`);
        assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        assert.deepEqual((await t.session(credential))?.user, JSON.parse(HELD));
      }
    },
  ),

  rule(
    'R13',
    'getSession() rejects for a 3xx or 4xx that is no clear "no", also of an ambiguous request',
    async (t) => {
      for (const status of NO_ANSWERS) {
        t.origin.on(READ, { status, ...PAGE });
        await assert.rejects(t.api.getSession(cookie(t.user())));
        await assert.rejects(t.api.getSession({ ...cookie(t.user()), ...bearer(t.user()) }));
      }
    },
    { needs: ['api', 'cookies'] },
  ),

  rule(
    'R13',
    'a 3xx or 4xx that is no clear "no" deletes no session cookie, and keeps its other cookies',
    async (t) => {
      const headers = {
        'content-type': 'text/html',
        'set-cookie': [
          'lang=de; Path=/',
          'session=; Path=/; Max-Age=0',
          'session.1=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
        ],
      };
      for (const status of [302, 404]) {
        t.origin.on(READ, { status, headers });
        const response = await t.fetch(DOCUMENT, { headers: cookie(t.user()) });
        assert.deepEqual(
          [response.status, response.headers.getSetCookie()],
          [status, ['lang=de; Path=/']],
        );
      }
    },
    { needs: ['wire'] },
  ),

  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    rule(
      'R13',
      `an origin failure (${kind}) without a held document is 503 with Retry-After, and is not remembered as a "no"`,
      async (t) => {
        const credential = cookie(t.user());
        t.origin.on(READ, behaviour);
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers: credential });
          assert.equal(response.status, 503);
          assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
          assert.deepEqual(response.headers.getSetCookie(), []);
        }
        t.origin.on(READ, { body: HELD });
        assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, HELD]);
      },
    ),
  ),

  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    rule(
      'R13',
      `an origin failure (${kind}) with a held document serves it for staleIfError, 5 minutes`,
      async (t) => {
        const credential = cookie(t.user());
        t.origin.on(READ, { body: HELD }, behaviour);
        await t.ask(credential);
        for (const wait of [60 * MINUTE + MARGIN, 5 * MINUTE - 3 * MARGIN]) {
          await t.advance(wait);
          assert.deepEqual(await t.ask(credential, DOCUMENT, 'stale'), [200, HELD]);
        }
        await t.advance(3 * MARGIN);
        assert.equal((await t.ask(credential))[0], 503);
        t.origin.on(READ, { body: HELD });
        await t.advance(MINUTE);
        assert.deepEqual(await t.ask(credential), [200, HELD]);
      },
    ),
  ),

  rule(
    'R13',
    'an origin that never answers is a failure after originTimeout, 8 seconds',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { fault: 'hang' });
      const asked = t.ask(credential);
      await t.soon(t.origin.called(READ));
      await t.advance(8 * SECOND + 500);
      assert.equal((await t.soon(asked))[0], 503);
    },
  ),

  rule(
    'R13',
    'an origin that stops in the middle of its answer is a failure after originTimeout',
    async (t) => {
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
    },
  ),

  rule(
    'R13',
    'the Retry-After of a 429 is obeyed for the session that got it, for a minute at most',
    async (t) => {
      const [credential, changed] = [bearer(t.user()), '{"id":"free","plan":"paid"}'];
      const busy = { status: 429, headers: { 'retry-after': '300' } };
      t.origin.on(READ, { body: HELD }, busy, { body: changed });
      await t.ask(credential);
      await t.advance(60 * MINUTE + MARGIN); // nothing may be served any more but while the origin fails
      for (const wait of [0, 25 * SECOND, 25 * SECOND]) {
        await t.advance(wait);
        assert.deepEqual(await t.ask(credential), [200, HELD]);
      }
      await t.idle();
      assert.equal(t.origin.count(), 2);
      assert.deepEqual(await t.ask(bearer(t.user()), DOCUMENT, 'origin'), [200, changed]);
      await t.advance(10 * SECOND + MARGIN);
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, changed]);
    },
  ),

  rule('R13', 'the Retry-After of a 429 is obeyed by refreshes behind stale answers', async (t) => {
    const credential = bearer(t.user());
    const busy = { status: 429, headers: { 'retry-after': '60' } };
    t.origin.on(READ, { body: HELD }, busy, { body: HELD });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    await t.ask(credential);
    await t.soon(t.origin.called(READ, 2));
    await t.idle();
    for (let step = 0; step < 4; step += 1) {
      await t.advance(10 * SECOND);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
    }
    await t.idle();
    assert.equal(t.origin.count(), 2);
    await t.advance(20 * SECOND + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    await t.soon(t.origin.called(READ, 3));
  }),

  rule(
    'R13, R53',
    'of a 429 for a credential that the origin has not accepted nothing is kept: the next check asks',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 429, headers: { 'retry-after': '50' } }, { body: HELD });
      const refused = await t.fetch(DOCUMENT, { headers: credential });
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '50']);
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, HELD]);
    },
  ),

  rule(
    'R13',
    'a failure leaves the session cookie in place, even if the origin’s error page clears it',
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
    'getSession() rejects while the origin fails, and never resolves to null',
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
    'while the origin is down held sessions are answered, others get 503, and no session ends',
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

  hostRule(
    'R13, R40',
    'the 503 of every origin failure is private JSON that names the error, and is counted',
    async (t) => {
      for (const [kind, behaviour] of Object.entries(FAILURES)) {
        const credential = cookie(t.user());
        t.origin.on(READ, behaviour);
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers: credential });
          assert.equal(response.status, 503, kind);
          assert.deepEqual(await response.json(), { error: 'origin_unavailable' }, kind);
          assert.equal(response.headers.get('content-type'), 'application/json', kind);
          assertPrivate(response);
        }
      }
      const { originFailures, unavailable, entries } = await t.statistics();
      const failed = 2 * Object.keys(FAILURES).length;
      assert.deepEqual([originFailures, unavailable, entries], [failed, failed, 0]);
    },
  ),

  hostRule(
    'R13',
    'with freshFor 0 and keepFor 0 each check asks the failing origin, and is answered stale',
    async (t) => {
      for (const [kind, behaviour] of Object.entries(FAILURES)) {
        const credential = cookie(t.user());
        t.origin.on(READ, { body: HELD }, behaviour);
        const calls = t.origin.count();
        await t.ask(credential);
        for (let time = 0; time < 2; time += 1) {
          assert.deepEqual(await t.ask(credential, DOCUMENT, 'stale'), [200, HELD], kind);
        }
        // workerd itself repeats a GET if a connection that it kept turns out to be gone.
        if (behaviour().fault !== 'reset') assert.equal(t.origin.count() - calls, 3, kind);
      }
    },
    { freshFor: 0, keepFor: 0 },
  ),

  hostRule(
    'R13',
    'staleIfError 0 serves nothing past keepFor',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: HELD }, { status: 500 });
      await t.ask(credential);
      assert.equal((await t.ask(credential))[0], 503);
    },
    { freshFor: 0, keepFor: 0, staleIfError: 0 },
  ),

  hostRule(
    'R13',
    'originTimeout says after how long an answer that does not come, or does not end, is a failure',
    async (t) => {
      /** @type {import('../../support/origin.js').Behaviour['raw']} */
      const raw = (_request, response) => void response.write('{"id"');
      for (const behaviour of [{ fault: /** @type {const} */ ('hang') }, { raw }]) {
        const calls = t.origin.count();
        t.origin.on(READ, behaviour);
        const asked = t.ask(cookie(t.user()));
        await t.origin.called(READ, calls + 1);
        await t.turn();
        await t.advance(50);
        assert.equal((await asked)[0], 503);
      }
    },
    { originTimeout: 50, leaseFor: 5000 },
  ),

  hostRule(
    'R13',
    'the origin’s Retry-After is passed on with the 503, up to a minute',
    async (t) => {
      for (const [theirs, ours] of [
        ['45', '45'],
        ['120', '60'],
      ]) {
        t.origin.on(READ, { status: 503, headers: { 'retry-after': theirs } });
        const response = await t.fetch(DOCUMENT, { headers: bearer(t.user()) });
        assert.deepEqual([response.status, response.headers.get('retry-after')], [503, ours]);
      }
    },
  ),

  hostRule(
    'R13, R41',
    'while the origin is down every path answers 503 as JSON with Retry-After, and sets no cookie',
    async (t) => {
      const [warm, cold] = [bearer(t.user()), bearer(t.user())];
      await t.ask(warm);
      await t.origin.stop();
      await t.ask(warm, DOCUMENT, 'fresh');
      for (const path of [DOCUMENT, SESSION, '/elsewhere']) {
        const response = await t.fetch(path, { headers: cold });
        assert.equal(response.status, 503);
        assert.deepEqual(await response.json(), { error: 'origin_unavailable' });
        assert.ok(Number(response.headers.get('retry-after')) >= 1);
        assert.deepEqual(response.headers.getSetCookie(), []);
      }
      await t.origin.restart();
      assert.equal((await t.ask(cold, DOCUMENT, 'origin'))[0], 200);
      assert.equal((await t.ask(warm, DOCUMENT, 'fresh'))[0], 200);
    },
  ),
];
