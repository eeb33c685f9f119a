// What reaches the origin and what does not, seen from outside: targets that two parsers read differently, methods that
// send back what they were sent with, other sites' requests, and paths that are closed.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { serve } from 'sesame-edge/serve';

/** @type {(() => unknown)[]} */
const closers = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

/** @typedef {{ method: string, url: string, headers: http.IncomingHttpHeaders }} Call */

/**
 * An origin that writes down its calls.
 * @param {(call: Call) => { status?: number, headers?: Record<string, string>, body?: unknown }} answer
 */
async function startOrigin(answer) {
  /** @type {Call[]} */
  const calls = [];
  const server = http.createServer((request, response) => {
    request.resume();
    const call = { method: `${request.method}`, url: `${request.url}`, headers: request.headers };
    calls.push(call);
    const { status = 200, headers = {}, body = {} } = answer(call);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, calls };
}

/** @param {http.Server} server @returns {Promise<number>} */
async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return /** @type {net.AddressInfo} */ (server.address()).port;
}

/**
 * Sesame in Node's own server, in serve's on Node with one process and with two, and in workerd, by name.
 * @param {import('sesame-edge').Options} options
 * @returns {Promise<[string, number][]>}
 */
async function startAll(options) {
  const sessions = new SessionCache(options);
  const node = await listen(http.createServer(toNodeHandler(sessions)));
  const own = await serve({ origin: options.origin, options });
  const two = await serve({ workers: 2, origin: options.origin, options });
  const edge = await serve({ runtime: 'workerd', origin: options.origin, options });
  closers.push(() => Promise.all([own.close(0), two.close(0), edge.close()]));
  return [
    ['Node', node],
    ['serve on Node', own.port],
    ['two workers', two.port],
    ['workerd', edge.port],
  ];
}

/**
 * Sends bytes, and gives all that comes back.
 * @param {number} port
 * @param {string} bytes
 * @returns {Promise<string>}
 */
function exchange(port, bytes) {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
  });
}

/**
 * @param {string} target
 * @param {{ method?: string, host?: string, more?: string }} [how]
 */
const requestOf = (target, { method = 'GET', host = 'site.example', more = '' } = {}) =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`;

/** @param {string} answer */
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

const user = { id: 'ada' };

test('R41: a target that URL parsers change is refused, in Node and workerd, and reaches nobody', async () => {
  const origin = await startOrigin(() => ({ body: user }));
  const hosts = await startAll({ origin: origin.url, metricsPath: '/metrics' });
  const targets = [
    ...['/x/../metrics', '/x/%2e%2e/metrics', '/x/.%2E/metrics', '/./metrics', '/%2e/metrics'],
    ...['/api/..\\metrics', '/api\\..\\metrics', '/\\metrics', '/x/..', '/x/..?y', '/x/..#y'],
  ];
  for (const [name, port] of hosts) {
    for (const target of targets) {
      const answer = await exchange(port, requestOf(target));
      assert.equal(statusOf(answer), 400, `${name}: ${target}`);
      assert.doesNotMatch(answer, /sesame_checks_total/);
    }
    for (const host of ['site.example/metrics?', 'site.example\\metrics', 'a@b/metrics#']) {
      const answer = await exchange(port, requestOf('/api/x', { host }));
      assert.equal(statusOf(answer), 400, `${name}: Host ${host}`);
    }
  }
  assert.deepEqual(origin.calls, []);
});

test('R41: other spellings of a path pass, and the origin gets the path that the client has sent', async () => {
  const origin = await startOrigin(() => ({ body: user }));
  const hosts = await startAll({ origin: origin.url });
  const targets = ['//metrics', '/a..b/...', '/.well-known/x', '/x%2fy', '/x?a=../b', '/%C3%A9'];
  for (const [name, port] of hosts) {
    origin.calls.length = 0;
    for (const target of targets) await exchange(port, requestOf(target));
    assert.deepEqual(
      origin.calls.map(({ url }) => url),
      targets,
      name,
    );
  }
});

test('R41: TRACE reaches no origin, which would send back the token that a session lends', async () => {
  const origin = await startOrigin(() => ({ body: user }));
  for (const [name, port] of await startAll({ origin: origin.url })) {
    const answer = await exchange(port, requestOf('/api/v1/x', { method: 'TRACE' }));
    assert.equal(statusOf(answer), 501, name);
  }
  assert.deepEqual(origin.calls, []);
});

test('R41: the path of forward authentication is never the origin’s, whatever the method and the query', async () => {
  const origin = await startOrigin(({ headers }) =>
    headers.cookie ? { body: user } : { status: 401 },
  );
  const sessions = new SessionCache({ origin: origin.url });
  const cookie = 'session=verify-0123456789';
  for (const [method, path, status] of /** @type {const} */ ([
    ['GET', '/api/auth/verify?x', 200],
    ['POST', '/api/auth/verify', 200],
    ['DELETE', '/api/auth/verify?x', 200],
  ])) {
    const url = `https://site.example${path}`;
    const answer = await sessions.handle(new Request(url, { method, headers: { cookie } }));
    assert.equal(answer.status, status, `${method} ${path}`);
  }
  assert.deepEqual(
    origin.calls.map(({ method, url }) => `${method} ${url}`),
    ['GET /api/v1/users/me'],
  );
});

