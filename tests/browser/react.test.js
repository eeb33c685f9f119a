// The hooks in real React, in the real Chromium, with the real worker: what components get, and what it costs.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { until } from '../support/wait.js';
import { launchChromium } from './support/chromium.js';
import { advance, INGRID, kept, LAYLA, login, NAMES, startSite } from './support/site.js';

const SCRIPT = "import './browser/support/react-page.js';";
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
beforeEach(() => start());
afterEach(stop);

async function start(setup = {}) {
  site = await startSite({ script: SCRIPT, ...setup });
  context = await browser.newContext();
}

async function stop() {
  await context.close();
  await site.stop();
}

/** @typedef {import('playwright-core').Page} Page */

/** @param {object} [how] as `mount` takes it */
async function open(how) {
  const tab = await context.newPage();
  await tab.goto(`${site.url}/app/home`);
  await mount(tab, how);
  return tab;
}

/** @param {Page} tab @param {object} [how] */
const mount = (tab, how) =>
  tab.evaluate((options) => /** @type {any} */ (globalThis).mount(options), how);

/** A value of the page's own. @param {Page} tab @param {string} expression */
const get = (tab, expression) => tab.evaluate(expression);

/** What components have, without functions. @param {Page} tab @returns {Promise<any>} */
const shown = (tab) =>
  tab.evaluate(() => {
    const { now } = /** @type {any} */ (globalThis);
    const { status, user, expiresAt, stale, error } = now.session;
    return { status, user, expiresAt, stale, error: error?.code ?? null };
  });

/** @param {Page} tab @param {string} status @param {string} [name] */
const becomes = (tab, status, name) =>
  until(async () => {
    const text = await tab.textContent('p').catch(() => '');
    return text === `${status} ${name ?? ''}`;
  });

/** @param {object} [how] */
async function signedIn(how, email = LAYLA) {
  const tab = await open(how);
  await becomes(tab, 'unauthenticated');
  await login(tab, email);
  await becomes(tab, 'authenticated', NAMES[email]);
  return tab;
}

/** How often it is asked who somebody is, by whatever path, from here on. @param {Page} tab */
function listen(tab) {
  /** @type {string[]} */
  const requests = [];
  tab.on('request', (request) => requests.push(new URL(request.url()).pathname));
  return requests;
}

test('R60: three components and a query in StrictMode cost one call, and a reload none', async () => {
  const tab = await signedIn({ hasQuery: true, isTold: true });
  assert.equal(site.asked(), 2); // nobody, and then Layla
  const before = site.asked();
  for (const isTold of [true, false]) {
    await tab.reload();
    await mount(tab, { hasQuery: true, isTold });
    await becomes(tab, 'authenticated', NAMES[LAYLA]);
    await until(async () => (await get(tab, 'query.data?.user.email')) === LAYLA);
  }
  assert.equal(site.asked(), before);
});

test('R60: a query that asks in its first effect finds the worker already', async () => {
  const tab = await context.newPage();
  await tab.goto(`${site.url}/app/home`);
  await login(tab, LAYLA); // there is no worker yet
  await mount(tab, { hasQuery: true });
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  await tab.reload();
  await mount(tab, { hasQuery: true });
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  assert.equal(site.asked(), 1);
});

test('a login shows in every tab by itself, with all that a session has', async () => {
  const tab = await open();
  const other = await open();
  for (const each of [tab, other]) await becomes(each, 'unauthenticated');
  assert.deepEqual(await shown(tab), {
    ...{ status: 'unauthenticated', user: null, expiresAt: null, stale: false, error: null },
  });
  await login(tab, LAYLA);
  for (const each of [tab, other]) await becomes(each, 'authenticated', NAMES[LAYLA]);
  const { expiresAt, ...session } = await shown(tab);
  assert.deepEqual(session, {
    ...{ status: 'authenticated', user: site.origin.user(LAYLA), stale: false, error: null },
  });
  assert.match(expiresAt, /^\d{4}-\d\d-\d\dT/);
  const statuses = await get(tab, '[...new Set(rendered.map(({ status }) => status))]');
  assert.deepEqual(statuses, ['loading', 'unauthenticated', 'authenticated']);
  assert.equal(site.asked(), 2);
});

test('a component is not rendered again where nothing has changed', async () => {
  const tab = await signedIn();
  await get(tab, 'rendered.length = 0');
  await get(tab, 'now.session.refetch()');
  const isSame = await get(
    tab,
    '(async (state) => (await client.getSession(), state === client.state))(client.state)',
  );
  assert.equal(isSame, true);
  assert.equal(await get(tab, 'rendered.length'), 0);
});

