// What the HTTP cases run against: a cache in this process, or the worker in the real workerd. A case
// cannot tell them apart but by `clock`, which workerd does not have.
import { SessionCache } from 'sesame-edge';
import { serve } from '../../edge_worker/serve/serve.js';
import { createClient } from './client.js';
import { createClock } from './clock.js';
import { createOrigin } from './origin.js';

/**
 * @typedef {object} Target
 * @property {'node' | 'workerd'} kind
 * @property {string} url where it stands, as clients see it
 * @property {import('./origin.js').Origin} origin what it stands in front of
 * @property {import('./clock.js').Clock | null} clock
 * @property {(path: string, init?: import('./client.js').ClientInit) => Promise<Response>} fetch
 * @property {() => Promise<Record<string, number>>} stats what happened since the case began
 * @property {() => string} user the name of somebody who was not there before
 * @property {number | null} pid workerd's
 * @property {() => Promise<void>} close
 */

let users = 0;
const user = () => `user-${++users}`;

/**
 * The number of the user that a request names; infinite if it names none.
 * @param {import('node:http').IncomingHttpHeaders} headers
 */
function numberOf({ authorization = '', cookie = '' }) {
  return Number(/user-(\d+)/.exec(authorization + cookie)?.[1] ?? Number.POSITIVE_INFINITY);
}

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
    ...{ kind: 'node', url, origin, clock, sessions, user, pid: null },
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

/** Not counted from the start: how much there is now. */
const LEVELS = new Set(['entries', 'bytes', 'leases']);

/**
 * A workerd of its own, with an origin of its own. `begin` makes it as good as new for another case.
 * @param {object} [options]
 * @returns {Promise<Target & { begin: () => Promise<void> }>}
 */
export async function createWorkerdTarget(options = {}) {
  const origin = await createOrigin();
  const server = await serve({ origin: origin.url, options: /** @type {any} */ (options) });
  const client = createClient(server.url);
  /** @type {Record<string, number>} */
  let before = {};
  return {
    ...{ kind: 'workerd', url: server.url, origin, clock: null, user, pid: server.pid },
    fetch: client.fetch,
    async stats() {
      const counters = Object.entries((await server.stats()) ?? {});
      const since = counters.map(([name, value]) => [
        name,
        LEVELS.has(name) ? value : value - (before[name] ?? 0),
      ]);
      return Object.fromEntries(since);
    },
    async begin() {
      const first = users + 1;
      origin.reset((headers) => numberOf(headers) < first);
      before = (await server.stats()) ?? {};
    },
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
