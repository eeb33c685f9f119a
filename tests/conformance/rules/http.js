// How answers look on the wire: who may keep them (R40), and where they came from (R43).
import assert from 'node:assert/strict';
import { assertPrivate as assertPrivateOnly } from '../../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE } from '../context.js';
import { LOGIN, LOGOUT, MANAGED, PASSWORD, post, REFRESH, signUsersIn } from '../identity.js';
import { hostRule, rule } from '../suite.js';

/** No shared cache may keep it: in the words of any cache. @param {Response} response @param {string} [what] */
function assertPrivate({ headers }, what) {
  const directives = (headers.get('cache-control') ?? '').split(',').map((each) => each.trim());
  assert.ok(
    directives.includes('private') && directives.includes('no-store'),
    `${what}: ${directives}`,
  );
  const vary = (headers.get('vary') ?? '').toLowerCase().split(/\s*,\s*/);
  assert.ok(vary.includes('cookie') && vary.includes('authorization'), `${what}: vary ${vary}`);
}

/** @param {import('../context.js').Cache} t @param {Response} response */
function sourceOf(t, response) {
  const metrics = (response.headers.get('server-timing') ?? '')
    .split(',')
    .map((each) => each.trim());
  const own = metrics.filter((metric) => metric.startsWith(`${t.dialect.timing};`));
  assert.equal(own.length, 1, `server-timing: ${metrics}`);
  return /;desc="?(\w+)"?/.exec(own[0])?.[1];
}

