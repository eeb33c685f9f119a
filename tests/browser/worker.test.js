// The service worker in the real Chromium: what it answers, and what it spares the origin.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { until } from '../support/wait.js';
import { launchChromium, stopWorkers } from './support/chromium.js';
import {
  advance,
  heard,
  INGRID,
  kept,
  LAYLA,
  login,
  NAMES,
  openTab,
  prepare,
  session,
  startSite,
  update,
} from './support/site.js';

const HOUR = 3_600_000;
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
  assert.equal((await session(tab)).user.name, NAMES[email]);
  return tab;
}

test('R60: a new tab, reloads and a restarted worker cost no origin call', async () => {
  const tab = await signedIn();
  assert.equal(site.asked(), 1);
  const second = await openTab(context, site);
  assert.equal((await session(second)).user.email, LAYLA);
  for (let reload = 0; reload < 3; reload += 1) {
    await tab.reload();
    await prepare(tab, { register: true });
    assert.equal((await session(tab)).user.email, LAYLA);
  }
  await kept(tab);
  await stopWorkers(tab);
  const restarted = await session(tab);
  assert.equal(restarted.user.email, LAYLA);
  assert.equal(restarted.stale, false);
  assert.equal(site.asked(), 1);
});

test('R60: the document and the session are both answered, byte for byte and with where from', async () => {
  const tab = await signedIn();
  const answers = await tab.evaluate(async () => {
    const document = await fetch('/api/v1/users/me');
    const head = await fetch('/api/v1/users/me', { method: 'HEAD' });
    return {
      text: await document.text(),
      timing: document.headers.get('server-timing'),
      cache: document.headers.get('cache-control'),
      head: [head.status, await head.text()],
    };
  });
  assert.equal(answers.text, JSON.stringify(site.origin.user(LAYLA)));
  assert.equal(answers.timing, 'sesame;desc=fresh');
  assert.equal(answers.cache, 'private, no-store');
  assert.deepEqual(answers.head, [200, '']);
  assert.equal(site.asked(), 1);
});

test('R6: past freshFor it is answered at once, marked stale, with one refresh behind', async () => {
  const tab = await signedIn();
  await advance(tab, HOUR * 0.75);
  const release = site.hold('/api/v1/users/me');
  const stale = await session(tab);
  assert.equal(stale.stale, true);
  release();
  await until(() => site.asked() === 2);
  await until(async () => !(await session(tab)).stale);
  assert.equal(site.asked(), 2);
});

test('R9: two tabs that race on a cold worker cost one origin call', async () => {
  const first = await signedIn();
  const second = await openTab(context, site);
  site.origin.settings.delayMs = 100;
  const before = site.asked();
  assert.equal(await login(first, LAYLA), 200); // whoever it is now, nothing is known of them
  const many = (/** @type {import('playwright-core').Page} */ tab) =>
    tab.evaluate(async () => {
      const ask = () => fetch('/api/v1/users/me').then((response) => response.json());
      const users = await Promise.all(Array.from({ length: 20 }, ask));
      return users.map(({ email }) => email);
    });
  const emails = await Promise.all([many(first), many(second)]);
  assert.deepEqual(new Set(emails.flat()), new Set([LAYLA]));
  assert.equal(site.asked(), before + 1);
});

test('R11: a fresh session comes from the origin, and replaces what was held', async () => {
  const tab = await signedIn();
  assert.equal((await session(tab, { fresh: true })).user.email, LAYLA);
  assert.equal(site.asked(), 2);
  await session(tab);
  assert.equal(site.asked(), 2);
});

test('R11: neither DevTools with the cache switched off nor a cache mode of fetch costs an origin call', async () => {
  const tab = await signedIn();
  const cdp = await context.newCDPSession(tab);
  await cdp.send('Network.enable');
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
  for (const cache of ['no-store', 'reload', 'no-cache', 'default']) {
    const email = await tab.evaluate(async (mode) => {
      const init = { cache: /** @type {RequestCache} */ (mode) };
      return (await (await fetch('/api/v1/users/me', init)).json()).email;
    }, cache);
    assert.equal(email, LAYLA, cache);
  }
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 1);
});

