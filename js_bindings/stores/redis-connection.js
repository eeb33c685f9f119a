// How a store in Redis reaches its server: a server, a cluster, or the servers behind Sentinel. It must not know what is
// asked of it.
// Invariant: what cannot be done in time has failed, and is not done later.
import { createClient, createCluster, createSentinel } from 'redis';
import { inTime } from './in-time.js';
import { scripts } from './redis-scripts.js';
import { StoreUnavailableError } from './store.js';

const MAX_PAUSE_MS = 1000;

/**
 * Where the server is: a URL, or the options of a cluster or of Sentinel.
 * @typedef {object} RedisAddress
 * @property {string} [url]
 * @property {import('redis').RedisClusterOptions} [cluster]
 * @property {import('redis').RedisSentinelOptions} [sentinel]
 */

export class RedisConnection {
  #url;
  #several;
  #timeoutMs;
  /** @type {any} */
  #client = null;
  /** @type {Promise<unknown> | null} */
  #becoming = null;
  /** @type {Set<any>} */
  #clients = new Set();
  #isClosed = false;
  /** Why there is no connection. @type {unknown} */
  #failure = null;

  /**
   * @param {RedisAddress} address
   * @param {number} timeoutMs
   */
  constructor({ url, cluster, sentinel }, timeoutMs) {
    this.#url = url;
    this.#several = cluster || sentinel ? { cluster, sentinel } : null;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether which server has a key may change. */
  get isSeveral() {
    return this.#several !== null;
  }

  close() {
    this.#isClosed = true;
    for (const client of this.#clients) this.disconnect(client);
    this.#client = null;
  }

  /**
   * A client of its own, that connects when it is told to.
   * @param {object} [options]
   */
  connect(options = {}) {
    if (this.#isClosed) throw new StoreUnavailableError();
    const client = createClient({
      url: this.#url,
      scripts,
      // What cannot be sent now is not sent later, when nobody waits for it any more.
      disableOfflineQueue: true,
      socket: {
        connectTimeout: this.#timeoutMs,
        reconnectStrategy: (attempts) => Math.min(2 ** attempts * 10, MAX_PAUSE_MS),
      },
      ...options,
    });
    // The caller of a command gets it; who waits for a connection gets what stands in its way.
    client.on('error', (/** @type {unknown} */ error) => {
      this.#failure = error;
    });
    client.on('ready', () => {
      this.#failure = null;
    });
    this.#clients.add(client);
    return /** @type {any} */ (client);
  }

  /** @param {any} client */
  disconnect(client) {
    this.#clients.delete(client);
    client.destroy();
  }

  /**
   * Gives a command to the server, in time.
   * @template T
   * @param {(client: any) => Promise<T>} command
   * @returns {Promise<T>}
   */
  run(command) {
    return inTime(
      this.#timeoutMs,
      () => this.#ready().then(command),
      () => this.#failure,
    );
  }

  async #ready() {
    if (this.#isClosed) throw new Error('closed');
    if (this.#several !== null) return this.#readySeveral();
    if (this.#client === null) {
      this.#client = this.connect();
      this.#client.connect().catch((/** @type {unknown} */ error) => {
        this.#failure = error;
      });
    }
    const client = this.#client;
    if (!client.isReady) {
      this.#becoming ??= new Promise((resolve) => client.once('ready', resolve)).finally(() => {
        this.#becoming = null;
      });
      await this.#becoming;
    }
    return client;
  }

  /** A cluster, or the servers behind Sentinel: their client finds out by itself which of them to ask. */
  async #readySeveral() {
    if (this.#client === null) {
      const { cluster, sentinel } = this.#several ?? {};
      const client = /** @type {any} */ (
        cluster
          ? createCluster({ ...cluster, scripts })
          : createSentinel(/** @type {any} */ ({ ...sentinel, scripts }))
      );
      client.on('error', () => {}); // the caller of a command gets it
      this.#clients.add(client);
      this.#client = client;
      this.#becoming = client.connect().catch((/** @type {Error} */ error) => {
        this.disconnect(client);
        this.#client = null;
        throw error;
      });
    }
    await this.#becoming;
    return this.#client;
  }
}
