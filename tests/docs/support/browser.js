// What a page asks its reader to do in a browser, done in Chromium: `<!-- browser: open URL; reload 17; see TEXT -->`.
// The words: `open URL`, `tab URL` (another tab), `reload N`, `reload N seeing TEXT`, `click TEXT`,
// `fill LABEL with TEXT`, `see TEXT` (waits for it, in every tab).
import { launchChromium } from '../../browser/support/chromium.js';

const LIMIT_MS = 30_000;

/** A browser that is started when it is first needed. */
export class Visitor {
  /** @type {import('playwright-core').Browser | undefined} */
  #browser;
  /** @type {import('playwright-core').BrowserContext | undefined} */
  #context;

  /** @param {string} text the steps, between semicolons */
  async follow(text) {
    this.#browser ??= await launchChromium();
    this.#context ??= await this.#browser.newContext();
    this.#context.setDefaultTimeout(LIMIT_MS);
    for (const step of text.split(';').map((each) => each.trim())) {
      const [, word = '', what = ''] = /^(\w+)\s*(.*)$/s.exec(step) ?? [];
      const doIt = WORDS[word] ?? refuse;
      await doIt(this.#context, what).catch(async (error) => {
        const seen = await Promise.all(
          (this.#context?.pages() ?? []).map((tab) => tab.textContent('body').catch(() => '')),
        );
        throw new Error(`browser: ${step}: ${error.message}\nIt shows:\n${seen.join('\n---\n')}`);
      });
    }
  }

  async close() {
    await this.#browser?.close();
  }
}

/** @typedef {import('playwright-core').BrowserContext} Context */

/** The tab that was opened last. @param {Context} context */
const currentTab = async (context) => context.pages().at(-1) ?? (await context.newPage());

/** @type {Record<string, (context: Context, what: string) => Promise<void>>} */
const WORDS = {
  async open(context, url) {
    await (await currentTab(context)).goto(url, { waitUntil: 'load' });
  },
  async tab(context, url) {
    await (await context.newPage()).goto(url, { waitUntil: 'load' });
  },
  async reload(context, what) {
    const [, times, text] = /^(\d*)\s*(?:seeing (.+))?$/.exec(what) ?? [];
    const tab = await currentTab(context);
    for (let time = 0; time < Number(times || 1); time += 1) {
      await tab.reload();
      if (text) await tab.getByText(text).first().waitFor();
    }
  },
  async click(context, text) {
    const tab = await currentTab(context);
    await tab.locator('button, a, [role=button]', { hasText: text }).first().click();
  },
  async fill(context, what) {
    const [label, text] = what.split(' with ');
    await (await currentTab(context)).getByLabel(label).fill(text);
  },
  async see(context, text) {
    await Promise.all(context.pages().map((tab) => tab.getByText(text).first().waitFor()));
  },
};

async function refuse() {
  throw new Error(`the words are ${Object.keys(WORDS).join(', ')}`);
}
