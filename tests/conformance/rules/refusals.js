// The origin's clear "no": it is passed on, remembered for a while, and removes what was held (R12).
// Invariant: nothing here is a failure; those are in failures.js.
import assert from 'node:assert/strict';
import { assertPrivate, attempt } from '../../support/http-case.js';
import { DOCUMENT, documentOf, READ } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { post } from '../identity.js';
import { hostRule, rule } from '../suite.js';

const HELD = '{"id":"held"}';

export const refusals = [
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

  rule('R12', 'a "no" is remembered for negativeFor, 10 seconds', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 401 }, { body: HELD });
    await t.ask(credential);
    await t.advance(10 * SECOND - MARGIN);
    assert.equal((await t.ask(credential))[0], 401);
    await t.advance(2 * MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    assert.equal(t.origin.count(), 2);
  }),

  rule('R12', 'a "no" removes the document that was held', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: HELD }, { status: 401, body: 'gone' });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
    await t.until(async () => (await t.ask(credential))[0] === 401);
    assert.deepEqual(await t.ask(credential), [401, 'gone']);
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

  rule(
    'R12',
    'a redirect can be configured as a clear "no": back ends send whom they do not know to sign in',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 302, headers: { location: '/login' } });
      assert.equal(await t.session(credential), null);
      assert.equal(await t.session(credential), null);
      assert.equal(t.origin.count(), 1);
    },
    { options: { refusals: [401, 403, 302] } },
  ),

  rule('R12', 'a later login with the same credential clears the remembered "no"', async (t) => {
    const credential = cookie(t.user());
    t.origin.on(READ, { status: 401 }, { body: HELD });
    t.origin.on('POST /api/v1/auth/login', { status: 200, body: '{}' });
    assert.equal((await t.ask(credential))[0], 401);
    assert.equal((await post(t, '/api/v1/auth/login', credential)).status, 200);
    assert.deepEqual(await t.ask(credential), [200, HELD]);
  }),

  // A worker that sees no cookies cannot know whether a login that fails has changed them.
  rule(
    'R12',
    'a login that the origin refuses does not clear the remembered "no"',
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
    'a "no" is remembered whatever cookies come with it',
    async (t) => {
      for (const line of ['session=; Path=/; Max-Age=0', 'session=anonymous; Path=/']) {
        const credential = cookie(t.user());
        const calls = t.origin.count();
        t.origin.on(READ, { status: 401, headers: { 'set-cookie': line } });
        const first = await t.fetch(DOCUMENT, { headers: credential });
        assert.deepEqual([first.status, first.headers.getSetCookie()], [401, [line]]);
        assert.equal((await t.ask(credential))[0], 401);
        assert.equal(await t.session(credential), null);
        assert.equal(t.origin.count(), calls + 1);
      }
    },
    { needs: ['wire'] },
  ),

  rule(
    'R13',
    'a redirect is passed on, and neither followed nor kept',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 302, headers: { location: '/login' } });
      for (let time = 0; time < 2; time += 1) {
        const response = await t.fetch(DOCUMENT, { headers: credential });
        assert.deepEqual([response.status, response.headers.get('location')], [302, '/login']);
      }
      assert.deepEqual([t.origin.count(), t.origin.count('GET /login')], [2, 0]);
    },
    { needs: ['wire'] },
  ),

  hostRule(
    'R12, R40',
    'a remembered "no" has the origin’s body, type and challenge, and no other of its headers',
    async (t) => {
      for (const status of [401, 403]) {
        const credential = cookie(t.user());
        const explained = {
          'www-authenticate': 'Bearer error="expired"',
          'content-type': 'text/plain',
        };
        const headers = { ...explained, 'x-request-id': '1' };
        t.origin.on(READ, { status, headers, body: 'gone, sorry' });
        for (const kept of [false, true]) {
          const response = await t.fetch(DOCUMENT, { headers: credential });
          assert.deepEqual([response.status, await response.text()], [status, 'gone, sorry']);
          assert.equal(response.headers.get('www-authenticate'), explained['www-authenticate']);
          assert.equal(response.headers.get('content-type'), 'text/plain');
          assert.equal(response.headers.get('x-request-id'), kept ? null : '1');
          assertPrivate(response);
        }
      }
      assert.equal(t.origin.count(), 2);
      const { negative, miss } = await t.statistics();
      assert.deepEqual([negative, miss], [2, 2]);
    },
  ),

  hostRule(
    'R12',
    'negativeFor 0 remembers no "no"',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 401, body: 'no' }, { body: '{"id":1}' });
      assert.deepEqual(await t.ask(credential), [401, 'no']);
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, '{"id":1}']);
    },
    { negativeFor: 0 },
  ),

  hostRule(
    'R12',
    'a request that could be a login clears the remembered "no" if it succeeds, and not if it fails',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { status: 401 }, { body: '{"id":1}' });
      t.origin.on('POST /anything', { status: 400 }, { status: 200 });
      await t.ask(credential);
      const login = { path: '/anything', method: 'POST', body: '{}' };
      assert.equal((await attempt(t, credential, login))[0], 400);
      assert.equal((await t.ask(credential))[0], 401);
      assert.equal(t.origin.count(), 1);
      assert.equal((await attempt(t, credential, login))[0], 200);
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, '{"id":1}']);
    },
  ),

  hostRule('R12, R13', 'a "no" with a long body is remembered without the body', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 403, body: 'x'.repeat(10_000) });
    assert.equal((await t.ask(credential))[1].length, 10_000);
    assert.deepEqual(await t.ask(credential), [403, '']);
    t.origin.on(READ, { status: 403, body: 'x'.repeat(300_000) });
    assert.equal((await t.ask(bearer(t.user())))[0], 403);
    assert.equal(t.origin.count(), 2);
  }),

  hostRule(
    'R6, R12',
    'a "no" behind one user’s stale answer does not end another user’s session',
    async (t) => {
      const [one, other] = [bearer(t.user()), bearer(t.user())];
      await t.ask(one);
      await t.ask(other);
      t.origin.on(READ, { status: 401 });
      assert.equal((await t.ask(one, DOCUMENT, 'stale'))[0], 200);
      await t.until(async () => (await t.statistics()).leases === 0);
      assert.equal((await t.ask(one))[0], 401);
      assert.equal((await t.ask(other))[1], documentOf(other.authorization.slice(7)));
    },
    { freshFor: 0 },
  ),
];
