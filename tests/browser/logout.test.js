// Sign-outs and changes of user on one device, in the real Chromium: nothing of the last user is left.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { until } from '../support/wait.js';
import { launchChromium, launchWithProfile, stopWorkers } from './support/chromium.js';
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
  site = await startSite();
  context = await browser.newContext();
});
afterEach(async () => {
  await context.close();
  await site.stop();
});

async function signedIn(email = LAYLA, on = context) {
  const tab = await openTab(on, site);
  assert.equal(await login(tab, email), 200);
  assert.equal((await session(tab)).user.email, email);
  await kept(tab);
  return tab;
}

/** All that scripts of the site can find in the browser's storage, as one text. @param {any} tab */
function everythingStored(tab) {
  return tab.evaluate(async () => {
    /** @type {string[]} */
    const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
    /** @param {unknown} value */
    const write = (value) => {
      if (value instanceof CryptoKey) return found.push('key');
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
        const view = value instanceof ArrayBuffer ? value : value.buffer;
        for (const encoding of ['utf-8', 'utf-16le', 'latin1']) {
          found.push(new TextDecoder(encoding).decode(view));
        }
        return;
      }
      if (value && typeof value === 'object') return Object.values(value).forEach(write);
      found.push(String(value));
    };
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        found.push(request.url, (await (await cache.match(request))?.text()) ?? '');
      }
    }
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve) => {
        const opening = indexedDB.open(/** @type {string} */ (name));
        opening.onsuccess = () => resolve(opening.result);
      });
      for (const store of database.objectStoreNames) {
        const values = await new Promise((resolve) => {
          const getting = database.transaction(store).objectStore(store).getAll();
          getting.onsuccess = () => resolve(getting.result);
        });
        write(values);
      }
      database.close();
    }
    return found.join('\n');
  });
}

/** Whatever of a user must not be found. @param {string} email */
function tracesOf(email) {
  const user = /** @type {any} */ (site.origin.user(email));
  return [user.id, user.email, user.name, user.created_at, user.avatar_url];
}

/** @param {string} stored @param {string} email */
function assertNothingOf(stored, email) {
  for (const trace of tracesOf(email)) assert.ok(!stored.includes(trace), `found ${trace}`);
}

test('R61: a logout empties every tab, the worker and the disk before it resolves', async () => {
  const tab = await signedIn();
  const others = [await openTab(context, site), await openTab(context, site)];
  for (const other of others) await session(other);
  const { epoch } = /** @type {any} */ (await onDisk(tab));
  await logout(tab);
  for (const other of others) assert.equal((await heard(other)).at(-1), null);
  const disk = /** @type {any} */ (await onDisk(tab));
  assert.equal(disk.sealed, null);
  assert.notEqual(disk.epoch, epoch);
  assertNothingOf(await everythingStored(tab), LAYLA);
  for (const each of [tab, ...others]) assert.equal(await session(each), null);
});

test('R61: the next user finds nothing of the last, by any means, offline included', async () => {
  const tab = await signedIn(LAYLA);
  await logout(tab);
  await login(tab, INGRID);
  assert.equal((await session(tab)).user.email, INGRID);
  await kept(tab);
  assertNothingOf(await everythingStored(tab), LAYLA);
  await site.stop();
  await stopWorkers(tab);
  assert.equal((await session(tab)).user.email, INGRID);
});

test('R61: a login over another is a change of user in every tab', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTab(context, site);
  await session(other);
  await login(tab, INGRID);
  await until(async () => (await heard(other)).at(-1)?.user.email === INGRID);
  assert.equal((await session(tab)).user.email, INGRID);
  await kept(tab);
  assertNothingOf(await everythingStored(tab), LAYLA);
});

test('R10, R61: an answer that was under way at the logout is given to nobody', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTab(context, site);
  let release = () => {};
  const held = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  let isAsked = false;
  site.intercept((request, response) => {
    if (request.method !== 'GET' || request.url !== '/api/v1/users/me' || isAsked) return false;
    isAsked = true;
    const user = JSON.stringify(site.origin.user(LAYLA));
    held.then(() => response.writeHead(200, { 'content-type': 'application/json' }).end(user));
    return true;
  });
  const asking = other.evaluate(async () =>
    (await fetch('/api/v1/users/me', { headers: { 'sesame-max-age': '0' } })).text(),
  );
  await until(() => isAsked);
  await logout(tab);
  release();
  assertNothingOf(await asking, LAYLA);
  assert.equal(await session(tab), null);
  assertNothingOf(await everythingStored(tab), LAYLA);
});

