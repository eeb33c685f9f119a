// The demonstration page, clicked through as a visitor would.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { startDemo } from '../../examples/demo/server.mjs';
import { launchChromium } from './support/chromium.js';

const axe = createRequire(import.meta.url).resolve('axe-core');

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').Page} */
let page;
/** @type {Awaited<ReturnType<typeof startDemo>>} */
let demo;
/** @type {string[]} */
let errors;

before(async () => {
  browser = await launchChromium();
});
after(() => browser.close());
beforeEach(async () => {
  demo = await startDemo({ delayMs: 20 });
});
afterEach(async () => {
  await page.context().close();
  await demo.close();
});

/** @param {string} lang @param {'light' | 'dark'} [colorScheme] */
async function open(lang, colorScheme = 'light') {
  page = await (await browser.newContext({ colorScheme })).newPage();
  errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${demo.url}?lang=${lang}`);
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** @param {string} id */
async function click(id) {
  await page.click(`#${id}:not([disabled])`);
  await page.waitForSelector(`#${id}:not([disabled])`);
}

/** @param {'plain' | 'sesame'} side @param {'checks' | 'calls'} what */
const shown = async (side, what) =>
  Number(await page.textContent(`section[data-side="${side}"] .${what}`));

/** What the last tab of a side shows. @param {'plain' | 'sesame'} side */
async function name(side) {
  const frame = page.frameLocator(`section[data-side="${side}"] iframe >> nth=-1`);
  return frame.locator('.name').textContent();
}

test('the journey costs one origin call with Sesame, and one a check without', async () => {
  await open('en');
  await click('play');
  assert.equal(await shown('plain', 'checks'), 18);
  assert.equal(await shown('plain', 'calls'), 18);
  assert.equal(await shown('sesame', 'checks'), 18);
  assert.equal(await shown('sesame', 'calls'), 1);
  assert.equal(demo.origins.sesame.calls.get('GET /api/v1/users/me'), 1);
  assert.equal(await page.textContent('#status'), '94 % fewer origin calls');
  assert.equal(await page.locator('section[data-side="plain"] .timeline li').count(), 18);
  assert.equal(await name('sesame'), 'Layla Haddad');
  assert.deepEqual(errors, []);
});

test('while the origin is down, one side still knows who is signed in', async () => {
  await open('en');
  await click('login');
  assert.equal(await name('sesame'), 'ليلى حداد');
  await click('down');
  assert.equal(await name('plain'), 'Cannot tell: the origin is down');
  assert.equal(await name('sesame'), 'ليلى حداد');
  await click('down');
  assert.equal(await name('plain'), 'ليلى حداد');
});

test('sessions that are revoked elsewhere, and a logout, are over on both sides', async () => {
  await open('en');
  for (const end of ['revoke', 'logout']) {
    await click('login');
    assert.equal(await name('sesame'), 'ليلى حداد');
    await click(end);
    assert.equal(await name('plain'), 'Nobody is signed in');
    assert.equal(await name('sesame'), 'Nobody is signed in');
  }
});

test('it can be read right to left, by keyboard and by a screen reader, light and dark', async () => {
  for (const [lang, colorScheme] of /** @type {const} */ ([
    ['en', 'light'],
    ['ar', 'dark'],
  ])) {
    await open(lang, colorScheme);
    assert.equal(await page.getAttribute('html', 'dir'), lang === 'ar' ? 'rtl' : 'ltr');
    await page.focus('#login');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelectorAll('iframe').length === 2);
    await page.waitForSelector('#login:not([disabled])');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'login');
    await page.addScriptTag({ path: axe });
    const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run());
    const found = violations.map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes[0].html}`);
    assert.deepEqual(found, []);
    if (lang === 'en') await page.context().close();
  }
});
