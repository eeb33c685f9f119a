#!/usr/bin/env node
// Serves one of the two builds, with the example origin behind it. In front of the origin stands Sesame, which keeps the list of
// devices and tells browsers of sign-outs; without it for the plain build. Invariant: what leaves the browser is counted; what the
// browser answers by itself is not.
//
//   node server.mjs sesame --port 8080        or: node server.mjs plain --port 8081
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { preview } from 'vite';
import { createOrigin } from '../origin/server.mjs';

const DOCUMENT = '/api/v1/users/me';

/** @typedef {Awaited<ReturnType<typeof startSpa>>} Spa */

/**
 * @param {object} options
 * @param {string} options.dist the folder of a build
 * @param {boolean} [options.hasSesame] whether Sesame stands in front of the origin
 * @param {number} [options.port] 0 for any free one
 * @param {number} [options.delayMs] how long the origin's `GET /users/me` takes
 * @param {(line: string) => void} [options.log] told of each call of it
 */
export async function startSpa({
  dist,
  hasSesame = true,
  port = 0,
  delayMs = 250,
  log = () => {},
}) {
  const origin = createOrigin({ delayMs });
  const sesame = hasSesame ? await startSesame(origin) : null;
  const answer = sesame
    ? toNodeHandler(sesame)
    : (/** @type {any[]} */ ...exchange) => void origin.server.emit('request', ...exchange);
  let isDown = false;
  let asked = 0;
  /** @type {import('vite').Connect.NextHandleFunction} */
  const api = (request, response, next) => {
    if (!request.url?.startsWith('/api/')) return next();
    if (isDown) return void request.socket.destroy();
    if (request.method === 'GET' && request.url.split('?')[0] === DOCUMENT) {
      asked += 1;
      log(`GET ${DOCUMENT}: ${asked}`);
    }
    answer(request, response);
  };
  const site = await preview({
    ...{ configFile: false, root: dist, logLevel: 'error', build: { outDir: dist } },
    preview: { host: '127.0.0.1', port, strictPort: port !== 0 },
    plugins: [
      { name: 'origin', configurePreviewServer: ({ middlewares }) => void middlewares.use(api) },
    ],
  });
  const address = /** @type {import('node:net').AddressInfo} */ (site.httpServer.address());
  return {
    url: `http://127.0.0.1:${address.port}`,
    origin,
    /** How often the site was asked who somebody is. */
    asked: () => asked,
    /** The pages are there, and what answers them is not, or is again. @param {boolean} value */
    setDown(value) {
      isDown = value;
    },
    async close() {
      await site.close();
      sesame?.dispose();
      await origin.close();
    },
  };
}

/**
 * Sesame as it would stand in front of any back end: with the list of devices, and events for browsers.
 * @param {ReturnType<typeof createOrigin>} origin
 */
async function startSesame(origin) {
  return new SessionCache({
    origin: await origin.listen(),
    userId: '/id',
    devices: true,
    events: true,
  });
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '8080' },
      delay: { type: 'string', default: '250' },
    },
  });
  const name = positionals[0] ?? 'sesame';
  const dist = fileURLToPath(new URL(`dist/${name}`, import.meta.url));
  if (!existsSync(dist)) {
    console.error(`There is no dist/${name}: run npm run build first.`);
    process.exit(1);
  }
  const log = (/** @type {string} */ line) => console.log(line);
  const port = Number(values.port);
  const hasSesame = name !== 'plain';
  const { url } = await startSpa({ dist, hasSesame, port, delayMs: Number(values.delay), log });
  console.log(`Open ${url} (built with --mode ${name}).`);
  console.log('Log in as layla@example.com or ingrid@example.com, password: open sesame.');
  console.log('Each GET of the user that leaves the browser is shown here. Ctrl-C ends it.');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
