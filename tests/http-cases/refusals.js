// What the origin says that is no document: a clear "no" is remembered, a failure is not a sign-out.
import assert from 'node:assert/strict';
import { SECOND } from '../support/clock.js';
import {
  ask,
  assertPrivate,
  attempt,
  bearer,
  clockCase,
  cookie,
  httpCase,
  sourceOf,
} from '../support/http-case.js';
import { DOCUMENT, documentOf, READ } from '../support/origin.js';
import { until } from '../support/wait.js';

/** @typedef {import('../support/http-case.js').Target} Target */

/** Once what goes on behind answers has ended. @param {Target} t */
const quiet = (t) =>
  until(async () => (await t.stats()).leases === 0, 'no origin call is under way');

export const refusals = [
  httpCase('R12: 401 and 403 are passed on as they are, and remembered', async (t) => {
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
    const { negative, miss } = await t.stats();
    assert.deepEqual([negative, miss], [2, 2]);
  }),

  httpCase('R12, R43: a remembered "no" says so', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 401 });
    await t.fetch(DOCUMENT, { headers: credential });
    const again = await t.fetch(DOCUMENT, { headers: credential });
    assert.equal(sourceOf(again), 'negative');
  }),

  clockCase('R12: it is remembered for negativeFor, 10 seconds', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 401 }, { body: '{"id":1}' });
    await attempt(t, credential);
    t.clock.advance(10 * SECOND - 1);
    assert.equal((await attempt(t, credential))[0], 401);
    t.clock.advance(1);
    assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
  }),

  httpCase(
    'R12: negativeFor 0 remembers nothing',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 401, body: 'no' }, { body: '{"id":1}' });
      assert.deepEqual(await attempt(t, credential), [401, 'no']);
      assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
    },
    { negativeFor: 0 },
  ),

  httpCase(
    'R12: a "no" removes the document, and so does any other 4xx, which is not remembered',
    async (t) => {
      for (const [status, remembered] of /** @type {[number, boolean][]} */ ([
        [401, true],
        [404, false],
        [410, false],
      ])) {
        const credential = bearer(t.user());
        t.origin.reset();
        t.origin.on(READ, { body: '{"id":1}' }, { status, body: 'gone' }, { body: '{"id":2}' });
        await ask(t, credential);
        assert.equal((await ask(t, credential))[0], 'stale');
        await quiet(t);
        const after = await attempt(t, credential);
        assert.deepEqual(after, remembered ? [status, 'gone'] : [200, '{"id":2}'], String(status));
      }
    },
    { freshFor: 0 },
  ),

  httpCase('R12: any other 4xx is passed on and asked about again', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 404, body: 'not here', headers: { 'content-type': 'text/x' } });
    for (let time = 0; time < 2; time += 1) {
      const response = await t.fetch(DOCUMENT, { headers: credential });
      assert.deepEqual([response.status, await response.text()], [404, 'not here']);
      assert.equal(response.headers.get('content-type'), 'text/x');
    }
    assert.equal(t.origin.count(), 2);
  }),

  httpCase('R12: a redirect is passed on, not followed and not kept', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 302, headers: { location: '/login' } });
    for (let time = 0; time < 2; time += 1) {
      const response = await t.fetch(DOCUMENT, { headers: credential });
      assert.deepEqual([response.status, response.headers.get('location')], [302, '/login']);
    }
    assert.deepEqual([t.origin.count(), t.origin.count('GET /login')], [2, 0]);
  }),

  httpCase(
    'R12: which statuses are a clear "no" is the configuration’s to say',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 404 });
      await attempt(t, credential);
      assert.equal((await attempt(t, credential))[0], 404);
      assert.equal(t.origin.count(), 1);
      t.origin.reset();
      t.origin.on(READ, { status: 401 });
      await attempt(t, bearer(t.user()));
      assert.equal(t.origin.count(), 1);
    },
    { refusals: [404] },
  ),

  httpCase('R12: a login with the same credential clears the "no"', async (t) => {
    const credential = cookie(t.user());
    t.origin.on(READ, { status: 401 }, { body: '{"id":1}' });
    t.origin.on('POST /anything', { status: 400 }, { status: 200 });
    await attempt(t, credential);
    const post = { path: '/anything', method: 'POST', body: '{}' };
    assert.equal((await attempt(t, credential, post))[0], 400);
    assert.equal((await attempt(t, credential))[0], 401);
    assert.equal(t.origin.count(), 1);
    assert.equal((await attempt(t, credential, post))[0], 200);
    assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
  }),

  httpCase('R12, R13: a long "no" is remembered without its body', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 403, body: 'x'.repeat(10_000) });
    assert.equal((await attempt(t, credential))[1].length, 10_000);
    assert.deepEqual(await attempt(t, credential), [403, '']);
    t.origin.on(READ, { status: 403, body: 'x'.repeat(300_000) });
    assert.equal((await attempt(t, bearer(t.user())))[0], 403);
    assert.equal(t.origin.count(), 2);
  }),

  httpCase(
    'R6, R12: a refusal behind a stale answer is not the end for another user',
    async (t) => {
      const [one, other] = [bearer(t.user()), bearer(t.user())];
      await ask(t, one);
      await ask(t, other);
      t.origin.on(READ, { status: 401 });
      await ask(t, one);
      await quiet(t);
      assert.equal((await attempt(t, one))[0], 401);
      assert.equal((await ask(t, other))[1], documentOf(other.authorization.slice(7)));
    },
    { freshFor: 0 },
  ),
];
