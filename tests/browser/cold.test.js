// A service worker that the browser has stopped, in the real Chromium: what does not start it (static routes), and what it
// answers before its core is up.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { launchChromium, stopWorkers } from './support/chromium.js';
import {
  advance,
  INGRID,
  kept,
  LAYLA,
  login,
  logout,
  NAMES,
  onDisk,
  openTab,
  prepare,
  session,
  startSite,
  update,
} from './support/site.js';

const HOUR = 3_600_000;

/** The site counts how often the worker has begun to run. */
const COUNTED = `fetch('/started');`;

/** The core is not up as long as the site's cache of this name is there. */
const HELD = `
  const { compile } = WebAssembly;
  WebAssembly.compile = async (bytes) => {
    while (await caches.has('hold')) await new Promise((resolve) => setTimeout(resolve, 1));
    return compile(bytes);
  };`;

const IMAGE = '<svg xmlns="http://www.w3.org/2000/svg"/>';

/** What the origin answers beside the API: by path, status, type and body. @type {Record<string, [number, string, string]>} */
const FILES = {
  '/image': [200, 'image/svg+xml', IMAGE],
  '/style': [
    200,
    'text/css',
    '@font-face { font-family: f; src: url(/font) } body { font-family: f }',
  ],
  '/script': [200, 'text/javascript', 'globalThis.hasRun = true;'],
  '/js/logout.js': [200, 'text/javascript', ''],
  '/font': [200, 'font/woff2', 'none'],
  '/audio': [200, 'audio/wav', 'none'],
  '/video': [200, 'video/mp4', 'none'],
  '/started': [204, 'text/plain', ''],
  '/ended': [200, 'image/svg+xml', IMAGE],
};

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').BrowserContext} */
let context;
/** @type {import('./support/site.js').Site} */
let site;
/** @type {string[]} */
let requested;

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

/** @param {Parameters<typeof startSite>[0]} [setup] */
async function start(setup) {
  site = await startSite(setup);
  requested = [];
  site.intercept((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    requested.push(`${request.method} ${pathname}`);
    const file = FILES[pathname];
    if (file) response.writeHead(file[0], { 'content-type': file[1] }).end(file[2] || undefined);
    else if (/^\/(app\/|as\/\w+\/)?log-?out/i.test(pathname))
      response.writeHead(302, { location: '/ended' }).end();
    else return false;
    return true;
  });
}

async function signedIn(email = LAYLA) {
  const tab = await openTab(context, site);
  assert.equal(await login(tab, email), 200);
  assert.equal((await session(tab)).user.name, NAMES[email]);
  await kept(tab);
  return tab;
}

/** A page that hears of nothing: only what a test asks for is asked. */
async function signedInQuietly() {
  const tab = await signedIn();
  const page = await context.newPage();
  await page.goto(`${site.url}/app/home`);
  await tab.close();
  return page;
}

/** How often the worker has begun to run. */
const starts = () => requested.filter((each) => each === 'GET /started').length;

/**
 * Has the page show or run something, and waits for it.
 * @param {import('playwright-core').Page} page
 * @param {string} tag
 * @param {Record<string, string>} attributes
 */
const load = (page, tag, attributes) =>
  page.evaluate(
    ([name, given]) =>
      new Promise((resolve) => {
        const element = document.createElement(name);
        element.onload = () => resolve(true);
        element.onerror = () => resolve(false);
        Object.assign(element, given);
        document.body.append(element);
      }),
    /** @type {[string, Record<string, string>]} */ ([tag, attributes]),
  );

/** @param {import('playwright-core').Page} page */
const statistics = (page) =>
  page.evaluate(() => /** @type {any} */ (globalThis).client.statistics());

/** @param {import('playwright-core').Page} page */
const hold = (page) => page.evaluate(() => void caches.open('hold'));

/** @param {import('playwright-core').Page} page */
const letGo = (page) => page.evaluate(() => void caches.delete('hold'));

/**
 * What a page's own request for the document is answered with.
 * @param {import('playwright-core').Page} page
 * @param {RequestInit} [init]
 */
