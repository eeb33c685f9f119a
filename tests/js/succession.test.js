// Sessions that go on with another cookie or token (R24, R85), cookies that are renewed as they are used (R86), and what an
// origin sets where nobody can be told (R87). Each test has its own origin, and a clock that only it moves.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { createClock, MINUTE, SECOND } from '../support/clock.js';

const ORIGIN = 'https://api.example.com';
const ME = '/api/v1/users/me';
const SESSION = '/api/auth/session';

/** @typedef {{ user: string, until: number }} Issued */

/**
 * An origin that issues cookies and tokens, and what stands in front of it.
 * @param {object} [options] of the cache
 * @param {object} [habits]
 * @param {boolean} [habits.rotates] each answer exchanges the session cookie
 * @param {number} [habits.overlapMs] how long the old one is good for after that
 * @param {boolean} [habits.setsOnReads] only with the document, and not with other answers
 * @param {string} [habits.attributes] of the cookies that it sets
 * @param {boolean} [habits.renews] it sets the same cookie again with the document
 * @param {Record<string, string>} [habits.headers] of the document
 * @param {number} [nodes]
 */
function createSite(options = {}, habits = {}, nodes = 1) {
  const clock = createClock();
  const store = nodes > 1 ? new MemoryStore({ now: clock.now }) : undefined;
  /** @type {Map<string, Issued>} */
  const cookies = new Map();
  /** @type {Map<string, Issued>} */
  const tokens = new Map();
  /** @type {Map<string, string>} refresh token to user */
  const refreshTokens = new Map();
  let serial = 0;
  const { overlapMs = 60 * MINUTE, attributes = '; Path=/' } = habits;
  const origin = {
    ...habits,
    calls: 0,
    names: /** @type {Record<string, string>} */ ({}),
    /** @type {() => unknown} what happens between the origin's decision and its answer */
    before: () => {},
    status: 200,
    /** @param {string} user */
    cookie(user) {
      serial += 1;
      const value = `c${serial}`;
      cookies.set(value, { user, until: Number.POSITIVE_INFINITY });
      return value;
    },
    /** Whatever tokens it has issued. @param {string} user */
    endTokens(user) {
      for (const each of tokens.values()) if (each.user === user) each.until = 0;
    },
    /** @param {string} user @param {number} [lifeMs] */
    token(user, lifeMs = 15 * MINUTE) {
      serial += 1;
      const part = (/** @type {object} */ value) =>
        Buffer.from(JSON.stringify(value)).toString('base64url');
      const until = clock.now() + lifeMs;
      const claims = { sub: user, jti: serial, exp: Math.floor(until / 1000) };
      const token = `${part({ alg: 'none' })}.${part(claims)}.s${serial}`;
      tokens.set(token, { user, until });
      return token;
    },
    /** @param {string} user */
    refreshToken(user) {
      serial += 1;
      const value = `r${serial}`;
      refreshTokens.set(value, user);
      return value;
    },
    /** @param {string} value */
    end: (value) => cookies.delete(value),
  };

  /** @param {string | Request} input @param {RequestInit} [init] */
  async function fetch(input, init = {}) {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init.headers);
    const cookie = /(?:^|; )session=([^;]+)/.exec(headers.get('cookie') ?? '')?.[1] ?? '';
    const bearer = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1] ?? '';
    const body = init.body ? await new Response(/** @type {any} */ (init.body)).text() : '';
    const isDocument = pathname === ME;
    if (isDocument) origin.calls += 1;
    const answered = new Headers({ 'content-type': 'application/json' });
    const proven = cookies.get(cookie) ?? tokens.get(bearer);
    const user = proven && proven.until > clock.now() ? proven.user : null;
    if (pathname === '/auth/login' || pathname === '/auth/refresh' || pathname === '/oauth/token') {
      return answerTokens(pathname + search, body, answered);
    }
    if (origin.status !== 200) return new Response('', { status: origin.status });
    if (pathname === '/oauth/revoke' || pathname === '/auth/logout') return new Response('');
    if (user === null) {
      await origin.before();
      return new Response('{}', { status: 401, headers: answered });
    }
    const mayRotate = origin.rotates && cookie && (isDocument || !origin.setsOnReads);
    if (mayRotate) {
      const old = /** @type {Issued} */ (cookies.get(cookie));
      old.until = Math.min(old.until, clock.now() + overlapMs);
      answered.append('set-cookie', `session=${origin.cookie(user)}${attributes}`);
    } else if (origin.renews && cookie && isDocument) {
      answered.append('set-cookie', `session=${cookie}${attributes}`);
    }
    for (const [name, value] of Object.entries(isDocument ? (origin.headers ?? {}) : {})) {
      answered.set(name, value);
    }
    await origin.before();
    const document = { id: user, name: origin.names[user] ?? 'old' };
    return Response.json(isDocument ? document : [], { headers: answered });
  }

  /** @param {string} path @param {string} body @param {Headers} headers */
  function answerTokens(path, body, headers) {
    const fields = JSON.parse(body || '{}');
    const isRefresh =
      path === '/auth/refresh' || `${path} ${fields.grant_type}`.includes('refresh_token');
    const user = isRefresh ? refreshTokens.get(fields.refresh_token) : fields.user;
    if (user === undefined) return new Response('{}', { status: 401, headers });
    if (fields.takes === 'cookie') {
      headers.append('set-cookie', `session=${origin.cookie(user)}; Path=/`);
      return Response.json({}, { headers });
    }
    refreshTokens.delete(fields.refresh_token);
    const issued = {
      access_token: origin.token(fields.speaksOf ?? user),
      refresh_token: origin.refreshToken(user),
    };
    return Response.json(issued, { headers });
  }

  const make = () => {
    const { now, sleep } = clock;
    const shared = store && { store, secret: '0f'.repeat(16) };
    return new SessionCache(
      { origin: ORIGIN, ...shared, ...options },
      { fetch, now, monotonic: now, sleep },
    );
  };
  const caches = Array.from({ length: nodes }, make);

  /** @param {string} path @param {Record<string, string>} headers @param {RequestInit} [init] @param {number} [node] */
  async function send(path, headers, init = {}, node = 0) {
    /** @type {Promise<unknown>[]} */
    const behind = [];
    const context = { waitUntil: (/** @type {Promise<unknown>} */ work) => behind.push(work) };
    /** @type {Record<string, string>} */
    const length = typeof init.body === 'string' ? { 'content-length': `${init.body.length}` } : {};
    const request = new Request(ORIGIN + path, { ...init, headers: { ...headers, ...length } });
    const response = await caches[node].handle(request, context);
    const text = await response.text();
    while (behind.length > 0) await behind.shift();
    const lines = response.headers.getSetCookie();
    return { status: response.status, text, lines, source: sourceOf(response) };
  }
  return {
    clock,
    origin,
    caches,
    sessions: caches[0],
    send,
    /** @param {string} value @param {string} [path] @param {number} [node] */
    ask: (value, path = ME, node = 0) => send(path, { cookie: `session=${value}` }, {}, node),
    /** @param {string} token @param {number} [node] */
    askBearer: (token, node = 0) => send(ME, { authorization: `Bearer ${token}` }, {}, node),
    /** @param {string} path @param {object} fields @param {Record<string, string>} [headers] @param {number} [node] */
    async post(path, fields, headers = {}, node = 0) {
      const all = { 'content-type': 'application/json', ...headers };
      const answer = await send(path, all, { method: 'POST', body: JSON.stringify(fields) }, node);
      return { ...answer, json: JSON.parse(answer.text || 'null') };
    },
  };
}

