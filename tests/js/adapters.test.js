// The adapters in the real frameworks, over real HTTP, with the origin's calls counted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { Hono } from 'hono';
import { SessionCache } from 'sesame-edge';
import { endSession as endInExpress, sesame as forExpress } from 'sesame-edge/express';
import { endSession as endInHono, sesame as forHono } from 'sesame-edge/hono';
import { endSession as endInNode, toNodeHandler } from 'sesame-edge/node';
import { startCli } from '../support/cli.js';
import { assertPrivate, cookie } from '../support/http-case.js';
import { createOrigin, DOCUMENT, documentOf, READ, SESSION } from '../support/origin.js';
import { sendRaw } from '../support/send-raw.js';
import { startsForTests } from '../support/started.js';
import { createGate, until } from '../support/wait.js';

const { ends, createSessions, listen } = startsForTests();

describe('sesame-edge/node', () => {
  test('the whole handler: a document costs one call, all else streams through', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(toNodeHandler(sessions));
    for (let round = 0; round < 20; round += 1) {
      const answer = await fetch(DOCUMENT, { headers: cookie('ada') });
      assertPrivate(answer);
      assert.deepEqual([answer.status, await answer.text()], [200, documentOf('ada')]);
      const session = await fetch(SESSION, { headers: cookie('ada') });
      assert.equal((await session.json()).user.name, 'ada');
    }
    assert.equal(origin.count(), 1);
    const head = await fetch(DOCUMENT, { method: 'HEAD', headers: cookie('ada') });
    assert.equal(head.headers.get('content-length'), String(documentOf('ada').length));
    origin.on('POST /echo', ({ url }) => ({ status: 201, statusText: 'Made', body: url }));
    const echo = await fetch('/echo?a=%2F', { method: 'POST', body: 'x' });
    assert.deepEqual(
      [echo.status, echo.statusText, await echo.text()],
      [201, 'Made', '/echo?a=%2F'],
    );
    assert.equal(origin.calls('POST /echo')[0].body.toString(), 'x');
  });

  test('R40: every Set-Cookie stays a field of its own', async () => {
    const { origin, sessions } = await createSessions();
    const cookies = ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b="x, y"', 'c=3'];
    origin.on('POST /login', { headers: { 'set-cookie': cookies } });
    const { fetch } = await listen(toNodeHandler(sessions));
    const answer = await fetch('/login', { method: 'POST' });
    assert.deepEqual(answer.headers.getSetCookie(), cookies);
  });

  test('bodies stream: each side has a part before the other has sent the next', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(toNodeHandler(sessions));
    const [up, down] = [createGate(), createGate()];
    origin.on('POST /stream', {
      raw: async (request, response) => {
        await once(request, 'data');
        up.open();
        response.write('one');
        await down.opened;
        response.end('two');
      },
    });
    const body = async function* () {
      yield 'first';
      await up.opened; // comes only once the origin has the first part
      yield 'second';
    };
    const answer = await fetch('/stream', { method: 'POST', body: body() });
    const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'one');
    down.open();
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'two');
  });

  test('a client that leaves ends the stream at the origin', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch } = await listen(toNodeHandler(sessions));
    const gone = createGate();
    origin.on('GET /events', {
      raw: (_request, response) => {
        response.on('close', gone.open);
        response.write('tick');
      },
    });
    const client = new AbortController();
    const answer = await fetch('/events', { signal: client.signal });
    const reader = /** @type {ReadableStream} */ (answer.body).getReader();
    await reader.read();
    const cut = reader.read().catch(() => {});
    client.abort();
    await Promise.all([gone.opened, cut]);
  });

  test('the signal of the Request is aborted when the client leaves', async () => {
    const [arrived, aborted] = [createGate(), createGate()];
    /** @type {unknown[]} */
    const errors = [];
    const handler = toNodeHandler(
      {
        handle: async ({ signal }) => {
          signal.addEventListener('abort', aborted.open);
          arrived.open();
          await aborted.opened;
          throw signal.reason;
        },
      },
      { onError: (error) => void errors.push(error) },
    );
    const { fetch } = await listen(handler);
    const client = new AbortController();
    const left = fetch('/', { signal: client.signal }).catch(() => {});
    await arrived.opened;
    client.abort();
    await Promise.all([left, aborted.opened]);
    assert.deepEqual(errors, []);
  });

  test('R44: too large a body is 413 on a connection that still works; Expect is met', async () => {
    const { origin, sessions } = await createSessions({ maxBody: 1024 });
    const { fetch, port } = await listen(toNodeHandler(sessions));
    const body = new Uint8Array(1 << 20);
    const answer = await fetch(DOCUMENT, { method: 'PUT', headers: cookie('ada'), body });
    assert.deepEqual([answer.status, await answer.json()], [413, { error: 'body_too_large' }]);
    assert.equal((await fetch(DOCUMENT, { headers: cookie('ada') })).status, 200);
    origin.on('POST /x', { status: 204 });
    const lines = ['POST /x HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Expect: 100-continue'];
    const said = await sendRaw(port, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\nx`, 'utf8');
    assert.match(said, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 204 /);
  });

  test('what is no request to an origin is refused, and nothing crashes', async () => {
    const { origin, sessions } = await createSessions();
    const { fetch, port } = await listen(toNodeHandler(sessions));
    for (const [line, host, status] of [
      ['TRACE / HTTP/1.1', 'a', 501],
      ['GET http://b.test/x HTTP/1.1', 'a', 400],
      ['OPTIONS * HTTP/1.1', 'a', 400],
      ['GET / HTTP/1.1', 'a/api/auth/session?', 400],
      ['GET / HTTP/1.1', 'u@a', 400],
      ['GET / HTTP/1.1', 'a:x', 400],
    ]) {
      const said = await sendRaw(port, `${line}\r\nHost: ${host}\r\n\r\n`, 'utf8');
      assert.match(said, new RegExp(`^HTTP/1.1 ${status} `), String(line));
    }
    assert.equal(origin.calls().length, 0);
    assert.equal((await fetch('//double')).status, 404);
    assert.equal(origin.calls()[0].url, '//double');
  });

  test('what should not have happened is 500 and told, without a word of it to the client', async () => {
    /** @type {unknown[]} */
    const errors = [];
    const fault = new Error('inside');
    const handle = () => Promise.reject(fault);
    const onError = (/** @type {unknown} */ error) => void errors.push(error);
    const { fetch } = await listen(toNodeHandler({ handle }, { onError }));
    const answer = await fetch('/');
    assert.deepEqual([answer.status, await answer.text(), errors], [500, '', [fault]]);
  });
});

/**
 * A managed session, signed in past the adapter.
 * @param {import('../support/origin.js').Origin} origin
 * @param {SessionCache} sessions
 */
async function signIn(origin, sessions) {
  origin.on('POST /api/v1/auth/login', { body: { access_token: 'TOKEN', expires_in: 900 } });
  origin.on(READ, { body: documentOf('ada') });
  const login = new Request('http://a/api/auth/login', { method: 'POST', body: '{}' });
  const [line] = (await sessions.handle(login)).headers.getSetCookie();
  return { cookie: line.split(';')[0] };
}

describe('endSession of sesame-edge/node', () => {
  test('R8, R25: ends the session, and its cookie where that is Sesame’s own', async () => {
    for (const options of [{}, { managed: {} }]) {
      const { origin, sessions } = await createSessions(options);
      const passOn = toNodeHandler(sessions);
      const { fetch } = await listen(async (request, response) => {
        if (request.url !== '/leave') return passOn(request, response);
        await endInNode(sessions, request, response);
        response.end('bye');
      });
      const headers = 'managed' in options ? await signIn(origin, sessions) : cookie('ada');
      assert.equal((await fetch(DOCUMENT, { headers })).status, 200);
      const left = await fetch('/leave', { headers });
      assert.deepEqual([left.status, await left.text()], [200, 'bye']);
      assert.equal(left.headers.getSetCookie().length, 'managed' in options ? 1 : 0);
      assert.equal((await fetch(SESSION, { headers })).status, 401);
    }
  });
});

/** What both middlewares are asked; each framework's application answers who it is. */
const frameworks = {
  /** @param {SessionCache} sessions @param {unknown[]} errors */
  Express(sessions, errors) {
    const app = express();
    app.get('/', forExpress(sessions), (request, response) => {
      response.vary('Accept').json(/** @type {any} */ (request).sesame);
    });
    app.get('/mine', forExpress(sessions, { required: true }), (_request, response) => {
      response.send('mine');
    });
    app.post('/leave', async (request, response) => {
      await endInExpress(sessions, request, response);
      response.send('bye');
    });
    /** @type {express.ErrorRequestHandler} */
    const onError = (error, _request, response, _next) => {
      errors.push(error.code);
      response.status(error.status).set(error.headers).end();
    };
    app.use(onError);
    return /** @type {import('node:http').RequestListener} */ (app);
  },
  /** @param {SessionCache} sessions @param {unknown[]} errors */
  Hono(sessions, errors) {
    const app = new Hono()
      .get('/', forHono(sessions), (c) => c.json(c.get('sesame'), 200, { vary: 'Accept' }))
      .get('/mine', forHono(sessions, { required: true }), (c) => c.text('mine'))
      .post('/leave', async (c) => {
        await endInHono(sessions, c);
        return c.text('bye');
      });
    app.onError((error) => {
      errors.push(/** @type {any} */ (error).code);
      return /** @type {any} */ (error).getResponse();
    });
    return toNodeHandler({ handle: async (request) => app.fetch(request) });
  },
};

for (const [name, make] of Object.entries(frameworks)) {
  describe(`the middleware for ${name}`, () => {
    async function begin(options = {}) {
      const { origin, sessions } = await createSessions(options);
      /** @type {unknown[]} */
      const errors = [];
      return { origin, sessions, errors, ...(await listen(make(sessions, errors))) };
    }

    test('says who it is, and asks once', async () => {
      const { origin, fetch } = await begin();
      for (let round = 0; round < 20; round += 1) {
        const answer = await fetch('/', { headers: cookie('ada') });
        const { expiresAt, ...rest } = await answer.json();
        const source = round === 0 ? 'origin' : 'fresh';
        assert.deepEqual(rest, { user: JSON.parse(documentOf('ada')), source });
        assert.equal(new Date(expiresAt).toISOString(), expiresAt);
        const vary = (answer.headers.get('vary') ?? '').split(/\s*,\s*/).sort();
        assert.deepEqual(vary, ['Accept', 'Authorization', 'Cookie']);
      }
      assert.equal(origin.count(), 1);
    });

    test('nobody is null, or 401 where somebody is required', async () => {
      const { origin, fetch } = await begin();
      const nobody = { user: null, expiresAt: null, source: 'negative' };
      assert.deepEqual(await (await fetch('/')).json(), nobody);
      assert.equal(origin.count(), 0);
      const turnedAway = await fetch('/mine');
      assert.deepEqual([turnedAway.status, await turnedAway.text()], [401, '']);
      assert.equal(turnedAway.headers.get('www-authenticate'), 'Bearer');
      assertPrivate(turnedAway);
      assert.equal(await (await fetch('/mine', { headers: cookie('ada') })).text(), 'mine');
    });

    test('R40: hands every Set-Cookie on, to who asked and to nobody else', async () => {
      const { origin, fetch } = await begin();
      const cookies = ['theme=dark; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b="x, y"'];
      const headers = { 'set-cookie': cookies };
      origin.on(READ, { headers, body: documentOf('ada') });
      const first = await fetch('/', { headers: cookie('ada') });
      assert.deepEqual(first.headers.getSetCookie(), cookies);
      assertPrivate(first);
      assert.deepEqual((await fetch('/', { headers: cookie('ada') })).headers.getSetCookie(), []);
    });

    test('R13: errors go where the framework takes them, with their status', async () => {
      const { origin, fetch, errors } = await begin({ maxCredential: 4096 });
      origin.on(READ, { status: 500 });
      const answer = await fetch('/', { headers: cookie('ada') });
      assert.equal(answer.status, 503);
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      const large = await fetch('/', { headers: cookie('x'.repeat(5000)) });
      assert.equal(large.status, 431);
      assert.deepEqual(errors, ['ERR_SESAME_ORIGIN_UNAVAILABLE', 'ERR_SESAME_TOO_LARGE']);
    });

    test('R8, R25: endSession ends the session, and its cookie where that is Sesame’s own', async () => {
      for (const options of [{}, { managed: {} }]) {
        const { origin, sessions, fetch } = await begin(options);
        const headers = 'managed' in options ? await signIn(origin, sessions) : cookie('ada');
        assert.equal((await fetch('/mine', { headers })).status, 200);
        const left = await fetch('/leave', { method: 'POST', headers });
        assert.deepEqual([left.status, await left.text()], [200, 'bye']);
        assert.equal(left.headers.get('cache-control'), 'private, no-store');
        const set = left.headers.getSetCookie();
        assert.equal(set.length, 'managed' in options ? 1 : 0);
        if (set.length > 0) assert.match(set[0], /^__Host-session=; .*Max-Age=0$/);
        assert.equal((await fetch('/mine', { headers })).status, 401);
      }
    });

    test('R13: a sign-out that has to be repeated goes where the framework takes errors', async () => {
      const { origin, fetch, errors } = await begin();
      origin.on(READ, { status: 500 });
      const left = await fetch('/leave', { method: 'POST', headers: cookie('ada') });
      assert.deepEqual([left.status, errors], [503, ['ERR_SESAME_ORIGIN_UNAVAILABLE']]);
      assert.match(left.headers.get('retry-after') ?? '', /^[1-9]/);
    });

    test('R8: a sign-out counts for the next request', async () => {
      const { sessions, fetch } = await begin();
      const headers = cookie('ada');
      assert.equal((await fetch('/mine', { headers })).status, 200);
      await sessions.revoke({ headers });
      assert.equal((await fetch('/mine', { headers })).status, 401);
    });
  });
}

describe('the examples', () => {
  for (const name of ['node', 'express', 'hono']) {
    test(`examples/${name} starts, and asks its origin once a session`, async () => {
      const origin = await createOrigin();
      ends(() => origin.stop());
      const program = fileURLToPath(new URL(`../../examples/${name}/server.mjs`, import.meta.url));
      const example = startCli(['--origin', origin.url, '--port', '0'], { program });
      ends(async () => {
        example.child.kill('SIGKILL');
        await example.closed;
      });
      const [, url] = await example.line('stdout', /on (http:\S+)$/);
      const path = name === 'node' ? DOCUMENT : '/';
      for (let round = 0; round < 10; round += 1) {
        const answer = await fetch(url + path, { headers: cookie('ada') });
        assert.match(await answer.text(), name === 'node' ? /"name":"ada"/ : /^Hello ada$/);
      }
      await until(() => origin.count() > 0);
      assert.equal(origin.count(), 1);
      if (name === 'node') return;
      assert.equal((await fetch(`${url}/account`)).status, 401);
    });
  }
});
