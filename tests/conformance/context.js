// What a case works with: one cache, the origin behind it, the clock, and a few functions that send requests.
// It must not know which target it runs on.
// Invariant: every case has a cache and an origin of its own.
import assert from 'node:assert/strict';
import { SECOND } from '../support/clock.js';
import { sourceOf } from '../support/http-case.js';
import { createOrigin, DOCUMENT, SESSION } from '../support/origin.js';
import { NotApplicable, within } from './suite.js';

/** What should happen at once may take this much real time, unless a target says otherwise. */
export const SOON_MS = 5000;
const LOOK_EVERY_MS = 2;

/** @typedef {Record<string, string | string[] | undefined>} HeaderInit */
/** @typedef {Omit<import('../support/client.js').ClientInit, 'headers'> & { headers?: any }} ClientInit */
/** @typedef {import('./targets/target.js').Running} Running */
/** @typedef {'fresh' | 'stale' | 'origin' | 'negative'} Source where a session answer came from (R43) */

let users = 0;

/**
 * @param {import('./targets/target.js').OpenTarget} target
 * @param {import('./targets/target.js').Adapter} adapter
 * @param {Record<string, unknown>} options
 */
export async function createContext(target, adapter, options) {
  /** @type {{ origin: import('../support/origin.js').Origin, running: Running }[]} */
  const started = [];

  /** @param {Record<string, unknown>} more @param {import('../support/origin.js').Origin} [given] */
  async function start(more, given) {
    const origin = given ?? (await createOrigin());
    try {
      const running = await target.start({ origin: origin.url, options: { ...options, ...more } });
      started.push({ origin, running });
      return { origin, running };
    } catch (error) {
      await origin.stop();
      throw error;
    }
  }

  const first = await start({});
  return Object.assign(contextOf(first, adapter), {
    /** Another node of the same application: on the same store, in front of the same origin. */
    node: async () => contextOf(await start({}, first.origin), adapter),

    /**
     * Another cache in the same place, in front of an origin of its own.
     * @param {Record<string, unknown>} [more] options that differ
     */
    another: async (more = {}) => contextOf(await start(more), adapter),

    async close() {
      for (const { running } of started) await running.close();
      for (const origin of new Set(started.map((each) => each.origin))) await origin.stop();
    },
  });
}

/** @typedef {Awaited<ReturnType<typeof createContext>>} Context */

/**
 * @param {{ origin: import('../support/origin.js').Origin, running: Running }} started
 * @param {import('./targets/target.js').Adapter} adapter
 */
