// How soon an open page shows that its user has been signed out on another device: the example application in the real
// Chromium, with its service worker and `events`. The other device is a client without a browser, so that one page is drawn.

import { PASSWORD } from '../../examples/origin/users.mjs';
import { launchChromium } from '../../tests/browser/support/chromium.js';
import { LAYLA } from '../../tests/browser/support/site.js';
import { buildSpa, go, logIn, openTab, serveSpa } from '../../tests/browser/support/spa.js';
import { quantilesOf } from '../lib/statistics.mjs';

const TEXT = 'You have been signed out.';
const DEVICES = '/api/auth/devices';

/** @param {number} count */
export async function measureSignedOutPage(count) {
  const builds = await buildSpa();
  const spa = await serveSpa(builds, 'sesame');
  const browser = await launchChromium();
  try {
    const other = await signIn(spa.url);
    /** @type {number[]} */
    const times = [];
    for (let round = 0; round < count; round += 1) {
      const context = await browser.newContext({ locale: 'en' });
      const page = await openTab(context, spa.url);
      await logIn(page, LAYLA);
      await go(page, 'Account');
      const shown = page.evaluate(showsAt, TEXT);
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
      const { devices } = await other('GET', DEVICES);
      const open = devices.filter((/** @type {any} */ { current }) => !current);
      const start = Date.now(); // the page has the same clock
      await Promise.all(
        open.map((/** @type {any} */ { handle }) => other('DELETE', `${DEVICES}/${handle}`)),
      );
      times.push((await shown) - start);
      await context.close();
    }
    return { ...quantilesOf(times), version: browser.version() };
  } finally {
    await browser.close();
    await spa.close();
  }
}

/** In the page: when a text is there. @param {string} text @returns {Promise<number>} */
function showsAt(text) {
  return new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (!document.body.textContent?.includes(text)) return;
      observer.disconnect();
      resolve(Date.now());
    });
    observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}

/** Another device of the same user. @param {string} url */
async function signIn(url) {
  const response = await fetch(`${url}/api/v1/auth/login?mode=cookie`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: LAYLA, password: PASSWORD }),
  });
  const cookie = response.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  await fetch(`${url}/api/v1/users/me`, { headers: { cookie } });
  return async (/** @type {string} */ method, /** @type {string} */ path) => {
    const answer = await fetch(url + path, { method, headers: { cookie } });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
  };
}
