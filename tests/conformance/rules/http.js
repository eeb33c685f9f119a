// How answers look on the wire (SPEC R40, R43).
import assert from 'node:assert/strict';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie, MARGIN, MINUTE } from '../context.js';
import { LOGIN, LOGOUT, MANAGED, PASSWORD, post, REFRESH, signUsersIn } from '../identity.js';
import { rule } from '../suite.js';

/** No shared cache keeps it. @param {Response} response @param {string} [what] */
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
    'whatever holds session data is private, no-store, and varies by credential',
    async (t) => {
      t.origin.on(READ, { body: '{"id":1}', headers: { 'cache-control': 'public, max-age=600' } });
      const credential = cookie(t.user());
      for (const path of [DOCUMENT, SESSION, DOCUMENT]) {
        for (const method of ['GET', 'HEAD']) {
          assertPrivate(await t.fetch(path, { method, headers: credential }), `${method} ${path}`);
        }
      }
      assertPrivate(await t.fetch(SESSION, {}), 'nobody');
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
    },
  ),

  rule(
    'R40',
    'so is whatever sets a cookie',
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

  rule('R40', 'other answers keep what the origin says of caching', async (t) => {
    const headers = { 'cache-control': 'public, max-age=60', vary: 'Accept', etag: '"1"' };
    t.origin.on('GET /logo', { body: 'logo', headers });
    const response = await t.fetch('/logo', { headers: cookie(t.user()) });
    for (const [name, value] of Object.entries(headers))
      assert.equal(response.headers.get(name), value);
  }),

  rule(
    'R40',
    'so are the answers to login, refresh and logout',
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
    'browserCache: the browser may keep it, and asks before it uses it',
    async (t) => {
      t.origin.on(READ, { body: '{"id":1}', headers: { etag: 'W/"weak"' } });
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
        assert.equal((await t.fetch(path, { headers: list })).status, 304);
        const other = { ...headers, 'if-none-match': '"other"' };
        assert.equal((await t.fetch(path, { headers: other })).status, 200);
      }
      await t.write(headers);
      t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":1,"new":true}' });
      const etag = (await t.fetch(DOCUMENT, { headers })).headers.get('etag') ?? '';
      await t.write(headers);
      const changed = await t.fetch(DOCUMENT, { headers: { ...headers, 'if-none-match': etag } });
      assert.deepEqual([changed.status, await changed.text()], [200, '{"id":1,"new":true}']);
    },
    { options: { browserCache: true }, needs: ['browserCache'] },
  ),

  rule(
    'R40',
    'browserCache: logout tells the browser to empty its cache',
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
    'so does one to what is ambiguous',
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
    'a login says so as well',
    async (t) => {
      const idp = signUsersIn(t);
      assert.equal(sourceOf(t, (await idp.login('x')).response), 'origin');
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule('R43', "the origin's own timings stay beside it", async (t) => {
    t.origin.on(READ, { body: '{"id":1}', headers: { 'server-timing': 'db;dur=53' } });
    const response = await t.fetch(DOCUMENT, { headers: bearer(t.user()) });
    assert.match(response.headers.get('server-timing') ?? '', /db;dur=53/);
    assert.equal(sourceOf(t, response), 'origin');
  }),

  rule(
    'R43',
    'it never says who it is for',
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
];
