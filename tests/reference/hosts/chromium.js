// Runs the examples of one entry in Chromium: in a page where Ingrid is signed in, or as its service worker. The site
// is the example origin with a managed cache in front, so that logins, refreshes and logouts are real.
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { build } from 'esbuild';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { launchChromium } from '../../browser/support/chromium.js';
import { INSPECT } from '../checks.js';
import { INGRID, startOrigin } from '../origin.js';

const SOURCES = fileURLToPath(new URL('../../../build/reference-examples', import.meta.url));
const READY_FILE = fileURLToPath(
  new URL('../../../service_worker/dist/sesame-service-worker.js', import.meta.url),
);
const EMPTY_PAGE = '<!doctype html><meta charset="utf-8"><title>Site</title><div id="root"></div>';

/** A page runs its examples, a worker's page has them in its worker. */
const WORKER_PAGES = ['service-worker', 'sesame-service-worker'];

/**
 * @param {string} page
 * @param {import('../checks.js').Instrumented[]} examples
 * @param {number} [shownWithinMs] a text that is not there by then is not there
 * @returns {Promise<import('../outcome.js').Outcome[]>}
 */
export async function runInChromium(page, examples, shownWithinMs = 5000) {
  const origin = await startOrigin();
  const site = await startSite(origin.url);
  const browser = await launchChromium();
  const sources = path.join(SOURCES, page);
  await mkdir(sources, { recursive: true });
  try {
    const outcomes = [];
    for (const [index, example] of examples.entries()) {
      const isWorker = WORKER_PAGES.includes(page);
      const entry = path.join(sources, `${index}.js`);
      await writeFile(entry, example.code);
      const script = await bundled(entry, isWorker ? 'iife' : 'esm');
      await origin.begin();
      site.begin({ [isWorker ? '/worker.js' : '/example.js']: script });
      const context = await browser.newContext();
      try {
        const tab = await context.newPage();
        await tab.goto(site.url);
        outcomes.push(
          isWorker ? await asWorker(tab, example) : await asPage(tab, example, shownWithinMs),
        );
      } catch (error) {
        outcomes.push({ values: {}, answers: [], error: String(error) });
      } finally {
        await context.close();
      }
    }
    return outcomes;
  } finally {
    await browser.close();
    await site.stop();
    await origin.close();
  }
}

/** @param {string} entry @param {'iife' | 'esm'} format */
async function bundled(entry, format) {
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, write: false, format, logLevel: 'silent' },
    ...{ jsx: 'automatic', loader: { '.js': 'jsx' } },
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0].text;
}

/** @param {string} origin */
async function startSite(origin) {
  const readyFile = await readFile(READY_FILE, 'utf8');
  /** @type {Record<string, string>} */
  let files = {};
  /** @type {SessionCache | null} */
  let sessions = null;
  /** @type {http.RequestListener} */
  let answer = () => {};
  const server = http.createServer((request, response) => {
    const script = files[request.url ?? ''];
    const isPage = request.url === '/';
    if (!isPage && script === undefined) return answer(request, response);
    response.writeHead(200, { 'content-type': isPage ? 'text/html' : 'text/javascript' });
    response.end(isPage ? EMPTY_PAGE : script);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** Begins anew: a cache that holds nothing. @param {Record<string, string>} scripts */
    begin(scripts) {
      files = { '/sesame-service-worker.js': readyFile, ...scripts };
      sessions?.dispose();
      sessions = new SessionCache({ origin, managed: {} });
      answer = toNodeHandler(sessions);
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      sessions?.dispose();
    },
  };
}

/** @param {import('playwright-core').Page} tab */
function signIn(tab) {
  return tab.evaluate(async (login) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(login) };
    const { status } = await fetch('/api/auth/login', init);
    if (status !== 200) throw new Error(`the login was answered with ${status}`);
  }, INGRID);
}

/** @param {import('playwright-core').Page} tab */
function signOut(tab) {
  return tab.evaluate(async () => {
    const { status } = await fetch('/api/auth/logout', { method: 'POST' });
    if (status !== 200) throw new Error(`the logout was answered with ${status}`);
  });
}

/**
 * @param {import('playwright-core').Page} tab
 * @param {import('../checks.js').Instrumented} example
 * @param {number} shownWithinMs
 */
async function asPage(tab, { steps }, shownWithinMs) {
  await signIn(tab);
  const { values, error } = await tab.evaluate(async () => {
    /** @type {[number, unknown][]} */
    const values = [];
    const check = (/** @type {number} */ number, /** @type {unknown} */ value) =>
      values.push([number, structuredClone(value)]);
    Object.assign(globalThis, { $check: check });
    const script = '/example.js';
    const error = await import(script).then(
      () => undefined,
      (thrown) => `${thrown.stack}`,
    );
    return { values, error };
  });
  for (const { does, text } of error ? [] : steps) {
    const found = tab.getByText(text, { exact: true });
    if (does === 'click') await found.click({ timeout: shownWithinMs });
    else await found.waitFor({ timeout: shownWithinMs });
  }
  /** @type {Record<number, string[]>} */
  const shown = {};
  for (const [number, value] of values) {
    shown[number] = [...(shown[number] ?? []), inspect(value, INSPECT)];
  }
  return { values: shown, answers: [], error };
}

/**
 * @param {import('playwright-core').Page} tab
 * @param {import('../checks.js').Instrumented} example
 */
async function asWorker(tab, { requests }) {
  await tab.evaluate(async () => {
    const controlled = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    });
    await navigator.serviceWorker.register('/worker.js');
    await controlled;
  });
  const answers = [];
  for (const { method, path: target, as } of requests) {
    if (as) await signIn(tab);
    else await signOut(tab); // a worker sees no cookies: it hears of nobody by the logout
    const [status, body, timing] = await tab.evaluate(
      async ([of, url]) => {
        const answer = await fetch(url, { method: of });
        return [answer.status, await answer.text(), answer.headers.get('server-timing')];
      },
      [method, target],
    );
    if (!/^sesame;/.test(`${timing}`)) throw new Error(`the worker did not answer ${target}`);
    answers.push(`${status} ${body}`.trim());
  }
  return { values: {}, answers };
}
