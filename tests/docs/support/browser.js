// What a page asks its reader to do in a browser, done in Chromium: `<!-- browser: open URL; reload 17; see TEXT -->`.
// The words: `open URL`, `reload N`, `reload N seeing TEXT`, `click TEXT`, `see TEXT` (waits for it).
import { launchChromium } from '../../browser/support/chromium.js';

const LIMIT_MS = 30_000;

/** A browser that is started when it is first needed. */
export class Visitor {
  /** @type {import('playwright-core').Browser | undefined} */
  #browser;
  /** @type {import('playwright-core').Page | undefined} */
  #page;

  /** @param {string} text the steps, between semicolons */
  async follow(text) {
    this.#browser ??= await launchChromium();
    this.#page ??= await this.#browser.newPage();
    this.#page.setDefaultTimeout(LIMIT_MS);
    for (const step of text.split(';').map((each) => each.trim())) {
      const [, word = '', what = ''] = /^(\w+)\s*(.*)$/s.exec(step) ?? [];
      await doStep(this.#page, word, what).catch(async (error) => {
        const seen = await this.#page?.textContent('body').catch(() => '');
        throw new Error(`browser: ${step}: ${error.message}\nIt shows:\n${seen}`);
      });
    }
  }

  async close() {
    await this.#browser?.close();
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} word
 * @param {string} what
 */
async function doStep(page, word, what) {
  if (word === 'open') await page.goto(what, { waitUntil: 'load' });
  else if (word === 'reload') {
    const [, times, text] = /^(\d*)\s*(?:seeing (.+))?$/.exec(what) ?? [];
    for (let time = 0; time < Number(times || 1); time += 1) {
      await page.reload();
      if (text) await page.getByText(text).first().waitFor();
    }
  } else if (word === 'click') {
    await page.locator('button, a, [role=button]', { hasText: what }).first().click();
  } else if (word === 'see') await page.getByText(what).first().waitFor();
  else throw new Error(`the words are open, reload, click, see, not '${word}'`);
}