test('R13: a failure signs nobody out: unavailable where nobody is known, an error beside who is', async () => {
  site.intercept((request, response) => {
    if (request.url !== '/api/v1/users/me') return false;
    response.writeHead(503).end();
    return true;
  });
  const tab = await open({ provider: { serviceWorker: false } });
  await becomes(tab, 'unavailable');
  assert.equal((await shown(tab)).error, 'ERR_SESAME_ORIGIN_UNAVAILABLE');
  site.intercept(null);
  await tab.evaluate(() => dispatchEvent(new Event('online')));
  await becomes(tab, 'unauthenticated');
  assert.equal((await shown(tab)).error, null);

  await login(tab, LAYLA);
  await get(tab, 'now.session.refetch()');
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  await get(
    tab,
    '{ globalThis.heard = []; client.onSessionChange((session) => heard.push(session)); }',
  );
  await site.stop();
  const status = await get(tab, 'now.session.refetch().then(({ status }) => status)');
  assert.equal(status, 'authenticated');
  const { stale, error, user } = await shown(tab);
  assert.deepEqual([stale, error, user.email], [true, 'ERR_SESAME_ORIGIN_UNAVAILABLE', LAYLA]);
  await site.start();
  await get(tab, 'now.session.refetch()');
  assert.deepEqual([(await shown(tab)).stale, (await shown(tab)).error], [false, null]);
  assert.deepEqual(await get(tab, 'heard'), []); // who is signed in has not changed
});

test('R63: offline a user who is kept is shown as stale, and no longer when the network is back', async () => {
  const tab = await signedIn();
  await kept(tab);
  await site.stop();
  await advance(tab, 180 * MINUTE);
  await get(tab, 'now.session.refetch()');
  const { status, stale, error } = await shown(tab);
  assert.deepEqual([status, stale, error], ['authenticated', true, null]);
  await site.start();
  await tab.evaluate(() => dispatchEvent(new Event('online')));
  await until(async () => !(await shown(tab)).stale);
  assert.equal((await shown(tab)).user.email, LAYLA);
});

test('R11: refetch with fresh asks the origin, and shows a sign-out elsewhere', async () => {
  const tab = await signedIn();
  site.origin.endSessions();
  const { status } = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).now.session
      .refetch()
      .then((/** @type {any} */ session) => ({ status: session.status })),
  );
  assert.equal(status, 'authenticated');
  await get(tab, 'now.session.refetch({ fresh: true })');
  await becomes(tab, 'unauthenticated');
});

test('what the server has rendered is there at once, is not asked for, and follows changes', async () => {
  const tab = await signedIn();
  const asked = site.asked();
  const other = await context.newPage();
  await other.goto(`${site.url}/app/home`);
  const requests = listen(other);
  const user = { id: 'x', name: 'From the server' };
  const initialSession = { user, expiresAt: null, stale: false };
  await mount(other, { provider: { initialSession }, isTold: true, hasQuery: true });
  await becomes(other, 'authenticated', 'From the server');
  assert.equal(await get(other, 'rendered[0].status'), 'authenticated');
  assert.equal(await get(other, 'query.data.user.name'), 'From the server');
  assert.deepEqual(
    requests.filter((path) => path === '/api/auth/session'),
    [],
  );
  await get(tab, "now.update.updateUser({ name: 'Changed' })");
  await becomes(other, 'authenticated', 'Changed');
  assert.equal(site.asked(), asked);
  // Somebody else: what the server said is not shown again.
  await get(other, 'rendered.length = 0');
  await login(tab, INGRID);
  await becomes(other, 'authenticated', NAMES[INGRID]);
  const names = await get(other, '[...new Set(rendered.map(({ user }) => user?.name ?? null))]');
  assert.deepEqual(names, [null, NAMES[INGRID]]);
});

test('R22: an update is pending, then shown in every tab and query without a request', async () => {
  const tab = await signedIn({ hasQuery: true, isTold: true });
  const other = await open({ hasQuery: true, isTold: true });
  await becomes(other, 'authenticated', NAMES[LAYLA]);
  const asked = site.asked();
  const requests = listen(other);
  await get(tab, 'rendered.length = 0');
  await get(tab, "now.update.updateUser({ name: 'Layla H.' })");
  for (const each of [tab, other]) {
    await becomes(each, 'authenticated', 'Layla H.');
    await until(async () => (await get(each, 'query.data.user.name')) === 'Layla H.');
  }
  const pending = await get(tab, 'rendered.map(({ update }) => update.isPending)');
  assert.equal(/** @type {boolean[]} */ (pending).includes(true), true);
  assert.equal(await get(tab, 'now.update.isPending'), false);
  assert.equal(await get(tab, 'now.update.error'), null);
  assert.deepEqual(requests, []);
  assert.equal(site.asked(), asked);
  assert.equal(site.origin.user(LAYLA)?.name, 'Layla H.');
});