test('R11: what a tab hears while it asks is no answer to a fresh question', async () => {
  const tab = await signedIn();
  const release = site.hold('/api/v1/users/me');
  const asking = tab.evaluate(async () => {
    const { client } = /** @type {any} */ (globalThis);
    const asked = client.getSession({ fresh: true });
    const channel = new BroadcastChannel('sesame');
    const user = { name: 'as it was' };
    channel.postMessage({ type: 'session', session: { user, expiresAt: null, stale: false } });
    return asked;
  });
  await until(async () => (await heard(tab)).at(-1)?.user.name === 'as it was');
  release();
  assert.equal((await asking).user.name, NAMES[LAYLA]);
  assert.equal((await heard(tab)).at(-1).user.name, NAMES[LAYLA]);
});

test('R12: nobody signed in is remembered, and forgotten at the login', async () => {
  const tab = await openTab(context, site);
  assert.equal(await session(tab), null);
  assert.equal(await session(tab), null);
  assert.equal(site.asked(), 1);
  await login(tab, LAYLA);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 2);
});

test('R22, R62: an update in one tab is in every tab without a request', async () => {
  const tab = await signedIn();
  const other = await openTab(context, site);
  await session(other);
  await tab.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'Layla H.' }));
  await until(async () => (await heard(other)).at(-1)?.user.name === 'Layla H.');
  assert.equal((await session(other)).user.name, 'Layla H.');
  assert.equal((await session(tab)).user.name, 'Layla H.');
  assert.equal(site.asked(), 1);
  await kept(tab);
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.name, 'Layla H.');
  assert.equal(site.asked(), 1);
});

test('R62: an update by a plain request is seen as well', async () => {
  const tab = await signedIn();
  const other = await openTab(context, site);
  const status = await tab.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'PUT', headers, body: '{"name":"Plain"}' };
    return (await fetch('/api/v1/users/me', init)).status;
  });
  assert.equal(status, 200);
  await until(async () => (await heard(other)).at(-1)?.user.name === 'Plain');
  assert.equal(site.asked(), 1);
});

test('R22: an update that the origin refuses changes nothing', async () => {
  const tab = await signedIn();
  const error = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).client
      .updateUser({ id: 'x' })
      .catch((/** @type {any} */ e) => [e.code, e.status]),
  );
  assert.deepEqual(error, ['ERR_SESAME_UPDATE_FAILED', 422]);
  assert.equal((await session(tab)).user.name, NAMES[LAYLA]);
  assert.equal(site.asked(), 1);
});

test('R22: a worker that ends between an update and its record holds no older document', async () => {
  const tab = await signedIn();
  await kept(tab);
  site.intercept((request, response) => {
    if (request.method === 'PATCH') response.end = () => response; // it is changed, and nobody hears of it
    return false;
  });
  const updating = tab.evaluate(() =>
    fetch('/api/v1/users/me', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"After"}',
    }).catch(() => 'failed'),
  );
  updating.catch(() => {});
  await until(() => site.origin.user(LAYLA)?.name === 'After');
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.name, 'After');
});

test('R63: offline, a kept document is served and marked stale, from a cold worker too', async () => {
  const tab = await signedIn();
  await kept(tab);
  await site.stop();
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.email, LAYLA);
  await advance(tab, 3 * HOUR);
  const old = await session(tab);
  assert.equal(old.user.email, LAYLA);
  assert.equal(old.stale, true);
  await advance(tab, 48 * HOUR);
  const code = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).client
      .getSession()
      .catch((/** @type {any} */ error) => error.code),
  );
  assert.equal(code, 'ERR_SESAME_ORIGIN_UNAVAILABLE'); // unknown is not signed out
  await site.start();
  assert.equal((await session(tab)).user.email, LAYLA);
});

