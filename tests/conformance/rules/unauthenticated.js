// Back ends that say "not signed in" with a success (R80): it is a clear "no", answered as the origin has answered it.
// Invariant: no case here may see a document, nor 503, for an answer of that form.
import assert from 'node:assert/strict';
import { assertPrivate } from '../../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { post } from '../identity.js';
import { hostRule, rule } from '../suite.js';

const HELD = '{"id":"held"}';

/** Every back end's, without an option. */
const FORMS = ['null', ' null\n', '{"user":null}', '{"session":null,"user":null}'];

/** They look like it, and name a user or are no complete JSON. */
const OTHERS = [
  '{"user":null,"id":7}',
  '{"user":null,"sub":"7"}',
  '{"user":{}}',
  '{"user":false}',
  '{"data":{"user":null}}',
  '{}',
];
const BROKEN = ['nul', 'null null', '"null"', '[null]', '{"user":null', ''];

/** What the option `unauthenticated` adds. */
const ADDED = ['204', '{}', '/account', '/authenticated=false', '/state/is="out"'];

export const unauthenticated = [
  rule(
    'R80',
    'a success that is null, or whose user is null, is answered as it is, remembered, and null as a session',
    async (t) => {
      for (const body of FORMS) {
        const credential = cookie(t.user());
        const calls = t.origin.count();
        t.origin.on(READ, { body });
        for (let time = 0; time < 3; time += 1) {
          assert.deepEqual(await t.ask(credential), [200, body]);
        }
        assert.equal(await t.session(credential), null);
        assert.equal(t.origin.count(), calls + 1, body);
      }
    },
  ),

  rule('R80', 'such a "no" is remembered for negativeFor, 10 seconds', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: 'null' }, { body: HELD });
    await t.ask(credential);
    await t.advance(10 * SECOND - MARGIN);
    assert.deepEqual(await t.ask(credential), [200, 'null']);
    await t.advance(2 * MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    assert.equal(t.origin.count(), 2);
  }),

  rule('R80', 'such a "no" removes the document that was held', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: HELD }, { body: '{"user":null}' });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    await t.until(async () => (await t.ask(credential))[1] === '{"user":null}');
    assert.equal(await t.session(credential), null);
    assert.equal(t.origin.count(), 2);
  }),

  rule('R80', 'a later login with the same credential clears such a "no"', async (t) => {
    const credential = cookie(t.user());
    t.origin.on(READ, { body: 'null' }, { body: HELD });
    t.origin.on('POST /api/v1/auth/login', { status: 200, body: '{}' });
    assert.equal(await t.session(credential), null);
    assert.equal((await post(t, '/api/v1/auth/login', credential)).status, 200);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
  }),

  rule('R80', 'an object that names its user is a document, whatever else it says', async (t) => {
    for (const body of OTHERS) {
      const credential = bearer(t.user());
      t.origin.on(READ, { body });
      assert.deepEqual(await t.ask(credential), [200, body]);
      assert.deepEqual((await t.session(credential))?.user, JSON.parse(body));
    }
  }),

  rule('R13, R80', 'what is not exactly of that form is a failure', async (t) => {
    for (const behaviour of [
      ...BROKEN.map((body) => ({ body })),
      { status: 204 },
      { status: 206, body: 'null' },
      { status: 500, body: 'null' },
    ]) {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: HELD }, behaviour);
      await t.ask(credential);
      await t.advance(61 * MINUTE);
      assert.deepEqual(await t.ask(credential), [200, HELD], JSON.stringify(behaviour));
      assert.deepEqual((await t.session(credential))?.user, JSON.parse(HELD));
    }
  }),

  rule(
    'R80',
    'the option unauthenticated adds 204, {} and members by their value',
    async (t) => {
      for (const answer of [
        { status: 204 },
        { body: '{}' },
        { body: '{"account":null}' },
        { body: '{"authenticated":false,"id":"guest"}' },
        { body: '{"state":{"is":"out"}}' },
      ]) {
        const credential = cookie(t.user());
        const calls = t.origin.count();
        t.origin.on(READ, answer);
        for (let time = 0; time < 2; time += 1) {
          const [status, text] = await t.ask(credential);
          assert.deepEqual([status, text], [answer.status ?? 200, answer.body ?? '']);
          assert.equal(await t.session(credential), null);
        }
        assert.equal(t.origin.count(), calls + 1, JSON.stringify(answer));
      }
      for (const body of ['{"account":{}}', '{"account":null,"id":7}', '{"authenticated":true}']) {
        const credential = cookie(t.user());
        t.origin.on(READ, { body });
        assert.deepEqual((await t.session(credential))?.user, JSON.parse(body));
      }
    },
    { options: { unauthenticated: ADDED } },
  ),

  rule(
    'R80',
    '{} for a held session counts only when a second question agrees',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: HELD }, { body: '{}' }, { body: HELD }, { body: '{}' });
      await t.ask(credential);
      await t.advance(61 * MINUTE);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
      assert.equal(t.origin.count(), 3);
      await t.advance(61 * MINUTE);
      assert.deepEqual(await t.ask(credential), [200, '{}']);
      assert.equal(await t.session(credential), null);
      assert.equal(t.origin.count(), 5);
    },
    { options: { unauthenticated: ['{}'] } },
  ),

  rule(
    'R13, R80',
    '{} for a held session is no sign-out when the second question fails',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: HELD }, { body: '{}' }, { status: 503 });
      await t.ask(credential);
      await t.advance(61 * MINUTE);
      assert.deepEqual(await t.ask(credential), [200, HELD]);
      assert.deepEqual((await t.session(credential))?.user, JSON.parse(HELD));
    },
    { options: { unauthenticated: ['{}'] } },
  ),

  rule(
    'R80',
    'getSession() resolves to null for a success that says no',
    async (t) => {
      for (const body of FORMS) {
        t.origin.on(READ, { body });
        assert.equal(await t.api.getSession(cookie(t.user())), null);
      }
    },
    { needs: ['api'] },
  ),

  hostRule('R80', 'verify answers 401 to a success that says no, and remembers it', async (t) => {
    for (const body of FORMS) {
      const credential = cookie(t.user());
      const calls = t.origin.count();
      t.origin.on(READ, { body });
      for (let time = 0; time < 2; time += 1) {
        const response = await t.fetch('/api/auth/verify', { headers: credential });
        assert.deepEqual([response.status, await response.text()], [401, '']);
      }
      assert.equal(t.origin.count(), calls + 1);
    }
  }),

  hostRule(
    'R40, R80',
    'a remembered success that says no has the origin’s body and type, and is private',
    async (t) => {
      const credential = cookie(t.user());
      const headers = { 'content-type': 'application/problem+json', 'x-request-id': '1' };
      t.origin.on(READ, { body: 'null', headers });
      for (const kept of [false, true]) {
        const response = await t.fetch(DOCUMENT, { headers: credential });
        assert.deepEqual([response.status, await response.text()], [200, 'null']);
        assert.equal(response.headers.get('content-type'), headers['content-type']);
        assert.equal(response.headers.get('x-request-id'), kept ? null : '1');
        assertPrivate(response);
      }
    },
  ),

  hostRule(
    'R1, R80',
    'the session path answers null where an ambiguous request is told no with a success',
    async (t) => {
      const ambiguous = { ...cookie(t.user()), ...bearer(t.user()) };
      for (const body of FORMS) {
        t.origin.on(READ, { body });
        const response = await t.fetch(SESSION, { headers: ambiguous });
        assert.deepEqual([response.status, await response.text()], [200, 'null']);
      }
    },
  ),
];
