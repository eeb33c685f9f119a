// A worker of the tests: calls the stores of the edge where they run, one call a request.
import { durableObject, kv } from 'sesame-edge/stores';
import { replace, revive } from './workerd-json.js';

export { SesameStore } from 'sesame-edge/durable-object';

/** @type {Map<string, any>} */
const stores = new Map();

/** @param {any} env @param {string} kind @param {object} options */
function make(env, kind, options) {
  if (kind === 'kv') return kv(env.SESSIONS, options);
  const objects = durableObject(env.SESAME_STORE, options);
  return kind === 'kv+truth' ? kv(env.SESSIONS, { ...options, truth: objects }) : objects;
}

/**
 * What is pushed, as soon as there are so many events.
 * @param {any} store
 * @param {[any, number]} args
 */
async function pushed(store, [since, count]) {
  /** @type {any[]} */
  const pushes = [];
  let events = 0;
  await new Promise((resolve, reject) => {
    const listener = (/** @type {any} */ push) => {
      pushes.push(push);
      events += push.events.length;
      if (events >= count) resolve(undefined);
    };
    store.listen(since, listener, 20_000).then(resolve, reject);
  });
  return pushes;
}

/**
 * Listens often at once, and says how often that was possible.
 * @param {any} store
 * @param {[any, number]} args
 */
async function listenOften(store, [since, count]) {
  const listening = Array.from({ length: count }, () => store.listen(since, () => {}, 1));
  const ends = await Promise.allSettled(listening);
  return ends.filter(({ status }) => status === 'fulfilled').length;
}

/** What the tests do with a store beside calling it. @type {Record<string, (store: any, args: any) => Promise<any>>} */
const helpers = { pushed, listenOften };

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const { id, kind, options, method, args } = JSON.parse(await request.text(), revive);
    if (!stores.has(id)) stores.set(id, make(env, kind, options));
    const store = stores.get(id);
    try {
      const value = await (helpers[method]?.(store, args) ?? store[method](...args));
      return new Response(JSON.stringify({ value: value ?? null }, replace));
    } catch (error) {
      const { message, code, cause } = /** @type {any} */ (error);
      return Response.json({ error: { message: `${message} (${cause})`, code } });
    }
  },
};

export const control = { fetch: () => new Response(null, { status: 404 }) };
