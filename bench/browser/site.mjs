// A site for the real browser: pages, an origin with one user, and a service worker of a kind for each of the
// browser's profiles. One server on loopback; it counts what the origin is asked.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { documentsOf } from '../generator/documents.mjs';

export const DOCUMENT_PATH = '/api/v1/users/me';
export const SESSION_PATH = '/api/auth/session';
export const IMAGE_PATH = '/image.svg';

const file = (/** @type {string} */ name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const PAGE = `<!doctype html><meta charset="utf-8"><title>Site</title><script src="/page.js"></script>`;

/** 20 kB, as a picture of a page may have. */
const IMAGE = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!--${'-'.repeat(20_000).replaceAll('--', '- ')}--></svg>`;

/** Pages and workers that share no process with another site have a clock of fine steps. */
const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * The scripts of the workers. Sesame's is what its documentation says: options, and the file to copy.
 * @param {string} answers what the constant worker answers, as JSON
 * @returns {Record<string, string>}
 */
function scripts(answers) {
  const sesame = `self.SESAME = {};\nimportScripts('/sesame-service-worker.js');\n`;
  return {
    '/page.js': file('page.js'),
    '/sesame-service-worker.js': file('../../service_worker/dist/sesame-service-worker.js'),
    '/sesame.js': sesame,
    '/steps.js': `${file('steps.js')}\n${sesame}`,
    '/constant.js': `self.ANSWERS = ${answers};\n${file('constant.js')}`,
    '/cache-first.js': `self.ANSWERS = ${answers};\n${file('cache-first.js')}`,
  };
}

export async function startSite() {
  const document = documentsOf('reference')(0);
  const session = `{"user":${document},"expiresAt":"2030-01-01T00:00:00.000Z"}`;
  /** @type {Record<string, string>} */
  const api = { [DOCUMENT_PATH]: document, [SESSION_PATH]: session };
  let files = scripts('{}');
  let asked = 0;
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (api[pathname]) {
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json', ...ISOLATED });
      return void response.end(api[pathname]);
    }
    if (pathname === IMAGE_PATH) {
      response.writeHead(200, { 'content-type': 'image/svg+xml', ...ISOLATED });
      return void response.end(IMAGE);
    }
    const script = files[pathname];
    const type = script ? 'text/javascript' : 'text/html; charset=utf-8';
    response.writeHead(200, { 'content-type': type, ...ISOLATED });
    response.end(script ?? PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** How often the origin was asked anything. */
    asked: () => asked,
    /** @param {object} answers by path: body and headers */
    answerWith(answers) {
      files = scripts(JSON.stringify(answers));
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startSite>>} Site */
