// A Durable Object that holds the connection to Redis: a worker's requests cannot share a socket, but they can
// share this. It keeps nothing itself.
import { DurableObject } from 'cloudflare:workers';
import { redis } from '../js_bindings/stores/redis.js';

/** Its server is the binding `SESAME_REDIS`, a URL. */
export class SesameRedis extends DurableObject {
  #store;

  /**
   * @param {any} state
   * @param {{ SESAME_REDIS: string }} env
   */
  constructor(state, env) {
    super(state, env);
    this.#store = redis(env.SESAME_REDIS);
  }

  /**
   * @param {Exclude<keyof import('../js_bindings/stores/store.js').SharedStore, 'propagationMs' | 'cannotLock' |
   *   'subscribe'>} method
   * @param {any[]} args
   */
  async call(method, args) {
    const found = /** @type {(...args: any[]) => Promise<any>} */ (this.#store[method]);
    return found.apply(this.#store, args);
  }
}