/** @param {Response} response */
const sourceOf = (response) =>
  /sesame;desc=(\w+)/.exec(response.headers.get('server-timing') ?? '')?.[1];

/** The session cookie that a browser has after an answer. @param {string} held @param {string[]} lines */
function after(held, lines) {
  let value = held;
  for (const line of lines) value = /^session=([^;]*)/.exec(line)?.[1] || value;
  return value;
}

describe('a cookie that is exchanged with each answer', () => {
  test('R85: costs no more calls than one that is not: 18 checks, one call, passes through other GETs included', async () => {
    const { origin, ask } = createSite(
      { rotates: true },
      { rotates: true, overlapMs: 30 * SECOND },
    );
    let cookie = origin.cookie('u1');
    for (let check = 0; check < 18; check += 1) {
      const answer = await ask(cookie, check % 2 ? SESSION : ME);
      assert.equal(answer.status, 200);
      assert.match(answer.text, /"id":"u1"/);
      cookie = after(cookie, answer.lines);
      cookie = after(cookie, (await ask(cookie, '/orders')).lines);
    }
    assert.equal(origin.calls, 1);
  });

  test('R85: without the option, an answer to another GET drops what is held', async () => {
    const { origin, ask } = createSite({}, { rotates: true });
    const cookie = origin.cookie('u1');
    await ask(cookie);
    const next = after(cookie, (await ask(cookie, '/orders')).lines);
    assert.equal((await ask(next)).source, 'origin');
  });

  test('R85: the old cookie is served for 30 s more, and then asked for again', async () => {
    const { origin, ask, clock } = createSite({}, { rotates: true, overlapMs: 31 * SECOND });
    const old = origin.cookie('u1');
    const next = after(old, (await ask(old)).lines);
    await clock.advance(29 * SECOND);
    assert.equal((await ask(old)).source, 'fresh');
    assert.equal(origin.calls, 1);
    await clock.advance(3 * SECOND);
    assert.equal((await ask(old)).status, 401);
    assert.equal((await ask(next)).source, 'fresh');
    assert.equal(origin.calls, 2);
  });

  test('R85: requests that waited with the old cookie get the new one as well', async () => {
    const { origin, ask } = createSite({}, { rotates: true });
    const old = origin.cookie('u1');
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(old)));
    assert.equal(origin.calls, 1);
    for (const { lines } of answers) assert.deepEqual(lines, answers[0].lines);
    assert.equal(answers[0].lines.length, 1);
  });

  test('R85: of several successors of one cookie each is that session', async () => {
    const { origin, ask, sessions } = createSite({ rotates: true }, { rotates: true });
    const old = origin.cookie('u1');
    await ask(old);
    const passed = await Promise.all([1, 2, 3].map(() => ask(old, '/orders')));
    const next = passed.map(({ lines }) => after(old, lines));
    assert.equal(new Set(next).size, 3);
    for (const each of next) assert.equal((await ask(each)).source, 'fresh');
    assert.equal(origin.calls, 1);
    await sessions.revoke({ headers: { cookie: `session=${next[1]}` } });
    for (const each of [old, ...next]) assert.equal((await ask(each)).status, 401);
  });

  test('R85, R8: `expiresAt` stays what it was, however often the cookie is exchanged', async () => {
    const { origin, ask, clock } = createSite({ expiresIn: '2h' }, { rotates: true });
    let cookie = origin.cookie('u1');
    const ends = new Set();
    for (let time = 0; time < 5; time += 1) {
      const answer = await ask(cookie, SESSION);
      ends.add(JSON.parse(answer.text).expiresAt);
      cookie = after(cookie, answer.lines);
      await clock.advance(25 * MINUTE);
    }
    assert.equal(ends.size, 1);
  });

  test('R85: a chunked cookie rotates as a whole, also to fewer pieces', async () => {
    let documents = 0;
    /** @type {string[]} */
    let set = [];
    const sessions = new SessionCache(
      { origin: ORIGIN, cookie: 'token', rotates: true },
      {
        /** @param {string | Request} input */
        async fetch(input) {
          const isDocument = new URL(input instanceof Request ? input.url : input).pathname === ME;
          documents += isDocument ? 1 : 0;
          const headers = isDocument ? [] : set.map((line) => ['set-cookie', line]);
          return Response.json({ id: 'u1' }, { headers: /** @type {any} */ (headers) });
        },
      },
    );
    const send = async (/** @type {string} */ path, /** @type {string} */ cookie) =>
      sessions.handle(new Request(ORIGIN + path, { headers: { cookie } }));
    await send(ME, 'token.0=1a; token.1=1b');
    set = ['token.0=2a; Path=/', 'token.1=2b; Path=/'];
    await send('/orders', 'token.0=1a; token.1=1b');
    await send(ME, 'token.1=2b; token.0=2a');
    set = ['token.0=3a; Path=/', 'token.1=; Path=/; Max-Age=0'];
    await send('/orders', 'token.0=2a; token.1=2b');
    await send(ME, 'token.0=3a');
    assert.equal(documents, 1);
    await sessions.revoke({ headers: { cookie: 'token.0=1a; token.1=1b' } });
    assert.equal((await send(ME, 'token.0=3a')).status, 401);
    await send(ME, 'token.0=3a; token.1=2b');
    assert.equal(documents, 2, 'pieces of two are another credential');
  });

  for (const path of ['/auth/login', '/auth/sign_in', '/users/sign_in', '/sessions/1']) {
    test(`R85: another user who signs in at ${path} with the old cookie still sent inherits nothing`, async () => {
      const { origin, ask, sessions, send } = createSite({ rotates: true }, { rotates: true });
      const old = after('', (await ask(origin.cookie('u1'))).lines);
      await ask(old);
      const isPost = path === '/auth/login';
      const init = isPost
        ? { method: 'POST', body: JSON.stringify({ user: 'u2', takes: 'cookie' }) }
        : {};
      const answer = await send(path, { cookie: `session=${old}` }, init);
      const next = after(old, answer.lines);
      assert.notEqual(next, old);
      assert.equal(sessions.has(`session=${next}`), false);
      const shown = await ask(next);
      assert.equal(shown.source, 'origin');
      if (isPost) assert.match(shown.text, /u2/);
    });
  }
});

