// WebSockets pass through the ready-made worker in the real workerd (R41).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { createWorkerdTarget } from '../support/targets.js';

/** @type {Awaited<ReturnType<typeof createWorkerdTarget>>} */
let target;
/** @type {WebSocketServer} */
let sockets;
/** What the origin was asked with. @type {import('node:http').IncomingMessage[]} */
let upgrades = [];

before(async () => {
  target = await createWorkerdTarget();
  sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'chat.v2' });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => sockets.emit('left', code, String(reason)));
  });
  target.origin.server.on('upgrade', (request, socket, head) => {
    upgrades.push(request);
    if (request.url === '/refused') {
      socket.end('HTTP/1.1 403 Forbidden\r\nx-why: no\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened));
  });
});
after(async () => {
  for (const socket of sockets.clients) socket.terminate();
  await target.close();
});
beforeEach(() => {
  upgrades = [];
});

/** @param {string} path @param {import('ws').ClientOptions} [options] @param {string[]} [protocols] */
function connect(path, options = {}, protocols = []) {
  return new WebSocket(target.url.replace('http:', 'ws:') + path, protocols, options);
}

/** @param {WebSocket} socket @param {string | Buffer} message */
async function echo(socket, message) {
  socket.send(message);
  const [data, isBinary] = await once(socket, 'message');
  return isBinary ? data : String(data);
}

describe('WebSockets', { timeout: 20_000 }, () => {
  test('R41: text, bytes and long messages pass through a WebSocket in both directions', async () => {
    const socket = connect('/chat?room=1');
    await once(socket, 'open');
    assert.equal(await echo(socket, 'مرحبا 🔑'), 'مرحبا 🔑');
    const bytes = Buffer.from([0, 255, 1, 254]);
    assert.deepEqual(await echo(socket, bytes), bytes);
    const long = Buffer.alloc(500_000, 'long ');
    assert.ok(long.equals(/** @type {Buffer} */ (await echo(socket, long))));
    assert.equal(upgrades[0].url, '/chat?room=1');
    socket.terminate();
  });

  test('R41: the fields and the subprotocol of a WebSocket request pass, and x-sesame-* does not', async () => {
    const headers = { cookie: 'session=x', authorization: 'Bearer x', 'x-sesame-user': 'root' };
    const socket = connect('/chat', { headers, origin: 'https://app.test' }, [
      'chat.v1',
      'chat.v2',
    ]);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'chat.v2');
    const [{ headers: sent }] = upgrades;
    assert.equal(sent['sec-websocket-protocol'], 'chat.v1,chat.v2');
    assert.deepEqual([sent.cookie, sent.authorization], [headers.cookie, headers.authorization]);
    assert.equal(sent.origin, 'https://app.test');
    assert.equal(sent['x-sesame-user'], undefined);
    socket.terminate();
  });

  test('R41: closing a WebSocket passes in both directions, with its code and reason', async () => {
    const leaving = connect('/chat');
    await once(leaving, 'open');
    leaving.close(4001, 'gone home');
    assert.deepEqual(await once(sockets, 'left'), [4001, 'gone home']);
    const thrown = connect('/chat');
    await once(thrown, 'open');
    await echo(thrown, 'hello');
    for (const socket of sockets.clients) socket.close(4002, 'closing time');
    const [code, reason] = await once(thrown, 'close');
    assert.deepEqual([code, String(reason)], [4002, 'closing time']);
  });

  test('R41: the origin’s refusal of a WebSocket passes', async () => {
    const socket = connect('/refused');
    const [request, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 403);
    assert.equal(response.headers['x-why'], 'no');
    request.destroy();
  });

  test('R41: a WebSocket request is answered 503 while the origin is down', async () => {
    await target.origin.stop();
    const socket = connect('/chat');
    const [request, response] = await once(socket, 'unexpected-response');
    assert.equal(response.statusCode, 503);
    request.destroy();
    await target.origin.restart();
  });
});