export const http = [
  rule(
    'R40',
    'every answer with session data is private, no-store, and varies by credential',
    async (t) => {
      t.origin.on(READ, { body: '{"id":1}', headers: { 'cache-control': 'public, max-age=600' } });
      const credential = cookie(t.user());
      for (const path of [DOCUMENT, SESSION, DOCUMENT]) {
        for (const method of ['GET', 'HEAD']) {
          assertPrivate(await t.fetch(path, { method, headers: credential }), `${method} ${path}`);
        }
      }
      assertPrivate(await t.fetch(SESSION, {}), 'unauthenticated');
      assertPrivate(await t.fetch(DOCUMENT, {}), 'anonymous');
      assertPrivate(
        await t.fetch(DOCUMENT, { headers: { ...credential, ...bearer('x') } }),
        'ambiguous',
      );
      await t.advance(30 * MINUTE + MARGIN);
      assertPrivate(await t.fetch(DOCUMENT, { headers: credential }), 'stale');
      t.origin.on(READ, { status: 401, headers: { vary: 'Accept' } });
      const refused = bearer(t.user());
      for (const time of ['refused', 'negative']) {
        assertPrivate(await t.fetch(DOCUMENT, { headers: refused }), time);
      }
      t.origin.on(READ, { status: 500 });
      assertPrivate(await t.fetch(DOCUMENT, { headers: bearer(t.user()) }), 'failed');
      t.origin.on(`PATCH ${DOCUMENT}`, {
        body: '{"id":1}',
        headers: { 'cache-control': 'max-age=9' },
      });
      assertPrivate(
        await t.fetch(DOCUMENT, { method: 'PATCH', headers: credential, body: '{}' }),
        'PATCH',
      );
      assertPrivate(await t.fetch(DOCUMENT, { method: 'DELETE', headers: credential }), 'DELETE');
    },
  ),

  rule(
    'R40',
    'an answer that sets a cookie is private, no-store, and varies by credential',
    async (t) => {
      const headers = {
        'set-cookie': ['a=1', 'b=2; Path=/x'],
        'cache-control': 'public, max-age=60',
        vary: 'Accept',
      };
      t.origin.on('GET /page', { body: 'page', headers });
      const response = await t.fetch('/page', {});
      assertPrivate(response);
      assert.match(response.headers.get('vary') ?? '', /accept/i);
      assert.deepEqual(response.headers.getSetCookie(), headers['set-cookie']);
    },
    { needs: ['between'] },
  ),

  rule('R40', 'an answer without session data keeps what the origin says of caching', async (t) => {
    const headers = { 'cache-control': 'public, max-age=60', vary: 'Accept', etag: '"1"' };
    t.origin.on('GET /logo', { body: 'logo', headers });
    const response = await t.fetch('/logo', { headers: cookie(t.user()) });
    for (const [name, value] of Object.entries(headers))
      assert.equal(response.headers.get(name), value);
  }),

  rule(
    'R40',
    'the answers to login, refresh and logout are private, no-store, and vary by credential',
    async (t) => {
      const idp = signUsersIn(t);
      const { response, headers } = await idp.login(t.user());
      assertPrivate(response, 'login');
      assertPrivate((await post(t, REFRESH, headers)).response, 'refresh');
      assertPrivate((await post(t, LOGOUT, headers)).response, 'logout');
      assertPrivate((await post(t, LOGIN, {}, '{"password":"x"}')).response, 'login refused');
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule(
    'R40',
    'with browserCache the browser may keep an answer, and asks before it uses it',
    async (t) => {
      t.origin.on(READ, { body: '{"id":1,"plan":"free"}', headers: { etag: 'W/"weak"' } });
      const headers = cookie(t.user());
      for (const path of [DOCUMENT, SESSION]) {
        const first = await t.fetch(path, { headers });
        assert.equal(first.headers.get('cache-control'), 'private, no-cache');
        const etag = first.headers.get('etag') ?? '';
        assert.match(etag, /^"[^"]+"$/);
        assert.match(first.headers.get('vary') ?? '', /cookie/i);
        const again = await t.fetch(path, { headers: { ...headers, 'if-none-match': etag } });
        assert.deepEqual([again.status, await again.text()], [304, '']);
        assert.equal(again.headers.get('etag'), etag);
        const list = { ...headers, 'if-none-match': `"other", W/${etag}` };
        const listed = await t.fetch(path, { headers: list });
        assert.deepEqual([listed.status, await listed.text()], [304, '']);
        assert.equal(listed.headers.get('etag'), etag);
        const other = { ...headers, 'if-none-match': '"other"' };
        assert.equal((await t.fetch(path, { headers: other })).status, 200);
      }
      assert.equal(t.origin.count(), 1);
      await t.write(headers);
      t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":1,"plan":"paid"}' });
      const etag = (await t.fetch(DOCUMENT, { headers })).headers.get('etag') ?? '';
      await t.write(headers);
      const changed = await t.fetch(DOCUMENT, { headers: { ...headers, 'if-none-match': etag } });
      assert.deepEqual([changed.status, await changed.text()], [200, '{"id":1,"plan":"paid"}']);
    },
    { options: { browserCache: true }, needs: ['browserCache'] },
  ),

  rule(
    'R40',
    'with browserCache a managed logout tells the browser to empty its cache',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      const { response } = await post(t, LOGOUT, headers);
      assert.equal(response.headers.get('clear-site-data'), '"cache"');
      const after = await t.fetch(DOCUMENT, { headers: { ...headers, 'if-none-match': '*' } });
      assert.equal(after.status, 401);
    },
    { options: { browserCache: true, managed: MANAGED }, needs: ['browserCache', 'managed'] },
  ),

  rule('R43', 'a session response says where it came from', async (t) => {
    const [held, refused] = [bearer(t.user()), bearer(t.user())];
    t.origin.on(READ, ({ headers }) =>
      headers.authorization === refused.authorization ? { status: 401 } : { body: '{"id":1}' },
    );
    const source = async (/** @type {any} */ headers, path = DOCUMENT) =>
      sourceOf(t, await t.fetch(path, { headers }));
    assert.deepEqual(
      [await source(held), await source(held), await source(held, SESSION)],
      ['origin', 'fresh', 'fresh'],
    );
    assert.deepEqual([await source(refused), await source(refused)], ['origin', 'negative']);
    await t.advance(30 * MINUTE + MARGIN);
    assert.equal(await source(held), 'stale');
  }),

  rule(
    'R43',
    'the answer to an ambiguous request says that it came from the origin',
    async (t) => {
      const held = bearer(t.user());
      for (let time = 0; time < 2; time += 1) {
        await t.ask(held);
        const response = await t.fetch(DOCUMENT, { headers: { ...held, ...cookie('x') } });
        assert.equal(sourceOf(t, response), 'origin');
      }
    },
    { needs: ['cookies'] },
  ),

  rule(
    'R43',
    'a login’s answer says that it came from the origin',
    async (t) => {
      const idp = signUsersIn(t);
      assert.equal(sourceOf(t, (await idp.login('x')).response), 'origin');
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule('R43', 'the origin’s own Server-Timing stays beside the cache’s', async (t) => {
    t.origin.on(READ, { body: '{"id":1}', headers: { 'server-timing': 'db;dur=53' } });
    const response = await t.fetch(DOCUMENT, { headers: bearer(t.user()) });
    assert.match(response.headers.get('server-timing') ?? '', /db;dur=53/);
    assert.equal(sourceOf(t, response), 'origin');
  }),

  rule(
    'R43',
    'no header of a managed session’s answers says who the user is',
    async (t) => {
      const idp = signUsersIn(t);
      const name = `marked${t.user()}`;
      const { headers, response } = await idp.login(name);
      const responses = [response];
      for (const path of [DOCUMENT, SESSION]) responses.push(await t.fetch(path, { headers }));
      for (const { headers: sent } of responses) {
        for (const [key, value] of sent) {
          if (key !== 'set-cookie') assert.ok(!value.includes(name), `${key}: ${value}`);
        }
      }
      assert.ok(PASSWORD);
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule('R43', 'no header of a session answer says who the user is', async (t) => {
    const name = `marked${t.user()}`;
    for (const path of [DOCUMENT, SESSION, DOCUMENT]) {
      const response = await t.fetch(path, { headers: cookie(name) });
      sourceOf(t, response);
      assert.ok(!JSON.stringify([...response.headers]).includes(name));
    }
  }),

  hostRule(
    'R40',
    'an answer from the origin keeps its Vary, and one that is held has the cache’s own; the type is the origin’s on both',
    async (t) => {
      const credential = bearer(t.user());
      const headers = {
        'cache-control': 'public, max-age=600, s-maxage=600',
        vary: 'Accept-Encoding, cookie',
        'content-type': 'application/json; charset=utf-8',
      };
      t.origin.on(READ, { headers, body: '{"id":1}' });
      const [first, held, session] = [
        await t.fetch(DOCUMENT, { headers: credential }),
        await t.fetch(DOCUMENT, { headers: credential }),
        await t.fetch(SESSION, { headers: credential }),
      ];
      for (const response of [first, held, session]) assertPrivateOnly(response);
      assert.equal(first.headers.get('vary'), 'Accept-Encoding, cookie, Authorization');
      assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.equal(held.headers.get('vary'), 'Cookie, Authorization');
      assert.equal(held.headers.get('content-type'), 'application/json; charset=utf-8');
    },
  ),

  hostRule(
    'R40',
    'no header that some caches obey before Cache-Control passes with session data',
    async (t) => {
      const headers = {
        'cache-control': 'public, max-age=600',
        'cdn-cache-control': 'public, max-age=600', // RFC 9213
        'vercel-cdn-cache-control': 'max-age=600',
        'surrogate-control': 'max-age=600',
        'edge-control': 'max-age=600',
        'x-accel-expires': '600',
      };
      t.origin.on(READ, { headers, body: '{"id":1}' });
      t.origin.on('GET /page', { headers: { ...headers, 'set-cookie': 'a=1' }, body: 'page' });
      t.origin.on('GET /logo', { headers, body: 'logo' });
      const asked = { headers: bearer(t.user()) };
      for (const path of [DOCUMENT, `${DOCUMENT}?all`, '/page']) {
        t.origin.on(`GET ${path}`, { headers: { ...headers, 'set-cookie': 'a=1' }, body: '{}' });
        const response = await t.fetch(path, asked);
        assertPrivateOnly(response);
        for (const name of Object.keys(headers).slice(1)) {
          assert.equal(response.headers.get(name), null, `${path}: ${name}`);
        }
      }
      // The origin decides who keeps an answer without session data (R41).
      const logo = await t.fetch('/logo', asked);
      for (const [name, value] of Object.entries(headers)) {
        assert.equal(logo.headers.get(name), value, name);
      }
    },
  ),

  hostRule(
    'R40',
    'a Vary: * of the origin stays on anonymous and ambiguous answers, which are private',
    async (t) => {
      t.origin.on(READ, { headers: { 'cache-control': 'public', vary: '*' }, body: '{"id":1}' });
      for (const headers of [{}, { ...bearer('x'), ...cookie('x') }]) {
        const response = await t.fetch(DOCUMENT, { headers });
        assert.equal(response.headers.get('cache-control'), 'private, no-store');
        assert.equal(response.headers.get('vary'), '*');
        assertPrivateOnly(await t.fetch(SESSION, { headers }));
      }
    },
  ),

  hostRule(
    'R40',
    'a write passes with its status, reason, cookies and headers, and is private',
    async (t) => {
      const credential = bearer(t.user());
      await t.ask(credential);
      const headers = {
        'set-cookie': ['a=1', 'b=2'],
        'x-y': 'z',
        'cache-control': 'public',
        vary: 'Accept',
      };
      const answer = { status: 201, statusText: 'Made', headers, body: '{"id":1}' };
      t.origin.on(`PUT ${DOCUMENT}`, answer);
      const response = await t.fetch(DOCUMENT, { method: 'PUT', headers: credential, body: '{}' });
      assert.deepEqual([response.status, response.statusText], [201, 'Made']);
      assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
      assert.equal(response.headers.get('x-y'), 'z');
      assert.match(response.headers.get('vary') ?? '', /^Accept, /);
      assertPrivateOnly(response);
      assert.equal(await response.text(), '{"id":1}');
    },
  ),

  hostRule(
    'R40',
    'with browserCache a logout at the origin tells the browser to empty its cache, if it succeeds',
    async (t) => {
      const logout = { method: 'POST', headers: cookie(t.user()), body: '{}' };
      t.origin.on('POST /api/v1/auth/logout', { status: 500 }, { status: 204 });
      t.origin.on('POST /end', { status: 204, headers: { 'set-cookie': 'session=; Max-Age=0' } });
      t.origin.on('POST /like', { status: 204 });
      const told = [];
      for (const path of ['/api/v1/auth/logout', '/api/v1/auth/logout', '/end', '/like']) {
        told.push((await t.fetch(path, logout)).headers.get('clear-site-data'));
      }
      assert.deepEqual(told, [null, '"cache"', '"cache"', null]);
    },
    { browserCache: true },
  ),

  hostRule('R40', 'without browserCache a logout does not empty the browser’s cache', async (t) => {
    t.origin.on('POST /api/v1/auth/logout', { status: 204 });
    const logout = { method: 'POST', headers: cookie(t.user()), body: '{}' };
    const response = await t.fetch('/api/v1/auth/logout', logout);
    assert.equal(response.headers.get('clear-site-data'), null);
  }),

  hostRule(
    'R43',
    'Server-Timing ends with the cache’s own metric, after the origin’s, on session paths only',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { headers: { 'server-timing': 'db;dur=5' }, body: '{"id":1}' });
      const first = await t.fetch(DOCUMENT, { headers: credential });
      assert.equal(first.headers.get('server-timing'), 'db;dur=5, sesame;desc=origin');
      const held = await t.fetch(DOCUMENT, { headers: credential });
      assert.equal(held.headers.get('server-timing'), 'sesame;desc=fresh');
      assert.equal(sourceOf(t, await t.fetch(DOCUMENT)), 'origin');
      assert.equal((await t.fetch('/elsewhere')).headers.get('server-timing'), null);
    },
  ),
];
