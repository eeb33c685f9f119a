// What is not a session path passes through unchanged (R41). Bodies that stream are in streaming.js.
// Invariant: what arrives is compared with what was sent, not with what the cache says of it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, attempt } from '../../support/http-case.js';
import { READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie } from '../context.js';
import { hostRule, rule } from '../suite.js';

/** What a request or a response may not carry from one hop to the next. */
const HOP_BY_HOP = ['keep-alive', 'te', 'proxy-authorization', 'proxy-connection', 'upgrade'];

/** @param {Uint8Array} bytes */
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** @param {string} coding @param {Buffer} bytes */
function decode(coding, bytes) {
  if (coding === 'gzip') return gunzipSync(bytes);
  return coding === 'br' ? brotliDecompressSync(bytes) : bytes;
}

export const passing = [
  rule('R41', 'method, path, query, headers and body reach the origin unchanged', async (t) => {
    for (const [method, path] of [
      ['GET', '/a//c?x=%20&y=%C3%A9&z'],
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

  rule(
    'R41',
    'status, headers and body reach the client unchanged',
    async (t) => {
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
    },
    { needs: ['wire'] },
  ),

  rule(
    'R41',
    'an encoded body can be read, whether it passes encoded or decoded',
    async (t) => {
      const text = Buffer.from('coded '.repeat(1000));
      const other = Buffer.from('something else');
      for (const [coding, body, decoded] of /** @type {[string, Buffer, Buffer][]} */ ([
        ['gzip', gzipSync(text), text],
        ['br', brotliCompressSync(text), text],
        ['x-unknown', other, other],
        ['gzip, x-unknown', gzipSync(other), gzipSync(other)],
      ])) {
        t.origin.on('GET /coded', { headers: { 'content-encoding': coding }, body });
        const response = await t.fetch('/coded', { headers: { 'accept-encoding': 'gzip, br' } });
        const left = response.headers.get('content-encoding');
        const received = Buffer.from(await response.arrayBuffer());
        // A host whose fetch decodes a body says so by removing the field.
        if (left === null) assert.ok(received.equals(text), coding);
        else assert.ok(decode(left, received).equals(decoded), `${coding}, passed as ${left}`);
      }
    },
    { needs: ['wire'] },
  ),

  rule('R41', 'a body of many megabytes passes in both directions', async (t) => {
    const body = Buffer.alloc(4 * 1024 ** 2, '0123456789abcdef');
    t.origin.on('POST /big', { body });
    const headers = { 'content-length': String(body.length) };
    const response = await t.fetch('/big', { method: 'POST', headers, body });
    assert.equal(digest(Buffer.from(await response.arrayBuffer())), digest(body));
    assert.equal(digest(t.origin.calls('POST /big')[0].body), digest(body));
  }),

  rule('R41', 'server-sent events arrive one by one, as the origin sends them', async (t) => {
    const gates = Array.from({ length: 5 }, createGate);
    async function* events() {
      for (const [event, gate] of gates.entries()) {
        await gate.opened;
        yield `data: ${event}\n\n`;
      }
    }
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
    t.origin.on('GET /events', { headers, body: events() });
    gates[0].open();
    const response = await t.fetch('/events', {});
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (const event of gates.keys()) {
      const { value } = await t.soon(reader.read());
      assert.equal(Buffer.from(value ?? []).toString(), `data: ${event}\n\n`);
      gates[event + 1]?.open();
    }
    assert.equal((await t.soon(reader.read())).done, true);
  }),

  rule(
    'R41',
    'hop-by-hop headers are removed in both directions',
    async (t) => {
      const named = {
        connection: 'x-hop, keep-alive',
        'keep-alive': 'timeout=5',
        'x-hop': '1',
        'x-end': '2',
      };
      t.origin.on('GET /hop', { headers: { ...named, 'proxy-authenticate': 'Basic' }, body: 'x' });
      const headers = {
        ...named,
        te: 'trailers',
        'proxy-authorization': 'Basic x',
        upgrade: 'h2c',
      };
      const response = await t.fetch('/hop', { headers });
      const [call] = t.origin.calls('GET /hop');
      for (const name of ['x-hop', 'te', 'proxy-authorization', 'upgrade']) {
        assert.equal(call.headers[name], undefined, name);
      }
      for (const name of ['x-hop', 'proxy-authenticate'])
        assert.equal(response.headers.get(name), null, name);
      assert.deepEqual([call.headers['x-end'], response.headers.get('x-end')], ['2', '2']);
    },
    { needs: ['wire'] },
  ),

  rule(
    'R41',
    "the cache's own request headers are dropped on their way in",
    async (t) => {
      const headers = { [t.dialect.privateHeader]: 'admin', 'x-other': '1' };
      await t.fetch('/any', { headers });
      await t.ask({ ...headers, ...bearer(t.user()) });
      await t.write({ ...headers, ...bearer(t.user()) });
      assert.equal(t.origin.calls().length >= 3, true);
      for (const call of t.origin.calls()) {
        assert.equal(call.headers[t.dialect.privateHeader], undefined, call.key);
      }
      assert.equal(t.origin.calls()[0].headers['x-other'], '1');
    },
    { needs: ['between'] },
  ),

  rule(
    'R41',
    'a WebSocket passes to the origin and back',
    async (t) => {
      const server = new WebSocketServer({
        server: /** @type {any} */ (t.origin.server),
        path: '/socket',
      });
      server.on('connection', (socket, request) => {
        socket.on('message', (data) => socket.send(`${request.headers['x-a']} ${data}`));
      });
      const at = /** @type {NonNullable<typeof t.socket>} */ (t.socket);
      const client = new WebSocket(`${at.url}/socket`, { headers: { ...at.headers, 'x-a': 'b' } });
      await t.soon(once(client, 'open'));
      client.send('hello');
      const [data] = await t.soon(once(client, 'message'));
      assert.equal(String(data), 'b hello');
      client.close(4000, 'bye');
      const [code] = await t.soon(once(client, 'close'));
      assert.ok([4000, 1000, 1005].includes(code), String(code));
      server.close();
    },
    { needs: ['websocket'] },
  ),

  hostRule(
    'R41',
    'every method, odd paths and bytes that are not text reach the origin as they were sent',
    async (t) => {
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
    },
  ),

  hostRule(
    'R41',
    'statuses, reason phrases and validators reach the client as they are, and 204, 205 and 304 have no body',
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

  hostRule('R41', 'redirects reach the client, and are not followed', async (t) => {
    for (const status of [301, 302, 303, 307, 308]) {
      t.origin.on('POST /from', { status, headers: { location: 'http://elsewhere.test/to?x=1' } });
      const response = await t.fetch('/from', { method: 'POST', body: 'x' });
      assert.equal(response.status, status);
      assert.equal(response.headers.get('location'), 'http://elsewhere.test/to?x=1');
    }
    assert.equal(t.origin.calls().length, 5);
  }),

  hostRule('R41', 'header fields pass in both directions, also several of one name', async (t) => {
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

  hostRule(
    'R41',
    'hop-by-hop fields and x-sesame-* are removed in both directions, on the document’s path too',
    async (t) => {
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
    },
  ),

  hostRule(
    'R41',
    'the origin learns from X-Forwarded-Host and -Proto which host and scheme the client used',
    async (t) => {
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
    },
  ),

  hostRule('R41', 'the answer to HEAD keeps the content length of GET', async (t) => {
    const headers = { 'content-length': '12345', 'content-type': 'video/x' };
    t.origin.on('HEAD /film', { headers });
    const response = await t.fetch('/film', { method: 'HEAD', headers: bearer('x') });
    assert.deepEqual([response.status, await response.text()], [200, '']);
    assert.equal(response.headers.get('content-length'), '12345');
    assert.equal(response.headers.get('content-type'), 'video/x');
  }),

  hostRule(
    'R41',
    'lengths that are announced are announced in both directions',
    async (t) => {
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
    },
    {},
    ['workerd'],
  ),

  hostRule(
    'R41',
    'a GET with a body is passed on with the body',
    async (t) => {
      t.origin.on('GET /search', { body: 'found' });
      const answer = await attempt(t, bearer('x'), { path: '/search?a', body: '{"q":1}' });
      assert.deepEqual(answer, [200, 'found']);
      const [{ url, body, headers }] = t.origin.calls('GET /search');
      assert.deepEqual([url, String(body)], ['/search?a', '{"q":1}']);
      assert.equal(headers.authorization, 'Bearer x');
    },
    {},
    ['workerd'],
  ),

  hostRule('R41', 'an upload with Expect: 100-continue arrives', async (t) => {
    t.origin.on('POST /up', (call) => ({ body: call.headers['content-type'] }));
    const headers = { expect: '100-continue', 'content-type': 'text/x' };
    const answer = await attempt(t, headers, { path: '/up', method: 'POST', body: '12345' });
    assert.deepEqual(answer, [200, 'text/x']);
    assert.equal(t.origin.calls('POST /up')[0].body.toString(), '12345');
  }),

  hostRule(
    'R41',
    'encoded bodies reach the client encoded, byte for byte',
    async (t) => {
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
    },
    {},
    ['workerd'],
  ),

  hostRule('R7, R41', 'a compressed document is kept decompressed', async (t) => {
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

  hostRule(
    'R22, R41',
    'a compressed answer to a write passes, and replaces the document',
    async (t) => {
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
    },
  ),

  hostRule(
    'R41',
    'an unsafe request whose connection breaks is not sent again, and is answered 503',
    async (t) => {
      await attempt(t, {}, { path: '/warm' });
      for (const method of ['POST', 'PATCH', 'DELETE']) {
        t.origin.on(`${method} /once`, { fault: 'reset' });
        const answer = await attempt(t, bearer('x'), { path: '/once', method, body: 'x' });
        assert.deepEqual(answer, [503, '{"error":"origin_unavailable"}']);
        assert.equal(t.origin.count(`${method} /once`), 1);
      }
    },
  ),
];
