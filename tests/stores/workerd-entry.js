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

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const { id, kind, options, method, args } = JSON.parse(await request.text(), revive);
    if (!stores.has(id)) stores.set(id, make(env, kind, options));
    try {
      const value = await stores.get(id)[method](...args);
      return new Response(JSON.stringify({ value: value ?? null }, replace));
    } catch (error) {
      const { message, code, cause } = /** @type {any} */ (error);
      return Response.json({ error: { message: `${message} (${cause})`, code } });
    }
  },
};

export const control = { fetch: () => new Response(null, { status: 404 }) };
