// The worker that the conformance suite runs: many caches, each with a clock that can be moved, behind one socket; a
// second entry point creates them and calls their API.
// Invariant: `control` is reachable over the suite's own socket only.
import { SessionCache } from 'sesame-edge';
import { durableObject, kv } from 'sesame-edge/stores';
import { throughObject } from '../../js_bindings/stores/through-object.js';
import { createBackground } from '../support/background.js';
import { disturbed } from '../support/disturbed-store.js';
import { createMovingClock, storeOn } from '../support/moving-clock.js';
import { callHeld } from './held-cache.js';
import { STORE_TIMEOUT_MS } from './targets/patience.js';
import { apiOf } from './targets/sesame-api.js';

export { SesameStore } from 'sesame-edge/durable-object';

/** @type {Map<string, import('./held-cache.js').HeldCache>} */
const caches = new Map();

export default {
  /** @param {Request} request @param {unknown} _env @param {{ waitUntil(work: Promise<unknown>): void }} context */
  fetch(request, _env, context) {
    const name = new URL(request.url).hostname.replace(/\.test$/, '');
    const held = caches.get(name);
    if (!held) return new Response(null, { status: 421 });
    return held.sessions.handle(request, {
      waitUntil(work) {
        context.waitUntil(work);
        held.background.waitUntil(work);
      },
    });
  },
};

export const control = {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const { name, method, args } = /** @type {any} */ (await request.json());
    try {
      const value = await perform(env, { name, method, args });
      return Response.json({ value: value ?? null });
    } catch (error) {
      const { message, stack, code, status } = /** @type {any} */ (error);
      return Response.json({ error: { message, stack, code, status } });
    }
  },
};

/** @param {any} env @param {{ name: string, method: string, args: any[] }} call */
function perform(env, { name, method, args }) {
  if (method === 'create') return create(env, name, args[0]);
  const held = /** @type {import('./held-cache.js').HeldCache} */ (caches.get(name));
  if (method !== 'dispose') return callHeld(held, method, args);
  caches.delete(name);
  return held.sessions.dispose();
}

/**
 * @param {any} env
 * @param {string} name
 * @param {any} options with `store`, and `shared` where several caches are to share what is in it
 */
function create(env, name, { store, shared = name, ...options }) {
  const clock = createMovingClock();
  /** @type {unknown[]} */
  const lines = [];
  const { store: found, disturb } = disturbed((place) => storeOf(env, store, place), shared);
  const sessions = new SessionCache(
    { ...options, ...(store && { store: storeOn(found, clock.lead) }) },
    {
      now: clock.now,
      monotonic: clock.now,
      sleep: clock.sleep,
      log: (/** @type {unknown} */ line) => void lines.push(line),
    },
  );
  caches.set(name, {
    sessions,
    api: apiOf(sessions),
    lines,
    disturb,
    clock,
    background: createBackground(),
  });
}

/** @param {any} env @param {string | undefined} kind @param {string} prefix */
function storeOf(env, kind, prefix) {
  if (kind === 'redis') return redisAt(env.SESAME_REDIS_OBJECT, prefix);
  const given = { prefix, timeoutMs: STORE_TIMEOUT_MS };
  const objects = durableObject(env.SESAME_STORE, given);
  return kind === 'kv' ? kv(env.SESSIONS, { ...given, truth: objects }) : objects;
}

/** As through the object of `sesame-edge serve`, which has one place. @param {any} namespace @param {string} prefix */
function redisAt(namespace, prefix) {
  const stub = () => namespace.get(namespace.idFromName('redis'));
  const one = {
    idFromName: () => null,
    get: () => ({
      call: (/** @type {string} */ method, /** @type {any[]} */ args) =>
        stub().callAt(prefix, method, args),
    }),
  };
  return throughObject(one, { timeoutMs: STORE_TIMEOUT_MS });
}
