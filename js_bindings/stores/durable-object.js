// Sessions shared through Durable Objects: strongly consistent, and one for all locations. One object has the
// log and what happened to users; records and locks are spread over others by their names. The objects are
// edge_worker/store-object.js.
import { inTime } from './in-time.js';
import { EPOCHS_MS, FENCE_MS, MAX_EVENTS, PREFIX, TIMEOUT_MS } from './limits.js';
import { listenTo } from './pushes.js';

/** @import { SharedStore } from './store.js' */

/** Objects that records are spread over: a digit of their names says which. */
const SPREAD = 16;

/**
 * The options of a store in Durable Objects.
 * @typedef {object} DurableObjectOptions
 * @property {string} [prefix] of the objects' names; default `sesame2`. Applications that share a namespace
 *   differ in it
 * @property {number} [timeoutMs] after which a call counts as failed, in milliseconds; default 1 second
 * @property {number} [fenceMs] how long the end of a session stands in the way of late answers, in milliseconds;
 *   longer than the cache's `leaseFor`; default 60 seconds
 * @property {number} [mostEvents] that are kept: a node that has missed more trusts nothing it holds; default
 *   10,000
 */

/**
 * A binding of Durable Objects, such as Cloudflare's `DurableObjectNamespace`.
 * @typedef {{ idFromName(name: string): unknown, get(id: never): unknown }} DurableObjectBinding
 */

/**
 * A store in Durable Objects of the class `SesameStore` (`sesame-edge/durable-object`): strongly consistent, and one
 * for all locations (SPEC R30-R33). Nothing is asked of it before a cache does.
 * @param {DurableObjectBinding} namespace the binding
 * @param {DurableObjectOptions} [options]
 * @returns {SharedStore} whose methods reject with `ERR_SESAME_STORE_UNAVAILABLE` if it does not answer in time
 *
 * @example
 * import { createWorker } from 'sesame-edge/worker';
 * import { durableObject } from 'sesame-edge/stores';
 *
 * export { SesameStore } from 'sesame-edge/durable-object';
 *
 * export default createWorker((env) => ({
 *   origin: 'https://api.example.com',
 *   secret: env.SESAME_SECRET,
 *   store: durableObject(env.SESAME_STORE),
 * }));
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 */
export function durableObject(namespace, options = {}) {
  return new DurableObjectStore(/** @type {any} */ (namespace), options);
}

/** @implements {SharedStore} */
export class DurableObjectStore {
  #namespace;
  #prefix;
  #timeoutMs;
  #fenceMs;
  #mostEvents;

  /**
   * @param {any} namespace
   * @param {DurableObjectOptions} options
   */
  constructor(namespace, options) {
    const { prefix = PREFIX, timeoutMs = TIMEOUT_MS } = options;
    const { fenceMs = FENCE_MS, mostEvents = MAX_EVENTS } = options;
    this.#namespace = namespace;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#fenceMs = fenceMs;
    this.#mostEvents = mostEvents;
  }

  /** @param {string} name */
  get(name) {
    return this.#ask(this.#shardOf(name), (object) => object.get(name));
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  putIfNewer(name, value, { since, ttlMs, lock, replaces }) {
    const { at, time } = since;
    const condition = { at, time, ttlMs, lock, replaces, fenceMs: this.#fenceMs };
    return this.#ask(this.#shardOf(name), (object) => object.putIfNewer(name, value, condition));
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   * @param {number} [ttlMs]
   */
  end(name, key, writer, ttlMs = EPOCHS_MS) {
    return this.#bury(name, { kind: 'end', key, writer }, Math.max(ttlMs, this.#fenceMs));
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   */
  forget(name, key, writer) {
    return this.#bury(name, { kind: 'forget', key, writer }, this.#fenceMs);
  }

  /**
   * @param {string} key
   * @param {string} writer
   */
  ask(key, writer) {
    return this.#append({ kind: 'ask', key, writer });
  }

  /**
   * @param {'revoke' | 'invalidate'} kind
   * @param {string} user
   * @param {string} writer
   * @param {number} [before]
   */
  userEvent(kind, user, writer, before = 0) {
    return this.#append({ kind, key: user, writer, before });
  }

  /** @param {string} user */
  epochs(user) {
    return this.#ask('log', (object) => object.epochs(user));
  }

  /** @param {import('./store.js').Position | null} since */
  changes(since) {
    return this.#ask('log', (object) => object.changes(since));
  }

  /**
   * @param {import('./store.js').Position} since
   * @param {(pushed: import('./store.js').Pushed) => void | Promise<void>} listener
   * @param {number} forMs
   */
  listen(since, listener, forMs) {
    return listenTo(() => this.#objectOf('log'), since, listener, {
      forMs,
      timeoutMs: this.#timeoutMs,
    });
  }

  /**
   * @param {string} name
   * @param {number} ttlMs
   * @param {string} [held]
   */
  acquire(name, ttlMs, held) {
    return this.#ask(this.#shardOf(name), (object) => object.acquire(name, ttlMs, held));
  }

  /**
   * @param {string} name
   * @param {string} token
   */
  async release(name, token) {
    await this.#ask(this.#shardOf(name), (object) => object.release(name, token));
  }

  async close() {}

  /**
   * The mark first: whoever has read the event must not find the record any more.
   * @param {string} name
   * @param {Omit<import('./store.js').StoreEvent, 'at'>} event
   * @param {number} ttlMs how long the mark stands
   */
  async #bury(name, event, ttlMs) {
    const isEnd = event.kind === 'end';
    await this.#ask(this.#shardOf(name), (object) => object.bury(name, ttlMs, isEnd));
    return this.#append(event);
  }

  /** @param {Omit<import('./store.js').StoreEvent, 'at'>} event */
  #append(event) {
    return this.#ask('log', (object) => object.append(event, this.#mostEvents));
  }

  /** @param {string} name */
  #shardOf(name) {
    return `sessions-${Number.parseInt(name.slice(0, 2), 16) % SPREAD}`;
  }

  /**
   * @param {string} object
   * @param {(stub: any) => Promise<any>} call
   */
  #ask(object, call) {
    return inTime(this.#timeoutMs, () => call(this.#objectOf(object)));
  }

  /** A stub of its own for each call: what one request holds another may not use. @param {string} name */
  #objectOf(name) {
    return this.#namespace.get(this.#namespace.idFromName(`${this.#prefix}:${name}`));
  }
}