describe('what ends or drops one credential of a session', () => {
  for (const ended of ['old', 'new']) {
    test(`R85, R8: ending the ${ended} one ends both`, async () => {
      const { origin, ask, sessions } = createSite({}, { rotates: true });
      const old = origin.cookie('u1');
      const next = after(old, (await ask(old)).lines);
      await sessions.revoke({ headers: { cookie: `session=${ended === 'old' ? old : next}` } });
      const calls = origin.calls;
      for (const each of [old, next]) {
        assert.equal((await ask(each)).status, 401);
        assert.equal((await ask(each, SESSION)).status, 401);
      }
      assert.equal(origin.calls, calls);
    });

    test(`R85: dropping the ${ended} one drops both`, async () => {
      const { origin, ask, sessions } = createSite({}, { rotates: true });
      const old = origin.cookie('u1');
      const next = after(old, (await ask(old)).lines);
      await sessions.forget({ headers: { cookie: `session=${ended === 'old' ? old : next}` } });
      origin.rotates = false;
      for (const each of [old, next]) assert.equal((await ask(each)).source, 'origin');
    });
  }

  test('R8, R85: an exchange that arrives after the end brings nothing back, and its cookie reaches nobody', async () => {
    const { origin, ask, sessions } = createSite({ rotates: true }, { rotates: true });
    for (const path of [ME, '/orders']) {
      const old = origin.cookie('u1');
      origin.rotates = false;
      await ask(old);
      origin.rotates = true;
      let isFirst = true;
      origin.before = async () => {
        if (!isFirst) return;
        isFirst = false;
        await sessions.revoke({ headers: { cookie: `session=${old}` } });
      };
      const fresh = path === ME ? { 'sesame-max-age': '0' } : {};
      const answer =
        path === ME
          ? await sessions.identify(
              { headers: { cookie: `session=${old}`, ...fresh } },
              { fresh: true },
            )
          : await ask(old, path);
      const lines = 'lines' in answer ? answer.lines : answer.setCookies;
      assert.deepEqual(lines, [], path);
      if ('user' in answer) assert.equal(answer.user, null);
      origin.before = () => {};
      assert.equal((await ask(old)).status, 401);
    }
  });

  test('R53, R85: a cookie that the origin has not accepted is succeeded by nothing', async () => {
    const { ask, sessions } = createSite({ rotates: true }, { rotates: true });
    const { lines } = await ask('made-up', '/orders');
    assert.deepEqual(lines, []);
    assert.equal(sessions.has('session=made-up'), false);
  });
});

