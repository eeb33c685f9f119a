// What passes through Sesame in Node's own servers as it is: WebSockets, encoded bodies, interim answers, odd statuses and
// methods (R41, R42). It compares what the origin has sent with what a client of bytes has received.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { describe, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import express from 'express';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler, toUpgradeHandler } from 'sesame-edge/node';
import { WebSocket, WebSocketServer } from 'ws';
import { cookie } from '../support/http-case.js';
import { DOCUMENT, SESSION } from '../support/origin.js';
import { sendRaw } from '../support/send-raw.js';
import { startsForTests } from '../support/started.js';
import { createGate, until } from '../support/wait.js';

const { ends, createSessions, listen } = startsForTests();

/**
 * An origin that says what it hears.
 * @param {import('../support/origin.js').Origin} origin
 */
function talkAt(origin) {
  const server = new WebSocketServer({ noServer: true, handleProtocols: () => 'chat.v2' });
  /** @type {http.IncomingMessage[]} */
  const upgrades = [];
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => server.emit('left', code, String(reason)));
  });
  origin.server.on('upgrade', (request, socket, head) => {
    upgrades.push(request);
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nx-why: no\r\ncontent-length: 2\r\n\r\nno');
    } else if (request.url !== '/silent') {
      server.handleUpgrade(request, socket, head, (opened) => server.emit('connection', opened));
    }
  });
  ends(() => {
    for (const socket of server.clients) socket.terminate();
  });
  return { server, upgrades };
}

/**
 * @param {number} port
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
function connect(port, path, headers = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, ['chat.v1', 'chat.v2'], {
    headers,
  });
  socket.on('error', () => {}); // a test that waits for one hears it all the same
  ends(() => socket.terminate());
  return socket;
}

/** @param {WebSocket} socket @param {string | Buffer} message */
async function echo(socket, message) {
  socket.send(message);
  const [data, isBinary] = await once(socket, 'message');
  return isBinary ? data : String(data);
}

/** The answer to a handshake that opens nothing. @param {WebSocket} socket */
async function refusalOf(socket) {
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const part of response) body += part;
  return { status: response.statusCode, headers: response.headers, body };
}

