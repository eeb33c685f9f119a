// Takes the screenshots of the demonstration that the documentation shows: light, dark and right-to-left,
// after one journey each. `node scripts/screenshots.mjs`
import path from 'node:path';
import { chromium } from 'playwright-core';
import { startDemo } from '../examples/demo/server.mjs';
import { isMain, main, root } from './lib/run.mjs';

const PICTURES = /** @type {const} */ ([
  { name: 'demo-light', lang: 'en', colorScheme: 'light' },
  { name: 'demo-dark', lang: 'en', colorScheme: 'dark' },
  { name: 'demo-rtl', lang: 'ar', colorScheme: 'light' },
]);

export async function screenshots() {
  const demo = await startDemo();
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  });
  try {
    for (const { name, lang, colorScheme } of PICTURES) {
      const viewport = { width: 1100, height: 800 };
      const page = await browser.newPage({ colorScheme, viewport });
      await page.goto(`${demo.url}?lang=${lang}`);
      await page.click('#play');
      await page.waitForSelector('#play:not([disabled])', { timeout: 60_000 });
      await page.screenshot({ path: path.join(root, `docs/${name}.png`), fullPage: true });
      console.log(`screenshots: docs/${name}.png: ${await page.textContent('#status')}`);
      await page.close();
    }
  } finally {
    await browser.close();
    await demo.close();
  }
}

if (isMain(import.meta)) main(screenshots);
