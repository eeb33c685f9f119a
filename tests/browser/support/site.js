// A site with the example origin behind it: one server on loopback, every call counted.
import { once } from 'node:events';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createOrigin } from '../../../examples/origin/server.mjs';
import { PASSWORD } from '../../../examples/origin/users.mjs';
import { createGate, until } from '../../support/wait.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
export const LAYLA = 'layla@example.com';
export const INGRID = 'ingrid@example.com';
/** @type {Record<string, string>} */
export const NAMES = { [LAYLA]: 'ليلى حداد', [INGRID]: 'Ingrid Sørensen' };
export const ME = 'GET /api/v1/users/me';

const WORKER = `
  import { install } from 'sesame-edge/service-worker';
  let lead = 0;
  install(self.OPTIONS, { now: () => Date.now() + lead });
  self.addEventListener('message', ({ data }) => { lead += data.advance ?? 0; });
`;
const PAGE = `import * as sesame from 'sesame-edge/client'; globalThis.sesame = sesame;`;

/** @type {Map<string, Promise<string>>} */
const bundles = new Map();

/** @param {string} contents of the entry: it imports the package by its name */
function bundled(contents) {
  const bundle = bundles.get(contents) ?? bundleOf(contents);
  bundles.set(contents, bundle);
  return bundle;
}

/** @param {string} contents */
async function bundleOf(contents) {
  const stdin = { contents, resolveDir: path.join(root, 'tests') };
  const result = await build({
    stdin,
    bundle: true,
    write: false,
    format: 'iife',
    define: { 'process.env.NODE_ENV': '"development"' },
    logLevel: 'error',
  });
  return result.outputFiles[0].text;
}

/**
 * @param {{ options?: object, prelude?: string, script?: string }} [setup] `options` of the worker; `prelude`:
 *   script that runs in it first; `script`: that of the page
 */
export async function startSite({ options = {}, prelude = '', script = PAGE } = {}) {
  const origin = createOrigin({ delayMs: 0 });
  const worker = await bundled(WORKER);
  const page = await bundled(script);
  let version = 1;
  let port = 0;
  let refreshes = 0;
  /** What is to happen before a path is answered. @type {Map<string, Promise<void>>} */
  const held = new Map();
  /** @type {((request: http.IncomingMessage, response: http.ServerResponse) => boolean) | null} */
  let intercept = null;
  let settings = settingsOf(options);
  /** @type {Record<string, () => [string, string]>} */
  const files = {
    '/sw.js': () => [
      'text/javascript',
      `self.OPTIONS = ${settings}; self.VERSION = ${version};\n${prelude}\n${worker}`,
    ],
    '/page.js': () => ['text/javascript', page],
  };

  /** @type {http.RequestListener} */
  const answer = async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://site');
    if (intercept?.(request, response)) return;
    const file = files[url.pathname]?.();
    if (file) return void response.writeHead(200, { 'content-type': file[0] }).end(file[1]);
    const isRefresh = url.pathname === '/api/auth/refresh';
    if (isRefresh) refreshes += 1;
    await held.get(url.pathname);
    if (isRefresh) {
      response.writeHead(200, { 'content-type': 'application/json' });
      return void response.end('{"expiresAt":"2030-01-01T00:00:00.000Z"}');
    }
    if (url.pathname.startsWith('/api/'))
      return void origin.server.emit('request', request, response);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><title>Site</title><script src="/page.js"></script>');
  };
  /** @type {http.Server} */
  let server;

  const site = {
    origin,
    url: '',
    /** How often the origin was asked who somebody is. */
    asked: () => origin.calls.get(ME) ?? 0,
    refreshes: () => refreshes,
    /** Answers no request for a path until what it returns is called. @param {string} pathname */
    hold(pathname) {
      const { open, opened } = createGate();
      held.set(pathname, opened);
      return open;
    },
    /** Answers a request in the origin's stead, where it returns true. @param {typeof intercept} listener */
    intercept(listener) {
      intercept = listener;
    },
    /** The next version of the worker's script. @param {{ options?: object, prelude?: string }} [changed] */
    release(changed = {}) {
      version += 1;
      if (changed.options) settings = settingsOf(changed.options);
      prelude = changed.prelude ?? prelude;
    },
    async start() {
      server = http.createServer(answer).listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
      site.url = `http://127.0.0.1:${port}`;
    },
    /** Nothing answers at this address any more: to the browser, the network is gone. */
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  await site.start();
  return site;
}