describe('several nodes', () => {
  test('R85, R30: the new cookie costs the other nodes no call', async () => {
    const { origin, ask } = createSite({}, { rotates: true, overlapMs: 30 * SECOND }, 2);
    const old = origin.cookie('u1');
    const next = after(old, (await ask(old)).lines);
    assert.equal((await ask(next, ME, 1)).status, 200);
    assert.equal((await ask(old, ME, 1)).status, 200);
    assert.equal(origin.calls, 1);
  });

  test('R85, R30: a rotation by another GET is known to the other nodes, and the end of the session stays', async () => {
    const { origin, ask } = createSite({ rotates: true }, { rotates: true }, 2);
    const old = origin.cookie('u1');
    let cookie = after(old, (await ask(old)).lines);
    cookie = after(cookie, (await ask(cookie, '/orders')).lines);
    const [here, there] = [await ask(cookie, SESSION), await ask(cookie, SESSION, 1)];
    assert.equal(JSON.parse(there.text).expiresAt, JSON.parse(here.text).expiresAt);
    assert.equal(origin.calls, 1);
  });

  for (const [ended, other] of /** @type {[number, number][]} */ ([
    [0, 1],
    [1, 0],
  ])) {
    test(`R85, R31: what ends ${ended ? 'the new cookie' : 'the old cookie'} on one node ends the other on a node that starts later`, async () => {
      const { origin, ask, caches } = createSite({}, { rotates: true }, 3);
      const old = origin.cookie('u1');
      const both = [old, after(old, (await ask(old)).lines)];
      await ask(both[1], ME, 1);
      await caches[1].revoke({ headers: { cookie: `session=${both[ended]}` } });
      for (const node of [0, 1, 2]) {
        assert.equal((await ask(both[other], ME, node)).status, 401, `node ${node}`);
        assert.equal((await ask(both[ended], ME, node)).status, 401, `node ${node}`);
      }
    });
  }

  test('R85, R31: what a node ends that knows nothing of the new cookie ends that too, on all nodes', async () => {
    const { origin, ask, caches, clock } = createSite({}, {}, 3);
    const old = origin.cookie('u1');
    await ask(old);
    await ask(old, ME, 1);
    origin.rotates = true;
    const headers = { cookie: `session=${old}` };
    /** @type {Promise<unknown>[]} */
    const behind = [];
    const waitUntil = (/** @type {Promise<unknown>} */ work) => behind.push(work);
    const { setCookies } = await caches[0].identify({ headers }, { fresh: true, waitUntil });
    while (behind.length > 0) await behind.shift();
    const next = after(old, setCookies);
    await caches[1].revoke({ headers });
    await clock.advance(6 * SECOND);
    for (const node of [2, 1, 0]) {
      assert.equal((await ask(next, ME, node)).status, 401, `node ${node}`);
    }
  });

  test('R85: the old cookie is served no longer by other nodes than by the one that knows', async () => {
    const { origin, ask, clock } = createSite({}, { rotates: true, overlapMs: 31 * SECOND }, 2);
    const old = origin.cookie('u1');
    await ask(old);
    assert.equal((await ask(old, ME, 1)).status, 200);
    await clock.advance(35 * SECOND);
    assert.equal((await ask(old, ME, 1)).status, 401);
  });
});

