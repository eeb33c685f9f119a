// Sign-ins, sign-outs and exchanged session cookies that pass by: what is held of the credential is dropped (R10).
// Invariant: the next check after one of them asks the origin.
import assert from 'node:assert/strict';
import { ask, assertPrivate, attempt, bearer, cookie } from '../../support/http-case.js';
import { documentOf, READ, SESSION } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { hostRule } from '../suite.js';

/** @typedef {import('../context.js').Context} Target */

const LONG_AGO = 'Thu, 01 Jan 1970 00:00:00 GMT';

/**
 * Whether the origin is asked again after a request with this credential has passed.
 * @param {Target} t
 * @param {Record<string, string>} credential
 * @param {string} path
 * @param {string} [method]
 */
async function isForgotten(t, credential, path, method = 'POST') {
  await ask(t, credential);
  await attempt(t, credential, { path, method });
  return (await ask(t, credential))[0] === 'origin';
}

export const signInPaths = [
  hostRule('R10', 'after a login or logout that succeeds the origin is asked', async (t) => {
    const words = ['login', 'logout', 'signin', 'signout', 'sign-in', 'sign-out'];
    const paths = words.flatMap((word) => [`/${word}`, `/api/v1/auth/${word}/`]);
    for (const path of paths) {
      t.origin.on(`POST ${path}`, { status: 204 });
      assert.equal(await isForgotten(t, cookie(t.user()), path), true, path);
    }
    for (const path of [
      '/login/form',
      '/users/sign_in',
      '/auth/callback/x',
      '/Account/LogOff.json',
    ]) {
      t.origin.on(`POST ${path}`, { status: 204 });
      assert.equal(await isForgotten(t, cookie(t.user()), path), true, path);
    }
    for (const path of ['/logouts', '/how-to-login', '/api/logoutx', '/api/v1/posts']) {
      t.origin.on(`POST ${path}`, { status: 201 });
      assert.equal(await isForgotten(t, cookie(t.user()), path), false, path);
    }
  }),

  hostRule('R13', 'a logout that fails drops nothing', async (t) => {
    for (const status of [400, 403, 405, 500, 503]) {
      t.origin.on('POST /logout', { status });
      assert.equal(await isForgotten(t, bearer(t.user()), '/logout'), false, String(status));
    }
    t.origin.on('POST /logout', { fault: 'reset' });
    await isForgotten(t, bearer(t.user()), '/logout');
    assert.equal(t.origin.count('POST /logout'), 6);
  }),

  hostRule('R82', 'a logout of a session that has ended is one', async (t) => {
    for (const status of [401, 404, 410]) {
      t.origin.on('POST /logout', { status });
      assert.equal(await isForgotten(t, bearer(t.user()), '/logout'), true, String(status));
    }
  }),

  hostRule('R83', 'a page or a list of such a name is none', async (t) => {
    for (const path of ['/login', '/logout', '/sessions/12', '/help/how/to/login']) {
      t.origin.on(`GET ${path}`, { body: '[]' });
      assert.equal(await isForgotten(t, cookie(t.user()), path, 'GET'), false, path);
    }
  }),

  hostRule(
    'R82',
    'a bearer that has signed out is refused, whatever the origin says of it',
    async (t) => {
      const [signedOut, dropped] = [bearer(t.user()), bearer(t.user())];
      for (const credential of [signedOut, dropped]) await ask(t, credential);
      t.origin.on('POST /auth/log-out', { status: 204 });
      t.origin.on('POST /auth/logout/all', { status: 204 });
      await attempt(t, signedOut, { path: '/auth/log-out', method: 'POST' });
      await attempt(t, dropped, { path: '/auth/logout/all', method: 'POST' });
      const calls = t.origin.count();
      assert.equal((await attempt(t, signedOut))[0], 401);
      assert.equal(t.origin.count(), calls);
      assert.equal((await ask(t, dropped))[0], 'origin');
    },
  ),

  hostRule(
    'R82',
    'an answer that deletes the session cookie drops it, whatever its status',
    async (t) => {
      for (const status of [401, 403, 500]) {
        const headers = { 'set-cookie': ['session=; Max-Age=0; Path=/'] };
        t.origin.on('GET /orders', { status, headers });
        const credential = cookie(t.user());
        assert.equal(await isForgotten(t, credential, '/orders', 'GET'), true, String(status));
      }
    },
  ),

  hostRule(
    'R10',
    'a GET on the logout path that is answered with a redirect drops the document',
    async (t) => {
      t.origin.on('GET /logout', { status: 303, headers: { location: '/' } });
      assert.equal(await isForgotten(t, cookie(t.user()), '/logout?all=1', 'GET'), true);
    },
  ),

  hostRule(
    'R10',
    'identityPaths says after which paths the origin is asked, with * and **',
    async (t) => {
      const user = () => cookie(t.user());
      for (const path of ['/t/a/switch', '/deep', '/deep/er/still']) {
        t.origin.on(`POST ${path}`, { status: 200 });
        assert.equal(await isForgotten(t, user(), path), true, path);
      }
      for (const path of ['/t/a/b/switch', '/t/switch', '/logout', '/deeper']) {
        t.origin.on(`POST ${path}`, { status: 200 });
        assert.equal(await isForgotten(t, user(), path), false, path);
      }
    },
    { identityPaths: ['/t/*/switch', '/deep/**'] },
  ),

  hostRule(
    'R10',
    'an answer that exchanges or deletes the session cookie drops the old cookie’s document',
    async (t) => {
      for (const [line, forgotten] of /** @type {[string, boolean][]} */ ([
        ['session=another; Path=/; HttpOnly', true],
        ['session=; Max-Age=0', true],
        ['session=SAME; max-age = -1; Path=/', true],
        [`session=SAME; Expires=${LONG_AGO}`, true],
        ['__Host-session=another; Path=/; Secure', true],
        ['session=SAME; Max-Age=3600', false],
        [`session=SAME; Max-Age=60; Expires=${LONG_AGO}`, false],
        ['theme=dark', false],
        ['xsession=another', false],
      ])) {
        const name = t.user();
        const setCookie = ['a=b; Path=/', line.replace('SAME', name)];
        t.origin.on('GET /page', { headers: { 'set-cookie': setCookie } });
        const credential = { cookie: `theme=light; session=${name}` };
        assert.equal(await isForgotten(t, credential, '/page', 'GET'), forgotten, line);
      }
    },
  ),

  hostRule(
    'R40',
    'the answer to a login is private, and its cookies arrive one by one',
    async (t) => {
      const cookies = [
        'session=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
        'b="x, y"',
        'c=3',
      ];
      const headers = {
        'set-cookie': cookies,
        'cache-control': 'public, max-age=60',
        vary: 'Accept',
      };
      t.origin.on('POST /api/login', { headers, body: 'in' });
      const response = await t.fetch('/api/login', { method: 'POST', body: 'x' });
      assert.deepEqual(response.headers.getSetCookie(), cookies);
      assert.equal(response.headers.get('vary'), 'Accept, Cookie, Authorization');
      assertPrivate(response);
    },
  ),

  hostRule(
    'R10',
    'the session path passes on a session cookie that comes with the document',
    async (t) => {
      const name = t.user();
      t.origin.on(READ, { headers: { 'set-cookie': 'session=next' }, body: documentOf(name) });
      const response = await t.fetch(SESSION, { headers: cookie(name) });
      assert.deepEqual(response.headers.getSetCookie(), ['session=next']);
    },
  ),

  hostRule(
    'R10',
    'a check that was under way during a logout is answered 401, and its fill is counted as refused',
    async (t) => {
      const name = t.user();
      const gate = createGate();
      t.origin.on(
        READ,
        { body: documentOf(name), after: gate.opened },
        { status: 401, body: 'out' },
      );
      t.origin.on('POST /logout', { status: 204 });
      const asked = attempt(t, cookie(name));
      await t.origin.called(READ);
      await attempt(t, cookie(name), { path: '/logout', method: 'POST' });
      gate.open();
      assert.deepEqual(await asked, [401, 'out']);
      assert.deepEqual(await attempt(t, cookie(name)), [401, 'out']);
      assert.equal((await t.statistics()).fillsRefused, 1);
      assert.equal(t.origin.count(), 2);
    },
  ),

  ...['POST', 'GET'].map((method) =>
    hostRule(
      'R10',
      `${method} /logout drops the document even if the client leaves before the answer`,
      async (t) => {
        const credential = cookie(t.user());
        const [gate, client] = [createGate(), new AbortController()];
        await ask(t, credential);
        t.origin.on(READ, { status: 401 });
        const location = '/login';
        t.origin.on(`${method} /logout`, {
          status: 303,
          headers: { location },
          after: gate.opened,
        });
        const { signal } = client;
        const leaving = t.fetch('/logout', { method, headers: credential, signal });
        const gone = leaving.then(undefined, () => {});
        const call = await t.origin.called(`${method} /logout`);
        client.abort();
        await gone;
        // By the time that these are answered the cache has noticed.
        for (let round = 0; round < 5; round += 1) await attempt(t, {}, { path: '/elsewhere' });
        assert.equal(call.request.socket.destroyed, false);
        gate.open();
        await t.until(async () => (await attempt(t, credential))[0] === 401, 'the logout counts');
      },
    ),
  ),
];
