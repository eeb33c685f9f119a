// A cache in this process, or the ready-made worker in the real workerd, each with an origin of its own: for tests of
// one host. What every host keeps is tested by the suite in tests/conformance.
// Invariant: both have the same shape; in workerd there is no `clock`.
import { SessionCache } from 'sesame-edge';
import { serve } from '../../edge_worker/serve/serve.js';
import { createClient } from './client.js';
import { createClock } from './clock.js';
import { createOrigin } from './origin.js';

/**
 * @typedef {object} Target
 * @property {string} url where it stands, as clients see it
 * @property {import('./origin.js').Origin} origin what it stands in front of
 * @property {import('./clock.js').Clock | null} clock
 * @property {(path: string, init?: import('./client.js').ClientInit) => Promise<Response>} fetch
 * @property {() => Promise<Record<string, number>>} stats the counters
 * @property {() => string} user a name that no other user has
 * @property {() => Promise<void>} close
 */

let users = 0;
const user = () => `user-${++users}`;

/**
 * A cache of its own, in this process, with an origin of its own.
 * @param {object} [options]
 * @param {Partial<import('../../js_bindings/host.js').Host>} [host]
 * @returns {Promise<Target & { sessions: SessionCache }>}
 */
export async function createNodeTarget(options = {}, host = {}) {
  const origin = await createOrigin();
  const clock = createClock();
  const { now, sleep } = clock;
  const sessions = new SessionCache({ origin: origin.url, ...options }, { now, sleep, ...host });
  const url = 'http://edge.test';
  return {
    ...{ url, origin, clock, sessions, user },
    fetch(path, { body, ...init } = {}) {
      const stream = typeof body === 'object' && !(body instanceof Uint8Array);
      const sent = stream ? { body: toStream(body), duplex: 'half' } : { body };
      return sessions.handle(new Request(url + path, /** @type {any} */ ({ ...init, ...sent })));
    },
    stats: async () => /** @type {any} */ (sessions.statistics()),
    async close() {
      sessions.dispose();
      await origin.stop();
    },
  };
}

/**
 * A workerd of its own, with an origin of its own.
 * @param {object} [options]
 * @returns {Promise<Target>}
 */
export async function createWorkerdTarget(options = {}) {
  const origin = await createOrigin();
  const server = await serve({
    ...{ runtime: 'workerd', origin: origin.url },
    options: /** @type {any} */ (options),
  });
  const client = createClient(server.url);
  return {
    ...{ url: server.url, origin, clock: null, user },
    fetch: client.fetch,
    stats: async () => /** @type {any} */ ((await server.stats()) ?? {}),
    async close() {
      client.close();
      await Promise.all([server.close(0), origin.stop()]);
    },
  };
}

/** @param {AsyncIterable<string | Uint8Array>} chunks */
function toStream(chunks) {
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) return controller.close();
      controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
    },
  });
}
