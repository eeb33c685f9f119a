// Several credentials in one browser, in the real Chromium: a tab is told of its own alone, whoever signs in or out with
// another, and by whichever way.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { PASSWORD } from '../../examples/origin/users.mjs';
import { until } from '../support/wait.js';
import { launchChromium, stopWorkers } from './support/chromium.js';
import {
  advance,
  heard,
  INGRID,
  kept,
  LAYLA,
  login,
  logout,
  onDisk,
  openTab,
  prepare,
  session,
  startSite,
} from './support/site.js';

const LOGOUT = '/api/v1/auth/logout';
const MINUTE = 60_000;

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').BrowserContext} */
let context;
/** @type {import('./support/site.js').Site} */
let site;

before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());
beforeEach(async () => {
  site = await startSite();
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await site.stop();
});

async function signedIn(email = LAYLA) {
  const tab = await openTab(context, site);
  assert.equal(await login(tab, email), 200);
  assert.equal((await session(tab)).user.email, email);
  await kept(tab);
  return tab;
}

/** Signs in past the browser. @param {string} email @param {string} [mode] */
async function signIn(email, mode = '') {
  const response = await fetch(`${site.url}/api/v1/auth/login${mode}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  assert.equal(response.status, 200);
  return response;
}

/** @param {string} email @returns {Promise<string>} the value of an `Authorization` header */
async function bearerOf(email) {
  return `Bearer ${(await (await signIn(email)).json()).access_token}`;
}

/** @param {string} email @returns {Promise<string>} a `Set-Cookie` of a sign-in */
async function cookieOf(email) {
  return (await signIn(email, '?mode=cookie')).headers.getSetCookie()[0];
}

/** A tab whose client sends a token. @param {string} authorization */
async function openTokenTab(authorization) {
  const tab = await openTab(context, site);
  await tab.evaluate(async (value) => {
    const scope = /** @type {any} */ (globalThis);
    scope.client.close();
    scope.client = scope.sesame.createClient({
      logoutPath: '/api/v1/auth/logout',
      headers: () => ({ authorization: value }),
    });
    scope.heard = [];
    scope.client.onSessionChange((/** @type {any} */ each) => scope.heard.push(each));
  }, authorization);
  return tab;
}

/**
 * The status of a request of a page.
 * @param {import('playwright-core').Page} tab
 * @param {string} path
 * @param {RequestInit} [init]
 */
const ask = (tab, path, init = {}) =>
  tab.evaluate(
    async ([to, how]) => (await fetch(to, how)).status,
    /** @type {[string, RequestInit]} */ ([path, init]),
  );

/** What a tab knows without asking: an e-mail, null, or 'unknown'. @param {import('playwright-core').Page} tab */
const known = (tab) =>
  tab.evaluate(() => {
    const { session: held } = /** @type {any} */ (globalThis).client.state;
    return held === undefined ? 'unknown' : (held?.user.email ?? null);
  });

/** Until what has been said on the channel before has been heard. @param {import('playwright-core').Page} tab */
async function delivered(tab) {
  // What the worker posts before it answers is on the channel before this, and a channel keeps order.
  await ask(tab, '/api/auth/session');
  await tab.evaluate(async () => {
    const [one, other] = [new BroadcastChannel('sesame'), new BroadcastChannel('sesame')];
    const arrived = new Promise((resolve) => {
      other.onmessage = ({ data }) => data === 'marker' && resolve(undefined);
    });
    one.postMessage('marker');
    await arrived;
    one.close();
    other.close();
  });
}

/**
 * What is said on the channel from here on.
 * @param {import('playwright-core').Page} tab
 * @returns {Promise<() => Promise<any[]>>}
 */
async function overhear(tab) {
  await tab.evaluate(() => {
    const scope = /** @type {any} */ (globalThis);
    scope.said = [];
    scope.ear = new BroadcastChannel('sesame');
    scope.ear.onmessage = (/** @type {any} */ { data }) => data.type && scope.said.push(data);
  });
  return () => tab.evaluate(() => /** @type {any} */ (globalThis).said);
}

/** Requests that reach the site from here on, as `METHOD /path`. @param {Record<string, number>} [statuses] */
function watch(statuses = {}) {
  /** @type {{ line: string, cookie?: string, authorization?: string }[]} */
  const seen = [];
  site.intercept(({ method, url, headers }, response) => {
    const line = `${method} ${url}`;
    seen.push({ line, cookie: headers.cookie, authorization: headers.authorization });
    if (statuses[line] === undefined) return false;
    response.writeHead(statuses[line]).end();
    return true;
  });
  return seen;
}

test('R61: a request with a token tells the tabs that use the cookies nothing, nor does a token that is refused', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTab(context, site);
  await session(other);
  const authorization = await bearerOf(INGRID);
  const said = await overhear(other);
  assert.equal(await ask(other, '/api/v1/users/me', { headers: { authorization } }), 200);
  const refused = { headers: { authorization: 'Bearer expired' } };
  assert.equal(await ask(other, '/api/v1/users/me', refused), 401);
  await until(async () => (await said()).length >= 2); // to the tabs of these tokens, of which there are none
  await delivered(tab);
  for (const each of [tab, other]) {
    assert.equal(await known(each), LAYLA);
    assert.ok((await heard(each)).every((/** @type {any} */ one) => one?.user.email === LAYLA));
  }
  // What is said is said of a name, out of which nobody makes the token.
  for (const { about } of await said()) assert.match(about, /^[0-9a-f]{32}$/);
  const asked = site.asked();
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), asked);
});

test('R61, R62: an update with a token is told to the tabs of that token alone', async () => {
  const tab = await signedIn(LAYLA);
  const authorization = await bearerOf(INGRID);
  const [one, other] = [await openTokenTab(authorization), await openTokenTab(authorization)];
  const stranger = await openTokenTab('Bearer unknown');
  assert.equal((await session(one)).user.email, INGRID);
  assert.equal((await session(other)).user.email, INGRID);
  assert.equal(await session(stranger), null);
  await one.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'I.' }));
  await until(async () => (await heard(other)).at(-1)?.user.name === 'I.');
  for (const each of [tab, stranger]) await delivered(each);
  assert.equal(await known(tab), LAYLA);
  assert.equal(await known(stranger), null);
});

test('R61: a logout with a token empties the tabs of that token before it resolves, and signs nobody else out', async () => {
  const tab = await signedIn(LAYLA);
  const authorization = await bearerOf(INGRID);
  const [one, other] = [await openTokenTab(authorization), await openTokenTab(authorization)];
  const third = await openTokenTab(await bearerOf(LAYLA));
  for (const each of [one, other, third]) await session(each);
  site.intercept(({ method, url, headers }, response) => {
    if (method === 'POST' && url === LOGOUT) response.writeHead(204).end();
    else if (headers.authorization === authorization) response.writeHead(401).end();
    else return false;
    return true;
  });
  await logout(one);
  assert.equal(await known(other), null);
  for (const each of [tab, third]) {
    await delivered(each);
    assert.equal(await known(each), LAYLA);
    assert.ok(!(await heard(each)).includes(null));
  }
  assert.equal(await session(other), null);
  for (const each of [tab, third]) assert.equal((await session(each)).user.email, LAYLA);
});

test('R61: where a logout with a token has ended the cookies as well, who asks with them is told', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTokenTab(await bearerOf(INGRID));
  await session(other);
  await logout(other); // the origin deletes the cookie of whoever signs out
  assert.equal(await session(tab), null);
});

test('R61: a logout of the cookies leaves the tabs of a token as they are', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTokenTab(await bearerOf(INGRID));
  assert.equal((await session(other)).user.email, INGRID);
  await logout(tab);
  await delivered(other);
  assert.equal(await known(other), INGRID);
  assert.equal((await session(other)).user.email, INGRID);
  assert.equal(await session(tab), null);
});

test('R61: without a worker, too, a logout with a token is told to the tabs of that token alone', async () => {
  const [token, another] = [await bearerOf(INGRID), await bearerOf(LAYLA)];
  /** @type {import('playwright-core').Page[]} */
  const tabs = [];
  for (const authorization of [token, token, another]) {
    const tab = await context.newPage();
    await tab.goto(`${site.url}/app/home`);
    await tab.evaluate((value) => {
      const scope = /** @type {any} */ (globalThis);
      const headers = () => ({ authorization: value });
      scope.client = scope.sesame.createClient({ logoutPath: '/api/v1/auth/logout', headers });
    }, authorization);
    await session(tab);
    tabs.push(tab);
  }
  await logout(tabs[0]);
  await until(async () => (await known(tabs[1])) === null);
  assert.equal(await known(tabs[2]), LAYLA);
});

test('R24, R61: a refresh that ends one credential is not taken for another’s', async () => {
  const [one, other] = [await openTokenTab('Bearer one'), await openTokenTab('Bearer other')];
  const release = site.hold('/api/auth/refresh');
  const refresh = (/** @type {import('playwright-core').Page} */ tab) =>
    tab.evaluate(() => /** @type {any} */ (globalThis).client.refresh());
  const refreshing = [refresh(one), refresh(other)];
  await until(() => site.refreshes() === 2);
  release();
  await Promise.all(refreshing);
});

for (const [
  way,
  go,
] of /** @type {[string, (tab: import('playwright-core').Page) => Promise<unknown>][]} */ ([
  [
    'a form that is sent as a page to a path of any name',
    async (tab) => {
      const loaded = tab.waitForNavigation();
      await tab.evaluate(() => {
        const form = document.createElement('form');
        Object.assign(form, { method: 'POST', action: '/enter' });
        document.body.append(form);
        form.submit();
      });
      await loaded;
    },
  ],
  [
    'fetch to /api/auth/sign-in/email',
    (tab) => ask(tab, '/api/auth/sign-in/email', { method: 'POST' }),
  ],
  ['fetch to /users/sign_in', (tab) => ask(tab, '/users/sign_in', { method: 'POST' })],
  ['fetch to /session', (tab) => ask(tab, '/session', { method: 'POST' })],
  [
    'the way back from an identity provider',
    (tab) => tab.goto(`${site.url}/api/auth/callback/github?code=1`),
  ],
  ['a link of a mail, to /session/42', (tab) => tab.goto(`${site.url}/session/42?token=1`)],
])) {
  test(`R61, R83: who signs in by ${way} finds nothing of the last user, offline included`, async () => {
    const tab = await signedIn(LAYLA);
    const cookie = await cookieOf(INGRID);
    const paths = /^\/(enter|api\/auth\/sign-in|users\/sign_in|session|api\/auth\/callback)/;
    site.intercept((request, response) => {
      const { pathname } = new URL(request.url ?? '', 'http://site');
      if (!paths.test(pathname) || pathname === '/api/auth/session') return false;
      const isVisit = request.method === 'GET';
      const headers = { 'set-cookie': cookie, 'content-type': 'text/html', location: '/app/home' };
      const page = '<!doctype html><script src="/page.js"></script>';
      response.writeHead(isVisit ? 302 : 200, headers).end(isVisit ? '' : page);
      return true;
    });
    await go(tab);
    await site.stop();
    await stopWorkers(tab);
    const documents = await tab.evaluate(async () => {
      const read = async (/** @type {string} */ path) => (await fetch(path)).text().catch(String);
      return [await read('/api/v1/users/me'), await read('/api/auth/session')].join();
    });
    assert.ok(!documents.includes(LAYLA), documents);
    await site.start();
    await prepare(tab, { register: true });
    assert.equal((await session(tab)).user.email, INGRID);
  });
}

test('R61: any unsafe request ends a remembered no, from a cold worker too', async () => {
  const tab = await openTab(context, site);
  assert.equal(await session(tab), null);
  let asked = site.asked();
  assert.equal(await session(tab), null);
  assert.equal(site.asked(), asked);
  const cookie = await cookieOf(LAYLA);
  let isSignIn = false;
  site.intercept((request, response) => {
    if (request.method !== 'POST' || request.url !== '/cart') return false;
    response.writeHead(200, isSignIn ? { 'set-cookie': cookie } : {}).end();
    return true;
  });
  // One that signs nobody in costs one question.
  await ask(tab, '/cart', { method: 'POST' });
  assert.equal(await session(tab), null);
  assert.equal(site.asked(), asked + 1);
  asked = site.asked();
  await kept(tab);
  await stopWorkers(tab);
  isSignIn = true;
  await ask(tab, '/cart', { method: 'POST' });
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), asked + 1);
  // Who is signed in stays so.
  isSignIn = false;
  await ask(tab, '/cart', { method: 'POST' });
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), asked + 1);
});

test('R61: a no that was under way during an unsafe request is not remembered', async () => {
  const tab = await openTab(context, site);
  const cookie = await cookieOf(LAYLA);
  let isFirst = true;
  /** @type {() => void} */
  let release = () => {};
  site.intercept((request, response) => {
    if (request.url === '/cart') {
      response.writeHead(200, { 'set-cookie': cookie }).end();
      return true;
    }
    if (request.method !== 'GET' || request.url !== '/api/v1/users/me' || !isFirst) return false;
    isFirst = false;
    release = () => response.writeHead(401).end();
    return true;
  });
  const asking = ask(tab, '/api/v1/users/me');
  await until(() => !isFirst);
  await ask(tab, '/cart', { method: 'POST' });
  release();
  await asking;
  assert.equal((await session(tab)).user.email, LAYLA);
});

for (const [how, path, method] of [
  ['a form', '/teams/5/logout', 'POST'],
  ['a form, to the logout’s own path', LOGOUT, 'POST'],
  ['a link', '/teams/5/logout', 'GET'],
  ['a link, to the logout’s own path', LOGOUT, 'GET'],
]) {
  test(`R61, R63: offline, another site’s navigation makes the worker send nothing later and signs nobody out: ${how}`, async () => {
    const tab = await signedIn(LAYLA);
    const elsewhere = await startSite();
    try {
      const evil = await context.newPage();
      await evil.goto(`${elsewhere.url.replace('127.0.0.1', 'localhost')}/app/home`);
      await site.stop();
      const failed = evil.waitForEvent('requestfailed');
      await evil.evaluate(
        ([action, verb]) => {
          const form = document.createElement('form');
          Object.assign(form, { method: verb, action });
          document.body.append(form);
          form.submit();
        },
        [site.url + path, method],
      );
      await failed;
      assert.equal((await session(tab)).user.email, LAYLA, 'offline');
      await until(async () => (await onDisk(tab))?.sealed);
      await stopWorkers(tab);
      assert.equal((await session(tab)).user.email, LAYLA, 'offline, from a cold worker');
      assert.equal((await onDisk(tab))?.pendingLogout, null);
      const seen = watch();
      await site.start();
      assert.equal((await session(tab, { fresh: true })).user.email, LAYLA);
      assert.deepEqual(
        seen.filter(({ line }) => !line.startsWith('GET /api/v1/users/me')),
        [],
      );
      assert.ok(!(await heard(tab)).includes(null));
    } finally {
      await elsewhere.stop();
    }
  });
}

test('R25, R61: a logout that the origin has not heard of is repeated on logoutPath, whichever path it was sent to', async () => {
  const tab = await signedIn(LAYLA);
  await site.stop();
  assert.equal(await ask(tab, '/users/sign_out', { method: 'POST' }), 200);
  assert.equal(await session(tab), null);
  await advance(tab, MINUTE);
  const seen = watch();
  await site.start();
  assert.equal(await session(tab), null);
  const sent = seen.filter(({ line }) => line.startsWith('POST'));
  assert.deepEqual(
    sent.map(({ line }) => line),
    [`POST ${LOGOUT}`],
  );
  assert.match(sent[0].cookie ?? '', /session=/);
});

test('R25, R61: where logoutPath leads nowhere, the device stays signed out', async () => {
  const tab = await signedIn(LAYLA);
  await site.stop();
  assert.equal(await ask(tab, '/users/sign_out', { method: 'POST' }), 200);
  const seen = watch({ [`POST ${LOGOUT}`]: 404 });
  await site.start();
  for (const times of [1, 2]) {
    assert.equal(await session(tab), null);
    assert.equal(seen.filter(({ line }) => line === `POST ${LOGOUT}`).length, times);
    await advance(tab, MINUTE);
  }
  assert.ok((await onDisk(tab))?.pendingLogout);
});

test('R8, R61: while a logout is to be repeated, its cookies are answered 401 on both paths, and a token is answered', async () => {
  const tab = await signedIn(LAYLA);
  const headers = { authorization: await bearerOf(INGRID) };
  await site.stop();
  await logout(tab);
  watch({ [`POST ${LOGOUT}`]: 503 });
  await site.start();
  const answers = await tab.evaluate(
    async (init) => {
      const get = async (/** @type {string} */ path, /** @type {RequestInit} */ how = {}) => {
        const response = await fetch(path, how);
        const answer = await response.json();
        return [response.status, answer?.email ?? answer?.user?.email ?? answer];
      };
      const paths = ['/api/auth/session', '/api/v1/users/me'];
      return [
        ...(await Promise.all(paths.map((path) => get(path)))),
        ...(await Promise.all(paths.map((path) => get(path, init)))),
      ];
    },
    { headers },
  );
  assert.deepEqual(answers, [
    [401, null],
    [401, { error: 'signed_out' }],
    [200, INGRID],
    [200, INGRID],
  ]);
  // The page’s client takes it for what it is.
  assert.equal(await session(tab), null);
});

test('R25, R61, R64: a token’s logout is repeated with that token and no cookies, and lies sealed on disk until then', async () => {
  const tab = await signedIn(LAYLA);
  const authorization = await bearerOf(INGRID);
  const other = await openTokenTab(authorization);
  await session(other);
  await site.stop();
  await logout(other);
  assert.equal(await session(other), null);
  assert.equal((await session(tab)).user.email, LAYLA); // offline, and held
  const disk = JSON.stringify(await onDisk(tab));
  assert.match(disk, /"pendingLogout":\{/);
  assert.ok(!disk.includes(authorization.slice('Bearer '.length)));
  await stopWorkers(tab);
  const seen = watch();
  await site.start();
  assert.equal(await session(other), null);
  const sent = seen.filter(({ line }) => line === `POST ${LOGOUT}`);
  assert.deepEqual(
    sent.map((each) => [each.authorization, each.cookie]),
    [[authorization, undefined]],
  );
  await until(async () => (await onDisk(tab))?.pendingLogout === null);
  assert.equal((await session(tab)).user.email, LAYLA);
});

test('R25, R61: a visit of the sign-in page does not undo a logout that the origin has not heard of', async () => {
  const tab = await signedIn(LAYLA);
  await site.stop();
  await logout(tab);
  site.intercept(({ method, url }, response) => {
    if (url === LOGOUT) response.writeHead(503).end();
    // Whoever has a cookie is sent on, as he is signed in.
    else if (method === 'GET' && url === '/login') {
      response.writeHead(302, { location: '/app/home' }).end();
    } else return false;
    return true;
  });
  await site.start();
  await tab.goto(`${site.url}/login`);
  await prepare(tab, { register: true });
  assert.equal(await session(tab), null);
  assert.ok((await onDisk(tab))?.pendingLogout);
  // Who signs in there is signed in.
  assert.equal(await login(tab, INGRID), 200);
  assert.equal((await session(tab)).user.email, INGRID);
});

test('R61: a logout with a token ends it for requests that send it without cookies, too', async () => {
  const authorization = await bearerOf(INGRID);
  const tab = await openTokenTab(authorization);
  const init = /** @type {const} */ ({ headers: { authorization }, credentials: 'omit' });
  assert.equal(await ask(tab, '/api/v1/users/me', init), 200);
  await site.stop();
  assert.equal(await ask(tab, '/api/v1/users/me', init), 200); // it is held
  await logout(tab);
  assert.equal(await ask(tab, '/api/v1/users/me', init), 401);
  await site.start();
  await advance(tab, MINUTE);
  assert.equal(await ask(tab, '/api/v1/users/me', init), 401);
});

test('R25, R61: a logout is repeated before the next user’s sign-in is sent, with the cookies that it was about', async () => {
  const tab = await signedIn(LAYLA);
  await site.stop();
  await logout(tab);
  const seen = watch();
  await site.start();
  await login(tab, INGRID);
  assert.equal((await session(tab)).user.email, INGRID);
  const posts = seen.filter(({ line }) => line.startsWith('POST'));
  assert.deepEqual(
    posts.map(({ line }) => line.split('?')[0]),
    [`POST ${LOGOUT}`, 'POST /api/v1/auth/login'],
  );
});
