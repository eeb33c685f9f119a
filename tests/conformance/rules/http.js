// How answers look on the wire, and what streams through (SPEC R40, R41, R43).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
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

/** @param {Uint8Array} bytes */
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

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

  rule('R40', 'so is whatever sets a cookie', async (t) => {
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
  }),

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

  rule('R41', 'method, path, query, headers and body reach the origin unchanged', async (t) => {
    for (const [method, path] of [
      ['GET', '/a//b/../c?x=%20&y=%C3%A9&z'],
      ['POST', '/form?a=1&a=2'],
      ['PUT', '/x;y=1'],
      ['DELETE', '/x'],
      ['PATCH', '/%2F'],
      ['OPTIONS', '/x'],
      ['PROPFIND', '/dav'],
    ]) {
      const body = ['GET', 'OPTIONS'].includes(method)
        ? undefined
        : Buffer.from([0, 255, 10, 13, 128]);
      const headers = {
        cookie: 'a=1; b=2',
        authorization: 'Digest abc',
        accept: 'x/y',
        'x-custom': 'é'.normalize() === 'é' ? 'value' : '',
        'content-type': 'a/b',
        ...(body && { 'content-length': String(body.length) }),
      };
      await (await t.fetch(path, { method, headers, body })).text();
      const call = t.origin.calls().at(-1);
      const normal = new globalThis.URL(path, 'http://x');
      assert.deepEqual(call && [call.key.split(' ')[0], call.url], [
        method,
        normal.pathname + normal.search,
      ]);
      for (const [name, value] of Object.entries(headers))
        assert.equal(call?.headers[name], value, name);
      assert.deepEqual([...(call?.body ?? [])], [...(body ?? [])]);
    }
  }),

  rule('R41', 'status, headers and body reach the client unchanged', async (t) => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const status of [200, 201, 206, 301, 302, 307, 400, 401, 403, 404, 409, 418, 500, 503]) {
      const headers = {
        location: 'http://elsewhere.test/',
        'x-a': 'b',
        'set-cookie': ['a=1', 'b=2'],
        'content-type': 'x/y',
      };
      t.origin.on('GET /any', { status, headers, body });
      const response = await t.fetch('/any', { headers: cookie(t.user()) });
      assert.equal(response.status, status);
      for (const name of ['location', 'x-a', 'content-type']) {
        assert.equal(response.headers.get(name), /** @type {any} */ (headers)[name]);
      }
      assert.deepEqual(response.headers.getSetCookie(), headers['set-cookie']);
      assert.ok(body.equals(Buffer.from(await response.arrayBuffer())));
    }
    for (const status of [204, 304]) {
      t.origin.on('GET /any', { status, headers: { 'x-a': 'b' } });
      const response = await t.fetch('/any', {});
      assert.deepEqual(
        [response.status, response.headers.get('x-a'), await response.text()],
        [status, 'b', ''],
      );
    }
  }),

  rule('R41', 'a compressed answer can still be read', async (t) => {
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
    t.origin.on('GET /zip', { headers, body: gzipSync('the text') });
    const response = await t.fetch('/zip', { headers: { 'accept-encoding': 'gzip' } });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isEncoded = response.headers.get('content-encoding') === 'gzip';
    assert.equal((isEncoded ? gunzipSync(bytes) : bytes).toString(), 'the text');
  }),

  rule('R41', 'a body of many megabytes passes, both ways', async (t) => {
    const body = Buffer.alloc(4 * 1024 ** 2, '0123456789abcdef');
    t.origin.on('POST /big', { body });
    const headers = { 'content-length': String(body.length) };
    const response = await t.fetch('/big', { method: 'POST', headers, body });
    assert.equal(digest(Buffer.from(await response.arrayBuffer())), digest(body));
    assert.equal(digest(t.origin.calls('POST /big')[0].body), digest(body));
  }),

  rule('R41', 'events arrive one by one, as the origin sends them', async (t) => {
    const gate = createGate();
    async function* events() {
      yield 'data: 1\n\n';
      await gate.opened;
      yield 'data: 2\n\n';
    }
    t.origin.on('GET /events', {
      headers: { 'content-type': 'text/event-stream' },
      body: events(),
    });
    const response = await t.fetch('/events', {});
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    const first = await t.soon(reader.read());
    assert.equal(Buffer.from(first.value ?? []).toString(), 'data: 1\n\n');
    gate.open();
    const second = await t.soon(reader.read());
    assert.equal(Buffer.from(second.value ?? []).toString(), 'data: 2\n\n');
    assert.equal((await t.soon(reader.read())).done, true);
  }),

  rule('R41', 'hop-by-hop headers are removed, both ways', async (t) => {
    const named = {
      connection: 'x-hop, keep-alive',
      'keep-alive': 'timeout=5',
      'x-hop': '1',
      'x-end': '2',
    };
    t.origin.on('GET /hop', { headers: { ...named, 'proxy-authenticate': 'Basic' }, body: 'x' });
    const headers = { ...named, te: 'trailers', 'proxy-authorization': 'Basic x', upgrade: 'h2c' };
    const response = await t.fetch('/hop', { headers });
    const [call] = t.origin.calls('GET /hop');
    for (const name of ['x-hop', 'te', 'proxy-authorization', 'upgrade']) {
      assert.equal(call.headers[name], undefined, name);
    }
    for (const name of ['x-hop', 'proxy-authenticate'])
      assert.equal(response.headers.get(name), null, name);
    assert.deepEqual([call.headers['x-end'], response.headers.get('x-end')], ['2', '2']);
  }),

  rule('R41', "the cache's own request headers are dropped on their way in", async (t) => {
    const headers = { [t.dialect.privateHeader]: 'admin', 'x-other': '1' };
    await t.fetch('/any', { headers });
    await t.ask({ ...headers, ...bearer(t.user()) });
    await t.write({ ...headers, ...bearer(t.user()) });
    assert.equal(t.origin.calls().length >= 3, true);
    for (const call of t.origin.calls()) {
      assert.equal(call.headers[t.dialect.privateHeader], undefined, call.key);
    }
    assert.equal(t.origin.calls()[0].headers['x-other'], '1');
  }),

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
    assert.equal(await source({ ...held, ...cookie('x') }), 'origin');
    await t.advance(30 * MINUTE + MARGIN);
    assert.equal(await source(held), 'stale');
  }),

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