test('R13: a login that fails signs nobody out', async () => {
  const tab = await signedIn(LAYLA);
  const status = await tab.evaluate(async () => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: '{"email":"layla@example.com","password":"no"}' };
    return (await fetch('/api/v1/auth/login?mode=cookie', init)).status;
  });
  assert.equal(status, 401);
  assert.equal((await session(tab)).user.email, LAYLA);
  assert.ok(!(await heard(tab)).includes(null));
});

test('R25: a logout holds while the origin is down, and reaches it later', async () => {
  const tab = await signedIn(LAYLA);
  await site.stop();
  await logout(tab);
  assert.equal(await session(tab), null);
  assert.ok((await onDisk(tab))?.pendingLogout);
  await stopWorkers(tab);
  assert.equal(await session(tab), null);
  await stopWorkers(tab);
  await site.start();
  assert.equal(await session(tab), null);
  assert.equal(site.origin.calls.get('POST /api/v1/auth/logout'), 1);
  await until(async () => (await onDisk(tab))?.pendingLogout === null);
  // The origin has ended it too: its cookie opens nothing.
  const status = await tab.evaluate(async () => (await fetch('/api/v1/users/me?direct')).status);
  assert.equal(status, 401);
  await login(tab, INGRID);
  assert.equal((await session(tab)).user.email, INGRID);
});

test('R25: a logout that the origin refuses leaves the session, and says so', async () => {
  const tab = await signedIn(LAYLA);
  site.intercept((request, response) => {
    if (request.url !== '/api/v1/auth/logout') return false;
    response.writeHead(403).end();
    return true;
  });
  const code = await tab.evaluate(() =>
    /** @type {any} */ (globalThis).client.logout().catch((/** @type {any} */ e) => e.code),
  );
  assert.equal(code, 'ERR_SESAME_LOGOUT_FAILED');
  assert.equal((await session(tab)).user.email, LAYLA);
});

test('R61: a page that has gone past the worker signs out of it as well', async () => {
  const tab = await signedIn(LAYLA);
  const other = await openTab(context, site);
  await session(other);
  const cdp = await context.newCDPSession(tab);
  const loaded = tab.waitForEvent('load');
  await cdp.send('Page.reload', { ignoreCache: true });
  await loaded;
  assert.equal(await tab.evaluate(() => navigator.serviceWorker.controller), null);
  await prepare(tab, { register: false });
  await logout(tab);
  assert.equal((await heard(other)).at(-1), null);
  assert.equal(await session(other), null);
  assertNothingOf(await everythingStored(tab), LAYLA);
});

test('R61: a login that the worker sees nothing of shows in the marker cookie', async () => {
  const marked = await startSite({ options: { markerCookie: 'who' } });
  const cookie = { name: 'who', url: marked.url };
  await context.addCookies([{ ...cookie, value: 'first' }]);
  const tab = await openTab(context, marked);
  await login(tab, LAYLA);
  await session(tab);
  // Another user signs in where the worker does not look.
  const away = await browser.newContext();
  const elsewhere = await away.newPage();
  await elsewhere.goto(`${marked.url}/app/home`);
  await login(elsewhere, INGRID);
  const [theirs] = (await away.cookies()).filter(({ name }) => name === 'session');
  await context.addCookies([theirs, { ...cookie, value: 'second' }]);
  assert.equal((await session(tab)).user.email, INGRID);
  await kept(tab);
  assertNothingOf(await everythingStored(tab), LAYLA);
  await away.close();
  await marked.stop();
});

test('R64: what is on disk is sealed, and its key cannot be had', async () => {
  const tab = await signedIn(LAYLA);
  const disk = /** @type {any} */ (await onDisk(tab));
  assert.equal(disk.extractable, false);
  assert.equal(disk.exported, 'InvalidAccessError');
  assertNothingOf(await everythingStored(tab), LAYLA);
});

test('R61, R64: the bytes of the profile on disk hold nothing of a user, nor of the next', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-profile-'));
  const profile = await launchWithProfile(directory);
  const tab = await signedIn(LAYLA, profile);
  await logout(tab);
  await login(tab, INGRID);
  await session(tab);
  await kept(tab);
  await profile.close();
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const file of files.filter((each) => each.isFile())) {
    const name = path.join(file.parentPath ?? file.path, file.name);
    // Of a site's storage: what browsers keep of cookies and of scripts is theirs.
    if (!/IndexedDB|Local Storage|Session Storage|CacheStorage|File System/.test(name)) continue;
    const content = await readFile(name);
    bytes += content.length;
    for (const trace of [...tracesOf(LAYLA), ...tracesOf(INGRID)]) {
      for (const encoding of /** @type {const} */ (['utf8', 'utf16le'])) {
        assert.ok(!content.includes(Buffer.from(trace, encoding)), `${trace} in ${name}`);
      }
    }
  }
  assert.ok(bytes > 1000, 'there is something on disk');
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});