/** A managed session at an origin that gives tokens. */
async function startManaged() {
  const origin = await startOrigin(({ url }) =>
    url.endsWith('/login')
      ? { body: { access_token: 'THE-ACCESS-TOKEN', refresh_token: 'R', expires_in: 900 } }
      : { body: user },
  );
  const sessions = new SessionCache({ origin: origin.url, managed: {} });
  /** @param {string} method @param {string} path @param {Record<string, string>} headers */
  const ask = (method, path, headers = {}) =>
    sessions.handle(
      new Request(`https://site.example${path}`, {
        method,
        headers,
        body: method === 'POST' ? '{}' : undefined,
      }),
    );
  const login = await ask('POST', '/api/auth/login', { 'content-type': 'application/json' });
  const cookie = login.headers.getSetCookie()[0].split(';')[0];
  origin.calls.length = 0;
  return { origin, ask, cookie };
}

test('R42: no client reaches the origin’s own login and refresh paths in managed mode, in any spelling', async () => {
  const { origin, ask } = await startManaged();
  for (const path of [
    ...['/api/v1/auth/login', '/api/v1/auth/login/', '/API/v1/auth/Login', '/api/v1/auth/%6Cogin'],
    ...['/api//v1/auth/login', '/api/v1/auth/login.json', '/api/v1/auth/refresh'],
  ]) {
    const answer = await ask('POST', path, { 'content-type': 'application/json' });
    assert.equal(answer.status, 403, path);
    assert.doesNotMatch(await answer.text(), /THE-ACCESS-TOKEN/);
  }
  assert.deepEqual(origin.calls, []);
});

test('R42: the session cookie of managed mode goes to the origin on no path, beside a credential of its own neither', async () => {
  const { origin, ask, cookie } = await startManaged();
  await ask('GET', '/pages/1', { cookie: `theme=dark; ${cookie}` });
  await ask('GET', '/api/v1/things', { cookie: `theme=dark; ${cookie}` });
  await ask('GET', '/api/v1/things', { cookie, authorization: 'Bearer own-token' });
  assert.deepEqual(
    origin.calls.map(({ headers }) => [headers.cookie, headers.authorization]),
    [
      ['theme=dark', undefined],
      ['theme=dark', 'Bearer THE-ACCESS-TOKEN'],
      [undefined, 'Bearer own-token'],
    ],
  );
});

test('R42: a token is lent to no write and no WebSocket of another site, nor where Sec-Fetch-Site says what no browser says', async () => {
  const { origin, ask, cookie } = await startManaged();
  const socket = { upgrade: 'websocket', connection: 'Upgrade' };
  for (const site of ['cross-site', 'Cross-Site', 'evil', '', 'cross-site, same-origin']) {
    const from = { cookie, 'sec-fetch-site': site };
    assert.equal((await ask('POST', '/api/v1/transfer', from)).status, 403, site);
    assert.equal((await ask('GET', '/api/v1/ws', { ...from, ...socket })).status, 403, site);
  }
  assert.deepEqual(origin.calls, []);
  assert.equal((await ask('POST', '/api/v1/x', { cookie, 'sec-fetch-site': 'none' })).status, 200);
});

