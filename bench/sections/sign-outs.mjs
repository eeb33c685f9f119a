// Sign-outs that are felt: how soon what is open is closed, other nodes know and pages show it, and what that costs for each
// connection. Each part has its file.
import { measureOpenSockets, measureWorkerdSockets } from './open-sockets.mjs';
import { measureEdgeNodes, measureServe } from './pushed-ends.mjs';
import { hasChromium } from './service-worker.mjs';
import { measureSignedOutPage } from './signed-out-page.mjs';
import { measureSocketBytes } from './socket-bytes.mjs';

/**
 * @typedef {object} How
 * @property {number} sockets that are open at once
 * @property {number} signOuts of each kind of node
 * @property {number} pages
 * @property {{ count: number, rounds: number }} bytes
 * @property {{ count: number, seconds: number }} workerd
 */

/** @param {How} how @param {(line: string) => void} log */
export async function measureSignOuts({ sockets, signOuts, pages, bytes, workerd }, log) {
  if (!hasChromium()) log('  Chromium is not installed on this machine');
  return {
    sockets: await measureOpenSockets(sockets),
    pushed: {
      'Durable Objects': await measureEdgeNodes(signOuts),
      'serve with Redis, Node': await measureServe('node', signOuts),
      'serve with Redis, workerd': await measureServe('workerd', signOuts),
    },
    page: hasChromium() ? await measureSignedOutPage(pages) : null,
    bytes: await measureSocketBytes(bytes),
    workerd: await measureWorkerdSockets(workerd),
  };
}
