// What is open in workerd ends with its session (rule R29): there, each connection looks for itself.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { startCli } from '../support/cli.js';
import { createOrigin, DOCUMENT } from '../support/origin.js';
import { startRedis } from '../support/redis-server.js';
import { createWorkerdTarget } from '../support/targets.js';
import { until } from '../support/wait.js';

const LOGOUT = '/api/v1/auth/logout';

/** @param {string} name */
const bearer = (name) => ({ authorization: `Bearer ${name}` });

/**
 * Lets an origin take WebSockets, which echo.
 * @param {import('../support/origin.js').Origin} origin
 */
function takeSockets(origin) {
  const sockets = new WebSocketServer({ noServer: true });
  sockets.on('connection', (socket, request) => {
    const { authorization } = /** @type {import('node:http').IncomingMessage} */ (request).headers;
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('close', (code, reason) => {
      sockets.emit('left', { authorization, code, reason: String(reason) });
    });
  });
  origin.server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit('connection', opened, request);
    });
  });
  return sockets;
}

/** @param {string} url @param {Record<string, string>} headers */
async function connect(url, headers) {
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}/chat`, { headers });
  await once(socket, 'open');
  return socket;
}

/** @param {WebSocket} socket */
async function echoes(socket) {
  socket.send('there?');
  const [data] = await once(socket, 'message');
  return String(data) === 'there?';
}

describe('open connections in workerd', { timeout: 60_000 }, () => {
  /** @type {Awaited<ReturnType<typeof createWorkerdTarget>>} */
  let target;
  /** @type {WebSocketServer} */
  let sockets;

  beforeEach(async () => {
    target = await createWorkerdTarget({ connectionsPerUser: 3 });
    sockets = takeSockets(target.origin);
    target.origin.on(`POST ${LOGOUT}`, { status: 204 });
    target.origin.on('POST /api/v1/auth/login', { status: 204 });
  });
  afterEach(async () => {
    for (const socket of sockets.clients) socket.terminate();
    await target.close();
  });

  test('R29: a WebSocket is closed with 4401 on both sides when its session has ended, and no other is', async () => {
    const [ada, bob] = [bearer('ada'), bearer('bob')];
    for (const headers of [ada, bob]) await target.fetch(DOCUMENT, { headers });
    const ending = await connect(target.url, ada);
    const staying = await connect(target.url, bob);
    assert.ok(await echoes(ending));
    const left = once(sockets, 'left');
    const closed = once(ending, 'close');
    const response = await target.fetch(LOGOUT, { method: 'POST', headers: ada });
    assert.equal(response.status, 204);
    const [code, reason] = await closed;
    assert.deepEqual([code, String(reason)], [4401, 'session ended']);
    const [atOrigin] = await left;
    assert.deepEqual([atOrigin.authorization, atOrigin.code], ['Bearer ada', 4401]);
    assert.ok(await echoes(staying));
    staying.terminate();
  });

  test('R29, R12: a WebSocket is closed when the origin says no after a drop, and stays when it says yes', async () => {
    const headers = bearer('carol');
    await target.fetch(DOCUMENT, { headers });
    const socket = await connect(target.url, headers);
    const before = target.origin.count();
    await target.fetch('/api/v1/auth/login', { method: 'POST', headers });
    await until(() => target.origin.count() > before, 'the origin has been asked');
    assert.ok(await echoes(socket));
    const closed = once(socket, 'close');
    target.origin.on(`GET ${DOCUMENT}`, { status: 401 });
    await target.fetch('/api/v1/auth/login', { method: 'POST', headers });
    assert.equal((await closed)[0], 4401);
  });

  test('R29: an event stream says that its session has ended, and ends, whatever was asked for it', async () => {
    for (const init of [{ headers: { accept: 'text/event-stream' } }, {}, { method: 'POST' }]) {
      const name = target.user();
      const headers = bearer(name);
      await target.fetch(DOCUMENT, { headers });
      target.origin.on(`${init.method ?? 'GET'} /events`, {
        raw: (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('data: 1\n\n');
        },
      });
      const how = { ...init, headers: { ...init.headers, ...headers } };
      const response = await target.fetch('/events', how);
      const text = response.text();
      await target.fetch(LOGOUT, { method: 'POST', headers });
      assert.equal(await text, 'data: 1\n\nevent: session-ended\ndata: {}\n\n');
    }
  });

  test('R29: a long poll is cut off when its session has ended, and no other is', async () => {
    const [ada, bob] = [bearer('ada'), bearer('bob')];
    /** @type {import('node:http').ServerResponse[]} */
    const held = [];
    target.origin.on('GET /poll', { raw: (_, response) => held.push(response) });
    for (const headers of [ada, bob]) await target.fetch(DOCUMENT, { headers });
    const before = target.origin.count();
    const [poll, ofBob] = [ada, bob].map((headers) => target.fetch('/poll', { headers }));
    await until(() => held.length === 2);
    await until(async () => (await target.stats()).connections === 2, 'they are looked after');
    await target.fetch(LOGOUT, { method: 'POST', headers: ada });
    const answer = await poll;
    assert.deepEqual([answer.status, (await answer.json()).error], [401, 'session_ended']);
    for (const response of held) response.end('there');
    assert.equal(await (await ofBob).text(), 'there');
    assert.equal(target.origin.count(), before, 'the origin is not asked whose they are');
    assert.equal((await target.stats()).connections, 0);
  });

  test('R29, R54: what is over the cap of a user is refused, and closing makes room', async () => {
    const headers = bearer('dora');
    await target.fetch(DOCUMENT, { headers });
    const open = [];
    for (let each = 0; each < 3; ++each) open.push(await connect(target.url, headers));
    const over = new WebSocket(`${target.url.replace('http:', 'ws:')}/chat`, { headers });
    const [request, response] = await once(over, 'unexpected-response');
    assert.deepEqual([response.statusCode, response.headers['retry-after']], [503, '10']);
    request.destroy();
    const [first, second] = open;
    first.close();
    await once(first, 'close');
    open.push(await connect(target.url, headers));
    second.terminate(); // without a word
    const count = async () => (await target.stats()).connections;
    await until(async () => (await count()) === 2, 'it has been noticed');
    for (const socket of open) socket.terminate();
    await until(async () => (await count()) === 0, 'all have gone');
  });
});

describe('open connections of several workerds', { timeout: 60_000 }, () => {
  test('R29, R31: a session that ends on one node ends a WebSocket on another', async () => {
    const redis = await startRedis();
    const origin = await createOrigin();
    const sockets = takeSockets(origin);
    const where = ['--runtime', 'workerd', '--origin', origin.url, '--store', redis.url];
    const cli = startCli(['serve', ...where, '--port', '0', '--port', '0']);
    try {
      await cli.line('stdout', /in front of/);
      const urls = () =>
        cli.stdout.flatMap((line) => /^listening on (\S+)/.exec(line)?.slice(1) ?? []);
      await until(() => urls().length === 2, 'two nodes listen');
      const [here, there] = urls();
      const headers = bearer('ada');
      for (const url of [here, there]) await (await fetch(url + DOCUMENT, { headers })).text();
      const socket = await connect(there, headers);
      const closed = once(socket, 'close');
      origin.on(`POST ${LOGOUT}`, { status: 204 });
      await fetch(here + LOGOUT, { method: 'POST', headers });
      assert.equal((await closed)[0], 4401);
    } finally {
      for (const socket of sockets.clients) socket.terminate();
      cli.child.kill('SIGTERM');
      await cli.closed;
      await Promise.all([redis.stop(), origin.stop()]);
    }
  });
});
