// A Durable Object that holds the connection to Redis: a worker's requests cannot share a socket, but they can
// share this. It keeps nothing itself, and tells the nodes that listen to it what Redis pushes.
// Invariant: a node is told without a gap, from where it has read to, or not at all.
import { DurableObject } from 'cloudflare:workers';
import { MAX_LISTENERS } from '../js_bindings/stores/limits.js';
import { sinceIn, socketPair, textOf } from '../js_bindings/stores/pushes.js';
import { redis } from '../js_bindings/stores/redis.js';

/** Its server is the binding `SESAME_REDIS`, a URL. */
export class SesameRedis extends DurableObject {
  #store;
  /** @type {Set<any>} */
  #listeners = new Set();
  /** What has been told to all that listen. @type {import('../js_bindings/stores/store.js').Position | null} */
  #position = null;
  #isSubscribed = false;
  /** @type {Promise<void> | null} */
  #reading = null;

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
   *   'subscribe' | 'listen'>} method
   * @param {any[]} args
   */
  async call(method, args) {
    const found = /** @type {(...args: any[]) => Promise<any>} */ (this.#store[method]);
    return found.apply(this.#store, args);
  }

  /**
   * A node listens, over a WebSocket.
   * @param {Request} request
   */
  async fetch(request) {
    const since = sinceIn(request);
    if (since === null) return new Response(null, { status: 404 });
    if (this.#listeners.size >= MAX_LISTENERS) return new Response(null, { status: 503 });
    const [theirs, ours] = socketPair();
    ours.accept();
    for (const end of ['close', 'error']) {
      ours.addEventListener(end, () => void this.#listeners.delete(ours));
    }
    this.#listeners.add(ours);
    const missed = await this.#begin(since).catch(() => null);
    if (missed === null) {
      this.#listeners.delete(ours);
      return new Response(null, { status: 410 });
    }
    if (missed.events.length > 0) ours.send(textOf({ from: since.at, ...missed }));
    return new Response(null, /** @type {any} */ ({ status: 101, webSocket: theirs }));
  }

  /**
   * What has happened until it is told what happens.
   * @param {import('../js_bindings/stores/store.js').Position} since
   */
  async #begin(since) {
    if (!this.#isSubscribed) {
      this.#isSubscribed = true;
      await this.#store.subscribe?.(() => this.#wake());
    }
    if (this.#position === null) await this.#wake();
    return this.#store.changes(since);
  }

  /** There may be something to tell. Never rejects. */
  #wake() {
    const reading = (this.#reading ?? Promise.resolve()).then(() => this.#read().catch(() => {}));
    this.#reading = reading;
    return reading;
  }

  async #read() {
    if (this.#listeners.size === 0) {
      this.#position = null;
      return;
    }
    const from = this.#position;
    const found = await this.#store.changes(from);
    this.#position = found?.position ?? null;
    if (found === null) {
      for (const listener of this.#listeners) listener.close(1001); // they find out by themselves
      this.#listeners.clear();
    } else if (from !== null && found.events.length > 0) {
      this.#tell(textOf({ from: from.at, ...found }));
      if (found.more) await this.#read();
    }
  }

  /** @param {string} text */
  #tell(text) {
    for (const listener of this.#listeners) {
      try {
        listener.send(text);
      } catch {
        this.#listeners.delete(listener); // it has gone; it reads the log
      }
    }
  }
}
