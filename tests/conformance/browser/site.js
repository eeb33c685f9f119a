// Sites for a browser, on one socket of loopback: each has a name, a worker, a page, and an origin behind it that
// everything else goes to. What the worker under test is, whoever starts this says.
// Invariant: a site that is offline answers nothing but the suite itself.
import { once } from 'node:events';
import http from 'node:http';
import { buffer, json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { BYTES, JAR, LEAD, PAGE, PAGE_SCRIPT, WORKER } from './paths.js';

/**
 * @typedef {object} Site
 * @property {string} origin what is behind it
 * @property {object} options the worker's
 * @property {number} lead how far its clock is ahead, in milliseconds
 * @property {boolean} isOnline
 * @property {Map<string, Buffer>} bytes by their path
 */

/** @param {string} file beside this one */
async function bundled(file) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(file, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

/** @param {{ worker: string, page: string }} entries files beside this one */
export async function startSites({ worker, page }) {
  const [workerScript, pageScript] = await Promise.all([worker, page].map(bundled));
  /** @type {Map<string, Site>} */
  const sites = new Map();
  /** @type {Map<import('node:net').Socket, string>} */
  const sockets = new Map();

  /** @type {Record<string, (site: Site, request: http.IncomingMessage) => Promise<[string, any, any?]>>} */
  const own = {
    [WORKER]: async ({ options }) => [
      'text/javascript',
      `self.OPTIONS = ${JSON.stringify(options)};\n${workerScript}`,
    ],
    [PAGE]: async () => [
      'text/html',
      `<!doctype html><link rel=icon href="data:,"><script src="${PAGE_SCRIPT}"></script>`,
    ],
    [PAGE_SCRIPT]: async () => ['text/javascript', pageScript],
    [LEAD]: async ({ lead }) => ['application/json', String(lead)],
    [JAR]: async (_, request) => ['text/plain', '', { 'set-cookie': await json(request) }],
  };

  const server = http.createServer({ maxHeaderSize: 64 * 1024 }, async (request, response) => {
    // A browser repeats what fails on a connection that it has used before: the origin is to be asked once.
    response.shouldKeepAlive = false;
    const name = String(request.headers.host).split('.', 1)[0];
    const site = sites.get(name);
    if (!site) return void response.writeHead(421).end();
    const { url = '', method } = request;
    if (url.startsWith(BYTES)) {
      if (method === 'POST') site.bytes.set(url, await buffer(request));
      return void response.end(method === 'POST' ? '' : site.bytes.get(url));
    }
    const answer = own[url];
    if (answer) {
      const [type, body, headers] = await answer(site, request);
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', ...headers });
      return void response.end(body);
    }
    if (!site.isOnline) return void request.socket.destroy();
    sockets.set(request.socket, name);
    pass(request, response, site.origin);
  });
  server.on('connection', (socket) => socket.on('close', () => sockets.delete(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    /** @param {string} name @param {{ origin: string, options: object }} what */
    add(name, { origin, options }) {
      /** @type {Site} */
      const site = { origin, options, lead: 0, isOnline: true, bytes: new Map() };
      sites.set(name, site);
      return {
        site,
        host: `${name}.localhost`,
        url: `http://${name}.localhost:${port}`,
        /** The network goes away, or comes back. @param {boolean} isOnline */
        setOnline(isOnline) {
          site.isOnline = isOnline;
          for (const [socket, of] of sockets) if (of === name && !isOnline) socket.destroy();
        },
        remove: () => void sites.delete(name),
      };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * To the origin and back, as it is: what breaks there breaks here.
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {string} origin
 */
function pass(request, response, origin) {
  const { method, url: path, headers } = request;
  const { hostname, port } = new URL(origin);
  const upstream = http.request({ hostname, port, path, method, headers, agent: false });
  const fail = () => response.socket?.destroy();
  upstream.on('error', fail);
  response.on('close', () => upstream.destroy());
  upstream.on('response', (answer) => {
    answer.on('error', fail);
    const { statusCode = 0, statusMessage, rawHeaders } = answer;
    const pairs = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name, rawHeaders[at + 1]]]));
    const kept = pairs.filter(([name]) => !/^(connection|keep-alive)$/i.test(name)).flat();
    response.writeHead(statusCode, statusMessage, kept);
    response.flushHeaders();
    answer.pipe(response);
  });
  request.pipe(upstream);
}