function contextOf({ origin, running }, { dialect, lacks, soonMs = SOON_MS }) {
  const lacking = (/** @type {string} */ what) => {
    throw new NotApplicable(`the target has no ${what}`);
  };
  const fetch = quietly((/** @type {string} */ path, /** @type {ClientInit} */ init = {}) =>
    within(soonMs, running.fetch(path, init), `${init.method ?? 'GET'} ${path}`),
  );
  const api = new Proxy(/** @type {any} */ ({}), {
    get: (_, /** @type {keyof import('./targets/target.js').Api} */ name) =>
      quietly((/** @type {any[]} */ ...args) => {
        const method = /** @type {any} */ (running.api?.[name] ?? lacking(`${name}()`));
        return method(...args);
      }),
  });
  return {
    origin,
    dialect,
    /** Where clients see the cache. */
    url: running.url,
    /** The process that it runs in, if that is not this one. */
    pid: running.pid ?? null,
    /** Where a socket to it is opened, for what `fetch` cannot do. */
    socket: running.socket,
    /** The browser that it runs in. @returns {import('./targets/target.js').Browser} */
    get browser() {
      if (!running.browser) throw new NotApplicable('it does not run in a browser');
      return running.browser;
    },
    /** Its JavaScript API. @type {import('./targets/target.js').Api} */
    api,
    /** @returns {Promise<Record<string, any>>} the counters */
    statistics: () => (running.statistics ?? lacking('counters'))(),
    /** @returns {Promise<string>} Prometheus' text */
    prometheus: () => (running.prometheus ?? lacking('text for Prometheus'))(),
    /** @returns {Promise<unknown[]>} what it logged */
    logs: () => (running.logs ?? lacking('log'))(),
    /** Disturbs the way to the store. @param {import('../support/disturbed-store.js').Disturbance} how */
    link: async (how) => void (await (running.link ?? lacking('link that can be disturbed'))(how)),
    /** The cache's time, in milliseconds. */
    now: () => running.now(),
    /** Moves the cache's clock on. @param {number} milliseconds */
    advance: (milliseconds) => running.advance(milliseconds),
    /** A name that no other user has. */
    user: () => `user-${++users}`,

    /** An HTTP request. It has to be answered soon. */
    fetch,
    /** An HTTP request that may take any time. */
    fetchSlowly: quietly(running.fetch),
    /**
     * Lets requests that were sent arrive where they are held up: sends others to the origin and back through the
     * cache, which by then has carried the earlier ones at least as far.
     */
    async turn() {
      for (let time = 0; time < 10; time += 1) {
        await (await fetch('/turn', { method: 'GET' })).text();
      }
    },
    /** Waits until the work behind answers is done. The origin must not hold any of it up. */
    idle() {
      return running.idle ? within(soonMs, running.idle(), 'the work behind answers') : this.turn();
    },
    /**
     * Waits for a condition that comes true behind an answer. Fails if it does not soon.
     * @param {() => unknown} condition
     * @param {string} [what]
     */
    async until(condition, what = String(condition)) {
      const end = performance.now() + soonMs;
      while (!(await condition())) {
        assert.ok(performance.now() < end, `never came true: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    },
    /** Fails if something does not happen soon. @template T @param {Promise<T>} promise */
    soon: (promise) => within(soonMs, promise, 'what should happen at once'),

    /**
     * Asks for the document.
     * @type {(headers: HeaderInit, path?: string, from?: Source) => Promise<[number, string]>} status and body. Fails
     *   if the answer came from another place than `from`, on a target that says where answers come from
     */
    ask: quietly(async (/** @type {HeaderInit} */ headers, path = DOCUMENT, from = undefined) => {
      const response = await fetch(path, { headers });
      if (from && !lacks?.source) assert.equal(sourceOf(response, dialect.timing), from);
      return [response.status, await response.text()];
    }),

    /** Who is signed in, as the session's path has it. @param {HeaderInit} headers */
    async session(headers) {
      const response = await fetch(SESSION, { headers });
      const text = await response.text();
      // 401 says that the session has ended (R8), and no more.
      assert.ok(response.status === 200 || (response.status === 401 && text === 'null'), text);
      return JSON.parse(text);
    },

    /**
     * A write on the document's path.
     * @param {HeaderInit} headers
     * @param {string} [method]
     * @param {string} [path]
     * @returns {Promise<[number, string]>} status and body
     */
    async write(headers, method = 'PATCH', path = DOCUMENT, body = '{"plan":"paid"}') {
      const typed = { ...headers, 'content-type': 'application/json' };
      const response = await fetch(path, { method, headers: typed, body });
      return [response.status, await response.text()];
    },
  };
}

/** @typedef {ReturnType<typeof contextOf>} Cache */

/**
 * The function, without a complaint about rejections that a case no longer waits for.
 * @template {(...args: any[]) => Promise<any>} T
 * @param {T} act
 * @returns {T}
 */
export function quietly(act) {
  return /** @type {T} */ (
    (...args) => {
      const promise = act(...args);
      promise.catch(() => {});
      return promise;
    }
  );
}

export { DAY, HOUR, MINUTE, SECOND } from '../support/clock.js';
export { bearer, cookie } from '../support/http-case.js';

/** A clock may go on by itself, so no case looks nearer than this at a limit of time. */
export const MARGIN = 3 * SECOND;
