// The worker that the conformance suite runs, with its sessions in Redis: a Durable Object holds the connections, as
// that of `sesame-edge serve --store` does (edge_worker/redis-object.js), one for each place that caches share.
import { DurableObject } from 'cloudflare:workers';
import { redis } from 'sesame-edge/redis';
import { STORE_TIMEOUT_MS } from './targets/patience.js';

export { control, default, SesameStore } from './workerd-entry.js';

/** Its server is the binding `SESAME_REDIS`, a URL. */
export class ManyRedis extends DurableObject {
  #url;
  /** @type {Map<string, any>} */
  #stores = new Map();

  /** @param {any} state @param {{ SESAME_REDIS: string }} env */
  constructor(state, env) {
    super(state, env);
    this.#url = env.SESAME_REDIS;
  }

  /** @param {string} prefix @param {string} method @param {any[]} args */
  async callAt(prefix, method, args) {
    const store =
      this.#stores.get(prefix) ?? redis(this.#url, { prefix, timeoutMs: STORE_TIMEOUT_MS });
    this.#stores.set(prefix, store);
    return store[method](...args);
  }
}
