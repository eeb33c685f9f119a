// Sessions shared through Redis: node-redis speaks to it (redis-connection.js), scripts make each compare and write one
// step (redis-scripts.js).
// Keys, under a prefix: `{prefix}:log` is the stream of events, `{prefix}:history` names the data,
// `{prefix}:user:…` has the newest events of a user, all in one slot of a cluster so that an event and what it
// says are one step; `prefix:session:{…}` is a record, or the mark of an ended session, and `prefix:lock:{…}` its lock, in a
// slot of their own.
// Invariant: a session's mark stands before its event can be read, and longer than anything may be under way.

/**
 * What several nodes share their sessions through: Redis 7 or newer, by node-redis, which is to be installed beside the
 * package (`npm install redis`).
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid, and
 * `secret` is 32 hexadecimal digits that all nodes share.
 * @module
 */

import {
  EPOCHS_MS,
  EVENTS_AT_ONCE,
  FENCE_MS,
  MAX_EVENTS,
  MAX_VALUE_BYTES,
  PREFIX,
  TIMEOUT_MS,
} from './limits.js';
import { RedisConnection } from './redis-connection.js';

/** @import { SharedStore } from './store.js' */

/**
 * The options of a store in Redis.
 * @typedef {object} RedisOptions
 * @property {string} [prefix] of all keys; default `sesame2`. Applications that share a server differ in it
 * @property {import('redis').RedisClusterOptions} [cluster] instead of the URL: a cluster's `rootNodes`, and what
 *   else node-redis takes. Nothing is pushed then: the log is read several times within `revocationBound`
 * @property {import('redis').RedisSentinelOptions} [sentinel] instead of the URL: `name` and `sentinelRootNodes`;
 *   nothing is pushed either
 * @property {number} [timeoutMs] after which a command counts as failed, in milliseconds; default 1 second
 * @property {number} [fenceMs] how long the end of a session stands in the way of late answers, in milliseconds;
 *   longer than the cache's `leaseFor`; default 60 seconds
 * @property {number} [mostEvents] that are kept: a node that has missed more trusts nothing it holds; default
 *   10,000
 */

/**
 * A store in Redis 7 or newer: a server, a cluster, or the servers behind Sentinel (SPEC R30-R33). It connects when it
 * is first asked, and again after every break; what it cannot do in time has failed, and is not done later.
 * @param {string | RedisOptions} url `redis://` or `rediss://`, as node-redis takes it; or the options alone, with
 *   `cluster` or `sentinel`
 * @param {RedisOptions} [options]
 * @returns {SharedStore} whose methods reject with `ERR_SESAME_STORE_UNAVAILABLE` if it does not answer in time
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { redis } from 'sesame-edge/redis';
 *
 * const options = { origin: 'https://api.example.com', secret };
 * const one = new SessionCache({ ...options, store: redis('redis://localhost') });
 * const other = new SessionCache({ ...options, store: redis('redis://localhost') });
 * await one.getSession(request);
 * await other.getSession(request);
 * other.statistics().originCalls; // => 0
 *
 * @example
 * import { redis } from 'sesame-edge/redis';
 *
 * // Nobody answers at this address: a call fails in time.
 * const store = redis({ cluster: { rootNodes: [{ url: 'redis://127.0.0.1:9' }] }, timeoutMs: 500 });
 * await store.get('00').catch(({ code }) => code); // => 'ERR_SESAME_STORE_UNAVAILABLE'
 */
export function redis(url, options = {}) {
  return typeof url === 'string' ? new RedisStore(url, options) : new RedisStore(undefined, url);
}

/** @implements {SharedStore} */
class RedisStore {
  #connection;
  #prefix;
  #fenceMs;
  #mostEvents;

