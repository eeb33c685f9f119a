// The socket of a cache in a Node server of one's own, at which `sesame-edge inspect` asks it (rule R72). It must not
// know what is answered. Invariant: the socket and its directory are this user's alone.
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { ADDRESS, DIRECTORY_PREFIX, SOCKET } from '../edge_worker/serve/control-socket.js';
import { answerControl } from '../js_bindings/http/control.js';

/** @typedef {import('../js_bindings/sessions/statistics.js').Statistics} Statistics */
/** @typedef {import('../js_bindings/sessions/wiring.js').Notice} Notice */
/** @typedef {import('../js_bindings/sessions/explain.js').Explanation} Explanation */

/**
 * What can be asked: a `SessionCache`, or several of them together.
 * @typedef {object} Inspectable
 * @property {() => Statistics | null | Promise<Statistics | null>} statistics the counters; null: there was no request yet
 * @property {() => Notice[] | Promise<Notice[]>} notices what is wired wrongly
 * @property {(request: { headers: Headers, url?: string }) => Explanation | Promise<Explanation>} explain why a request is
 *   answered as it is
 */

/**
 * @param {Inspectable} cache
 * @param {string} url by which the server is told from others
 * @returns {Promise<{ socketPath: string, close: () => Promise<void> }>}
 */
export async function listenForInspect(cache, url) {
  const inspected = {
    stats: () => cache.statistics(),
    notices: () => cache.notices(),
    explain: cache.explain.bind(cache),
  };
  const directory = await mkdtemp(path.join(tmpdir(), DIRECTORY_PREFIX)); // mode 0700
  const socketPath = path.join(directory, SOCKET);
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const server = http.createServer(async (incoming, outgoing) => {
    try {
      const { method, url: where = '/' } = incoming;
      const body = method === 'POST' ? await text(incoming) : undefined;
      const request = new Request(new URL(where, 'http://localhost'), { method, body });
      const response = await answerControl(inspected, request);
      outgoing.writeHead(response.status, { 'content-type': 'application/json' });
      outgoing.end(await response.text());
    } catch {
      outgoing.writeHead(500).end();
    }
  });
  server.unref();
  try {
    await /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(socketPath, resolve);
      })
    );
    await chmod(socketPath, 0o600);
    await writeFile(path.join(directory, ADDRESS), url, { mode: 0o600 });
  } catch (error) {
    server.close();
    remove();
    throw error;
  }
  process.once('exit', remove);
  return {
    socketPath,
    close: () =>
      new Promise((resolve) => {
        process.off('exit', remove);
        server.close(() => {
          remove();
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
