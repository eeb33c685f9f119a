// What requests that go past a cache do to what it holds (rules R8, R26, R53, R82, R83).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';

const ORIGIN = 'https://api.example.com';
const DOCUMENT = '/api/v1/users/me';

/**
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string, ends?: string }} Answer `ends`: this
 *   cookie’s session
 */

/**
 * A cache in front of an origin that knows the users `u1`, `u2` and so on by the first part of their credential, and
 * that answers everything else as told.
 * @param {object} [options]
 */
function createSite(options) {
  let documents = 0;
  /** @type {{ method: string, path: string, headers: Headers, body: string }[]} */
  const passed = [];
  /** @type {Answer} */
  let next = {};
  const ended = new Set();
  const host = {
    /** @param {string | Request} input @param {RequestInit} [init] */
    async fetch(input, init = {}) {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const headers = new Headers(init.headers);
      if (pathname === DOCUMENT && (init.method ?? 'GET') === 'GET') {
        documents += 1;
        const cookie = headers.get('cookie');
        const user = /\bu(\d+)/.exec(`${cookie} ${headers.get('authorization')}`);
        return user && !ended.has(cookie)
          ? Response.json({ id: Number(user[1]) })
          : new Response('', { status: 401 });
      }
      const body = await new Response(/** @type {any} */ (init.body ?? null)).text();
      if (next.ends) ended.add(next.ends);
      passed.push({ method: init.method ?? 'GET', path: pathname, headers, body });
      return new Response(next.body ?? null, { status: 204, ...next });
    },
  };
  const sessions = new SessionCache({ origin: ORIGIN, ...options }, host);
  return {
    sessions,
    passed,
    /** @param {string} cookie @returns {Promise<boolean>} whether the origin had to be asked */
    async isAsked(cookie) {
      const before = documents;
      await sessions.getSession({ headers: { cookie } });
      return documents > before;
    },
    /** @param {string} request @param {Record<string, string>} headers @param {Answer} answer @param {string} [body] */
    async send(request, headers, answer, body) {
      const [method, path] = request.split(' ');
      next = answer;
      const all = { ...headers, ...(body && { 'content-length': `${body.length}` }) };
      return sessions.handle(new Request(ORIGIN + path, { method, headers: all, body }));
    },
  };
}

const [ONE, TWO] = ['session=u1-phone', 'session=u2-phone'];

describe('an ended session', () => {
  test('R8: is not brought back by the answer to a request, whatever it was for', async () => {
    const { sessions, isAsked, send } = createSite();
    await isAsked(ONE);
    await sessions.revoke({ headers: { cookie: ONE } });
    const again = { headers: { 'set-cookie': `${ONE}; Path=/` } };
    await send('GET /help/login', { cookie: ONE }, { status: 200 });
    await send('POST /logout', { cookie: ONE }, again);
    await send('GET /orders', { cookie: ONE }, again);
    await send('POST /login', { cookie: ONE }, { status: 204 });
    await send('POST /login', { cookie: ONE }, { status: 401, ...again });
    await send('POST /login', {}, { headers: { 'set-cookie': 'session=u1-other; Path=/' } });
    await send('POST /login', {}, { headers: { 'set-cookie': `${ONE}; Max-Age=0` } });
    await sessions.forget({ headers: { cookie: ONE } });
    assert.equal(await sessions.getSession({ headers: { cookie: ONE } }), null);
    assert.equal(await isAsked(ONE), false);
  });

  test('R8: begins anew if a sign-in that went on without it sets that very cookie', async () => {
    const { sessions, isAsked, passed, send } = createSite();
    for (const headers of /** @type {Record<string, string>[]} */ ([
      {},
      { cookie: `a=b; ${ONE}; c=d` },
    ])) {
      await isAsked(ONE);
      await sessions.revoke({ headers: { cookie: ONE } });
      assert.equal(await sessions.getSession({ headers: { cookie: ONE } }), null);
      await send('POST /login', headers, { headers: { 'set-cookie': `${ONE}; Path=/` } });
      const { user } = (await sessions.getSession({ headers: { cookie: ONE } })) ?? {};
      assert.deepEqual(user, { id: 1 });
      const sent = passed.at(-1)?.headers.get('cookie') ?? null;
      assert.equal(sent, headers.cookie ? 'a=b; c=d' : null);
    }
  });

  test('R8: its credential is taken out of what goes on to the origin', async () => {
    const { sessions, isAsked, passed, send } = createSite();
    const bearer = { authorization: 'Bearer u3' };
    await isAsked(ONE);
    await sessions.getSession({ headers: bearer });
    await sessions.revoke({ headers: { cookie: ONE } });
    await sessions.revoke({ headers: bearer });
    await send('GET /orders', { cookie: `${ONE}; theme=dark` }, {});
    await send('POST /orders', bearer, {});
    await send('GET /orders', { cookie: TWO }, {});
    const sent = passed.map(({ headers }) => [headers.get('cookie'), headers.get('authorization')]);
    assert.deepEqual(sent, [
      ['theme=dark', null],
      [null, null],
      [TWO, null],
    ]);
  });

  test('R8: where sessions are managed, a bearer token that has ended is taken out as well', async () => {
    const { sessions, passed, send } = createSite({ managed: {} });
    const bearer = { authorization: 'Bearer u3' };
    await sessions.getSession({ headers: bearer });
    await sessions.revoke({ headers: bearer });
    await send('POST /orders', bearer, {});
    assert.equal(passed[0].headers.get('authorization'), null);
  });

  test('R12: a credential that was only refused is sent on', async () => {
    const { sessions, passed, send } = createSite();
    const cookie = 'session=stranger';
    assert.equal(await sessions.getSession({ headers: { cookie } }), null);
    await send('POST /login', { cookie }, {});
    assert.equal(passed[0].headers.get('cookie'), cookie);
  });
});