/** @typedef {Awaited<ReturnType<typeof startSite>>} Site */

/** @param {object} options of the worker */
function settingsOf(options) {
  return JSON.stringify({ logoutPath: '/api/v1/auth/logout', staticRoutes: true, ...options });
}

/**
 * A page of the site, answered by the worker.
 * @param {import('playwright-core').BrowserContext} context
 * @param {Site} site
 * @param {{ options?: object }} [client] the client's options
 */
export async function openTab(context, site, { options = {} } = {}) {
  const page = await context.newPage();
  await page.goto(`${site.url}/app/home`);
  await prepare(page, { register: true, options });
  return page;
}

/**
 * What a page's own script would do: makes a client, and writes down what it hears.
 * @param {import('playwright-core').Page} page
 * @param {{ register: boolean, options?: object }} how
 */
export async function prepare(page, { register, options = {} }) {
  await page.evaluate(
    async ([isRegistered, more]) => {
      const scope = /** @type {any} */ (globalThis);
      const paths = { logoutPath: '/api/v1/auth/logout', ...more };
      scope.client = scope.sesame.createClient(paths);
      scope.heard = [];
      scope.client.onSessionChange((/** @type {any} */ session) => scope.heard.push(session));
      if (isRegistered) await scope.client.register('/sw.js');
    },
    /** @type {[boolean, object]} */ ([register, options]),
  );
}

/** @param {import('playwright-core').Page} page @param {string} email */
export function login(page, email) {
  return page.evaluate(
    async ([user, password]) => {
      const body = JSON.stringify({ email: user, password });
      const headers = { 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body };
      return (await fetch('/api/v1/auth/login?mode=cookie', init)).status;
    },
    [email, PASSWORD],
  );
}

/** Who the client says is signed in. @param {import('playwright-core').Page} page @param {object} [how] */
export function session(page, how = {}) {
  return page.evaluate(
    (options) => /** @type {any} */ (globalThis).client.getSession(options),
    how,
  );
}

/** Has the browser take the next version of the worker. @param {import('playwright-core').Page} page */
export const update = (page) =>
  page.evaluate(async () => {
    const changed = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    });
    await (await navigator.serviceWorker.ready).update();
    await changed;
  });

/** @param {import('playwright-core').Page} page */
export const logout = (page) =>
  page.evaluate(() => /** @type {any} */ (globalThis).client.logout());

/** What the page has heard of changes. @param {import('playwright-core').Page} page @returns {Promise<any[]>} */
export const heard = (page) => page.evaluate(() => /** @type {any} */ (globalThis).heard);

/** Moves the worker's clock. @param {import('playwright-core').Page} page @param {number} milliseconds */
export const advance = (page, milliseconds) =>
  page.evaluate((advanced) => {
    navigator.serviceWorker.controller?.postMessage({ advance: advanced });
  }, milliseconds);

/** What the worker has on disk. @param {import('playwright-core').Page} page */
export const onDisk = (page) =>
  page.evaluate(async () => {
    const names = (await indexedDB.databases()).map(({ name }) => name);
    if (!names.includes('sesame')) return null;
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open('sesame');
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const get = (/** @type {string} */ key) =>
      new Promise((resolve) => {
        const getting = database.transaction('session').objectStore('session').get(key);
        getting.onsuccess = () => resolve(getting.result);
      });
    const [epoch, key, sealed, pendingLogout] = await Promise.all(
      ['epoch', 'key', 'sealed', 'pendingLogout'].map(get),
    );
    database.close();
    const exported = key
      ? await crypto.subtle.exportKey('raw', key).then(
          () => 'exported',
          (error) => error.name,
        )
      : 'no key';
    return {
      ...{ epoch, exported, extractable: key?.extractable },
      sealed: sealed ? [...new Uint8Array(sealed.data)] : null,
      pendingLogout: pendingLogout ?? null,
    };
  });

/** Until what was learnt is on disk. @param {import('playwright-core').Page} page */
export const kept = (page) => until(async () => (await onDisk(page))?.sealed);
