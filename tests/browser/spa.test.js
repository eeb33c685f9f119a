// The example application, built from the packed package and clicked through in the real Chromium: with Sesame
// and without, from the same source.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { until } from '../support/wait.js';
import { launchChromium, stopWorkers } from './support/chromium.js';
import { INGRID, kept, LAYLA, ME, NAMES } from './support/site.js';
import {
  buildSpa,
  go,
  logIn,
  logOut,
  openTab,
  reload,
  rename,
  requestsOf,
  serveSpa,
  settled,
  shownUser,
} from './support/spa.js';

const axe = createRequire(import.meta.url).resolve('axe-core');
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
const ROUND = /** @type {const} */ (['News', 'Account', 'Profile', 'Home']);

/** @type {string} */
let builds;
/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').BrowserContext} */
let context;
/** @type {import('../../examples/spa/server.mjs').Spa} */
let spa;
/** @type {string[]} */
let errors;

before(async () => {
  builds = await buildSpa();
  browser = await launchChromium();
});
after(() => browser?.close());
beforeEach(() => start('sesame'));
afterEach(stop);

/** @param {import('./support/spa.js').Build} build @param {object} [options] of the browser */
async function start(build, options = {}) {
  spa = await serveSpa(builds, build);
  context = await browser.newContext({ locale: 'en', ...options });
  errors = [];
  context.on('weberror', (error) => errors.push(error.error().message));
}

async function stop() {
  await Promise.all(browser.contexts().map((each) => each.close()));
  await spa.close();
}

async function signedIn(email = LAYLA) {
  const tab = await openTab(context, spa.url);
  await logIn(tab, email);
  return tab;
}

/** @param {boolean} hasWorker @returns {Promise<Record<string, number>>} what left the browser, step by step */
async function journey(hasWorker) {
  /** @type {Record<string, number>} */
  const calls = {};
  let before = 0;
  const count = (/** @type {string} */ step) => {
    calls[step] = spa.asked() - before;
    before = spa.asked();
  };
  const tab = await openTab(context, `${spa.url}/login`);
  await until(() => spa.asked() > 0);
  count('the login page is opened');
  await logIn(tab, LAYLA);
  count('a login');
  for (let round = 0; round < 3; round += 1) for (const page of ROUND) await go(tab, page);
  count('12 navigations');
  for (let again = 0; again < 3; again += 1) await reload(tab);
  count('3 reloads');
  const others = [await openTab(context, spa.url), await openTab(context, `${spa.url}/account`)];
  count('2 new tabs');
  if (hasWorker) {
    await kept(tab);
    await stopWorkers(tab);
  }
  await reload(tab);
  count('the worker ends, a reload');
  await go(tab, 'Profile');
  await rename(tab, 'Layla H.');
  await tab.getByText('Saved.').waitFor();
  await settled(tab);
  count('one more, and a change there');
  for (const each of [tab, ...others]) {
    if (!hasWorker && each !== tab) await reload(each);
    await until(async () => (await shownUser(each)) === 'Layla H.');
    await settled(each);
  }
  count('it is seen in 3 tabs');
  assert.equal(spa.origin.user(LAYLA)?.name, 'Layla H.');
  return calls;
}

test('R60: the journey costs one GET of /users/me with Sesame, and one a page without', async () => {
  const sesame = await journey(true);
  assert.deepEqual(errors, []);
  assert.equal(spa.origin.calls.get(ME), 2); // for the stranger, and for whoever has logged in
  await stop();
  await start('plain');
  const plain = await journey(false);
  assert.deepEqual(errors, []);

  const { 'the login page is opened': first, ...steps } = sesame;
  const sum = (/** @type {Record<string, number>} */ calls) =>
    Object.values(calls).reduce((all, each) => all + each, 0);
  const { 'the login page is opened': plainFirst, ...plainSteps } = plain;
  const rows = Object.keys(sesame).map((step) => [
    step,
    { 'without Sesame': plain[step], 'with Sesame': sesame[step] },
  ]);
  const total = { 'without Sesame': sum(plainSteps), 'with Sesame': sum(steps) };
  console.log('GET /api/v1/users/me that left the browser');
  console.table(Object.fromEntries([...rows, ['from the login on', total]]));

  assert.deepEqual([plainFirst, first], [1, 1]); // nobody is signed in: both have to be told
  assert.equal(sum(steps), 1);
  assert.deepEqual(plainSteps, {
    ...{ 'a login': 1, '12 navigations': 12, '3 reloads': 3, '2 new tabs': 2 },
    ...{
      'the worker ends, a reload': 1,
      'one more, and a change there': 1,
      'it is seen in 3 tabs': 2,
    },
  });
});

test('R60: effects that React runs twice for development still cost one call', async () => {
  await stop();
  await start('strict');
  const tab = await openTab(context, spa.url);
  assert.equal(spa.asked(), 1);
  await logIn(tab, LAYLA);
  await reload(tab);
  await go(tab, 'Account');
  assert.equal(spa.asked(), 2);
  assert.deepEqual(errors, []);
});