describe('a session cookie in chunks', () => {
  const large = `session.0=u1-${'a'.repeat(3900)}; session.1=b`;

  test('R8, R82: it is taken out when it has ended, and a sign-in that sets it begins anew', async () => {
    const { sessions, isAsked, passed, send } = createSite();
    await isAsked(large);
    await sessions.revoke({ headers: { cookie: large } });
    await send('GET /orders', { cookie: `a=b; ${large}` }, {});
    assert.equal(passed.at(-1)?.headers.get('cookie'), 'a=b');
    const headers = new Headers(
      large.split('; ').map((pair) => ['set-cookie', `${pair}; Path=/; HttpOnly`]),
    );
    await send('POST /login', {}, { headers: /** @type {any} */ (headers) });
    assert.deepEqual((await sessions.getSession({ headers: { cookie: large } }))?.user, { id: 1 });
  });

  test('R82: an answer that sets or deletes one of them drops the session', async () => {
    const { isAsked, send } = createSite();
    for (const line of ['session.1=c; Path=/', 'session.0=; Max-Age=0']) {
      await isAsked(large);
      assert.equal(await isAsked(large), false);
      await send('GET /orders', { cookie: large }, { headers: { 'set-cookie': line } });
      assert.equal(await isAsked(large), true, line);
    }
  });
});

describe('another user', () => {
  test('R53: a stranger’s write that leads to the sign-in page changes nobody', async () => {
    const { isAsked, send } = createSite();
    await isAsked(ONE);
    for (const location of ['/login', '/welcome', '/']) {
      await send('PATCH /api/v1/users/1', {}, { status: 302, headers: { location } });
      await send('PATCH /api/v1/users/1', { cookie: TWO }, { status: 302, headers: { location } });
    }
    await send('PATCH /api/v1/users/1', { cookie: TWO }, { status: 403 });
    assert.equal(await isAsked(ONE), false);
    await send('PATCH /api/v1/users/1', { cookie: TWO }, { status: 204 });
    assert.equal(await isAsked(ONE), true);
  });

  test('R82: a user’s own path counts with a redirect that is not to the sign-in page', async () => {
    const { isAsked, send } = createSite();
    await isAsked(ONE);
    const own = (/** @type {string} */ location) =>
      send('PUT /api/v1/users/1', { cookie: ONE }, { status: 303, headers: { location } });
    await own('/login');
    assert.equal(await isAsked(ONE), false);
    await own('/profile');
    assert.equal(await isAsked(ONE), true);
  });

  test('R82: a row of effects finds the user in the body, as JSON or as a form', async () => {
    const effects = [{ method: 'POST', path: '/admin/ban', effect: 'endsUser', user: '/user/id' }];
    const form = [{ method: 'POST', path: '/admin/kick', effect: 'endsUser', user: '/id' }];
    const { isAsked, passed, send } = createSite({ effects: [...effects, ...form] });
    const json = { cookie: TWO, 'content-type': 'application/json' };
    const encoded = { cookie: TWO, 'content-type': 'application/x-www-form-urlencoded' };
    for (const [
      request,
      headers,
      body,
      isMeant,
    ] of /** @type {[string, any, string, boolean][]} */ ([
      ['POST /admin/ban', json, '{"user":{"id":1}}', true],
      ['POST /admin/ban', json, '{"user":{"id":"1"}}', true],
      ['POST /admin/ban', json, '{"user":{"id":2}}', false],
      ['POST /admin/ban', json, '{"user":', false],
      ['POST /admin/kick', encoded, 'a=b&id=1', true],
      ['POST /admin/kick', encoded, 'a=b', false],
    ])) {
      await isAsked(ONE);
      assert.equal((await send(request, headers, { status: 403 }, body)).status, 403);
      assert.equal(await isAsked(ONE), false, body);
      await send(request, headers, { status: 200 }, body);
      assert.equal(passed.at(-1)?.body, body);
      assert.equal(await isAsked(ONE), isMeant, body);
    }
  });

  test('R82: a row about the requester reaches all of his sessions', async () => {
    const { isAsked, send } = createSite({
      effects: [{ path: '/kick-others', effect: 'endsOthers' }],
    });
    const laptop = 'session=u1-laptop';
    for (const cookie of [ONE, TWO, laptop]) await isAsked(cookie);
    await send(
      'POST /kick-others',
      { cookie: ONE },
      { status: 302, headers: { location: '/login' } },
    );
    assert.equal(await isAsked(laptop), false);
    await send('POST /kick-others', { cookie: ONE }, { status: 200 });
    assert.equal(await isAsked(laptop), true);
    assert.equal(await isAsked(TWO), false);
  });

  test('R82: whose sessions end is asked before the request goes on, as nobody can say it afterwards', async () => {
    for (const effect of ['endsUser', 'endsOthers']) {
      const { isAsked, send } = createSite({ effects: [{ path: '/kick', effect }] });
      const tablet = 'session=u1-tablet';
      await isAsked(tablet);
      await isAsked(TWO);
      // Nothing is held of this one, and it ends with the others.
      await send('POST /kick', { cookie: ONE }, { ends: ONE });
      assert.deepEqual([await isAsked(tablet), await isAsked(TWO)], [true, false], effect);
    }
  });
});

