// The demonstration's server: one page, and two example origins behind it. What begins with `/plain/` goes to
// the one whose clients ask it every time; everything else to the one with the service worker before it.
// Invariant: the calls it shows are those that the origins have counted.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createOrigin } from '../origin/server.mjs';

const ME = 'GET /api/v1/users/me';
const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** @typedef {{ url: string, origins: Record<'plain' | 'sesame', ReturnType<typeof createOrigin>>,
 *   close: () => Promise<void> }} Demo */

/**
 * @param {{ port?: number, delayMs?: number }} [options] `delayMs`: how long `/users/me` takes
 * @returns {Promise<Demo>}
 */
export async function startDemo({ port = 0, delayMs = 250 } = {}) {
  const origins = { plain: createOrigin({ delayMs }), sesame: createOrigin({ delayMs }) };
  const isDown = { plain: false, sesame: false };
  const bundled = await build({
    entryPoints: { demo: here('page.js'), tab: here('tab.js') },
    ...{ bundle: true, write: false, format: 'iife', target: 'es2022', outdir: here('.') },
  });
  const scripts = bundled.outputFiles.map((file) => file.text);
  const worker = fileURLToPath(import.meta.resolve('sesame-edge/sesame-service-worker.js'));
  /** @type {Record<string, [string, string | Buffer]>} */
  const files = {
    '/': ['text/html; charset=utf-8', readFileSync(here('index.html'))],
    '/tab.html': ['text/html; charset=utf-8', readFileSync(here('tab.html'))],
    '/style.css': ['text/css', readFileSync(here('style.css'))],
    '/demo.js': ['text/javascript', scripts[0]],
    '/tab.js': ['text/javascript', scripts[1]],
    '/sw.js': [
      'text/javascript',
      "self.SESAME = { logoutPath: '/api/v1/auth/logout' };\nimportScripts('/sesame-service-worker.js');",
    ],
    '/sesame-service-worker.js': ['text/javascript', readFileSync(worker)],
  };

  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://demo');
    const file = files[url.pathname];
    if (file && request.method === 'GET') {
      response.writeHead(200, { 'content-type': file[0], 'cache-control': 'no-cache' });
      return void response.end(file[1]);
    }
    if (url.pathname === '/demo/calls') {
      const calls = (/** @type {'plain' | 'sesame'} */ side) => origins[side].calls.get(ME) ?? 0;
      return void json(response, { plain: calls('plain'), sesame: calls('sesame'), isDown });
    }
    if (url.pathname.startsWith('/demo/') && request.method === 'POST') {
      const command = url.pathname.slice('/demo/'.length);
      if (command === 'reset') for (const origin of Object.values(origins)) origin.reset();
      if (command === 'down') isDown.plain = isDown.sesame = url.searchParams.has('on');
      if (command === 'revoke') for (const origin of Object.values(origins)) origin.endSessions();
      return void json(response, {});
    }
    const side = url.pathname.startsWith('/plain/') ? 'plain' : 'sesame';
    if (isDown[side]) return void request.socket.destroy();
    if (side === 'plain') {
      // Both origins share a host, and so would share a cookie.
      request.url = (request.url ?? '').slice('/plain'.length);
      request.headers.cookie = request.headers.cookie
        ?.replace(/(^|; *)session=[^;]*/g, '')
        .replace(/plain_session=/g, 'session=');
      const write = response.writeHead.bind(response);
      response.writeHead = (/** @type {any[]} */ ...args) => {
        const headers = args.at(-1);
        const cookie = headers?.['set-cookie'];
        if (cookie) headers['set-cookie'] = cookie.replace(/^session=/, 'plain_session=');
        return /** @type {any} */ (write)(...args);
      };
    }
    origins[side].server.emit('request', request, response);
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve(undefined));
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    origins,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** @param {http.ServerResponse} response @param {unknown} value */
function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