describe('a session that is renewed as it is used', () => {
  test('R86: the document is fresh for half of the cookie’s life, and the renewal reaches the browser', async () => {
    const habits = { renews: true, attributes: '; Path=/; Max-Age=600' };
    const { origin, ask, clock } = createSite({}, habits);
    const cookie = origin.cookie('u1');
    assert.equal((await ask(cookie)).lines.length, 1);
    await clock.advance(4 * MINUTE);
    assert.deepEqual((await ask(cookie)).lines, []);
    await clock.advance(MINUTE + SECOND);
    const renewed = await ask(cookie);
    assert.equal(renewed.source, 'origin');
    assert.equal(renewed.lines.length, 1);
    assert.equal(origin.calls, 2);
  });

  for (const path of [ME, SESSION, '/api/auth/verify']) {
    test(`R86: a user who stays active at ${path} is never signed out by the cache`, async () => {
      const habits = { renews: true, attributes: '; Path=/; Max-Age=600' };
      const { origin, ask, clock } = createSite({}, habits);
      const cookie = origin.cookie('u1');
      let endsAt = Number.POSITIVE_INFINITY;
      for (let minute = 0; minute < 40; minute += 1) {
        assert.ok(clock.now() < endsAt, `minute ${minute}`);
        const { status, lines } = await ask(cookie, path);
        assert.equal(status, 200);
        if (lines.length > 0) endsAt = clock.now() + 10 * MINUTE;
        await clock.advance(MINUTE);
      }
      assert.ok(origin.calls <= 9, `${origin.calls} calls`);
    });
  }

  for (const end of [
    'Max-Age=600',
    `Expires=${new Date(createClock().now() + 10 * MINUTE).toUTCString()}`,
  ]) {
    test(`R8: nothing is served past the end of the cookie, also while the origin fails: ${end.split('=')[0]}`, async () => {
      const { origin, ask, clock } = createSite({}, { renews: true, attributes: `; ${end}` });
      const cookie = origin.cookie('u1');
      await ask(cookie);
      origin.status = 503;
      await clock.advance(9 * MINUTE);
      assert.equal((await ask(cookie)).status, 200);
      await clock.advance(MINUTE + SECOND);
      assert.equal((await ask(cookie)).status, 503);
    });
  }

  test('R8, R86: what the origin does not renew each time ends when it was said to', async () => {
    const { origin, ask, clock } = createSite({}, { renews: true, attributes: '; Max-Age=5400' });
    const cookie = origin.cookie('u1');
    await ask(cookie);
    origin.renews = false;
    for (let minute = 0; minute < 88; minute += 8) {
      await clock.advance(8 * MINUTE);
      await ask(cookie);
    }
    origin.status = 503;
    await clock.advance(3 * MINUTE);
    assert.equal((await ask(cookie)).status, 503);
  });

  test('R8: `expiresAt` is the session’s end, which a renewal does not move', async () => {
    const { origin, ask, clock } = createSite({}, { renews: true, attributes: '; Max-Age=600' });
    const cookie = origin.cookie('u1');
    const first = JSON.parse((await ask(cookie, SESSION)).text).expiresAt;
    await clock.advance(6 * MINUTE);
    assert.equal(JSON.parse((await ask(cookie, SESSION)).text).expiresAt, first);
    assert.equal(origin.calls, 2);
  });

  test('R86: once an origin sets cookies with documents, stale ones of all its users are confirmed first', async () => {
    const { origin, ask, clock } = createSite();
    const [quiet, other] = [origin.cookie('u1'), origin.cookie('u2')];
    await ask(quiet);
    origin.renews = true;
    await ask(other);
    await clock.advance(31 * MINUTE);
    origin.names = { u1: 'new' };
    const answer = await ask(quiet);
    assert.equal(answer.source, 'origin');
    assert.match(answer.text, /new/);
    assert.equal(answer.lines.length, 1);
  });
});

describe('what the origin sets where nobody can be told', () => {
  /** Ways to be answered, each with what is to be set. */
  const faces = Object.entries({
    [ME]: async (/** @type {ReturnType<typeof createSite>} */ { ask }, /** @type {string} */ c) =>
      (await ask(c)).lines,
    [SESSION]: async (
      /** @type {ReturnType<typeof createSite>} */ { ask },
      /** @type {string} */ c,
    ) => (await ask(c, SESSION)).lines,
    '/api/auth/verify': async (
      /** @type {ReturnType<typeof createSite>} */ { ask },
      /** @type {string} */ c,
    ) => (await ask(c, '/api/auth/verify')).lines,
    'identify()': async (
      /** @type {ReturnType<typeof createSite>} */ { sessions },
      /** @type {string} */ c,
    ) => (await sessions.identify({ headers: { cookie: `session=${c}` } })).setCookies,
  });
  for (const [face, setBy] of faces) {
    test(`R87: a refresh behind an answer is told with the next: ${face}`, async () => {
      const site = createSite({}, { overlapMs: 40 * MINUTE });
      const { origin, ask, clock } = site;
      const old = origin.cookie('u1');
      await ask(old);
      origin.rotates = true;
      await clock.advance(31 * MINUTE);
      assert.deepEqual((await ask(old)).lines, []);
      assert.equal(origin.calls, 2);
      const lines = await setBy(site, old);
      assert.equal(lines.length, 1);
      assert.deepEqual(await setBy(site, old), [], 'once');
      const next = after(old, lines);
      assert.equal((await ask(next)).source, 'fresh');
      assert.equal(origin.calls, 2);
    });
  }

  test('R87: getSession() cannot set cookies: the next answer does', async () => {
    const { origin, ask, sessions } = createSite({}, { rotates: true });
    const old = origin.cookie('u1');
    await sessions.getSession({ headers: { cookie: `session=${old}` } });
    const { lines, source } = await ask(old);
    assert.equal(source, 'fresh');
    assert.equal(lines.length, 1);
    assert.equal(origin.calls, 1);
  });

  test('R87: a cookie that was not told yet is asked with, where the old one may have ended', async () => {
    const { origin, ask, clock } = createSite({}, { overlapMs: 30 * SECOND });
    const old = origin.cookie('u1');
    await ask(old);
    origin.rotates = true;
    await clock.advance(31 * MINUTE);
    await ask(old);
    await clock.advance(45 * MINUTE);
    const { status, lines } = await ask(old);
    assert.equal(status, 200);
    const next = after(old, lines);
    assert.equal((await ask(next)).status, 200);
    assert.equal(lines.at(-1)?.includes(next), true);
  });

  test('R87: it is kept while the origin fails, also where nothing can be answered', async () => {
    const { origin, ask, clock } = createSite({}, { overlapMs: 3 * 60 * MINUTE });
    const old = origin.cookie('u1');
    await ask(old);
    origin.rotates = true;
    await clock.advance(31 * MINUTE);
    await ask(old);
    origin.rotates = false;
    origin.status = 503;
    await clock.advance(31 * MINUTE);
    const stale = await ask(old);
    assert.deepEqual([stale.status, stale.source], [200, 'stale']);
    await clock.advance(60 * MINUTE);
    assert.equal((await ask(old)).status, 503);
    origin.status = 200;
    const { status, lines } = await ask(old);
    assert.equal(status, 200);
    assert.equal(stale.lines.length + lines.length, 1);
  });

  test('R87: it reaches no other credential, and nobody who has signed in since', async () => {
    const { origin, ask, clock, sessions } = createSite({}, { overlapMs: 40 * MINUTE });
    const [old, other] = [origin.cookie('u1'), origin.cookie('u2')];
    await ask(old);
    await ask(other);
    origin.rotates = true;
    await clock.advance(31 * MINUTE);
    await ask(old);
    origin.rotates = false;
    assert.deepEqual((await ask(other)).lines, []);
    await sessions.forget({ headers: { cookie: `session=${old}` } });
    assert.deepEqual((await ask(old)).lines, []);
  });

  test('R87, R8: and nobody whose session has ended', async () => {
    const { origin, ask, clock, sessions } = createSite({}, { overlapMs: 40 * MINUTE });
    const old = origin.cookie('u1');
    await ask(old);
    origin.rotates = true;
    await clock.advance(31 * MINUTE);
    await ask(old);
    await sessions.revoke({ headers: { cookie: `session=${old}` } });
    const { status, lines } = await ask(old);
    assert.deepEqual([status, lines], [401, []]);
  });
});

