// Single guards of the engine and of managed sessions on one node: each test fails if its guard is taken out
// (scripts/mutants/shell.mjs). What they keep together is tested elsewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { createClock, SECOND } from '../support/clock.js';
import { createCache, ORIGIN, withCode } from '../support/fake-cache.js';
import { bearer } from '../support/http-case.js';
import { createGate, settle } from '../support/wait.js';

const ada = { headers: bearer('ada') };
const unavailable = withCode('ERR_SESAME_ORIGIN_UNAVAILABLE');

/**
 * Managed sessions before an origin that issues tokens; what it is asked for is noted.
 * @param {{ refresh?: () => Promise<Response> | Response, host?: object }} [given]
 */
function createManaged({ refresh, host } = {}) {
  const clock = createClock();
  let issued = 0;
  /** @type {string[]} */
  const calls = [];
  const tokens = () => {
    issued += 1;
    const body = { access_token: `a${issued}`, refresh_token: `r${issued}`, expires_in: 60 };
    return Response.json(body);
  };
  const fetch = async (/** @type {any} */ input, /** @type {RequestInit} */ init = {}) => {
    const path = new URL(input.url ?? input).pathname;
    const token = new Headers(init.headers).get('authorization') ?? '';
    calls.push(`${init.method ?? 'GET'} ${path} ${token}`.trim());
    if (path.endsWith('/login')) return tokens();
    if (path.endsWith('/refresh')) return (await refresh?.()) ?? tokens();
    if (path.endsWith('/logout')) return new Response(null, { status: 204 });
    return Response.json({ id: 'ada' });
  };
  const managed = { logoutPath: '/api/v1/auth/logout' };
  const { now, sleep } = clock;
  const sessions = new SessionCache({ origin: ORIGIN, managed }, { fetch, now, sleep, ...host });
  const post = async (/** @type {string} */ path, cookie = '') => {
    /** @type {Record<string, string>} */
    const headers = cookie ? { cookie } : {};
    const init = { method: 'POST', headers, body: '{}' };
    return sessions.handle(new Request(`https://site.test${path}`, init));
  };
  const login = async () => {
    const response = await post('/api/auth/login');
    return (response.headers.get('set-cookie') ?? '').split(';')[0];
  };
  return { clock, sessions, calls, post, login };
}

test('R9: a check that breaks off gives its lease back, so that the next one need not wait for its end', async () => {
  const clock = createClock();
  let calls = 0;
  let isBroken = true;
  const { now, sleep } = clock;
  const fetch = async () => Response.json({ id: ++calls });
  const log = () => {
    if (isBroken) throw new Error('the disk is full');
  };
  const sessions = new SessionCache({ origin: ORIGIN }, { fetch, now, sleep, log });
  await assert.rejects(sessions.getSession(ada), /the disk is full/);
  isBroken = false;
  /** @type {any} */
  let answer;
  sessions.getSession(ada).then((session) => {
    answer = session;
  });
  await settle();
  assert.equal(answer?.user.id, 2);
});

test('R9: who waits for another check has its answer as soon as that has it', async () => {
  const gate = createGate();
  const { sessions } = createCache(async () => {
    await gate.opened;
    return Response.json({ id: 1 });
  });
  /** @type {unknown[]} */
  const answers = [];
  for (let count = 0; count < 3; count += 1) {
    sessions.getSession(ada).then((session) => answers.push(session?.user.id));
  }
  await settle();
  gate.open();
  await settle();
  assert.deepEqual(answers, [1, 1, 1]);
});

test('R9: who goes away while another check asks the origin waits no longer', async () => {
  const { sessions } = createCache(() => new Promise(() => {}));
  sessions.getSession(ada).catch(() => {});
  await settle();
  const client = new AbortController();
  const follower = sessions.getSession(ada, { signal: client.signal });
  follower.catch(() => {});
  await settle();
  client.abort();
  await assert.rejects(follower, unavailable);
});

test('R13: the origin’s time is up after originTimeout, however late a fetch notices that it was aborted', async () => {
  const { clock, sessions } = createCache(() => new Promise(() => {}));
  const asked = sessions.getSession(ada);
  asked.catch(() => {});
  await settle();
  clock.advance(8 * SECOND);
  await settle();
  let isSettled = false;
  asked
    .catch(() => {})
    .finally(() => {
      isSettled = true;
    });
  await settle();
  assert.equal(isSettled, true);
  await assert.rejects(asked, unavailable);
});

test('R25: tokens that arrive for a session which has ended meanwhile are ended at the origin', async () => {
  const gate = createGate();
  const managed = createManaged({
    refresh: async () => {
      await gate.opened;
      return Response.json({ access_token: 'late', refresh_token: 'r', expires_in: 60 });
    },
  });
  const cookie = await managed.login();
  managed.clock.advance(61 * SECOND);
  const refreshing = managed.post('/api/auth/refresh', cookie);
  await settle();
  managed.sessions.revoke({ headers: { cookie } });
  gate.open();
  assert.equal((await refreshing).status, 401);
  await settle();
  assert.ok(managed.calls.includes('POST /api/v1/auth/logout Bearer late'), managed.calls.join());
});

test('R24: an exchange that breaks off gives its lease back, so that the next one need not wait for its end', async () => {
  let isBroken = false;
  const log = (/** @type {{ event: string }} */ { event }) => {
    if (isBroken && event === 'refresh') throw new Error('the disk is full');
  };
  const managed = createManaged({ host: { log } });
  const cookie = await managed.login();
  managed.clock.advance(61 * SECOND);
  isBroken = true;
  await assert.rejects(managed.post('/api/auth/refresh', cookie), /the disk is full/);
  isBroken = false;
  let status = 0;
  managed.post('/api/auth/refresh', cookie).then((response) => {
    status = response.status;
  });
  await settle();
  assert.equal(status, 200);
});

test('R24: who waits for another request’s exchange gives up after leaseFor, and the exchange goes on', async () => {
  const gate = createGate();
  const managed = createManaged({
    refresh: async () => {
      await gate.opened;
      return Response.json({ access_token: 'late', refresh_token: 'r', expires_in: 60 });
    },
  });
  const cookie = await managed.login();
  managed.clock.advance(61 * SECOND);
  const leading = managed.post('/api/auth/refresh', cookie);
  await settle();
  let status = 0;
  managed.post('/api/auth/refresh', cookie).then((response) => {
    status = response.status;
  });
  await settle();
  for (let second = 0; second < 11 && status === 0; second += 1) {
    managed.clock.advance(SECOND);
    await settle();
  }
  assert.equal(status, 503);
  gate.open();
  assert.equal((await leading).status, 200);
});

test('R20: a login that the origin answers without an access token is a bad gateway, and asks for no document', async () => {
  const clock = createClock();
  /** @type {string[]} */
  const paths = [];
  const fetch = async (/** @type {any} */ input) => {
    paths.push(new URL(input.url ?? input).pathname);
    return Response.json({ id: 'ada', refresh_token: 'R' });
  };
  const { now, sleep } = clock;
  const sessions = new SessionCache({ origin: ORIGIN, managed: {} }, { fetch, now, sleep });
  const init = { method: 'POST', body: '{}' };
  const response = await sessions.handle(new Request('https://site.test/api/auth/login', init));
  assert.deepEqual([response.status, response.headers.get('set-cookie')], [502, null]);
  assert.deepEqual(paths, ['/api/v1/auth/login']);
});
