// What is not a session path streams through (SPEC R41).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { gunzipSync, gzipSync } from 'node:zlib';
import { WebSocket, WebSocketServer } from 'ws';
import { createGate } from '../../support/wait.js';
import { bearer, cookie } from '../context.js';
import { rule } from '../suite.js';

/** @param {Uint8Array} bytes */
const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

export const passing = [
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
    'a compressed answer can still be read',
    async (t) => {
      const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain' };
      t.origin.on('GET /zip', { headers, body: gzipSync('the text') });
      const response = await t.fetch('/zip', { headers: { 'accept-encoding': 'gzip' } });
      const bytes = Buffer.from(await response.arrayBuffer());
      const isEncoded = response.headers.get('content-encoding') === 'gzip';
      assert.equal((isEncoded ? gunzipSync(bytes) : bytes).toString(), 'the text');
    },
    { needs: ['wire'] },
  ),

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

  rule(
    'R41',
    'hop-by-hop headers are removed, both ways',
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
    'a WebSocket passes',
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
];