  /**
   * @param {string | undefined} url
   * @param {RedisOptions} options
   */
  constructor(url, options) {
    const { prefix = PREFIX, timeoutMs = TIMEOUT_MS } = options;
    const { fenceMs = FENCE_MS, mostEvents = MAX_EVENTS } = options;
    const { cluster, sentinel } = options;
    this.#connection = new RedisConnection({ url, cluster, sentinel }, timeoutMs);
    // Which server has the log may change: where there are several, it is read instead.
    if (this.#connection.isSeveral) this.subscribe = undefined;
    this.#prefix = prefix;
    this.#fenceMs = fenceMs;
    this.#mostEvents = mostEvents;
  }

  /** @param {string} name */
  async get(name) {
    const found = await this.#connection.run((client) =>
      client.getRecord([this.#session(name)], []),
    );
    if (found === null || found[0] === 'ended') return found && 'ended';
    return Uint8Array.from(Buffer.from(found[1], 'base64'));
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  async putIfNewer(name, value, { since, ttlMs, lock = '', replaces }) {
    if (value.length > MAX_VALUE_BYTES) return false;
    const text = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString('base64');
    const condition = [since.time, Math.ceil(ttlMs), this.#fenceMs, lock];
    const compared = [replaces === undefined ? 0 : 1, replaces ? text(replaces) : ''];
    const values = [text(value), since.at, ...condition, ...compared].map(String);
    const names = [this.#session(name), this.#lock(name)];
    return (await this.#connection.run((client) => client.putRecord(names, values))) === 1;
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   * @param {number} [ttlMs]
   */
  end(name, key, writer, ttlMs = EPOCHS_MS) {
    return this.#bury('end', name, { key, writer }, Math.max(ttlMs, this.#fenceMs));
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   */
  forget(name, key, writer) {
    return this.#bury('forget', name, { key, writer }, this.#fenceMs);
  }

  /**
   * @param {string} key
   * @param {string} writer
   */
  ask(key, writer) {
    return this.#append('appendEvent', { kind: 'ask', key, writer }, []);
  }

  /**
   * @param {'revoke' | 'invalidate'} kind
   * @param {string} user
   * @param {string} writer
   * @param {number} [before]
   */
  userEvent(kind, user, writer, before = 0) {
    const event = { kind, key: user, writer, before };
    return this.#append('appendUserEvent', event, [this.#user(user)]);
  }

  /** @param {string} user */
  async epochs(user) {
    const [revokedAt, changedAt, before] = await this.#connection.run((client) =>
      client.readEpochs([this.#user(user)], []),
    );
    const when = revokedAt === '' ? {} : { revokedTime: Number.parseInt(revokedAt, 10) };
    return { revokedAt, ...when, changedAt, revokedBefore: Number(before) || 0 };
  }

  /** @param {import('./store.js').Position | null} since */
  async changes(since) {
    const values = [since?.history ?? '', since?.at ?? '', crypto.randomUUID(), EVENTS_AT_ONCE];
    const reply = await this.#connection.run((client) =>
      client.readChanges([this.#log, this.#history], values.map(String)),
    );
    if (reply === null) return null;
    const [head, entries, more] = reply;
    const events = entries.map(
      (/** @type {[string, any, string, string, string]} */ [at, kind, key, writer, before]) => ({
        ...{ at, kind, key, writer },
        ...(kind === 'revoke' && { time: Number.parseInt(at, 10) }),
        ...(Number(before) > 0 && { before: Number(before) }),
      }),
    );
    return { events, position: positionOf(head), more: more === 1 };
  }

  /** @type {((listener: () => void) => Promise<() => Promise<void>>) | undefined} */
  subscribe = (listener) => this.#track(listener);

  /** @param {() => void} listener */
  async #track(listener) {
    // A connection of its own, told by the server whenever the log changes (client-side caching in broadcast
    // mode). After a break it may have missed something.
    const client = this.#connection.connect({ RESP: 3, emitInvalidate: true });
    client.on('invalidate', () => listener());
    // The client tracks what it reads; what is wanted is the log, which it does not read.
    const track = async () => {
      await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
      await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', this.#log]);
      listener();
    };
    client.on('ready', () => void track().catch(() => {}));
    client.connect().catch(() => {});
    return async () => this.#connection.disconnect(client);
  }

  /**
   * @param {string} name
   * @param {number} ttlMs
   * @param {string} [held]
   */
  async acquire(name, ttlMs, held) {
    if (held !== undefined) {
      const values = [held, String(Math.ceil(ttlMs))];
      const isHeld = await this.#connection.run((client) =>
        client.extendLock([this.#lock(name)], values),
      );
      return isHeld === 1 ? held : null;
    }
    const token = crypto.randomUUID();
    const taken = await this.#connection.run((client) =>
      client.set(this.#lock(name), token, { NX: true, PX: Math.ceil(ttlMs) }),
    );
    return taken === 'OK' ? token : null;
  }

  /**
   * @param {string} name
   * @param {string} token
   */
  async release(name, token) {
    await this.#connection.run((client) => client.releaseLock([this.#lock(name)], [token]));
  }

  async close() {
    this.#connection.close();
  }

  get #log() {
    return `{${this.#prefix}}:log`;
  }
  get #history() {
    return `{${this.#prefix}}:history`;
  }
  /** @param {string} user */
  #user(user) {
    return `{${this.#prefix}}:user:${user}`;
  }
  /** @param {string} name */
  #session(name) {
    return `${this.#prefix}:session:{${name}}`;
  }
  /** @param {string} name */
  #lock(name) {
    return `${this.#prefix}:lock:{${name}}`;
  }

  /**
   * The mark first: whoever has read the event must not find the record any more. One server carries out what it is sent in
   * that order, so that nothing is waited for in between.
   * @param {'end' | 'forget'} kind
   * @param {string} name
   * @param {{ key: string, writer: string }} event
   * @param {number} ttlMs how long the mark stands
   */
  async #bury(kind, name, event, ttlMs) {
    const marked = this.#connection.run((client) =>
      client.bury([this.#session(name)], [kind, String(Math.ceil(ttlMs))]),
    );
    if (this.#connection.isSeveral) await marked;
    const appended = this.#append('appendEvent', { kind, ...event }, []);
    const [position] = await Promise.all([appended, marked]);
    return position;
  }

  /**
   * @param {'appendEvent' | 'appendUserEvent'} command
   * @param {Omit<import('./store.js').StoreEvent, 'at'>} event
   * @param {string[]} more
   */
  async #append(command, { kind, key, writer, before = 0 }, more) {
    const limits = [this.#mostEvents, crypto.randomUUID(), EPOCHS_MS];
    const values = [kind, key, writer, ...limits, Math.floor(before)].map(String);
    return positionOf(
      await this.#connection.run((client) =>
        client[command]([this.#log, this.#history, ...more], values),
      ),
    );
  }
}

/** @param {string[]} head @returns {import('./store.js').Position} */
function positionOf([history, at, time]) {
  return { history, at, time: Number(time) };
}