const ask = (page, init) =>
  page.evaluate(async (given) => {
    const response = await fetch('/api/v1/users/me', given);
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, text: await response.text() };
  }, init);

/** @param {{ headers: Record<string, string> }} answer */
const sourceOf = ({ headers }) => /desc=(\w+)/.exec(headers['server-timing'] ?? '')?.[1];

test('R66: a stopped worker stays stopped while images, styles, scripts, fonts and media load', async () => {
  await start({ prelude: COUNTED });
  const tab = await signedIn();
  await stopWorkers(tab);
  const before = starts();
  assert.equal(await load(tab, 'img', { src: '/image' }), true);
  assert.equal(await load(tab, 'link', { rel: 'stylesheet', href: '/style' }), true);
  assert.equal(await load(tab, 'script', { src: '/script' }), true);
  assert.equal(await load(tab, 'script', { src: '/js/login.js' }), true);
  await load(tab, 'audio', { src: '/audio', preload: 'auto' });
  await load(tab, 'video', { src: '/video', preload: 'auto' });
  await tab.evaluate(() => document.fonts.load('1em f').catch(() => {}));
  for (const path of ['/image', '/style', '/script', '/font', '/audio', '/video']) {
    assert.ok(requested.includes(`GET ${path}`), path);
  }
  assert.equal(starts(), before);
  // What may be a sign-in, and what the worker answers itself, whatever asks for it, does.
  await load(tab, 'img', { src: '/api/v1/users/me' });
  assert.equal(starts(), before + 1);
  assert.equal(site.asked(), 1);
  await stopWorkers(tab);
  await tab.evaluate(async () => (await fetch('/image')).text());
  assert.equal(starts(), before + 2);
});

test('R66: the ready file has static routes without being told', async () => {
  await start();
  const file = new URL('../../service_worker/dist/sesame-service-worker.js', import.meta.url);
  const ready = readFileSync(file, 'utf8');
  FILES['/ready.js'] = [200, 'text/javascript', `${COUNTED}\n${ready}`];
  const tab = await context.newPage();
  await tab.goto(`${site.url}/app/home`);
  await tab.evaluate(() => /** @type {any} */ (globalThis).sesame.register('/ready.js'));
  await stopWorkers(tab);
  const before = starts();
  await load(tab, 'img', { src: '/image' });
  assert.equal(starts(), before);
});

test('R66: with the option off, an application’s own listeners get every request', async () => {
  const own = `addEventListener('fetch', (event) => {
    if (new URL(event.request.url).pathname === '/own') event.respondWith(fetch('/image'));
  });`;
  await start({ prelude: own, options: { staticRoutes: false } });
  const tab = await signedIn();
  assert.equal(await load(tab, 'img', { src: '/own' }), true);
});

test('R66, R61: a form that is sent to a path that no list has makes the next document a question', async () => {
  await start();
  const page = await signedInQuietly();
  await load(page, 'img', { src: '/image' });
  assert.equal(sourceOf(await ask(page)), 'fresh');
  await stopWorkers(page);
  const sent = page.waitForNavigation();
  await page.evaluate(() => {
    const form = Object.assign(document.createElement('form'), {
      method: 'POST',
      action: '/enter',
    });
    document.body.append(form);
    form.submit();
  });
  await sent;
  assert.ok(requested.includes('POST /enter'));
  await stopWorkers(page);
  assert.equal(sourceOf(await ask(page)), 'origin');
  assert.equal(site.asked(), 2);
});

for (const [what, tag, path] of [
  ['an image', 'img', '/app/Log-Out?next=/'],
  ['a script', 'script', '/logout'],
  ['an image at a path of the operator’s', 'img', '/as/somebody/log-out-of-it'],
]) {
  test(`R66, R61: a sign-out by ${what} makes the next document a question`, async () => {
    const effects = [{ method: 'GET', path: '/as/*/log-out-of-it', effect: 'begins' }];
    await start({ options: { effects } });
    const tab = await signedInQuietly();
    await stopWorkers(tab);
    await load(tab, tag, { src: path });
    assert.equal(sourceOf(await ask(tab)), 'origin');
    // A file of such a name is none.
    await load(tab, 'script', { src: '/js/logout.js' });
    assert.equal(sourceOf(await ask(tab)), 'fresh');
  });
}