describe('documents that are confirmed before they are served', () => {
  const controls = ['no-cache', 'max-age=0', 'private, must-revalidate, max-age=0'];
  /** @type {[string, Record<string, string>][]} */
  const said = [
    ...controls.map(
      (value) =>
        /** @type {[string, Record<string, string>]} */ ([value, { 'cache-control': value }]),
    ),
    ['Pragma: no-cache', { pragma: 'no-cache' }],
    ['Expires: 0', { expires: '0' }],
  ];
  for (const [name, headers] of said) {
    test(`R15: ${name}`, async () => {
      const { origin, ask } = createSite({}, { headers });
      const cookie = origin.cookie('u1');
      await ask(cookie);
      origin.names = { u1: 'new' };
      assert.match((await ask(cookie)).text, /new/);
      const before = origin.calls;
      await Promise.all([1, 2, 3].map(() => ask(cookie)));
      assert.ok(origin.calls <= before + 2, 'requests at once share a call');
      origin.status = 503;
      const stale = await ask(cookie);
      assert.deepEqual([stale.status, stale.source], [200, 'stale'], 'staleIfError');
    });
  }

  test('R15: `Expires` shortens freshFor where there is no Cache-Control, and only there', async () => {
    const { origin, ask, clock } = createSite({ keepFor: '60m' });
    const cookie = origin.cookie('u1');
    const at = (/** @type {number} */ ms) => new Date(clock.now() + ms).toUTCString();
    origin.headers = { expires: at(MINUTE) };
    await ask(cookie);
    await clock.advance(61 * SECOND);
    assert.equal((await ask(cookie)).source, 'stale');
    origin.headers = { expires: at(-MINUTE), 'cache-control': 'private, max-age=600' };
    const other = origin.cookie('u2');
    await ask(other);
    assert.equal((await ask(other)).source, 'fresh');
  });

  test('R15: must-revalidate lets what is fresh be served, and what is stale be confirmed', async () => {
    const headers = { 'cache-control': 'max-age=60, must-revalidate' };
    const { origin, ask, clock } = createSite({}, { headers });
    const cookie = origin.cookie('u1');
    await ask(cookie);
    assert.equal((await ask(cookie)).source, 'fresh');
    await clock.advance(61 * SECOND);
    assert.equal((await ask(cookie)).source, 'origin');
  });

  test('R15: whoever says not to obey it is answered at once', async () => {
    const headers = { 'cache-control': 'max-age=0, private, must-revalidate' };
    const { origin, ask } = createSite({ obeyCacheControl: false }, { headers });
    const cookie = origin.cookie('u1');
    await ask(cookie);
    assert.equal((await ask(cookie)).source, 'fresh');
  });
});