test('R1: whoever sends a credential, be it an empty one, is not taken for the device’s user', async () => {
  const tab = await signedIn();
  const statuses = await tab.evaluate(async () => {
    const ask = async (/** @type {string} */ authorization) => {
      const { status } = await fetch('/api/v1/users/me', {
        headers: { authorization },
        credentials: 'omit',
      });
      return status;
    };
    return [await ask(''), await ask('Bearer unknown')];
  });
  assert.deepEqual(statuses, [401, 401]);
});

test('R41: what is none of the session is none of the worker’s', async () => {
  const tab = await signedIn();
  const answers = await tab.evaluate(async () => {
    const posts = await fetch('/api/v1/posts');
    const echo = await fetch('/upload', { method: 'POST', body: 'bytes' });
    const omitted = await fetch('/api/v1/users/me', { credentials: 'omit' });
    const asked = await fetch('/api/v1/users/me?expand=1');
    return [posts.headers.get('server-timing'), await echo.text(), omitted.status, asked.status];
  });
  assert.deepEqual(answers.slice(0, 1), [null]);
  assert.equal(answers[2], 401);
  assert.equal(answers[3], 200);
  assert.equal(site.asked(), 3);
});

test('R1: a request that sends no cookies is nobody’s, on both paths, and is asked for without them', async () => {
  const tab = await signedIn();
  const answers = await tab.evaluate(async () => {
    const init = /** @type {const} */ ({ credentials: 'omit' });
    const session = await (await fetch('/api/auth/session', init)).json();
    const { status, headers } = await fetch('/api/v1/users/me', init);
    return [session, status, headers.get('cache-control'), headers.get('server-timing')];
  });
  assert.deepEqual(answers, [null, 401, 'private, no-store', 'sesame;desc=origin']);
  assert.equal(site.asked(), 2);
  assert.equal((await session(tab)).user.email, LAYLA);
});

test('R41: where an anonymous answer leads is shown to nobody, and handed on', async () => {
  const tab = await signedIn();
  site.intercept((request, response) => {
    if (request.url !== '/api/v1/users/me') return false;
    response.writeHead(302, { location: '/login' }).end();
    return true;
  });
  const type = await tab.evaluate(async () => {
    const init = /** @type {const} */ ({ credentials: 'omit', redirect: 'manual' });
    return (await fetch('/api/v1/users/me', init)).type;
  });
  assert.equal(type, 'opaqueredirect');
});

test('R3: a token is sent to an API elsewhere as the page sends it: without cookies unless it says so', async () => {
  /** @type {(string | undefined)[]} */
  const cookies = [];
  const api = http.createServer((request, response) => {
    // With credentials, browsers do not take the star (Fetch standard, CORS check).
    const headers = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*, authorization',
    };
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    if (request.method === 'GET') cookies.push(request.headers.cookie);
    response.end('{"id":"by-token"}');
  });
  await once(api.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (api.address());
  const elsewhere = await startSite({ options: { origin: `http://127.0.0.1:${port}` } });
  try {
    const tab = await openTab(context, elsewhere);
    await context.addCookies([{ name: 'session', value: 'x', url: elsewhere.url }]);
    const ids = await tab.evaluate(async (url) => {
      const headers = { authorization: 'Bearer a' };
      const ask = async () => (await (await fetch(url, { headers })).json()).id;
      return [await ask(), await ask()];
    }, `http://127.0.0.1:${port}/api/v1/users/me`);
    assert.deepEqual(ids, ['by-token', 'by-token']);
    assert.deepEqual(cookies, [undefined]);
  } finally {
    api.close();
    await elsewhere.stop();
  }
});

test('R60: a new version of the worker takes over in the middle of a session', async () => {
  const tab = await signedIn();
  await kept(tab);
  const before = await tab.evaluate(() => navigator.serviceWorker.controller?.scriptURL);
  assert.ok(before);
  site.release();
  await update(tab);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 1);
});

test('two profiles are two users', async () => {
  const tab = await signedIn();
  const stranger = await browser.newContext();
  const other = await openTab(stranger, site);
  assert.equal(await session(other), null);
  await login(other, INGRID);
  assert.equal((await session(other)).user.email, INGRID);
  assert.equal((await session(tab)).user.email, LAYLA);
  await stranger.close();
});

