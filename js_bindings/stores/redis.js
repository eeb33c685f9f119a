// Sessions shared through Redis: node-redis speaks to it, scripts make each compare and write one step.
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

import { createClient, createCluster, createSentinel, defineScript } from 'redis';
import { inTime } from './in-time.js';
import { EPOCHS_MS, EVENTS_AT_ONCE, FENCE_MS, MAX_EVENTS, TIMEOUT_MS } from './limits.js';
import { StoreUnavailableError } from './store.js';

/** @import { SharedStore } from './store.js' */

const MAX_PAUSE_MS = 1000;

const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

const PUT = `${NOW}
local function is_later(a, b)
  local a_time, a_number = a:match('(%d+)-(%d+)')
  local b_time, b_number = b:match('(%d+)-(%d+)')
  if a_time ~= b_time then return tonumber(a_time) > tonumber(b_time) end
  return tonumber(a_number) > tonumber(b_number)
end
local value, at, since, ttl, fence, lock = unpack(ARGV)
if lock ~= '' and redis.call('GET', KEYS[2]) ~= lock then return 0 end
if now() - tonumber(since) >= tonumber(fence) then return 0 end
local held = redis.call('HGET', KEYS[1], 'at')
if held and (held == '' or is_later(held, at)) then return 0 end
redis.call('HSET', KEYS[1], 'at', at, 'value', value)
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
`;

const BURY = `
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'at', '')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`;

const APPEND = `${NOW}
local kind, key, by, most, history, ttl = unpack(ARGV)
redis.call('SET', KEYS[2], history, 'NX')
local at = redis.call('XADD', KEYS[1], 'MAXLEN', '~', most, '*', 'kind', kind, 'key', key, 'by', by)
if KEYS[3] then
  redis.call('HSET', KEYS[3], kind, at)
  redis.call('PEXPIRE', KEYS[3], ttl)
end
return { redis.call('GET', KEYS[2]), at, tostring(now()) }
`;

const CHANGES = `${NOW}
local history, at, fresh, count = unpack(ARGV)
redis.call('SET', KEYS[2], fresh, 'NX')
local current = redis.call('GET', KEYS[2])
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local head = { current, newest and newest[1] or '0-0', tostring(now()) }
if history == '' then return { head, {} } end
if history ~= current then return false end
if newest and at ~= newest[1] then
  local is_there
  if at == '0-0' then
    local info = redis.call('XINFO', 'STREAM', KEYS[1])
    local length, added
    for i = 1, #info, 2 do
      if info[i] == 'length' then length = info[i + 1] end
      if info[i] == 'entries-added' then added = info[i + 1] end
    end
    is_there = length == added
  else
    is_there = #redis.call('XRANGE', KEYS[1], at, at) == 1
  end
  if not is_there then return false end
end
local events = redis.call('XRANGE', KEYS[1], '(' .. at, '+', 'COUNT', count)
if #events == tonumber(count) then head[2] = events[#events][1] end
return { head, events }
`;

const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

/** @param {string} source @param {number} keys */
const script = (source, keys) =>
  defineScript({
    SCRIPT: source,
    NUMBER_OF_KEYS: keys,
    parseCommand(parser, /** @type {any} */ names, /** @type {any} */ values) {
      for (const name of names) parser.pushKey(name);
      parser.push(...values);
    },
    transformReply: (/** @type {any} */ reply) => reply,
  });

const scripts = {
  putRecord: script(PUT, 2),
  bury: script(BURY, 1),
  appendEvent: script(APPEND, 2),
  appendUserEvent: script(APPEND, 3),
  readChanges: script(CHANGES, 2),
  extendLock: script(EXTEND, 1),
  releaseLock: script(RELEASE, 1),
};

