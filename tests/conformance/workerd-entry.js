// The worker as the conformance suite runs it: many caches, each with a clock that can be moved, behind one
// socket; a second entry point makes them and calls them.
// Invariant: `control` is reachable over the suite's own socket alone.
import { SessionCache } from 'sesame-edge';
import { apiOf } from './targets/sesame-api.js';

/** How often what sleeps looks at the clock. */
const LOOK_EVERY_MS = 5;

/**
 * @typedef {object} Held
 * @property {SessionCache} sessions
 * @property {import('./targets/target.js').Api} api
 * @property {unknown[]} lines
 * @property {{ offset: number }} clock
 */

/** @type {Map<string, Held>} */
const caches = new Map();

export default {
  /** @param {Request} request @param {unknown} _env @param {{ waitUntil(work: Promise<unknown>): void }} context */
  fetch(request, _env, context) {
    const name = new URL(request.url).hostname.replace(/\.test$/, '');
    const held = caches.get(name);
    return held?.sessions.handle(request, context) ?? new Response(null, { status: 421 });
  },
};

export const control = {
  /** @param {Request} request */
  async fetch(request) {
    const { name, method, args } = /** @type {any} */ (await request.json());
    try {
      const value = await perform(name, method, args);
      return Response.json({ value: value ?? null });
    } catch (error) {
      const { message, stack, code, status } = /** @type {any} */ (error);
      return Response.json({ error: { message, stack, code, status } });
    }
  },
};

/**
 * @param {string} name
 * @param {string} method
 * @param {any[]} args
 */
function perform(name, method, args) {
  if (method === 'create') return create(name, args[0]);
  const held = /** @type {Held} */ (caches.get(name));
  switch (method) {
    case 'advance':
      held.clock.offset += args[0];
      return undefined;
    case 'statistics':
      return held.sessions.statistics();
    case 'prometheusText':
      return held.sessions.prometheusText();
    case 'logs':
      return held.lines;
    case 'dispose':
      caches.delete(name);
      return held.sessions.dispose();
    default:
      return /** @type {any} */ (held.api)[method](...args);
  }
}

/** @param {string} name @param {import('../../js_bindings/options.js').Options} options */
function create(name, options) {
  const clock = { offset: 0 };
  /** @type {unknown[]} */
  const lines = [];
  const now = () => Date.now() + clock.offset;
  const sessions = new SessionCache(options, {
    now,
    sleep: sleepOn(now),
    log: (/** @type {unknown} */ line) => void lines.push(line),
  });
  caches.set(name, { sessions, api: apiOf(sessions), lines, clock });
}

/**
 * Sleeps until that time has passed on a clock, however it came to pass.
 * @param {() => number} now
 */
function sleepOn(now) {
  return async (/** @type {number} */ milliseconds, /** @type {AbortSignal} */ signal) => {
    const end = now() + milliseconds;
    while (!signal.aborted && now() < end)
      await pause(Math.min(LOOK_EVERY_MS, end - now()), signal);
  };
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish);
  });
}