test('R22, R62: a profile change is on screen in the other tab without a request', async () => {
  const tab = await signedIn();
  const other = await openTab(context, `${spa.url}/account`);
  const before = requestsOf(other).length;
  const asked = spa.asked();
  await go(tab, 'Profile');
  await rename(tab, 'Layla of the other tab');
  await other.getByRole('main').getByText('Layla of the other tab').waitFor();
  assert.equal(await shownUser(other), 'Layla of the other tab');
  assert.deepEqual(requestsOf(other).slice(before), []);
  assert.equal(spa.asked(), asked);
});

test('R22: a change that does not reach the origin changes nothing, and says so', async () => {
  const tab = await signedIn();
  await go(tab, 'Profile');
  spa.setDown(true);
  await rename(tab, 'Nobody');
  await tab.getByRole('alert').filter({ hasText: 'Nothing has changed' }).waitFor();
  assert.equal(await shownUser(tab), NAMES[LAYLA]);
  spa.setDown(false);
  await rename(tab, 'Layla again');
  await tab.getByText('Saved.').waitFor();
  assert.equal(await tab.getByText('Nothing has changed').count(), 0);
  assert.equal(await shownUser(tab), 'Layla again');
});

/** Somebody's other device, with a page open that its user is not at. @param {string} userAgent */
async function otherDevice(userAgent) {
  const device = await browser.newContext({ locale: 'en', userAgent });
  const page = await openTab(device, spa.url);
  await logIn(page, LAYLA);
  await go(page, 'Account');
  return page;
}

/** The devices that a tab lists. @param {import('playwright-core').Page} tab */
const devicesOf = (tab) => tab.getByRole('main').getByRole('listitem');

/** The open page of a device that has been signed out elsewhere. @param {import('playwright-core').Page} page */
async function showsSignedOut(page) {
  await page.getByRole('status').getByText('You have been signed out.').waitFor();
  assert.equal(await shownUser(page), null);
  assert.equal(await page.getByText(LAYLA, { exact: true }).count(), 0);
}

test('R27, R65: a device that is signed out from the list of another shows it in its open page, by itself', async () => {
  const tab = await signedIn();
  const firefox = await otherDevice(FIREFOX);
  await go(tab, 'Devices');
  await until(async () => (await devicesOf(tab).count()) === 2);
  const texts = await devicesOf(tab).allTextContents();
  const [own] = texts.filter((text) => text.includes('This device'));
  const [listed] = texts.filter((text) => text !== own);
  assert.deepEqual(
    [own, listed].map((text) => [text.includes('This device'), text.includes('Sign out')]),
    [
      [true, false],
      [false, true],
    ],
  );
  assert.match(listed, /Firefox on Windows/);
  const before = {
    site: spa.asked(),
    origin: spa.origin.calls.get(ME),
  };
  await tab.getByRole('button', { name: /^Sign out .*Firefox on Windows/ }).click();
  await showsSignedOut(firefox);
  await until(async () => (await devicesOf(tab).count()) === 1);
  // The worker of each of the two devices asks once: one was told, through the other a session has ended.
  assert.ok(spa.asked() <= before.site + 2, `${spa.asked() - before.site} have asked`);
  assert.equal(spa.origin.calls.get(ME), before.origin, 'and nobody the origin');
  assert.equal(await tab.getByRole('button', { name: 'Sign out all others' }).count(), 0);
  assert.equal(await shownUser(tab), NAMES[LAYLA]);
  await reload(firefox);
  assert.equal(await shownUser(firefox), null);
  assert.deepEqual(errors, []);
});

test('R27, R65: all other devices are signed out at once, and each of their open pages shows it', async () => {
  const tab = await signedIn();
  const others = [await otherDevice(FIREFOX), await otherDevice(FIREFOX)];
  await go(tab, 'Devices');
  await until(async () => (await devicesOf(tab).count()) === 3);
  await tab.getByRole('button', { name: 'Sign out all others' }).click();
  for (const page of others) await showsSignedOut(page);
  await until(async () => (await devicesOf(tab).count()) === 1);
  await reload(tab);
  assert.equal(await shownUser(tab), NAMES[LAYLA]);
});

test('R27, R13: devices that cannot be told are no empty list, and nothing is signed out', async () => {
  const tab = await signedIn();
  const other = await otherDevice(FIREFOX);
  await go(tab, 'Devices');
  await until(async () => (await devicesOf(tab).count()) === 2);
  spa.setDown(true);
  await tab.getByRole('button', { name: 'Sign out all others' }).click();
  await tab.getByRole('alert').filter({ hasText: 'cannot be shown' }).waitFor();
  assert.equal(await devicesOf(tab).count(), 2);
  spa.setDown(false);
  await reload(other);
  assert.equal(await shownUser(other), NAMES[LAYLA]);
});

