// A store that a Durable Object has the connection to (edge_worker/redis-object.js).
import { inTime } from './in-time.js';
import { TIMEOUT_MS } from './limits.js';
import { listenTo } from './pushes.js';

/** How the object's answer may be later than the store's own time-out. */
const MARGIN_MS = 500;

/**
 * @param {any} namespace of objects of the class `SesameRedis`
 * @param {{ timeoutMs?: number }} [options] of the store that the object has
 * @returns {import('./store.js').SharedStore}
 *
 * @example
 * const store = throughObject(env.SESAME_REDIS_OBJECT);
 */
export function throughObject(namespace, { timeoutMs = TIMEOUT_MS } = {}) {
  const object = () => namespace.get(namespace.idFromName('redis'));
  /** @param {string} method */
  const calling =
    (method) =>
    (/** @type {any[]} */ ...args) =>
      inTime(timeoutMs + MARGIN_MS, () => object().call(method, args));
  return {
    get: calling('get'),
    putIfNewer: calling('putIfNewer'),
    end: calling('end'),
    forget: calling('forget'),
    userEvent: calling('userEvent'),
    ask: calling('ask'),
    epochs: calling('epochs'),
    changes: calling('changes'),
    listen: (since, listener, forMs) =>
      listenTo(object, since, listener, { forMs, timeoutMs: timeoutMs + MARGIN_MS }),
    acquire: calling('acquire'),
    release: calling('release'),
    close: async () => {}, // other requests' as well
  };
}
