// What is open is closed when its session ends (R29): WebSockets, event streams and other long answers that pass through
// Sesame in Node's own servers, with real sockets on both sides. `ws` is the strict client and the strict server: it fails
// a connection whose frames are not what RFC 6455 says.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { MemoryStore } from 'sesame-edge/stores';
import { WebSocket, WebSocketServer } from 'ws';
import { disturbed } from '../support/disturbed-store.js';
import { bearer, cookie } from '../support/http-case.js';
import { byDefault, createOrigin, DOCUMENT, documentOf, READ } from '../support/origin.js';
import { startsForTests } from '../support/started.js';
import { settle, until } from '../support/wait.js';

const { ends, listen } = startsForTests();

/** A clock that a test moves; timers ring when it has. */
function createClock() {
  let offset = 0;
  /** @type {Set<{ at: number, ring: () => void }>} */
  const timers = new Set();
  const now = () => Date.now() + offset;
  return {
    host: {
      now,
      monotonic: () => performance.now() + offset,
      /** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          const timer = { at: now() + milliseconds, ring: resolve };
          timers.add(timer);
          signal.addEventListener('abort', () => {
            timers.delete(timer);
            resolve();
          });
        }),
    },
    /** Time passes, and no timer rings. @param {number} milliseconds */
    standStill(milliseconds) {
      offset += milliseconds;
    },
    /** @param {number} milliseconds */
    async pass(milliseconds) {
      offset += milliseconds;
      for (const timer of timers) {
        if (timer.at > now()) continue;
        timers.delete(timer);
        timer.ring();
      }
      await settle();
    },
  };
}

/**
 * A node in front of an origin that talks over WebSockets and event streams.
 * @param {any} [options] @param {{ origin?: import('../support/origin.js').Origin, node?: any, host?: object }} [given]
 */
async function start(options = {}, { origin: shared, ...given } = {}) {
  const clock = createClock();
  const origin = shared ?? (await createOrigin());
  const sessions = new SessionCache(
    { origin: origin.url, ...options },
    { ...clock.host, ...given.host },
  );
  if (!shared) ends(() => origin.stop());
  ends(() => sessions.dispose());
  const server = new WebSocketServer({ noServer: true });
  /** @type {WebSocket[]} */
  const opened = [];
  /** @type {net.Socket[]} */
  const raw = [];
  /** @type {any} */
  let before = given.node ?? null;
  if (!shared) {
    origin.server.on('upgrade', async (request, socket, head) => {
      await before?.();
      if (request.url === '/raw') {
        const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const accept = createHash('sha1').update(key).digest('base64');
        const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ';
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${fields}${accept}\r\n\r\n`);
        raw.push(/** @type {net.Socket} */ (socket));
        ends(() => socket.destroy());
        return;
      }
      server.handleUpgrade(request, socket, head, (each) => {
        each.on('error', (error) => Object.assign(each, { failure: error }));
        opened.push(each);
      });
    });
    ends(() => {
      for (const each of opened) each.terminate();
    });
  }
  const { port, fetch } = await listen(http.createServer(toNodeHandler(sessions)));
  /** @param {Record<string, string>} headers @param {string} [path] */
  const connect = (headers, path = '/chat') => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    /** @type {{ socket: WebSocket, failure: Error | null, closed: Promise<any[]> }} */
    const seen = {
      ...{ socket, failure: null },
      closed: new Promise((resolve) => void socket.on('close', (...args) => resolve(args))),
    };
    socket.on('error', (error) => {
      seen.failure = error;
    });
    ends(() => socket.terminate());
    return seen;
  };
  /** Opens one whose session is known here. @param {Record<string, string>} headers */
  const open = async (headers) => {
    await fetch(DOCUMENT, { headers });
    const seen = connect(headers);
    await once(seen.socket, 'open');
    await until(() => opened.length > 0);
    return seen;
  };
  return {
    ...{ clock, origin, sessions, opened, raw, port, fetch, connect, open },
    /** @param {() => Promise<void>} wait the origin answers a handshake after it */
    delay: (wait) => {
      before = wait;
    },
    count: () => sessions.statistics().connections,
    closed: () => sessions.statistics().connectionsClosed,
  };
}

/** Closed as R29 says, and both sides have found nothing wrong. @param {any} seen @param {WebSocket} [other] */
async function assertClosed(seen, other) {
  const [code] = await seen.closed;
  assert.deepEqual([code, seen.failure], [4401, null]);
  if (other) {
    if (other.readyState !== WebSocket.CLOSED) await once(other, 'close');
    assert.equal(/** @type {any} */ (other)._closeCode, 4401);
    assert.equal(/** @type {any} */ (other).failure, undefined);
  }
}

/** @param {any} seen */
const isOpen = (seen) => seen.socket.readyState === WebSocket.OPEN;

describe('WebSockets end with their session', { timeout: 60_000 }, () => {
  for (const [name, headers] of Object.entries({ cookie: cookie('ada'), bearer: bearer('ada') })) {
    test(`R29: a WebSocket with a ${name} is closed with 4401 on both sides when its session is revoked, and no other is`, async () => {
      const node = await start();
      const ada = await node.open(headers);
      const bob = await node.open(cookie('bob'));
      await until(() => node.count() === 2);
      await node.sessions.revoke({ headers });
      await assertClosed(ada, node.opened[0]);
      assert.ok(isOpen(bob));
      assert.deepEqual([node.count(), node.closed()], [1, 1]);
      bob.socket.close();
      await bob.closed;
      await until(() => node.count() === 0);
      assert.match(node.sessions.prometheusText(), /^sesame_connections 0$/m);
      assert.match(node.sessions.prometheusText(), /^sesame_connections_closed_total 1$/m);
    });
  }

  test('R29: all WebSockets of a user are closed when all sessions of the user are ended', async () => {
    const node = await start();
    const one = await node.open(cookie('ada'));
    const other = await node.open(bearer('ada'));
    const bob = await node.open(cookie('bob'));
    await node.sessions.revokeUser('id-ada');
    await assertClosed(one);
    await assertClosed(other);
    assert.ok(isOpen(bob));
  });

  test('R29: a revocation of a user reaches a WebSocket whose document is not held any more', async () => {
    const node = await start({ keepFor: '2m', freshFor: '1m', staleIfError: 0 });
    const ada = await node.open(cookie('ada'));
    await node.clock.pass(10 * 60_000);
    assert.ok(isOpen(ada));
    await node.sessions.revokeUser('id-ada');
    await assertClosed(ada);
  });

  test('R29: a WebSocket whose session no node has asked about is known by its user soon after it was opened', async () => {
    const node = await start();
    const ada = node.connect(cookie('ada'));
    await once(ada.socket, 'open');
    await until(() => node.origin.count() === 1 && node.sessions.has('session=ada'));
    await settle();
    await node.sessions.revokeUser('id-ada');
    await assertClosed(ada);
  });

  test('R29: a WebSocket that the origin opens for a credential which it does not accept is no session’s, and stays', async () => {
    const node = await start();
    node.origin.on(READ, { status: 401, body: null });
    const seen = node.connect(cookie('old'));
    await once(seen.socket, 'open');
    await until(() => node.count() === 0 && node.origin.count() === 1);
    await node.fetch(DOCUMENT, { headers: cookie('old') });
    await settle();
    assert.ok(isOpen(seen));
  });

  test('R29: a WebSocket whose session ends while it is being opened is closed as soon as it is open', async () => {
    const node = await start();
    await node.fetch(DOCUMENT, { headers: cookie('ada') });
    node.delay(() => node.sessions.revoke({ headers: cookie('ada') }));
    await assertClosed(node.connect(cookie('ada')), await until(() => node.opened[0]));
  });

  test('R29, R8: a reconnect is answered as one without the credential', async () => {
    const node = await start();
    const ada = await node.open(cookie('ada'));
    await node.sessions.revoke({ headers: cookie('ada') });
    await assertClosed(ada);
    const again = node.connect(cookie('ada'));
    await once(again.socket, 'open');
    assert.equal(node.count(), 0);
  });
});

describe('a close stands between two frames', { timeout: 60_000 }, () => {
  test('R29: it comes between two fragments of a message, which it leaves unfinished', async () => {
    const node = await start();
    const ada = await node.open(cookie('ada'));
    const [other] = node.opened;
    /** @type {string[]} */
    const pings = [];
    ada.socket.on('ping', (data) => pings.push(`client ${data}`));
    other.on('ping', (data) => pings.push(`server ${data}`));
    ada.socket.send('half a mess', { fin: false });
    other.send('half an answ', { fin: false });
    ada.socket.ping('a');
    other.ping('b');
    await until(() => pings.length === 2);
    await node.sessions.revoke({ headers: cookie('ada') });
    await assertClosed(ada, other);
  });

  test('R29: it waits for the end of a frame that is under way towards the client', async () => {
    const node = await start();
    await node.fetch(DOCUMENT, { headers: cookie('ada') });
    const ada = node.connect(cookie('ada'), '/raw');
    await once(ada.socket, 'open');
    const from = await until(() => node.raw[0]);
    /** @type {string[]} */
    const heard = [];
    ada.socket.on('message', (data) => heard.push(String(data)));
    // A frame of 300 bytes, in three pieces: its header alone is cut in two.
    from.write(Uint8Array.of(0x81, 126, 1));
    await settled();
    from.write(Buffer.concat([Uint8Array.of(44), Buffer.alloc(100, 'x')]));
    await settled();
    const told = once(from, 'data');
    await node.sessions.revoke({ headers: cookie('ada') });
    const [frame] = await told;
    const mask = frame.subarray(2, 6);
    const payload = frame
      .subarray(6)
      .map((/** @type {number} */ byte, /** @type {number} */ at) => byte ^ mask[at]);
    assert.deepEqual([frame[0], frame[1], ...payload], [0x88, 0x82, 4401 >> 8, 4401 & 255]);
    assert.ok(isOpen(ada));
    from.write(Buffer.concat([Buffer.alloc(200, 'x'), Uint8Array.of(0x81, 1, 65)]));
    await assertClosed(ada);
    assert.deepEqual(heard, ['x'.repeat(300)]);
  });

  test('R29: it waits for the end of a frame that is under way towards the back end', async () => {
    const node = await start();
    await node.fetch(DOCUMENT, { headers: cookie('ada') });
    const socket = await handshake(node.port);
    const other = await until(() => node.opened[0]);
    /** @type {string[]} */
    const heard = [];
    other.on('message', (data) => heard.push(String(data)));
    socket.write(Uint8Array.of(0x81, 0x83, 0, 0));
    await settled();
    const told = once(socket, 'data');
    await node.sessions.revoke({ headers: cookie('ada') });
    await told;
    assert.equal(other.readyState, WebSocket.OPEN);
    socket.write(Uint8Array.of(0, 0, 65, 66, 67, 0x81, 0x80, 0, 0, 0, 0));
    const [code] = await once(other, 'close');
    assert.deepEqual([code, heard], [4401, ['ABC']]);
  });

  test('R29: whoever does not end a frame, nor answers the close, is cut off', async () => {
    const node = await start();
    await node.fetch(DOCUMENT, { headers: cookie('ada') });
    const socket = await handshake(node.port, '/raw');
    socket.write(Uint8Array.of(0x81, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 1, 2, 3, 4)); // more than two gigabytes
    await until(() => node.count() === 1);
    await node.sessions.revoke({ headers: cookie('ada') });
    const [frame] = await once(socket, 'data');
    assert.deepEqual([...frame], [0x88, 2, 4401 >> 8, 4401 & 255]);
    const from = node.raw[0].on('error', () => {}).resume();
    await once(socket, 'close');
    await until(() => from.readableEnded || from.destroyed);
  });

  for (const size of [1, 3, 125, 126, 65_535, 65_536, 200_000]) {
    test(`R41, R29: messages of ${size} bytes pass both ways, however they are cut, and the close after them`, async () => {
      const node = await start();
      const ada = await node.open(cookie('ada'));
      const [other] = node.opened;
      other.on('message', (data) => other.send(data));
      for (let round = 0; round < 3; round += 1) {
        ada.socket.send(Buffer.alloc(size, round));
        const [data] = await once(ada.socket, 'message');
        assert.ok(Buffer.alloc(size, round).equals(data));
      }
      await node.sessions.revoke({ headers: cookie('ada') });
      await assertClosed(ada, other);
    });
  }
});

/** A client of bytes, as Ada. @param {number} port @param {string} [path] */
async function handshake(port, path = '/chat') {
  const socket = net.connect(port, '127.0.0.1');
  ends(() => socket.destroy());
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13';
  const head = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: session=ada';
  socket.write(`GET ${path} HTTP/1.1\r\n${head}\r\n${key}\r\n\r\n`);
  const [said] = await once(socket, 'data');
  assert.match(String(said), /^HTTP\/1\.1 101 /);
  return socket;
}

/** Lets what is on its way arrive: some turns of the loop. */
async function settled() {
  for (let turn = 0; turn < 20; turn += 1) await settle();
  return true;
}

describe('what a drop does', { timeout: 60_000 }, () => {
  test('R29, R12: after a drop the origin is asked once for all WebSockets of a session, which stay if it accepts the credential', async () => {
    const node = await start();
    const one = await node.open(cookie('ada'));
    const other = await node.open(cookie('ada'));
    assert.equal(node.origin.count(), 1);
    await node.sessions.invalidateUser('id-ada');
    await until(() => node.origin.count() === 2);
    await settled();
    assert.deepEqual([isOpen(one), isOpen(other), node.origin.count()], [true, true, 2]);
    assert.equal(node.origin.calls(READ)[1].headers.cookie, 'session=ada');
  });

  test('R29, R12: they are closed if it says no, and only then', async () => {
    const node = await start();
    const ada = await node.open(cookie('ada'));
    node.origin.on(READ, { status: 503, body: 'later' });
    await node.sessions.invalidateUser('id-ada');
    await until(() => node.origin.count() === 2);
    await settled();
    assert.ok(isOpen(ada), 'a failure is no clear "no"');
    node.origin.on(READ, { status: 401, body: null });
    await node.clock.pass(60_000);
    await node.sessions.invalidateUser('id-ada');
    await assertClosed(ada);
  });

  test('R29, R80: a doubtful "no" is asked for twice', async () => {
    const node = await start({ unauthenticated: ['{}'] });
    const ada = await node.open(cookie('ada'));
    node.origin.on(READ, { body: {} }, { body: JSON.parse(documentOf('ada')) });
    await node.sessions.invalidateUser('id-ada');
    await until(() => node.origin.count() === 3);
    await settled();
    assert.ok(isOpen(ada));
  });

  test('R29, R12: the origin’s "no" to another request of the session closes them', async () => {
    const node = await start();
    const ada = await node.open(cookie('ada'));
    node.origin.on(READ, { status: 401, body: null });
    const headers = { ...cookie('ada'), 'cache-control': 'no-cache', 'sesame-max-age': '0' };
    await node.sessions.getSession({ headers }, { fresh: true });
    await assertClosed(ada);
  });

  test('R29, R85: a session whose cookie rotates keeps its WebSocket, which ends with the new cookie', async () => {
    const node = await start({ rotates: true });
    const ada = await node.open(cookie('a1'));
    node.origin.on('GET /page', {
      headers: { 'set-cookie': 'session=a2; Path=/; HttpOnly' },
      body: 'page',
    });
    node.origin.on(READ, (call) =>
      /session=a2/.test(call.headers.cookie ?? '')
        ? { ...byDefault(call), body: documentOf('a1') }
        : { status: 401, body: null },
    );
    await node.fetch('/page', { headers: cookie('a1') });
    await settled();
    await node.clock.pass(31_000);
    await node.fetch(DOCUMENT, { headers: cookie('a1') });
    await node.sessions.invalidateUser('id-a1');
    await settled();
    assert.ok(isOpen(ada));
    await node.sessions.revoke({ headers: cookie('a2') });
    await assertClosed(ada);
  });
});

describe('what has its time', { timeout: 60_000 }, () => {
  test('R29: a WebSocket is closed when expiresIn is over', async () => {
    const node = await start({ expiresIn: '2h' });
    const ada = await node.open(cookie('ada'));
    await node.clock.pass(2 * 3600_000 - 60_000);
    assert.ok(isOpen(ada));
    await node.clock.pass(62_000);
    await assertClosed(ada);
  });

  test('R29: a WebSocket is closed when its token has expired', async () => {
    const node = await start();
    const part = (/** @type {unknown} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor(Date.now() / 1000) + 600;
    const token = `${part({ alg: 'none' })}.${part({ sub: 'ada', exp })}.x`;
    const ada = await node.open(bearer(token));
    await node.clock.pass(590_000);
    assert.ok(isOpen(ada));
    await node.clock.pass(12_000);
    await assertClosed(ada);
  });

  test('R29: a WebSocket is closed when its session has been idle, which to look does not prevent', async () => {
    const node = await start({ idleFor: '10m' });
    const ada = await node.open(cookie('ada'));
    for (let minute = 0; minute < 9; minute += 1) await node.clock.pass(60_000);
    assert.ok(isOpen(ada));
    await node.fetch(DOCUMENT, { headers: cookie('ada') });
    for (let minute = 0; minute < 9; minute += 1) await node.clock.pass(60_000);
    assert.ok(isOpen(ada));
    for (let minute = 0; minute < 2; minute += 1) await node.clock.pass(60_000);
    await assertClosed(ada);
  });
});

describe('caps, other nodes', { timeout: 60_000 }, () => {
  test('R29, R54: what is over the cap of a user, or of the node, is refused before the origin hears of it', async () => {
    const node = await start({ connectionsPerUser: 1, maxConnections: 2 });
    const ada = await node.open(cookie('ada'));
    /** @param {Record<string, string>} headers */
    const refused = async (headers) => {
      const [, response] = await once(node.connect(headers).socket, 'unexpected-response');
      response.resume();
      return [response.statusCode, response.headers['retry-after']];
    };
    await node.fetch(DOCUMENT, { headers: bearer('ada') });
    assert.deepEqual(await refused(bearer('ada')), [503, '10']);
    await node.open(cookie('bob'));
    await node.fetch(DOCUMENT, { headers: cookie('eve') });
    assert.deepEqual(await refused(cookie('eve')), [503, '10']);
    assert.equal(node.opened.length, 2);
    ada.socket.close();
    await until(() => node.count() === 1);
    await node.open(cookie('eve'));
    assert.equal(node.count(), 2);
  });

  test('R26, R29: a message of the webhook that ends a user closes all WebSockets of that user, and no other', async () => {
    const webhookSecret = 'w'.repeat(32);
    const node = await start({ webhookSecret });
    const ada = await node.open(cookie('ada'));
    const bob = await node.open(cookie('bob'));
    const body = JSON.stringify({ action: 'revoke', user: 'id-ada' });
    const time = Math.floor(node.clock.host.now() / 1000);
    const mac = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest('hex');
    const headers = { 'sesame-signature': `t=${time},v1=${mac}` };
    const response = await node.fetch('/api/auth/revoke', { method: 'POST', headers, body });
    assert.equal(response.status, 204);
    await assertClosed(ada);
    assert.ok(isOpen(bob));
  });

  test('R25, R29: the logout of a managed session closes its WebSocket', async () => {
    const node = await start({ managed: { logoutPath: '/api/v1/auth/logout' } });
    node.origin.on('POST /api/v1/auth/login', {
      body: { access_token: 'ada', refresh_token: 'r', expires_in: 60 },
    });
    node.origin.on('POST /api/v1/auth/logout', { status: 204 });
    const login = await node.fetch('/api/auth/login', { method: 'POST', body: '{}' });
    const [line] = login.headers.getSetCookie();
    const headers = { cookie: line.split(';')[0] };
    const ada = await node.open(headers);
    const logout = await node.fetch('/api/auth/logout', { method: 'POST', headers });
    assert.equal(logout.status, 200);
    await assertClosed(ada);
  });

  test('R29, R31: a session and a user that are ended on another node close their WebSockets here', async () => {
    const store = new MemoryStore();
    const secret = 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f';
    const here = await start({ store, secret });
    const there = await start({ store, secret }, { origin: here.origin });
    const ada = await here.open(cookie('ada'));
    const bob = await here.open(cookie('bob'));
    await there.sessions.revoke({ headers: cookie('ada') });
    await assertClosed(ada);
    assert.ok(isOpen(bob));
    await there.sessions.revokeUser('id-bob');
    await assertClosed(bob);
  });

  test('R29, R53: a socket of a credential that the origin refuses before its end is heard takes no room, and is closed then', async () => {
    const store = new MemoryStore();
    const secret = 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f';
    const link = disturbed(() => store, 'here');
    const here = await start({ store: link.store, secret });
    const there = await start({ store, secret }, { origin: here.origin });
    await there.fetch(DOCUMENT, { headers: cookie('ada') });
    link.disturb({ isCut: true });
    here.origin.on(READ, { status: 401 });
    const ada = here.connect(cookie('ada'));
    const stranger = here.connect(cookie('stranger'));
    await Promise.all([once(ada.socket, 'open'), once(stranger.socket, 'open')]);
    await until(() => here.origin.calls(READ).length === 3);
    await until(() => here.count() === 0);
    await there.sessions.revoke({ headers: cookie('ada') });
    link.disturb({});
    await until(async () => {
      await here.clock.pass(500);
      return !isOpen(ada);
    });
    await assertClosed(ada);
    assert.ok(isOpen(stranger));
  });
});

describe('event streams and long answers', { timeout: 60_000 }, () => {
  const EVENTS = { accept: 'text/event-stream' };

  /** @param {any} node @param {string[]} [pieces] */
  function streamAt(node, pieces = ['data: 1\n\n']) {
    /** @type {http.ServerResponse[]} */
    const responses = [];
    node.origin.on('GET /events', {
      raw: (/** @type {any} */ _request, /** @type {http.ServerResponse} */ response) => {
        responses.push(response);
        response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
        for (const piece of pieces) response.write(piece);
      },
    });
    return responses;
  }

  /** @param {any} node @param {Record<string, string>} headers */
  async function listenTo(node, headers) {
    await node.fetch(DOCUMENT, { headers });
    const [response] = await once(
      http.get({ port: node.port, path: '/events', headers: { ...EVENTS, ...headers } }),
      'response',
    );
    const seen = { text: '', response, ended: once(response, 'close') };
    response.on('data', (/** @type {Buffer} */ data) => {
      seen.text += data;
    });
    response.on('error', () => {});
    await until(() => seen.text !== '');
    return seen;
  }

  for (const end of ['\n\n', '\r\n\r\n', '\r\r']) {
    test(`R29: an event stream says that its session has ended, and ends (${JSON.stringify(end)})`, async () => {
      const node = await start();
      const responses = streamAt(node, [`data: 1${end}`]);
      const seen = await listenTo(node, cookie('ada'));
      await until(() => node.count() === 1);
      const left = once(responses[0], 'close');
      await node.sessions.revoke({ headers: cookie('ada') });
      await seen.ended;
      assert.equal(seen.text, `data: 1${end}event: session-ended\ndata: {}\n\n`);
      assert.ok(seen.response.complete);
      await left;
      assert.deepEqual([node.count(), node.closed()], [0, 1]);
    });
  }

  for (const [method, accept] of [
    ['POST', 'text/event-stream'],
    ['GET', '*/*'],
  ]) {
    test(`R29: so does one that answers a ${method} with Accept: ${accept}, and what is over the limit is refused`, async () => {
      const node = await start({ connectionsPerUser: 1 });
      node.origin.on(`${method} /events`, {
        raw: (_, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write('data: 1\n\n');
        },
      });
      const headers = { ...cookie('ada'), accept };
      await node.fetch(DOCUMENT, { headers });
      const answer = await node.fetch('/events', { method, headers });
      await until(() => node.count() === 1);
      const refused = await node.fetch('/events', { method, headers });
      assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '10']);
      await node.sessions.revoke({ headers });
      assert.equal(await answer.text(), 'data: 1\n\nevent: session-ended\ndata: {}\n\n');
      assert.equal(node.count(), 0);
    });
  }

  test('R29: an event that is under way is finished first, and one that never ends is cut off', async () => {
    const node = await start();
    const responses = streamAt(node, ['data: 1\n\ndata: 2\n']);
    const ada = await listenTo(node, cookie('ada'));
    const bob = await listenTo(node, cookie('bob'));
    await node.sessions.revoke({ headers: cookie('ada') });
    await node.sessions.revoke({ headers: cookie('bob') });
    await settled();
    responses[0].write('data: 3\n\ndata: 4\n\n');
    await ada.ended;
    assert.equal(ada.text, 'data: 1\n\ndata: 2\ndata: 3\n\nevent: session-ended\ndata: {}\n\n');
    await node.clock.pass(1001);
    await bob.ended;
    assert.equal(bob.text, 'data: 1\n\ndata: 2\n');
  });

  test('R41: an event stream that ends by itself, or whose client leaves, is forgotten', async () => {
    const node = await start();
    const responses = streamAt(node);
    const ada = await listenTo(node, cookie('ada'));
    responses[0].end('data: 2\n\n');
    await ada.ended;
    assert.equal(ada.text, 'data: 1\n\ndata: 2\n\n');
    await until(() => node.count() === 0);
    const again = await listenTo(node, cookie('ada'));
    const left = once(responses[1], 'close');
    again.response.destroy();
    await left;
    await until(() => node.count() === 0);
  });

  test('R29: a long poll that has no answer yet is 401, and an answer that goes on is cut off', async () => {
    const node = await start();
    node.origin.on('GET /poll', { fault: 'hang' });
    node.origin.on('GET /late', { fault: 'hang' });
    /** @type {http.ServerResponse | undefined} */
    let answer;
    node.origin.on('GET /long', {
      raw: (_request, response) => {
        answer = response;
        response.write('first');
      },
    });
    const headers = cookie('ada');
    await node.fetch(DOCUMENT, { headers });
    const poll = node.fetch('/poll', { headers });
    const [response] = await once(
      http.get({ port: node.port, path: '/long', headers }),
      'response',
    );
    const failed = once(response.resume(), 'error');
    await node.origin.called('GET /poll');
    await settled();
    assert.equal(node.count(), 0);
    await node.clock.pass(500);
    const late = node.fetch('/late', { headers }).catch(() => null);
    await node.origin.called('GET /late');
    await node.clock.pass(501);
    assert.equal(node.count(), 2, 'the last one is young');
    await node.clock.pass(1001);
    assert.equal(node.count(), 3);
    await node.sessions.revoke({ headers });
    const polled = await poll;
    assert.deepEqual([polled.status, await polled.text()], [401, '{"error":"session_ended"}']);
    await failed;
    assert.equal((await late)?.status, 401);
    await until(() => answer?.destroyed);
    assert.equal(node.count(), 0);
  });

  test('R29: a short answer is never counted, and a write is never cut off', async () => {
    const node = await start();
    const headers = cookie('ada');
    await node.fetch(DOCUMENT, { headers });
    node.origin.on('GET /page', { body: 'page' });
    for (let round = 0; round < 5; round += 1) await node.fetch('/page', { headers });
    /** @type {() => void} */
    let finish = () => {};
    const after = new Promise((resolve) => {
      finish = () => resolve(null);
    });
    node.origin.on('POST /pay', { body: 'paid', after });
    const paying = node.fetch('/pay', { method: 'POST', headers, body: 'x' });
    await node.origin.called('POST /pay');
    await node.clock.pass(1001);
    await node.clock.pass(1001);
    assert.equal(node.count(), 0);
    await node.sessions.revoke({ headers });
    finish();
    assert.equal(await (await paying).text(), 'paid');
  });
});

describe('where requests share no promises, as in workerd, each connection looks for itself', {
  timeout: 60_000,
}, () => {
  const host = { sharesPromises: false };

  /** @param {Awaited<ReturnType<typeof start>>} node @param {any} seen */
  async function assertClosedSoon(node, seen) {
    assert.ok(isOpen(seen), 'no other request reaches into it');
    await node.clock.pass(1001);
    await assertClosed(seen);
    assert.equal(node.closed(), 1);
  }

  test('R29: a WebSocket closes itself when its session is revoked, and no other does', async () => {
    const node = await start({}, { host });
    const ada = await node.open(cookie('ada'));
    const bob = await node.open(cookie('bob'));
    await node.sessions.revoke({ headers: cookie('ada') });
    await settled();
    await assertClosedSoon(node, ada);
    await node.clock.pass(1001);
    assert.ok(isOpen(bob));
  });

  test('R29, R12: after a drop each asks the origin once, and closes itself at its "no" alone', async () => {
    const node = await start({}, { host });
    const ada = await node.open(cookie('ada'));
    await node.sessions.invalidateUser('id-ada');
    await settled();
    await node.clock.pass(1001);
    await until(() => node.origin.count() === 2);
    await settled();
    for (let second = 0; second < 5; second += 1) await node.clock.pass(1001);
    assert.deepEqual([isOpen(ada), node.origin.count()], [true, 2]);
    node.origin.on(READ, { status: 401, body: null });
    await node.sessions.invalidateUser('id-ada');
    await settled();
    await node.clock.pass(1001);
    await assertClosed(ada);
  });

  test('R29: a WebSocket closes itself when expiresIn is over, or its session has been idle', async () => {
    const node = await start({ expiresIn: '2h' }, { host });
    const ada = await node.open(cookie('ada'));
    await node.clock.pass(2 * 3600_000 - 60_000);
    await settled();
    await node.clock.pass(62_000);
    await assertClosed(ada);
    const idling = await start({ idleFor: '10m' }, { host });
    const bob = await idling.open(cookie('bob'));
    for (let minute = 0; minute < 9; minute += 1) await idling.clock.pass(60_000);
    assert.ok(isOpen(bob));
    for (let minute = 0; minute < 2; minute += 1) await idling.clock.pass(60_000);
    await assertClosed(bob);
  });

  test('R29, R31: it reads the log by itself, and hears there what has ended on another node', async () => {
    const store = new MemoryStore();
    store.subscribe = async () => async () => {}; // nothing is pushed
    const secret = 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f';
    const here = await start({ store, secret }, { host });
    const there = await start({ store, secret }, { origin: here.origin });
    const ada = await here.open(cookie('ada'));
    await there.sessions.revoke({ headers: cookie('ada') });
    await settled();
    assert.ok(isOpen(ada));
    await until(async () => {
      await here.clock.pass(1001);
      return !isOpen(ada);
    });
    await assertClosed(ada);
  });

  test('R29, R54: what its host has ended without a word takes no room for long', async () => {
    const node = await start(
      { connectionsPerUser: 1 },
      { host: { ...host, sleep: () => new Promise(() => {}) } },
    );
    await node.open(cookie('ada'));
    const refused = async () => {
      const [, response] = await once(node.connect(cookie('ada')).socket, 'unexpected-response');
      response.resume();
      return response.statusCode;
    };
    await node.clock.pass(14_000);
    assert.deepEqual([await refused(), node.count()], [503, 1]);
    await node.clock.pass(1001);
    await once(node.connect(cookie('ada')).socket, 'open');
    assert.equal(node.count(), 1);
  });

  test('R29: one that was taken for gone while its node stood still counts again, and closes itself for what it missed', async () => {
    const node = await start({}, { host });
    const ada = await node.open(cookie('ada'));
    const bob = await node.open(cookie('bob'));
    node.clock.standStill(20_000);
    assert.equal(node.count(), 0);
    await node.sessions.revoke({ headers: cookie('ada') });
    await settled();
    await assertClosedSoon(node, ada);
    await until(() => node.count() === 1);
    assert.ok(isOpen(bob));
  });
});