test('R12: a 403 for a site that the origin lets read nothing signs nobody out', async () => {
  const origin = await startOrigin(({ headers }) => {
    const isForeign = headers.origin !== undefined && headers.origin !== 'https://app.example';
    return isForeign ? { status: 403, body: 'Invalid CORS request' } : { body: user };
  });
  const sessions = new SessionCache({ origin: origin.url });
  const cookie = 'session=ada-0123456789';
  /** @param {string} path @param {Record<string, string>} [more] */
  const ask = (path, more) =>
    sessions.handle(new Request(`https://site.example${path}`, { headers: { cookie, ...more } }));
  assert.equal((await ask('/api/v1/users/me')).status, 200);
  const foreign = await ask('/api/v1/users/me', { origin: 'https://evil.example' });
  assert.equal(foreign.status, 403);
  assert.equal((await (await ask('/api/auth/session')).json()).user.id, 'ada');
  assert.equal((await ask('/api/auth/verify', { origin: 'https://evil.example' })).status, 200);
  assert.equal(origin.calls.length, 2);
});

test('R45: no client teaches a node what other sites may read, by naming a host of its own', async () => {
  // As frameworks do that take X-Forwarded-Host for their own: a request from "the same site" may read everything.
  const origin = await startOrigin(({ headers }) => {
    const own = headers['x-forwarded-host'] ?? 'api.example';
    const isOwn = headers.origin === `https://${own}`;
    const allowed = { 'access-control-allow-origin': `${headers.origin}` };
    return { body: user, headers: isOwn ? allowed : {} };
  });
  for (const varyOn of [[], ['host']]) {
    const sessions = new SessionCache({ origin: origin.url, varyOn });
    /** @param {string} cookie @param {Record<string, string>} [more] */
    const ask = (cookie, more) =>
      sessions.handle(
        new Request('https://site.example/api/v1/users/me', {
          headers: { cookie, origin: 'https://evil.example', ...more },
        }),
      );
    const url = 'https://site.example/api/v1/users/me';
    await sessions.handle(new Request(url, { headers: { cookie: 'session=ada-0123456789' } }));
    await ask('session=mallory-0123456789', { 'x-forwarded-host': 'evil.example' });
    await ask('session=mallory-0123456789', { 'x-forwarded-host': 'evil.example' });
    for (let round = 0; round < 2; round += 1) {
      const answer = await ask('session=ada-0123456789');
      assert.equal(answer.headers.get('access-control-allow-origin'), null, `${varyOn}`);
    }
  }
});

test('R8: the session’s path answers 401 to the credential of a session that has been revoked, and null', async () => {
  const origin = await startOrigin(() => ({ body: user }));
  const sessions = new SessionCache({ origin: origin.url });
  const request = new Request('https://site.example/api/auth/session', {
    headers: { cookie: 'session=ada-0123456789' },
  });
  await sessions.getSession(request);
  await sessions.revoke(request);
  const answer = await sessions.handle(request);
  assert.deepEqual([answer.status, await answer.json()], [401, null]);
  const verify = new Request('https://site.example/api/auth/verify', request);
  assert.equal((await sessions.handle(verify)).status, 401);
});

test('R44: a webhook message that nobody can have signed is not read', async () => {
  const origin = await startOrigin(() => ({ body: user }));
  const sessions = new SessionCache({ origin: origin.url, webhookSecret: 'w'.repeat(40) });
  let isRead = false;
  const body = new ReadableStream(
    {
      pull(controller) {
        isRead = true;
        controller.enqueue(new Uint8Array(1024));
      },
    },
    { highWaterMark: 0 },
  );
  const init = /** @type {RequestInit} */ ({ method: 'POST', body, duplex: 'half' });
  const answer = await sessions.handle(new Request('https://site.example/api/auth/revoke', init));
  assert.deepEqual([answer.status, isRead], [401, false]);
});
