// Everything that is not a session path passes through unchanged (SPEC R41).
import assert from 'node:assert/strict';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { ask, attempt, bearer, cookie, httpCase, workerdCase } from '../support/http-case.js';
import { READ } from '../support/origin.js';

/** What a request or a response may not carry from one hop to the next. */
const HOP_BY_HOP = ['keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'upgrade'];

export const passing = [
  httpCase('R41: method, path, query and body arrive as they were sent', async (t) => {
    const body = Buffer.from([0, 255, 128, 10, 13, ...Buffer.from('é🔑')]);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT']) {
      const path = `/x//y/./%2e%2F/ü%20?a=1&a=%26&&b`.replace('./', '').replace('ü', '%C3%BC');
      t.origin.on(`${method} ${path.split('?')[0]}`, { status: 299, body: method });
      const hasBody = method !== 'OPTIONS';
      const answer = await attempt(t, bearer('x'), { path, method, ...(hasBody && { body }) });
      assert.deepEqual(answer, [299, method]);
      const call = t.origin.calls().at(-1);
      assert.deepEqual([call?.url, call?.key.split(' ')[0]], [path, method]);
      if (hasBody) assert.ok(body.equals(call?.body ?? Buffer.alloc(0)), method);
    }
  }),

  httpCase(
    'R41: statuses and reasons come back as they are, and 204 and 304 without a body',
    async (t) => {
      for (const status of [
        200, 201, 204, 205, 206, 304, 400, 401, 404, 409, 418, 422, 429, 500, 503,
      ]) {
        const hasBody = ![204, 205, 304].includes(status);
        const headers = { etag: '"1"', 'x-status': String(status) };
        const body = hasBody ? `is ${status}` : '';
        t.origin.on('GET /status', { status, statusText: `Why ${status}`, headers, body });
        const response = await t.fetch('/status', { headers: { 'if-none-match': '"1"' } });
        assert.deepEqual([response.status, response.statusText], [status, `Why ${status}`]);
        assert.equal(response.headers.get('etag'), '"1"');
        assert.equal(response.headers.get('x-status'), String(status));
        assert.equal(await response.text(), body);
      }
      assert.equal(t.origin.calls('GET /status')[0].headers['if-none-match'], '"1"');
    },
  ),

  httpCase('R41: redirects are the client’s to follow', async (t) => {
    for (const status of [301, 302, 303, 307, 308]) {
      t.origin.on('POST /from', { status, headers: { location: 'http://elsewhere.test/to?x=1' } });
      const response = await t.fetch('/from', { method: 'POST', body: 'x' });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('location'), 'http://elsewhere.test/to?x=1');
    }
    assert.equal(t.origin.calls().length, 5);
  }),

  httpCase('R41: header fields pass, several of one name too', async (t) => {
    const sent = {
      accept: 'text/x',
      'accept-language': 'ar, en;q=0.5',
      'user-agent': 'a test/1.0',
      referer: 'http://other.test/page',
      origin: 'http://other.test',
      'x-request-id': '1, 2',
      'if-none-match': '"a"',
      range: 'bytes=0-1',
      cookie: 'a=1; session=x; b="2"',
    };
    const answered = {
      'set-cookie': ['a=1; Path=/', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT'],
      link: ['</a>; rel=preload', '</b>; rel=next'],
      'cache-control': 'public, max-age=60',
      'x-text': 'caf\u00e9'.replace('\u00e9', '%C3%A9'),
      'server-timing': 'db;dur=5',
      'content-type': 'text/x; charset=x',
    };
    t.origin.on('GET /fields', { headers: answered, body: 'x' });
    const response = await t.fetch('/fields', { headers: sent });
    const { headers } = t.origin.calls('GET /fields')[0];
    for (const [name, value] of Object.entries(sent)) assert.equal(headers[name], value, name);
    assert.deepEqual(response.headers.getSetCookie(), answered['set-cookie']);
    assert.equal(response.headers.get('link'), answered.link.join(', '));
    assert.equal(response.headers.get('server-timing'), 'db;dur=5');
    assert.equal(response.headers.get('content-type'), 'text/x; charset=x');
    t.origin.on('GET /public', { headers: { 'cache-control': 'public, max-age=60' }, body: 'x' });
    const cacheable = await t.fetch('/public');
    assert.equal(cacheable.headers.get('cache-control'), 'public, max-age=60');
    assert.equal(cacheable.headers.get('vary'), null);
  }),

  httpCase('R41: hop-by-hop fields and x-sesame-* end here, in both directions', async (t) => {
    const named = { connection: 'x-drop, close', 'x-drop': '1', 'x-keep': '1' };
    const hops = { 'keep-alive': 'timeout=5', te: 'trailers', 'proxy-authorization': 'Basic x' };
    const inner = { 'x-sesame-user': 'root', 'X-Sesame-Anything': '1', 'x-sesamestreet': '1' };
    const proxy = { 'proxy-connection': 'keep-alive', 'proxy-authenticate': 'Basic' };
    const headers = { ...hops, ...proxy, ...inner };
    t.origin.on('GET /hops', {
      headers: { ...headers, connection: 'x-drop', 'x-drop': '1' },
      body: 'x',
    });
    t.origin.on(READ, { headers: { ...headers, 'x-keep': '1' }, body: '{"id":1}' });
    for (const path of ['/hops', '/api/v1/users/me']) {
      const response = await t.fetch(path, {
        headers: { ...headers, ...named, ...bearer(t.user()) },
      });
      const sent = t.origin.calls(`GET ${path}`)[0].headers;
      for (const name of ['x-drop', 'x-sesame-user', 'x-sesame-anything', ...HOP_BY_HOP]) {
        assert.equal(sent[name], undefined, name);
        assert.equal(response.headers.get(name), null, name);
      }
      assert.equal(response.headers.get('proxy-authenticate'), null);
      assert.deepEqual([sent['x-keep'], sent['x-sesamestreet']], ['1', '1']);
      assert.equal(response.headers.get('x-sesamestreet'), '1');
    }
  }),

  httpCase('R41: the origin learns which host and scheme the client meant', async (t) => {
    const { host, protocol } = new URL(t.url);
    await attempt(t, {}, { path: '/x' });
    const given = { 'x-forwarded-host': 'www.test', 'x-forwarded-proto': 'https' };
    await attempt(t, { ...given, 'x-forwarded-for': '192.0.2.1' }, { path: '/x' });
    const [first, second] = t.origin.calls('GET /x').map(({ headers }) => headers);
    assert.equal(first.host, new URL(t.origin.url).host);
    assert.equal(first['x-forwarded-host'], host);
    assert.equal(first['x-forwarded-proto'], protocol.slice(0, -1));
    assert.equal(second['x-forwarded-host'], 'www.test');
    assert.equal(second['x-forwarded-proto'], 'https');
    assert.equal(second['x-forwarded-for'], '192.0.2.1');
  }),

  httpCase('R41: HEAD keeps the length of what GET would answer', async (t) => {
    const headers = { 'content-length': '12345', 'content-type': 'video/x' };
    t.origin.on('HEAD /film', { headers });
    const response = await t.fetch('/film', { method: 'HEAD', headers: bearer('x') });
    assert.deepEqual([response.status, await response.text()], [200, '']);
    assert.equal(response.headers.get('content-length'), '12345');
    assert.equal(response.headers.get('content-type'), 'video/x');
  }),

  workerdCase('R41: lengths that were announced are announced on, both ways', async (t) => {
    t.origin.on('POST /up', { headers: { 'content-length': '4' }, body: 'good' });
    const response = await t.fetch('/up', { method: 'POST', body: '12345' });
    assert.equal(response.headers.get('content-length'), '4');
    const announced = t.origin.calls('POST /up')[0].headers;
    assert.deepEqual(
      [announced['content-length'], announced['transfer-encoding']],
      ['5', undefined],
    );
    await attempt(t, { 'content-length': '0' }, { path: '/up', method: 'POST' });
    assert.equal(t.origin.calls('POST /up')[1].headers['content-length'], '0');
  }),

  workerdCase('R41: a GET with a body is passed on with it', async (t) => {
    t.origin.on('GET /search', { body: 'found' });
    const answer = await attempt(t, bearer('x'), { path: '/search?a', body: '{"q":1}' });
    assert.deepEqual(answer, [200, 'found']);
    const [{ url, body, headers }] = t.origin.calls('GET /search');
    assert.deepEqual([url, String(body)], ['/search?a', '{"q":1}']);
    assert.equal(headers.authorization, 'Bearer x');
  }),

  httpCase('R41: an upload that waits for leave (100-continue) arrives', async (t) => {
    t.origin.on('POST /up', (call) => ({ body: call.headers['content-type'] }));
    const headers = { expect: '100-continue', 'content-type': 'text/x' };
    const answer = await attempt(t, headers, { path: '/up', method: 'POST', body: '12345' });
    assert.deepEqual(answer, [200, 'text/x']);
    assert.equal(t.origin.calls('POST /up')[0].body.toString(), '12345');
  }),

  workerdCase('R41: coded bodies come back as they were, byte for byte', async (t) => {
    const text = 'coded '.repeat(1000);
    for (const [coding, body] of /** @type {[string, Buffer][]} */ ([
      ['gzip', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['x-unknown', Buffer.from('as it is')],
      ['identity', Buffer.from(text)],
    ])) {
      const headers = { 'content-encoding': coding, 'content-type': 'text/plain' };
      t.origin.on('GET /coded', { headers, body });
      const response = await t.fetch('/coded', { headers: { 'accept-encoding': 'gzip, br' } });
      assert.equal(response.headers.get('content-encoding'), coding);
      assert.ok(body.equals(Buffer.from(await response.arrayBuffer())), coding);
      assert.equal(t.origin.calls('GET /coded').at(-1)?.headers['accept-encoding'], 'gzip, br');
    }
  }),

  httpCase('R41: whatever their coding, what bodies stand for comes back', async (t) => {
    const text = 'coded '.repeat(1000);
    for (const [coding, body] of /** @type {[string, Buffer][]} */ ([
      ['gzip', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['x-unknown', Buffer.from('something else')],
      ['gzip, x-unknown', gzipSync('something else')],
    ])) {
      t.origin.on('GET /coded', { headers: { 'content-encoding': coding }, body });
      const response = await t.fetch('/coded', { headers: { 'accept-encoding': 'gzip, br' } });
      const left = response.headers.get('content-encoding');
      const received = Buffer.from(await response.arrayBuffer());
      // A host whose fetch decodes what it knows says so by taking the field away.
      if (left === null) assert.equal(received.toString(), text, coding);
      else assert.ok(left === coding && body.equals(received), coding);
    }
  }),

  httpCase('R7, R41: a coded document is kept decoded', async (t) => {
    const document = `{"id":"${'x'.repeat(2000)}"}`;
    const credential = bearer(t.user());
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    t.origin.on(READ, { headers, body: gzipSync(document) });
    for (const source of ['origin', 'fresh']) {
      const response = await t.fetch('/api/v1/users/me', {
        headers: { ...credential, 'accept-encoding': 'gzip' },
      });
      assert.equal(response.headers.get('content-encoding'), null);
      assert.equal(await response.text(), document, source);
    }
    assert.equal(t.origin.count(), 1);
  }),

  httpCase('R22, R41: a coded answer to a write passes, and replaces the document', async (t) => {
    const [credential, other] = [bearer(t.user()), cookie(t.user())];
    const [before, after] = ['{"id":1,"v":1}', '{"id":1,"v":2}'];
    t.origin.on(READ, { body: before });
    await ask(t, credential);
    await ask(t, other);
    const headers = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    t.origin.on('PATCH /api/v1/users/me', { headers, body: gzipSync(after) });
    const response = await t.fetch('/api/v1/users/me', {
      method: 'PATCH',
      headers: { ...credential, 'accept-encoding': 'gzip' },
      body: '{}',
    });
    const received = Buffer.from(await response.arrayBuffer());
    const isCoded = response.headers.get('content-encoding') === 'gzip';
    assert.ok(received.equals(isCoded ? gzipSync(after) : Buffer.from(after)));
    assert.deepEqual(await ask(t, other), ['fresh', after]);
  }),

  httpCase('R41: a POST whose connection goes away is not sent twice', async (t) => {
    await attempt(t, {}, { path: '/warm' });
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      t.origin.on(`${method} /once`, { fault: 'reset' });
      const answer = await attempt(t, bearer('x'), { path: '/once', method, body: 'x' });
      assert.deepEqual(answer, [503, '{"error":"origin_unavailable"}']);
      assert.equal(t.origin.count(`${method} /once`), 1);
    }
  }),

  httpCase('R26: a path whose escapes make no sense passes as well', async (t) => {
    const path = '/api/v1/users/%zz%E0%A4%A';
    t.origin.on(`PATCH ${path}`, { body: 'done' });
    assert.deepEqual(await attempt(t, bearer('x'), { path, method: 'PATCH', body: '{}' }), [
      200,
      'done',
    ]);
  }),
];