test('R5, R63: behind a Sesame at the edge, whose answers are for no other cache, the worker keeps them', async (t) => {
  const edge = new SessionCache({ origin: await site.origin.listen() });
  t.after(() => {
    edge.dispose();
    return site.origin.close();
  });
  const answer = toNodeHandler(edge);
  let isOffline = false;
  site.intercept((request, response) => {
    if (isOffline) response.destroy();
    else if (request.url?.startsWith('/api/')) answer(request, response);
    else return false;
    return true;
  });
  const tab = await signedIn();
  for (let check = 0; check < 5; check += 1) {
    assert.equal((await session(tab)).user.email, LAYLA);
  }
  const { originCalls } = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).client.statistics(),
  );
  assert.deepEqual([originCalls, site.asked()], [1, 1]);
  await kept(tab);
  await stopWorkers(tab);
  isOffline = true;
  assert.equal((await session(tab)).user.email, LAYLA);
});

test('R11: a fresh session passes the worker and the Sesame at the edge behind it', async (t) => {
  const edge = new SessionCache({ origin: await site.origin.listen() });
  t.after(() => {
    edge.dispose();
    return site.origin.close();
  });
  const answer = toNodeHandler(edge);
  site.intercept((request, response) => {
    if (!request.url?.startsWith('/api/')) return false;
    answer(request, response);
    return true;
  });
  const tab = await signedIn();
  for (const asked of [2, 3]) {
    assert.equal((await session(tab, { fresh: true })).user.email, LAYLA);
    assert.equal(site.asked(), asked);
    assert.equal((await session(tab)).user.email, LAYLA);
  }
  assert.equal(site.asked(), 3);
});

test('R70: the worker counts', async () => {
  const tab = await signedIn();
  await tab.reload(); // whatever the page has heard of the login, it asks no more because of it
  await prepare(tab, { register: true });
  const statistics = () => tab.evaluate(() => /** @type {any} */ (globalThis).client.statistics());
  const before = await statistics();
  for (let check = 0; check < 9; check += 1) await session(tab);
  const after = await statistics();
  const names = ['checks', 'fresh', 'originCalls', 'originCallsAvoided'];
  const more = names.map((name) => after[name] - before[name]);
  assert.deepEqual(more, [9, 9, 0, 9]);
  assert.equal(after.originCalls, 1);
  assert.equal(after.checkTime.count, after.checks);
});

test('R4: requests of one registration with different values of a header never see each other’s document', async () => {
  const tenants = await startSite({ options: { varyOn: 'x-organization-id' } });
  try {
    let asked = 0;
    tenants.intercept((request, response) => {
      if (request.url !== '/api/v1/users/me') return false;
      asked += 1;
      const org = request.headers['x-organization-id'] ?? null;
      response.writeHead(200, { 'content-type': 'application/json', vary: 'X-Organization-Id' });
      response.end(JSON.stringify({ id: 1, org }));
      return true;
    });
    const tab = await openTab(context, tenants);
    const answers = await tab.evaluate(async () => {
      const answered = [];
      for (const org of ['one', 'two', null, 'one', 'two', null]) {
        const headers = new Headers(org === null ? [] : [['x-organization-id', org]]);
        const response = await fetch('/api/v1/users/me', { headers });
        const source = /desc=(\w+)/.exec(response.headers.get('server-timing') ?? '')?.[1];
        const session = await (await fetch('/api/auth/session', { headers })).json();
        answered.push([(await response.json()).org, session.user.org, source]);
      }
      return answered;
    });
    assert.deepEqual(answers, [
      ['one', 'one', 'origin'],
      ['two', 'two', 'origin'],
      [null, null, 'fresh'], // the page's client has asked
      ['one', 'one', 'fresh'],
      ['two', 'two', 'fresh'],
      [null, null, 'fresh'],
    ]);
    assert.equal(asked, 3);
  } finally {
    await tenants.stop();
  }
});