/**
 * What a store in Redis may be told.
 * @typedef {object} RedisOptions
 * @property {string} [prefix] of all keys; default `sesame`. Applications that share a server differ in it
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
  #url;
  #several;
  #prefix;
  #timeoutMs;
  #fenceMs;
  #mostEvents;
  /** @type {any} */
  #client = null;
  /** @type {Promise<unknown> | null} */
  #becoming = null;
  /** @type {Set<any>} */
  #clients = new Set();
  #isClosed = false;

  /**
   * @param {string | undefined} url
   * @param {RedisOptions} options
   */
  constructor(url, options) {
    const { prefix = 'sesame', timeoutMs = TIMEOUT_MS } = options;
    const { fenceMs = FENCE_MS, mostEvents = MAX_EVENTS } = options;
    this.#url = url;
    const { cluster, sentinel } = options;
    this.#several = cluster || sentinel ? { cluster, sentinel } : null;
    // Which server has the log may change: where there are several, it is read instead.
    if (this.#several !== null) this.subscribe = undefined;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#fenceMs = fenceMs;
    this.#mostEvents = mostEvents;
  }

  /** @param {string} name */
  async get(name) {
    const value = await this.#run((client) => client.hGet(this.#session(name), 'value'));
    return value === null ? null : Uint8Array.from(Buffer.from(value, 'base64'));
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  async putIfNewer(name, value, { since, ttlMs, lock = '' }) {
    const text = Buffer.from(value).toString('base64');
    const values = [text, since.at, since.time, Math.ceil(ttlMs), this.#fenceMs, lock].map(String);
    const names = [this.#session(name), this.#lock(name)];
    return (await this.#run((client) => client.putRecord(names, values))) === 1;
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} by
   */
  end(name, key, by) {
    return this.#bury('end', name, { key, by });
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} by
   */
  forget(name, key, by) {
    return this.#bury('forget', name, { key, by });
  }

  /**
   * @param {'revoke' | 'invalidate'} kind
   * @param {string} user
   * @param {string} by
   */
  userEvent(kind, user, by) {
    return this.#append('appendUserEvent', { kind, key: user, by }, [this.#user(user)]);
  }

  /** @param {string} user */
  async epochs(user) {
    const [revokedAt, changedAt] = await this.#run((client) =>
      client.hmGet(this.#user(user), ['revoke', 'invalidate']),
    );
    return { revokedAt: revokedAt ?? '', changedAt: changedAt ?? '' };
  }

  /** @param {import('./store.js').Position | null} since */
  async changes(since) {
    const values = [since?.history ?? '', since?.at ?? '', crypto.randomUUID(), EVENTS_AT_ONCE];
    const reply = await this.#run((client) =>
      client.readChanges([this.#log, this.#history], values.map(String)),
    );
    if (reply === null) return null;
    const [head, entries] = reply;
    const events = entries.map((/** @type {[string, string[]]} */ [at, [, kind, , key, , by]]) => ({
      ...{ at, kind, key, by },
    }));
    return { events, position: positionOf(head), more: events.length === EVENTS_AT_ONCE };
  }

  /** @type {((listener: () => void) => Promise<() => Promise<void>>) | undefined} */
  subscribe = (listener) => this.#track(listener);

  /** @param {() => void} listener */
  async #track(listener) {
    if (this.#isClosed) throw new StoreUnavailableError();
    // A connection of its own, told by the server whenever the log changes (client-side caching in broadcast
    // mode). After a break it may have missed something.
    const client = this.#connect({ RESP: 3, emitInvalidate: true });
    client.on('invalidate', () => listener());
    // The client tracks what it reads; what is wanted is the log, which it does not read.
    const track = async () => {
      await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
      await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', this.#log]);
      listener();
    };
    client.on('ready', () => void track().catch(() => {}));
    client.connect().catch(() => {});
    return async () => this.#disconnect(client);
  }

  /**
   * @param {string} name
   * @param {number} ttlMs
   * @param {string} [held]
   */
  async acquire(name, ttlMs, held) {
    if (held !== undefined) {
      const values = [held, String(Math.ceil(ttlMs))];
      const isHeld = await this.#run((client) => client.extendLock([this.#lock(name)], values));
      return isHeld === 1 ? held : null;
    }
    const token = crypto.randomUUID();
    const taken = await this.#run((client) =>
      client.set(this.#lock(name), token, { NX: true, PX: Math.ceil(ttlMs) }),
    );
    return taken === 'OK' ? token : null;
  }

  /**
   * @param {string} name
   * @param {string} token
   */
  async release(name, token) {
    await this.#run((client) => client.releaseLock([this.#lock(name)], [token]));
  }

  async close() {
    this.#isClosed = true;
    for (const client of this.#clients) this.#disconnect(client);
    this.#client = null;
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
   * The mark first: whoever has read the event must not find the record any more.
   * @param {'end' | 'forget'} kind
   * @param {string} name
   * @param {{ key: string, by: string }} event
   */
  async #bury(kind, name, event) {
    await this.#run((client) => client.bury([this.#session(name)], [String(this.#fenceMs)]));
    return this.#append('appendEvent', { kind, ...event }, []);
  }

  /**
   * @param {'appendEvent' | 'appendUserEvent'} command
   * @param {Omit<import('./store.js').StoreEvent, 'at'>} event
   * @param {string[]} more
   */
  async #append(command, { kind, key, by }, more) {
    const values = [kind, key, by, this.#mostEvents, crypto.randomUUID(), EPOCHS_MS].map(String);
    return positionOf(
      await this.#run((client) => client[command]([this.#log, this.#history, ...more], values)),
    );
  }

  /** @param {object} [options] */
  #connect(options = {}) {
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
    client.on('error', () => {}); // whoever asks is told
    this.#clients.add(client);
    return /** @type {any} */ (client);
  }

  /** @param {any} client */
  #disconnect(client) {
    this.#clients.delete(client);
    client.destroy();
  }

  /**
   * @template T
   * @param {(client: any) => Promise<T>} command
   * @returns {Promise<T>}
   */
  #run(command) {
    return inTime(this.#timeoutMs, () => this.#ready().then(command));
  }

  async #ready() {
    if (this.#isClosed) throw new Error('closed');
    if (this.#several !== null) return this.#readySeveral();
    if (this.#client === null) {
      this.#client = this.#connect();
      this.#client.connect().catch(() => {});
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
      client.on('error', () => {}); // whoever asks is told
      this.#clients.add(client);
      this.#client = client;
      this.#becoming = client.connect().catch((/** @type {Error} */ error) => {
        this.#disconnect(client);
        this.#client = null;
        throw error;
      });
    }
    await this.#becoming;
    return this.#client;
  }
}

/** @param {string[]} head @returns {import('./store.js').Position} */
function positionOf([history, at, time]) {
  return { history, at, time: Number(time) };
}