test('R66, R60: a cold worker answers before its core is up as the core answers, and counts it', async () => {
  await start({ prelude: HELD });
  const tab = await signedIn();
  const warm = await ask(tab);
  const session = () => tab.evaluate(async () => (await fetch('/api/auth/session')).text());
  const warmSession = await session();
  await hold(tab);
  await stopWorkers(tab);
  assert.deepEqual(await ask(tab), warm);
  assert.equal(await session(), warmSession);
  await letGo(tab);
  const counted = await statistics(tab);
  const { checks, fresh, originCalls, originCallsAvoided, checkTime } = counted;
  assert.deepEqual([checks, fresh, originCalls, originCallsAvoided], [2, 2, 0, 2]);
  assert.equal(checkTime.count, 2);
  assert.deepEqual(await ask(tab), warm);
  assert.equal((await statistics(tab)).checks, 3);
  assert.equal(site.asked(), 1);
});

test('R66, R63: a cold worker answers offline before its core is up', async () => {
  await start({ prelude: HELD });
  const tab = await signedIn();
  await hold(tab);
  await site.stop();
  await stopWorkers(tab);
  assert.equal(sourceOf(await ask(tab)), 'fresh');
  await letGo(tab);
});

for (const [what, init, source] of /** @type {[string, RequestInit, string][]} */ ([
  ['a question past what is held', { headers: { 'sesame-max-age': '0' } }, 'origin'],
  ['a token', { headers: { authorization: 'Bearer unknown' } }, 'origin'],
  ['a request without cookies', { credentials: 'omit' }, 'origin'],
])) {
  test(`R66, R1, R11: a cold worker does not answer ${what} from its record`, async () => {
    await start();
    const tab = await signedIn();
    await stopWorkers(tab);
    assert.equal(sourceOf(await ask(tab, init)), source);
    assert.equal(site.asked(), 2);
  });
}

test('R66, R6, R8: what is not fresh any more waits for the core', async () => {
  await start({ prelude: HELD });
  const tab = await signedIn();
  for (const [later, source] of /** @type {[number, string][]} */ ([
    [0.75 * HOUR, 'stale'],
    [31 * 24 * HOUR, 'origin'],
  ])) {
    await hold(tab);
    await stopWorkers(tab);
    await advance(tab, later);
    const asking = ask(tab);
    await letGo(tab);
    assert.equal(sourceOf(await asking), source);
  }
});

test('R66, R61: after a logout nothing is answered first, not even if the record is put back', async () => {
  await start();
  const tab = await signedIn();
  const open = `new Promise((resolve) => {
    const opening = indexedDB.open('sesame');
    opening.onsuccess = () => resolve(opening.result);
  })`;
  const got = `new Promise((resolve) => {
    const getting = store.get('sealed');
    getting.onsuccess = () => resolve(getting.result);
  })`;
  await tab.evaluate(`(async () => {
    const store = (await ${open}).transaction('session').objectStore('session');
    globalThis.sealed = await ${got};
  })()`);
  await logout(tab);
  const disk = await onDisk(tab);
  assert.deepEqual([disk?.sealed, disk?.pendingLogout], [null, null]);
  await tab.evaluate(`(async () => {
    const store = (await ${open}).transaction('session', 'readwrite').objectStore('session');
    await new Promise((resolve) => { store.put(sealed, 'sealed').onsuccess = resolve; });
  })()`);
  assert.ok((await onDisk(tab))?.sealed);
  await stopWorkers(tab);
  assert.equal((await ask(tab)).status, 401);
  assert.equal(await session(tab), null);
});