test('R61: a logout in one tab shows in the other', async () => {
  const tab = await signedIn();
  const other = await openTab(context, `${spa.url}/account`);
  const before = requestsOf(other).length;
  await logOut(tab);
  for (const each of [tab, other]) {
    await each.getByRole('heading', { name: 'Log in' }).waitFor();
    assert.equal(await shownUser(each), null);
  }
  assert.deepEqual(requestsOf(other).slice(before), []);
});

test('R61: the second user sees nothing of the first, in any tab', async () => {
  const tab = await signedIn();
  const other = await openTab(context, `${spa.url}/account`);
  await tab.bringToFront();
  await tab.getByRole('link', { name: 'Switch account' }).click();
  await tab.getByRole('heading', { name: 'Switch account' }).waitFor();
  for (const each of [tab, other]) {
    await each.evaluate(() => {
      const seen = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { seen });
      const look = () => void seen.push(`${document.title} ${document.body.textContent}`);
      const how = { subtree: true, childList: true, characterData: true };
      new MutationObserver(look).observe(document, how);
    });
  }
  await logIn(tab, INGRID);
  await other.getByText(INGRID).waitFor();
  for (const page of ROUND) await go(tab, page);
  for (const each of [tab, other]) {
    assert.equal(await shownUser(each), NAMES[INGRID]);
    /** @type {string[]} */
    const seen = await each.evaluate(() => /** @type {any} */ (globalThis).seen);
    // Before the next user is known, the last one is gone.
    const gone = seen.findIndex((text) => !text.includes(NAMES[LAYLA]));
    const next = seen.findIndex((text) => text.includes(NAMES[INGRID]));
    assert.ok(gone >= 0 && gone < next);
    assert.ok(!seen.slice(gone).some((text) => text.includes(NAMES[LAYLA])));
    assert.ok(!seen.slice(next).some((text) => text.includes('Asia/Beirut')));
  }
  await reload(tab);
  assert.equal(await shownUser(tab), NAMES[INGRID]);
});

test('R13, R63: while the origin is down nobody is signed out, on a reload and in a new tab', async () => {
  const tab = await signedIn();
  await kept(tab);
  spa.setDown(true);
  await reload(tab);
  const other = await openTab(context, `${spa.url}/account`);
  for (const each of [tab, other]) assert.equal(await shownUser(each), NAMES[LAYLA]);
  await go(other, 'Profile');
  assert.deepEqual(errors, []);
});

test('R13: where nobody can say who it is, the page says that, and asks again when told to', async () => {
  spa.setDown(true);
  const tab = await openTab(context, `${spa.url}/account`);
  await tab.getByRole('heading', { name: 'We cannot tell who you are' }).waitFor();
  assert.equal(new URL(tab.url()).pathname, '/account');
  spa.setDown(false);
  await tab.getByRole('button', { name: 'Try again' }).click();
  await tab.getByRole('heading', { name: 'Log in' }).waitFor();
  await logIn2Account(tab);
});

/** A login leads to the page that was asked for. @param {import('playwright-core').Page} tab */
async function logIn2Account(tab) {
  await tab.getByLabel('E-mail').fill(LAYLA);
  await tab.getByLabel('Password').fill('wrong');
  await tab.getByRole('button', { name: 'Log in' }).click();
  await tab.getByText('do not belong together').waitFor();
  await tab.getByLabel('Password').fill('open sesame');
  await tab.getByRole('button', { name: 'Log in' }).click();
  await tab.getByRole('heading', { name: 'Account' }).waitFor();
}

test('its pages can be read right to left, by keyboard and by a screen reader, light and dark', async () => {
  for (const [locale, colorScheme] of /** @type {const} */ ([
    ['en', 'light'],
    ['ar', 'dark'],
  ])) {
    await stop();
    await start('sesame', { locale, colorScheme });
    const tab = await openTab(context, spa.url);
    assert.equal(await tab.getAttribute('html', 'dir'), locale === 'ar' ? 'rtl' : 'ltr');
    assert.deepEqual(await violations(tab), []);
    await tab.locator('#email').focus();
    await tab.keyboard.type(LAYLA);
    await tab.keyboard.press('Tab');
    await tab.keyboard.type('open sesame');
    await tab.keyboard.press('Enter');
    await tab.waitForSelector('.user-name');
    for (const page of ['news', 'account', 'profile', 'devices', '', 'switch']) {
      const link = tab.locator(`header a[href="/${page}"]`).last();
      await link.focus();
      await tab.keyboard.press('Enter');
      await tab.waitForURL(`${spa.url}/${page}`);
      await settled(tab);
      assert.equal(await tab.evaluate(() => document.activeElement?.tagName), 'H1', page);
      assert.deepEqual(await violations(tab), [], page);
    }
    assert.deepEqual(errors, []);
  }
});

/** What axe finds wrong. @param {import('playwright-core').Page} tab @returns {Promise<string[]>} */
async function violations(tab) {
  await tab.addScriptTag({ path: axe });
  const found = await tab.evaluate(() => /** @type {any} */ (globalThis).axe.run());
  return found.violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes[0].html}`);
}