describe('tokens that are renewed while Sesame looks on', () => {
  /** @param {ReturnType<typeof createSite>} site @param {string} user @param {number} [node] */
  async function signIn({ post }, user, node = 0) {
    const { json } = await post('/auth/login', { user }, {}, node);
    return { access: json.access_token, refresh: json.refresh_token };
  }

  for (const [path, more] of /** @type {[string, object][]} */ ([
    ['/auth/refresh', {}],
    ['/oauth/token', { grant_type: 'refresh_token' }],
    ['/oauth/token?grant_type=refresh_token', {}],
  ])) {
    test(`R24, R85: a renewal at ${path} asks for no document, however often, also after the old token has ended`, async () => {
      const site = createSite();
      const { origin, post, askBearer, clock } = site;
      let { access, refresh } = await signIn(site, 'u1');
      await askBearer(access);
      for (let time = 0; time < 3; time += 1) {
        await clock.advance(time === 1 ? 16 * MINUTE : 5 * MINUTE);
        const { json } = await post(path, { refresh_token: refresh, ...more });
        [access, refresh] = [json.access_token, json.refresh_token];
        assert.equal((await askBearer(access)).status, 200);
      }
      assert.equal(origin.calls, 1);
    });
  }

  test('R85: the old token is served until its own end', async () => {
    const site = createSite();
    const { origin, post, askBearer, clock } = site;
    const { access, refresh } = await signIn(site, 'u1');
    await askBearer(access);
    await post('/auth/refresh', { refresh_token: refresh });
    await clock.advance(14 * MINUTE);
    assert.equal((await askBearer(access)).source, 'fresh');
    await clock.advance(2 * MINUTE);
    assert.equal((await askBearer(access)).status, 401);
    assert.equal(origin.calls, 2);
  });

  for (const ended of [0, 1]) {
    test(`R85, R8: ending the ${ended ? 'new' : 'old'} token ends both`, async () => {
      const site = createSite();
      const { post, askBearer, sessions } = site;
      const { access, refresh } = await signIn(site, 'u1');
      await askBearer(access);
      const { json } = await post('/auth/refresh', { refresh_token: refresh });
      const both = [access, json.access_token];
      await sessions.revoke({ headers: { authorization: `Bearer ${both[ended]}` } });
      for (const each of both) {
        assert.equal((await askBearer(each)).status, 401);
        // Another spelling of the same token is the same token (R3).
        assert.equal((await askBearer(`${each}x`)).status, 401);
      }
    });
  }

  test('R8, R85: a renewal brings nothing back after its session has ended', async () => {
    const site = createSite();
    const { post, askBearer, sessions, origin } = site;
    const { access, refresh } = await signIn(site, 'u1');
    await askBearer(access);
    await sessions.revoke({ headers: { authorization: `Bearer ${access}` } });
    const { json } = await post('/auth/refresh', { refresh_token: refresh });
    assert.equal((await askBearer(json.access_token)).status, 401);
    assert.equal(origin.calls, 1);
  });

  test('R53, R85: a refresh token that the origin was not seen to issue gives nothing', async () => {
    const site = createSite();
    const { origin, post, askBearer, sessions } = site;
    const { access } = await signIn(site, 'u1');
    await askBearer(access);
    const made = { authorization: `Bearer ${access}` };
    const refused = await post('/auth/refresh', { refresh_token: 'made-up' }, made);
    assert.equal(refused.status, 401);
    // One that the origin accepts, and that went past another way.
    const unseen = origin.refreshToken('u2');
    const { json } = await post('/auth/refresh', { refresh_token: unseen }, made);
    assert.equal(sessions.has('', `Bearer ${json.access_token}`), false);
    assert.match((await askBearer(json.access_token)).text, /u2/);
  });

  test('R85: what accompanies a renewal proves nothing: the new token shows its own user', async () => {
    const site = createSite();
    const { origin, post, askBearer, ask, sessions } = site;
    const mine = await signIn(site, 'u1');
    await askBearer(mine.access);
    const other = origin.cookie('u2');
    await ask(other);
    const cookie = { cookie: `session=${other}` };
    const { json } = await post('/auth/refresh', { refresh_token: mine.refresh }, cookie);
    assert.match((await askBearer(json.access_token)).text, /u1/);
    assert.match((await ask(other)).text, /u2/);
    assert.equal(origin.calls, 2);
    await sessions.revoke({ headers: cookie });
    assert.match((await askBearer(json.access_token)).text, /u1/);
  });

  test('R85: a sign-in that has a refresh token in its body is no renewal', async () => {
    const site = createSite();
    const { post, askBearer, ask } = site;
    const mine = await signIn(site, 'u1');
    await askBearer(mine.access);
    const fields = { user: 'u2', takes: 'cookie', refresh_token: mine.refresh };
    const { lines } = await post('/auth/login', fields);
    assert.match((await ask(after('', lines))).text, /u2/);
  });

  test('R85: two tokens that speak of different users are no succession', async () => {
    const site = createSite();
    const { post, askBearer, sessions } = site;
    const { access, refresh } = await signIn(site, 'u1');
    await askBearer(access);
    const { json } = await post('/auth/refresh', { refresh_token: refresh, speaksOf: 'u2' });
    assert.equal(sessions.has('', `Bearer ${json.access_token}`), false);
    assert.match((await askBearer(json.access_token)).text, /u2/);
  });

  test('R22, R24: a profile change before the renewal is in the document after it', async () => {
    const site = createSite();
    const { post, askBearer, sessions, origin, clock } = site;
    const { access, refresh } = await signIn(site, 'u1');
    await askBearer(access);
    await sessions.invalidateUser('u1');
    origin.names = { u1: 'new' };
    await clock.advance(16 * MINUTE);
    const { json } = await post('/auth/refresh', { refresh_token: refresh });
    assert.match((await askBearer(json.access_token)).text, /new/);
  });

  test('R85: a refresh token and an access token in cookies', async () => {
    const cookies = { access: '', refresh: '' };
    let serial = 0;
    let documents = 0;
    const sessions = new SessionCache(
      { origin: ORIGIN, cookie: 'access' },
      {
        /** @param {string | Request} input @param {RequestInit} [init] */
        async fetch(input, init = {}) {
          const { pathname } = new URL(input instanceof Request ? input.url : input);
          if (pathname === ME) {
            documents += 1;
            const sent = new Headers(init.headers).get('cookie') ?? '';
            return sent.includes(`access=${cookies.access}`)
              ? Response.json({ id: 'u1' })
              : new Response('', { status: 401 });
          }
          serial += 1;
          Object.assign(cookies, { access: `a${serial}`, refresh: `r${serial}` });
          const headers = new Headers();
          headers.append('set-cookie', `access=${cookies.access}; Path=/`);
          headers.append('set-cookie', `refresh_token=${cookies.refresh}; Path=/`);
          return new Response(null, { status: 204, headers });
        },
      },
    );
    const send = async (/** @type {string} */ path, method = 'GET') => {
      const cookie = `access=${cookies.access}; refresh_token=${cookies.refresh}`;
      return sessions.handle(new Request(ORIGIN + path, { method, headers: { cookie } }));
    };
    await send('/auth/login', 'POST');
    assert.equal((await send(ME)).status, 200);
    for (let time = 0; time < 3; time += 1) {
      await send('/auth/refresh', 'POST');
      assert.equal((await send(ME)).status, 200);
    }
    assert.equal(documents, 1);
  });

  /** @type {[string, (tokens: { access: string, refresh: string }) => RequestInit & { path: string }][]} */
  const revocations = [
    ['the access token in a form', ({ access }) => formOf({ token: access })],
    ['the refresh token in a form', ({ refresh }) => formOf({ token: refresh })],
    [
      'the refresh token in JSON',
      ({ refresh }) => ({
        ...{
          path: '/auth/logout',
          method: 'POST',
          body: JSON.stringify({ refreshToken: refresh }),
        },
        headers: { 'content-type': 'application/json' },
      }),
    ],
    [
      'the refresh token in a cookie',
      ({ refresh }) => ({
        path: '/auth/logout',
        method: 'POST',
        headers: { cookie: `refresh_token=${refresh}` },
      }),
    ],
  ];
  /** As RFC 7009 has it. @param {Record<string, string>} fields */
  function formOf(fields) {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: 'Basic Zm9vOmJhcg==',
    };
    return {
      ...{ path: '/oauth/revoke', method: 'POST', headers },
      body: `${new URLSearchParams(fields)}`,
    };
  }
  for (const [name, how] of revocations) {
    test(`R82: a sign-out that names ${name} drops its session on every node, and nobody else’s`, async () => {
      const site = createSite({}, {}, 2);
      const { origin, send, post, askBearer } = site;
      const first = await signIn(site, 'u1');
      const bystander = await signIn(site, 'u2');
      for (const each of [first, bystander]) await askBearer(each.access);
      const { json } = await post('/auth/refresh', { refresh_token: first.refresh });
      const renewed = { access: json.access_token, refresh: json.refresh_token };
      for (const each of [renewed, bystander]) await askBearer(each.access, 1);
      assert.equal(origin.calls, 2);

      const { path, headers, ...init } = how(renewed);
      const sent = /** @type {Record<string, string>} */ (headers);
      origin.status = 503;
      await send(path, sent, init);
      assert.equal((await askBearer(renewed.access)).status, 200, 'it has failed');
      origin.status = 200;
      assert.equal((await send(path, sent, init)).status, 200);
      origin.endTokens('u1');
      await site.clock.advance(SECOND);
      for (const node of [0, 1]) {
        assert.equal((await askBearer(renewed.access, node)).status, 401, `node ${node}`);
        assert.equal(
          (await askBearer(first.access, node)).status,
          401,
          `the old one, node ${node}`,
        );
        assert.equal((await askBearer(bystander.access, node)).status, 200);
      }
      assert.equal((await askBearer(renewed.refresh)).status, 401, 'it was no access token');
      const asked = origin.calls;
      await askBearer(bystander.access);
      assert.equal(origin.calls, asked);
    });
  }

  test('R85, R30: the renewed token costs the other nodes no call', async () => {
    const site = createSite({}, {}, 2);
    const { origin, post, askBearer } = site;
    const { access, refresh } = await signIn(site, 'u1');
    await askBearer(access);
    const { json } = await post('/auth/refresh', { refresh_token: refresh });
    assert.equal((await askBearer(json.access_token, 1)).status, 200);
    assert.equal(origin.calls, 1);
  });
});