test('R22: an update that is refused changes nothing; its error is there until the next', async () => {
  const tab = await signedIn();
  const refused = await get(
    tab,
    "now.update.updateUser({ id: 'x' }).catch((error) => error.status)",
  );
  assert.equal(refused, 422);
  await until(
    async () => (await get(tab, 'now.update.error?.code')) === 'ERR_SESAME_UPDATE_FAILED',
  );
  assert.equal(await get(tab, 'now.update.isPending'), false);
  assert.equal((await shown(tab)).user.name, NAMES[LAYLA]);
  await get(tab, "now.update.updateUser({ name: 'Layla H.' }, { method: 'PUT' })");
  await until(async () => (await get(tab, 'now.update.error')) === null);
  assert.equal((await shown(tab)).user.name, 'Layla H.');
});

test('R61: a logout is one in every tab, its queries are null, and those of the user are reset', async () => {
  const provider = { resetQueriesOnUserChange: true };
  const tab = await signedIn({ hasQuery: true, isTold: true, provider });
  const other = await open({ hasQuery: true, isTold: true, provider });
  const keeps = await open({ hasQuery: true, isTold: true });
  for (const each of [tab, other, keeps]) {
    await becomes(each, 'authenticated', NAMES[LAYLA]);
    await until(async () => (await get(each, 'notes')) === 1);
  }
  await get(tab, 'now.logout.logout()');
  for (const each of [tab, other, keeps]) {
    await becomes(each, 'unauthenticated');
    await until(async () => (await get(each, 'query.data')) === null);
  }
  for (const each of [tab, other]) await until(async () => (await get(each, 'notes')) === 2);
  assert.equal(await get(keeps, 'notes'), 1); // it was not asked to
  assert.equal(await get(tab, 'now.logout.isPending'), false);
});

test('R61: queries of the first user are gone when the second is there', async () => {
  const tab = await signedIn({
    ...{ hasQuery: true, isTold: true, provider: { resetQueriesOnUserChange: true } },
  });
  await get(tab, "queryClient.setQueryData(['letters'], ['for Layla'])");
  await get(tab, "now.update.updateUser({ name: 'Layla H.' })");
  await becomes(tab, 'authenticated', 'Layla H.');
  assert.deepEqual(await get(tab, "queryClient.getQueryData(['letters'])"), ['for Layla']);
  assert.equal(await get(tab, 'notes'), 1); // the same user
  await get(tab, 'queried.length = 0');
  await login(tab, INGRID);
  await becomes(tab, 'authenticated', NAMES[INGRID]);
  assert.equal(await get(tab, "queryClient.getQueryData(['letters']) ?? null"), null);
  await until(async () => (await get(tab, 'query.data?.user.email')) === INGRID);
  const queried = await get(tab, '[...new Set(queried)]');
  assert.deepEqual(queried, ['pending', INGRID]);
  await until(async () => (await get(tab, 'notes')) === 2);
});

test('R61: another user is told by the identifier in the document, wherever the caches find it', async () => {
  /** @type {Record<string, string>} */
  let user = {};
  site.intercept((request, response) => {
    if (request.url !== '/api/v1/users/me') return false;
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(user));
    return true;
  });
  for (const [member, userId] of /** @type {[string, any][]} */ ([
    ['_id', undefined],
    ['uuid', undefined],
    ['key', '/key'],
    ['key', ['/nothing', '/key']],
  ])) {
    const provider = { resetQueriesOnUserChange: true, serviceWorker: false, userId };
    user = { [member]: 'u1', name: 'Ada' };
    const tab = await open({ hasQuery: true, isTold: true, provider });
    await becomes(tab, 'authenticated', 'Ada');
    await until(async () => (await get(tab, 'notes')) === 1);
    user = { [member]: 'u1', name: 'Noor' };
    await get(tab, 'client.updateUser({})');
    await becomes(tab, 'authenticated', 'Noor');
    assert.equal(await get(tab, 'notes'), 1, `${member}: the same user`);
    user = { [member]: 'u2', name: 'Zoe' };
    await get(tab, 'client.updateUser({})');
    await becomes(tab, 'authenticated', 'Zoe');
    await until(async () => (await get(tab, 'notes')) === 2);
    await tab.close();
  }
});

test('R60: useQuery, prefetchQuery and ensureQueryData share one answer', async () => {
  await signedIn();
  const tab = await open(); // one that hears no more of the login
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  const asked = site.asked();
  const requests = listen(tab);
  const names = await tab.evaluate(async () => {
    const { client, queryClient, sessionQueryOptions } = /** @type {any} */ (globalThis);
    const options = sessionQueryOptions({ client });
    await queryClient.prefetchQuery(options);
    const ensured = await queryClient.ensureQueryData(options);
    const fetched = await queryClient.fetchQuery(options);
    return [
      ensured.user.email,
      fetched.user.email,
      queryClient.getQueryData(options.queryKey).user.email,
    ];
  });
  assert.deepEqual(names, [LAYLA, LAYLA, LAYLA]);
  assert.deepEqual(requests, ['/api/auth/session']);
  assert.equal(site.asked(), asked);
});

