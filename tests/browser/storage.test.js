// What the worker does when the browser's storage does not work, and what the client does without a worker.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { until } from '../support/wait.js';
import { launchChromium, stopWorkers } from './support/chromium.js';
import {
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
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await site.stop();
});

async function signedIn() {
  const tab = await openTab(context, site);
  await login(tab, LAYLA);
  assert.equal((await session(tab)).user.email, LAYLA);
  return tab;
}

test('storage that is refused costs a call after a restart, and nothing else', async () => {
  const prelude = `Object.defineProperty(self, 'indexedDB', { value: {
    open() { throw new DOMException('refused', 'SecurityError'); },
    deleteDatabase() { throw new DOMException('refused', 'SecurityError'); },
  } });`;
  site = await startSite({ prelude });
  const tab = await signedIn();
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 1);
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 2);
  await logout(tab);
  assert.equal(await session(tab), null);
});

test('a full disk keeps no older document than the one that is held', async () => {
  site = await startSite();
  const tab = await signedIn();
  await kept(tab);
  const cdp = await context.newCDPSession(tab);
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: site.url, quotaSize: 0 });
  await tab.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'New' }));
  assert.equal((await session(tab)).user.name, 'New');
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.name, 'New');
  await logout(tab);
  assert.equal((await onDisk(tab))?.sealed ?? null, null);
  assert.equal(await session(tab), null);
});

test('R52: what was altered on disk is refused whole, and the worker starts empty', async () => {
  site = await startSite();
  const tab = await signedIn();
  await kept(tab);
  await tab.evaluate(async () => {
    const database = await new Promise((resolve) => {
      const opening = indexedDB.open('sesame');
      opening.onsuccess = () => resolve(opening.result);
    });
    const store = database.transaction('session', 'readwrite').objectStore('session');
    const sealed = await new Promise((resolve) => {
      const getting = store.get('sealed');
      getting.onsuccess = () => resolve(getting.result);
    });
    new Uint8Array(sealed.data)[40] ^= 1;
    await new Promise((resolve) => {
      store.put(sealed, 'sealed').onsuccess = resolve;
    });
    database.close();
  });
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.equal(site.asked(), 2);
  await kept(tab);
  await stopWorkers(tab);
  await session(tab);
  assert.equal(site.asked(), 2);
});

test('where WebAssembly is forbidden, pages work as without Sesame', async () => {
  const prelude = `WebAssembly.compile = () => Promise.reject(new Error('forbidden'));`;
  site = await startSite({ prelude });
  const tab = await openTab(context, site);
  await login(tab, LAYLA);
  await until(async () => (await heard(tab)).at(-1)?.user.email === LAYLA);
  const emails = await tab.evaluate(async () => {
    const ask = async () => (await (await fetch('/api/v1/users/me')).json()).email;
    return [await ask(), await ask()];
  });
  assert.deepEqual(emails, [LAYLA, LAYLA]);
  assert.equal(site.asked(), 3);
  assert.equal((await session(tab)).user.email, LAYLA);
  const other = await openTab(context, site);
  assert.equal((await session(other)).user.email, LAYLA);
  await tab.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'Changed' }));
  await until(async () => (await heard(other)).at(-1)?.user.name === 'Changed');
  await logout(tab);
  await until(async () => (await heard(other)).at(-1) === null);
  assert.equal(await session(tab), null);
});

test('R61: where there is no memory for another cache, nothing of before is answered, and pages work', async () => {
  const prelude = `
    const { Instance } = WebAssembly;
    let isFirst = true;
    WebAssembly.Instance = function (...given) {
      if (!isFirst) throw new RangeError('Out of memory');
      isFirst = false;
      return new Instance(...given);
    };`;
  site = await startSite({ prelude });
  const [tab, other] = [await openTab(context, site), await openTab(context, site)];
  assert.equal(await session(tab), null);
  assert.equal(await session(tab), null);
  assert.equal(site.asked(), 1);
  for (const email of [LAYLA, INGRID]) {
    assert.equal(await login(tab, email), 200);
    assert.equal((await session(tab)).user.email, email);
    await until(async () => (await heard(other)).at(-1)?.user.email === email);
  }
  await tab.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'Changed' }));
  await until(async () => (await heard(other)).at(-1)?.user.name === 'Changed');
  await logout(tab);
  await until(async () => (await heard(other)).at(-1) === null);
  assert.equal(await session(tab), null);
});