describe('what a row says beside the words of its path', () => {
  test('R82: a sign-out of the others, or of another user, ends no bearer that asks for it', async () => {
    const effects = [
      { method: 'POST', path: '/auth/logout', effect: 'endsOthers' },
      { method: 'POST', path: '/admin/users/{id}/logout', effect: 'endsUser' },
    ];
    const { sessions, send } = createSite({ effects });
    const bearer = { authorization: 'Bearer u1-phone' };
    for (const path of ['/auth/logout?scope=others', '/admin/users/2/logout']) {
      await sessions.getSession({ headers: bearer });
      await send(`POST ${path}`, bearer, { status: 204 });
      assert.deepEqual((await sessions.getSession({ headers: bearer }))?.user, { id: 1 }, path);
    }
    await send('POST /logout', bearer, { status: 204 });
    assert.equal(await sessions.getSession({ headers: bearer }), null);
  });

  test('R82: a GET of which a row says that it changes the user does, if it succeeds', async () => {
    const effects = [{ method: 'GET', path: '/confirmEmail', effect: 'changes' }];
    const { isAsked, send } = createSite({ effects });
    const laptop = 'session=u1-laptop';
    for (const cookie of [ONE, TWO, laptop]) await isAsked(cookie);
    await send('GET /confirmEmail', { cookie: ONE }, { status: 400 });
    assert.equal(await isAsked(laptop), false);
    await send('GET /confirmEmail', { cookie: ONE }, { status: 200 });
    assert.deepEqual([await isAsked(laptop), await isAsked(TWO)], [true, false]);
  });

  test('R22, R82: a write on the document that ends the others leaves them no document', async () => {
    const effects = [{ method: 'PUT', path: DOCUMENT, effect: 'endsOthers' }];
    const { isAsked, send, sessions } = createSite({ effects });
    const laptop = 'session=u1-laptop';
    for (const cookie of [ONE, laptop]) await isAsked(cookie);
    await send(`PUT ${DOCUMENT}`, { cookie: ONE }, { status: 200, body: '{"id":1}' });
    assert.equal(await isAsked(laptop), true);
    assert.deepEqual((await sessions.getSession({ headers: { cookie: ONE } }))?.user, { id: 1 });
  });
});

test('R83: drops are counted by pattern, for programs and for Prometheus', async () => {
  const { sessions, isAsked, send } = createSite({
    effects: [{ path: '/switch', effect: 'begins' }],
  });
  await isAsked(ONE);
  await send('POST /auth/sign_out', { cookie: ONE }, {});
  await send('POST /signout', { cookie: ONE }, {});
  await send('POST /switch', { cookie: ONE }, {});
  await send('GET /orders', { cookie: ONE }, { headers: { 'set-cookie': 'session=; Max-Age=0' } });
  await send('GET /sessions/12', { cookie: ONE }, { status: 200 });
  const { dropsByPath } = sessions.statistics();
  assert.deepEqual(dropsByPath, { '/**/signout/**': 2, '/switch': 1, 'Set-Cookie': 1 });
  assert.match(
    sessions.prometheusText(),
    /^sesame_drops_total\{path="\/\*\*\/signout\/\*\*"\} 2$/m,
  );
});
