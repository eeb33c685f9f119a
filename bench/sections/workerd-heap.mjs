// What a session costs in the heap of a workerd isolate, whose objects are smaller than Node's: asked of
// the runtime itself, through its inspector.
import { createRequire } from 'node:module';
import { bundle } from '../workerd/bundle.mjs';
import { startWorkerd, withDirectory } from '../workerd/start.mjs';
import { ask, fill } from './workerd.mjs';

/**
 * Bytes a session by structure, or null without the means to ask.
 * @param {number} count
 * @returns {Promise<Record<string, number> | null>}
 */
export async function measureWorkerdHeap(count) {
  let WebSocket;
  try {
    ({ WebSocket } = createRequire(import.meta.url)('ws'));
  } catch {
    return null;
  }
  return withDirectory(async (directory) => {
    const wasm = await bundle(['checks.js'], directory);
    const names = ['lru', 'tuned'];
    const services = names.map((name) => ({
      name,
      entry: 'checks.js',
      bindings: { SUBJECT: name },
    }));
    const workerd = await startWorkerd(directory, services, wasm, { inspect: true });
    try {
      /** @type {Record<string, number>} */
      const bytes = {};
      for (const name of names) {
        const port = workerd.ports[name];
        const weigh = async () => {
          await ask(port, { what: 'collect' });
          return heapUsed(WebSocket, `ws://127.0.0.1:${workerd.inspectorPort}/${name}`);
        };
        await ask(port, { what: 'fill', count, until: 10, budgetPerSession: 0 });
        const before = await weigh();
        await fill(port, { count, budgetPerSession: 0 });
        bytes[name] = ((await weigh()) - before) / count;
      }
      return bytes;
    } finally {
      await workerd.close();
    }
  });
}

/**
 * @param {any} WebSocket
 * @param {string} url
 * @returns {Promise<number>}
 */
function heapUsed(WebSocket, url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const question = { id: 1, method: 'Runtime.getHeapUsage' };
    socket.on('open', () => socket.send(JSON.stringify(question)));
    socket.on('message', (/** @type {Buffer} */ data) => {
      const { id, result } = JSON.parse(data.toString());
      if (id !== 1) return;
      socket.terminate();
      resolve(result.usedSize);
    });
    socket.on('error', reject);
  });
}