test('without a worker the client asks plainly, once for all who ask at the same time', async () => {
  site = await startSite();
  const tab = await context.newPage();
  await tab.goto(`${site.url}/app/home`);
  await prepare(tab, { register: false });
  await login(tab, LAYLA);
  const emails = await tab.evaluate(async () => {
    const { client } = /** @type {any} */ (globalThis);
    const sessions = await Promise.all(Array.from({ length: 10 }, () => client.getSession()));
    return sessions.map(({ user }) => user.email);
  });
  assert.deepEqual(new Set(emails), new Set([LAYLA]));
  assert.equal(site.asked(), 1);
});

test('R62: without a worker an update and a logout still reach the other tabs', async () => {
  site = await startSite();
  const open = async () => {
    const tab = await context.newPage();
    await tab.goto(`${site.url}/app/home`);
    await prepare(tab, { register: false });
    return tab;
  };
  const [tab, other] = [await open(), await open()];
  await login(tab, INGRID);
  await tab.evaluate(() => /** @type {any} */ (globalThis).client.updateUser({ name: 'Changed' }));
  await until(async () => (await heard(other)).at(-1)?.user.name === 'Changed');
  await logout(tab);
  await until(async () => (await heard(other)).at(-1) === null);
});

test('R24: tabs that refresh at the same time send one', async () => {
  site = await startSite();
  const tabs = [await openTab(context, site), await openTab(context, site)];
  const release = site.hold('/api/auth/refresh');
  const refreshing = tabs.map((tab) =>
    tab.evaluate(() => {
      const { client } = /** @type {any} */ (globalThis);
      return Promise.all([client.refresh(), client.refresh()]);
    }),
  );
  const waiting = () =>
    tabs[0].evaluate(async () => (await navigator.locks.query()).pending?.length);
  await until(async () => site.refreshes() === 1 && (await waiting()) === 1);
  release();
  const answers = (await Promise.all(refreshing)).flat();
  assert.equal(answers.length, 4);
  for (const { expiresAt } of answers) assert.equal(expiresAt, '2030-01-01T00:00:00.000Z');
  assert.equal(site.refreshes(), 1);
  assert.equal(site.asked(), 0);
});

test('what is wrong with the options is said, all of it', async () => {
  site = await startSite();
  const tab = await context.newPage();
  await tab.goto(`${site.url}/app/home`);
  const code = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).sesame
      .register('/no-such-worker')
      .catch((/** @type {any} */ error) => error.code),
  );
  assert.equal(code, 'ERR_SESAME_SERVICE_WORKER');
  const location = { origin: 'http://127.0.0.1', href: 'http://127.0.0.1/sw.js' };
  Object.assign(globalThis, { self: globalThis, location });
  const { install } = await import('sesame-edge/service-worker');
  assert.throws(
    () => install(/** @type {any} */ ({ cookie: 'a', takeOver: 1, freshFor: 'soon', nothing: 1 })),
    (/** @type {any} */ error) => {
      const named = error.faults.map((/** @type {any} */ fault) => fault.option);
      assert.deepEqual(named.sort(), ['cookie', 'freshFor', 'nothing', 'takeOver']);
      return error.code === 'ERR_SESAME_CONFIG';
    },
  );
});

test('what only the core finds wrong with the options is on the console, and pages work', async () => {
  site = await startSite({ options: { memory: '1KB' } });
  /** @type {string[]} */
  const lines = [];
  context.on('serviceworker', (worker) => {
    worker.on('console', (line) => lines.push(line.text()));
  });
  const tab = await openTab(context, site);
  await login(tab, LAYLA);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.ok(
    lines.some((line) => line.includes('past the worker') && line.includes('memory')),
    lines.join('\n'),
  );
});