describe('WebSockets through sesame-edge/node', { timeout: 20_000 }, () => {
  test('R41: a WebSocket that is a server’s very first request reaches the origin, and text, bytes and the close code pass', async () => {
    const { origin, sessions } = await createSessions();
    const { upgrades, server } = talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const socket = connect(port, '/chat?room=1', { 'x-a': 'b', 'x-sesame-user': 'root' });
    await once(socket, 'open');
    assert.equal(socket.protocol, 'chat.v2');
    assert.equal(await echo(socket, 'مرحبا'), 'مرحبا');
    const long = Buffer.alloc(500_000, 'long ');
    assert.ok(long.equals(/** @type {Buffer} */ (await echo(socket, long))));
    const [{ url, headers }] = upgrades;
    assert.deepEqual(
      [url, headers['x-a'], headers['x-sesame-user']],
      ['/chat?room=1', 'b', undefined],
    );
    const left = once(server, 'left');
    socket.close(4000, 'bye');
    assert.deepEqual(await left, [4000, 'bye']);
  });

  test('R41: the origin’s refusal of a handshake reaches the client as it is', async () => {
    const { origin, sessions } = await createSessions();
    talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const { status, headers, body } = await refusalOf(connect(port, '/refused'));
    assert.deepEqual([status, headers['x-why'], body], [403, 'no', 'no']);
  });

  test('R8: the credential of an ended session is taken out of a handshake', async () => {
    const { origin, sessions } = await createSessions();
    const { upgrades } = talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const headers = { cookie: `${cookie('ada').cookie}; theme=dark` };
    await once(connect(port, '/chat', headers), 'open');
    await sessions.getSession({ headers });
    await sessions.revoke({ headers });
    await once(connect(port, '/chat', headers), 'open');
    assert.deepEqual(
      upgrades.map((each) => each.headers.cookie),
      [headers.cookie, 'theme=dark'],
    );
  });

  test('R42: a managed session lends its token to a handshake of its own site, and to none of another', async () => {
    const { origin, sessions } = await createSessions({ managed: {} });
    origin.on('POST /api/v1/auth/login', { body: { access_token: 'TOKEN', expires_in: 900 } });
    origin.on(`GET ${DOCUMENT}`, { body: { id: 'ada' } });
    const { upgrades } = talkAt(origin);
    const { port, fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    const login = await fetch('/api/auth/login', { method: 'POST', body: '{}' });
    const session = login.headers.getSetCookie()[0].split(';')[0];
    const foreign = connect(port, '/api/v1/live', {
      cookie: session,
      origin: 'https://evil.example',
    });
    assert.equal((await refusalOf(foreign)).status, 403);
    assert.equal(upgrades.length, 0);
    const own = connect(port, '/api/v1/live', {
      cookie: session,
      origin: `http://127.0.0.1:${port}`,
    });
    await once(own, 'open');
    assert.deepEqual(
      [upgrades[0].headers.authorization, upgrades[0].headers.cookie],
      ['Bearer TOKEN', undefined],
    );
  });

  test('R41: in Express a listener for upgrades lets WebSockets pass', async () => {
    const { origin, sessions } = await createSessions();
    talkAt(origin);
    const app = express().use(toNodeHandler(sessions));
    const server = http.createServer(app).on('upgrade', toUpgradeHandler(sessions));
    const { port } = await listen(server);
    const socket = connect(port, '/chat');
    await once(socket, 'open');
    assert.equal(await echo(socket, 'hello'), 'hello');
  });

  test('R41: without a listener for upgrades the origin answers the request as any other', async () => {
    const { origin, sessions } = await createSessions();
    origin.on('GET /chat', { status: 426, body: 'no socket' });
    const app = express().use(toNodeHandler(sessions));
    const { port } = await listen(http.createServer(app));
    const { status, body } = await refusalOf(connect(port, '/chat'));
    assert.deepEqual([status, body], [426, 'no socket']);
  });

  test('an application’s own listener for upgrades is the one that answers', async () => {
    const { origin, sessions } = await createSessions();
    const { upgrades } = talkAt(origin);
    const { port, server, fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    await (await fetch('/x')).text(); // the server has been seen before it has one
    new WebSocketServer({ server }).on('connection', (socket) => socket.send('mine'));
    const [data] = await once(connect(port, '/chat'), 'message');
    await (await fetch('/x')).text(); // by now the origin would have heard of it
    assert.deepEqual([String(data), upgrades.length], ['mine', 0]);
  });

  test('R41: a request for another protocol than WebSocket is answered as if it asked for none', async () => {
    const { origin, sessions } = await createSessions();
    origin.on('POST /form', { body: 'done' });
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const head = `POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nUpgrade: h2c\r\n`;
    const said = await sendRaw(port, `${head}Connection: Upgrade, close\r\n\r\nabc`);
    assert.match(said, /^HTTP\/1\.1 200 OK\r\n.*done/s);
    const [call] = origin.calls('POST /form');
    assert.deepEqual([String(call.body), call.headers.upgrade], ['abc', undefined]);
  });

  test('R41: a handshake whose path a parser would change is refused', async () => {
    const { origin, sessions } = await createSessions();
    const { upgrades } = talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
    const head = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket';
    const said = await sendRaw(port, `GET /a/../live HTTP/1.1\r\n${head}\r\n${key}\r\n\r\n`);
    assert.match(said, /^HTTP\/1\.1 400 /);
    assert.equal(upgrades.length, 0);
  });

  test('R41: a client that leaves before its handshake is answered ends it at the origin', async () => {
    const { origin, sessions } = await createSessions();
    const { upgrades } = talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const socket = connect(port, '/silent');
    await until(() => upgrades.length === 1);
    const left = once(upgrades[0].socket.resume(), 'end');
    socket.terminate();
    await left;
    upgrades[0].socket.destroy();
  });

  test('R41: when the origin goes, the client’s WebSocket ends', async () => {
    const { origin, sessions } = await createSessions();
    const { server } = talkAt(origin);
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const socket = connect(port, '/chat');
    await once(socket, 'open');
    for (const each of server.clients) each.terminate();
    assert.equal((await once(socket, 'close'))[0], 1006);
  });
});

describe('what passes through Node as it is', () => {
  test('R41: an encoded body passes as it was encoded, with its length and its validator', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    const text = 'x'.repeat(100_000);
    for (const [coding, body] of /** @type {const} */ ([
      ['gzip', gzipSync(text)],
      ['br', brotliCompressSync(text)],
      ['zstd', Buffer.from('as it is')],
    ])) {
      const headers = {
        ...{ 'content-encoding': coding, etag: '"packed"', vary: 'Accept-Encoding' },
        'content-length': String(body.length),
      };
      origin.on('GET /app.js', { headers, body });
      const answer = await fetch('/app.js', { headers: { 'accept-encoding': 'zstd, br' } });
      for (const [name, value] of Object.entries(headers)) {
        assert.equal(answer.headers.get(name), value, `${coding}: ${name}`);
      }
      assert.ok(body.equals(Buffer.from(await answer.arrayBuffer())), coding);
      assert.equal(origin.calls('GET /app.js').at(-1)?.headers['accept-encoding'], 'zstd, br');
      origin.on('HEAD /app.js', { headers });
      const head = await fetch('/app.js', { method: 'HEAD' });
      assert.equal(head.headers.get('content-length'), String(body.length), `${coding}: HEAD`);
    }
  });

  test('R41: a request reaches the origin without a header that its client has not sent', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'POST']) {
      origin.on(`${method} /bare`, { body: '' });
      await fetch('/bare', { method });
      const { headers } = origin.calls(`${method} /bare`)[0];
      const own = ['host', 'connection', 'x-forwarded-host', 'x-forwarded-proto'];
      if (method === 'POST') own.push('content-length');
      assert.deepEqual(
        Object.keys(headers).filter((name) => !own.includes(name)),
        [],
        method,
      );
    }
  });

  test('R41: early hints reach the client before the answer, without cookies, and no client of HTTP/1.0', async () => {
    const { origin, sessions } = await createSessions();
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    const hint = '</a,b.css>; rel=preload; as=style, </c.js>; rel=preload; as=script';
    origin.on('GET /page', {
      raw: (_request, response) => {
        response.writeProcessing();
        response.writeEarlyHints({ link: hint.split(/, (?=<)/), 'x-a': 'b', 'set-cookie': 'a=1' });
        response.end('page');
      },
    });
    const heads = 'Host: a\r\nConnection: close\r\n\r\n';
    const said = await sendRaw(port, `GET /page HTTP/1.1\r\n${heads}`);
    const [processing, hints, answer] = said.split('\r\n\r\n');
    assert.match(processing, /^HTTP\/1\.1 102 /);
    assert.match(hints, /^HTTP\/1\.1 103 /);
    assert.ok(hints.includes(hint) && hints.includes('x-a: b'), hints);
    assert.doesNotMatch(hints, /set-cookie/i);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.match(await sendRaw(port, `GET /page HTTP/1.0\r\n${heads}`), /^HTTP\/1\.1 200 /);
  });

  test('R41: a hint that Node cannot say is left out, and the answer comes', async () => {
    const { origin, sessions } = await createSessions();
    const { port } = await listen(http.createServer(toNodeHandler(sessions)));
    origin.on('GET /page', {
      raw: (_request, response) => {
        response.socket?.write('HTTP/1.1 103 Early Hints\r\nlink: no link\r\n\r\n');
        response.end('page');
      },
    });
    const said = await sendRaw(port, 'GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    assert.match(said, /^HTTP\/1\.1 200 .*page/s);
  });

  test('R41: 407 and a reason phrase of its own reach the client, and are no 503', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    for (const method of ['GET', 'POST']) {
      origin.on(`${method} /proxy`, { status: 407, statusText: 'Not Yours', body: 'why' });
      const answer = await fetch('/proxy', { method });
      assert.deepEqual(
        [answer.status, answer.statusText, await answer.text()],
        [407, 'Not Yours', 'why'],
      );
    }
  });

  test('R41: connections to the origin are kept, and one that it has closed meanwhile costs no answer', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    const connections = new Set();
    origin.on('GET /x', ({ request }) => {
      connections.add(request.socket);
      return { body: 'x' };
    });
    for (let round = 0; round < 10; round += 1) await (await fetch('/x')).text();
    assert.equal(connections.size, 1);
    let isCut = false;
    origin.on('GET /x', ({ request }) => {
      if (isCut || !connections.has(request.socket)) return { body: 'x' };
      isCut = true;
      return { fault: 'reset' }; // as if it had been closed while it was idle
    });
    assert.equal(await (await fetch('/x')).text(), 'x');
    assert.equal(isCut, true);
  });

  test('R41: a write whose kept connection breaks may have arrived, and is not sent again', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    for (const init of [{}, { body: 'x' }]) {
      await (await fetch('/warm')).text();
      const before = origin.count('POST /once');
      origin.on('POST /once', { fault: 'reset' });
      assert.equal((await fetch('/once', { method: 'POST', ...init })).status, 503);
      assert.equal(origin.count('POST /once'), before + 1);
    }
  });

  test('R41: an answer that breaks off is broken off for the client as well', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    const sent = createGate();
    origin.on('GET /half', {
      raw: async (_request, response) => {
        response.write('half');
        await sent.opened;
        response.destroy();
      },
    });
    const answer = await fetch('/half');
    sent.open();
    await assert.rejects(answer.text());
  });

  test('R41: an upload whose client leaves ends at the origin, and one that is refused early is answered', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(http.createServer(toNodeHandler(sessions)));
    const [arrived, aborted] = [createGate(), createGate()];
    origin.on('POST /up', {
      raw: (request) => {
        request.on('data', arrived.open).on('error', aborted.open);
      },
    });
    const client = new AbortController();
    const endless = async function* () {
      for (;;) {
        yield 'x'.repeat(1000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const left = fetch('/up', { method: 'POST', body: endless(), signal: client.signal });
    await arrived.opened;
    client.abort();
    await Promise.all([aborted.opened, assert.rejects(left)]);
    origin.on('POST /early', {
      raw: (_request, response) => {
        response.writeHead(413, { connection: 'close' }).end('too much');
      },
    });
    const refused = await fetch('/early', { method: 'POST', body: 'x'.repeat(1000) });
    assert.deepEqual([refused.status, await refused.text()], [413, 'too much']);
  });

  test('R41: a fetch of the application’s own passes requests on instead', async () => {
    const { origin } = await createSessions();
    /** @type {string[]} */
    const asked = [];
    const own = (/** @type {any} */ input, /** @type {any} */ init) => {
      asked.push(String(input));
      return fetch(input, init);
    };
    const sessions = new SessionCache({ origin: origin.url }, { fetch: own });
    ends(() => sessions.dispose());
    const { fetch: ask } = await listen(http.createServer(toNodeHandler(sessions)));
    origin.on('GET /x', { headers: { 'content-encoding': 'gzip' }, body: gzipSync('packed') });
    const answer = await ask('/x', { headers: { upgrade: 'websocket' } });
    assert.equal(await answer.text(), 'packed');
    assert.equal((await ask(SESSION)).status, 200);
    assert.deepEqual(asked, [`${origin.url}/x`]);
  });
});