test('without a worker it works by plain requests; other tabs hear of updates and logouts', async () => {
  const how = { provider: { serviceWorker: false }, isTold: true };
  const tab = await open(how);
  const other = await open(how);
  await becomes(tab, 'unauthenticated');
  await login(tab, LAYLA);
  for (const each of [tab, other]) await get(each, 'now.session.refetch()');
  await becomes(other, 'authenticated', NAMES[LAYLA]);
  const requests = listen(other);
  await get(tab, "now.update.updateUser({ name: 'Layla H.' })");
  await becomes(other, 'authenticated', 'Layla H.');
  await get(tab, 'now.logout.logout()');
  await becomes(other, 'unauthenticated');
  assert.deepEqual(requests, []);
  assert.equal(await get(tab, 'navigator.serviceWorker.controller'), null);
});

test('R10: without a worker too, an answer that was under way at the logout is not shown', async () => {
  const tab = await open({ provider: { serviceWorker: false } });
  await becomes(tab, 'unauthenticated');
  await login(tab, LAYLA);
  await get(tab, 'now.session.refetch()');
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  let release = () => {};
  const held = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  let isHeld = false;
  site.intercept((request, response) => {
    if (request.url !== '/api/v1/users/me') return false;
    isHeld = true;
    held.then(() => response.writeHead(200).end(JSON.stringify(site.origin.user(LAYLA))));
    return true;
  });
  const asking = get(tab, 'now.session.refetch().then(({ status }) => status)');
  await until(() => isHeld);
  await get(tab, 'now.logout.logout()');
  release();
  assert.equal(await asking, 'unauthenticated');
  assert.equal((await shown(tab)).status, 'unauthenticated');
});

test('R10, R22: an answer that was under way at an update is not shown', async () => {
  const tab = await open({ provider: { serviceWorker: false } });
  await becomes(tab, 'unauthenticated');
  await login(tab, LAYLA);
  await get(tab, 'now.session.refetch()');
  const older = JSON.stringify(site.origin.user(LAYLA));
  let release = () => {};
  const held = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  let isHeld = false;
  site.intercept((request, response) => {
    if (request.method !== 'GET' || request.url !== '/api/v1/users/me' || isHeld) return false;
    isHeld = true;
    // The browser asks for nothing twice at a time until it knows that it may not keep it.
    response.writeHead(200, { 'cache-control': 'no-store' }).flushHeaders();
    held.then(() => response.end(older));
    return true;
  });
  const asking = get(tab, 'now.session.refetch()');
  await until(() => isHeld);
  await get(tab, "now.update.updateUser({ name: 'Layla H.' })");
  release();
  await asking;
  assert.equal((await shown(tab)).user.name, 'Layla H.');
});

for (const [what, prelude] of [
  ['cannot be run', 'throw new Error("no worker")'],
  ['cannot be installed', "addEventListener('install', (e) => e.waitUntil(Promise.reject()))"],
]) {
  test(`a worker that ${what} is done without`, async () => {
    await stop();
    await start({ prelude: `${prelude};` });
    const tab = await open();
    await becomes(tab, 'unauthenticated');
    await login(tab, LAYLA);
    await get(tab, 'now.session.refetch()');
    await becomes(tab, 'authenticated', NAMES[LAYLA]);
  });
}

test('a page that is looked at again after 30 minutes asks again, and not before', async () => {
  const tab = await context.newPage();
  await tab.clock.install();
  await tab.goto(`${site.url}/app/home`);
  await login(tab, LAYLA);
  await mount(tab, { provider: { serviceWorker: false } });
  await becomes(tab, 'authenticated', NAMES[LAYLA]);
  const requests = listen(tab);
  const look = () => tab.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await tab.clock.setSystemTime(Date.now() + 29 * MINUTE);
  await look();
  assert.deepEqual(requests, []);
  site.origin.endSessions();
  await tab.clock.setSystemTime(Date.now() + 31 * MINUTE);
  await look();
  await becomes(tab, 'unauthenticated');
  assert.deepEqual(requests, ['/api/v1/users/me']);
});

test('a provider that is gone follows nothing more', async () => {
  const tab = await signedIn({ isTold: true });
  await get(tab, 'unmount()');
  await get(tab, 'client.logout()');
  assert.equal(await tab.locator('p').count(), 0);
  const email = "queryClient.getQueryData(['sesame', 'session']).user.email";
  assert.equal(await get(tab, email), LAYLA);
});