test('R66, R61: a logout that comes before the core is up is the end of first answers', async () => {
  await start({ prelude: HELD });
  const tab = await signedIn();
  await hold(tab);
  await stopWorkers(tab);
  assert.equal(sourceOf(await ask(tab)), 'fresh');
  const answers = await tab.evaluate(async () => {
    const leaving = fetch('/api/v1/auth/logout', { method: 'POST' });
    const asking = fetch('/api/v1/users/me');
    await caches.delete('hold');
    return [(await leaving).ok, (await asking).headers.get('server-timing')];
  });
  assert.deepEqual(answers, [true, 'sesame;desc=origin']);
});

test('R66, R25: while a logout is pending nothing is answered first', async () => {
  await start({ prelude: HELD });
  const tab = await signedIn();
  await site.stop();
  await logout(tab);
  await stopWorkers(tab);
  assert.equal((await ask(tab)).status, 401);
});

test('R66, R61: another user by the marker cookie is not answered with the record of the last', async () => {
  await start({ options: { markerCookie: 'who' } });
  const cookie = { name: 'who', url: site.url };
  await context.addCookies([{ ...cookie, value: 'first' }]);
  const tab = await signedIn(LAYLA);
  await stopWorkers(tab);
  assert.equal(sourceOf(await ask(tab)), 'fresh');
  await stopWorkers(tab);
  await context.addCookies([{ ...cookie, value: 'second' }]);
  assert.equal(sourceOf(await ask(tab)), 'origin');
});

test('R66, R14: a record that was written with other options is not answered', async () => {
  await start();
  const tab = await signedIn();
  site.release({ options: { fields: ['id'] } });
  await update(tab);
  await stopWorkers(tab);
  const { id } = /** @type {any} */ (site.origin.user(LAYLA));
  assert.deepEqual(JSON.parse((await ask(tab)).text), { id });
});

test('R66, R61: where the core cannot be had any more, no record of before outlives the next sign-in', async () => {
  await start();
  const tab = await signedIn(LAYLA);
  site.release({ prelude: `WebAssembly.compile = () => Promise.reject(new Error('forbidden'));` });
  await update(tab);
  await stopWorkers(tab);
  assert.equal(await login(tab, INGRID), 200);
  await stopWorkers(tab);
  assert.equal(JSON.parse((await ask(tab)).text).email, INGRID);
  assert.equal((await onDisk(tab))?.sealed ?? null, null);
});

test('R66, R4: a record is answered under its own value of varyOn alone', async () => {
  await start({ options: { varyOn: 'x-organization-id' } });
  const tab = await openTab(context, site);
  await login(tab, LAYLA);
  const of = (/** @type {string} */ organization) =>
    ask(tab, { headers: { 'x-organization-id': organization } });
  assert.equal(sourceOf(await of('one')), 'origin');
  await kept(tab);
  await stopWorkers(tab);
  assert.equal(sourceOf(await of('two')), 'origin');
  await kept(tab);
  await stopWorkers(tab);
  assert.equal(sourceOf(await of('one')), 'fresh');
});

test('R61, R22: a new version that has waited knows what its forerunner has changed meanwhile', async () => {
  await start({ options: { takeOver: false } });
  const tab = await context.newPage();
  const open = async (/** @type {import('playwright-core').Page} */ page) => {
    await page.goto(`${site.url}/app/home`);
    await prepare(page, { register: false });
  };
  await open(tab);
  await tab.evaluate(async () => {
    await navigator.serviceWorker.register('/sw.js');
    await navigator.serviceWorker.ready;
  });
  await tab.reload();
  await prepare(tab, { register: false });
  await login(tab, LAYLA);
  assert.equal((await session(tab)).user.email, LAYLA);
  await kept(tab);
  site.release();
  // It has started, and read what is on disk.
  await tab.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    await registration.update();
    const next = /** @type {ServiceWorker} */ (registration.installing ?? registration.waiting);
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise((resolve) => {
      port1.onmessage = resolve;
    });
    next.postMessage({ sesame: 'statistics' }, [port2]);
    await answered;
  });
  await logout(tab);
  await login(tab, INGRID);
  assert.equal((await session(tab)).user.email, INGRID);
  await kept(tab);
  const next = await context.newPage();
  await tab.close();
  await open(next);
  assert.equal(JSON.parse((await ask(next)).text).email, INGRID);
});
