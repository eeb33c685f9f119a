// A worker of the conformance suite: many caches, each with a clock that can be moved and the server of `serve` on a port that
// the other workers have too. Its primary process, the suite's, makes them and calls their API.
import { SessionCache } from 'sesame-edge';
import { listenFor } from '../../edge_worker/serve/on-node.js';
import { ClusterClient } from '../../js_bindings/stores/cluster-client.js';
import { createBackground } from '../support/background.js';
import { disturbed } from '../support/disturbed-store.js';
import { createMovingClock, storeOn } from '../support/moving-clock.js';
import { callHeld } from './held-cache.js';
import { STORE_TIMEOUT_MS } from './targets/patience.js';
import { apiOf } from './targets/sesame-api.js';

/** @typedef {Awaited<ReturnType<typeof create>>} Held */

/** @type {Map<string, Held>} */
const caches = new Map();

process.on('message', async (/** @type {any} */ message) => {
  const { suite, id, name, method, args } = message;
  if (suite !== 'call') return;
  try {
    process.send?.({ suite: 'answer', id, value: await perform({ name, method, args }) });
  } catch (error) {
    const { message: text, stack, code, status } = /** @type {any} */ (error);
    process.send?.({ suite: 'answer', id, error: { message: text, stack, code, status } });
  }
});
process.send?.({ suite: 'ready' });

/** @param {{ name: string, method: string, args: any[] }} call */
async function perform({ name, method, args }) {
  if (method === 'create') {
    caches.set(name, await create(name, args[0]));
    return null;
  }
  const held = /** @type {Held} */ (caches.get(name));
  if (method !== 'dispose') return callHeld(held, method, args);
  caches.delete(name);
  await held.server.stop(0);
  return held.sessions.dispose();
}

/** @param {string} name @param {any} options with `port`, and `shared` where several caches are to share what is in it */
async function create(name, { port, shared = name, ...options }) {
  const clock = createMovingClock();
  /** @type {unknown[]} */
  const lines = [];
  const { store, disturb } = disturbed(clientAt, shared);
  const sessions = new SessionCache(
    { ...options, store: storeOn(store, clock.lead) },
    {
      now: clock.now,
      monotonic: clock.now,
      sleep: clock.sleep,
      log: (/** @type {unknown} */ line) => void lines.push(line),
      warn: () => {},
    },
  );
  const background = createBackground();
  const server = await listenFor(sessions, {
    ...{ host: '127.0.0.1', port },
    warn: () => {}, // where a case breaks what passes, that is what it is about
    onWork: background.waitUntil,
  });
  return { sessions, server, api: apiOf(sessions), lines, disturb, clock, background };
}

/** The workers' store at a place. @param {string} place */
function clientAt(place) {
  return new ClusterClient(
    {
      send: (value) => void process.send?.({ suite: 'store', place, value }),
      listen(listener) {
        const onMessage = (/** @type {any} */ message) => {
          if (message.suite === 'store' && message.place === place) listener(message.value);
        };
        process.on('message', onMessage);
        return () => void process.off('message', onMessage);
      },
    },
    { timeoutMs: STORE_TIMEOUT_MS },
  );
}
process.setMaxListeners(0);
