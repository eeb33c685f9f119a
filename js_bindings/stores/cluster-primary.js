// The end of the primary process: it has the store, and answers the workers. It must not know how a process is started.
// Invariants: an event is answered when it is in effect in every worker that reads the log, or when those where it is not
// count as cut off; a worker that has gone holds up nobody; no sum of counters falls because of that.
import { CHANNEL, decode, encode, HEARD_WITHIN_MS, isOurs } from './cluster-messages.js';
import { addCounters, countersOf } from './counter-sums.js';

/** @import { Link, Message } from './cluster-messages.js' */

/** A worker that does not say its counters for so long counts with those that it has said last. */
const COUNTED_WITHIN_MS = 500;

/** What of the store a worker may call. */
const READS = ['get', 'putIfNewer', 'ask', 'epochs', 'changes', 'acquire', 'release'];
/** Answered when every worker has heard. */
const EVENTS = ['end', 'forget', 'userEvent'];

/**
 * A store object of a worker.
 * @typedef {object} Client
 * @property {(message: Omit<Message, 'sesame' | 'client'>) => void} send
 * @property {boolean} follows whether it reads the log
 * @property {number} heard
 * @property {boolean} isBehind it has not said in time that it has heard
 * @property {any} counters its last ones; undefined: it has none
 */

export class ClusterPrimary {
  #store;
  #wait;
  /** How much has happened. */
  #news = 0;
  /** @type {Map<Link, Map<string, Client>>} */
  #links = new Map();
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** What workers have counted that have gone. @type {any} */
  #past;
  #counting = 0;
  /** @type {Map<number, (client: Client) => void>} */
  #counts = new Map();

  /**
   * @param {import('./store.js').SharedStore | null} store null: the workers share another, and their counters alone
   * @param {{ wait?: typeof timer }} [host] for tests
   */
  constructor(store, { wait = timer } = {}) {
    this.#store = store;
    this.#wait = wait;
    void store?.subscribe?.(() => this.#tell());
  }

  /**
   * Answers what comes over a link.
   * @param {Link} link
   * @returns {() => void} the worker has gone
   */
  attach(link) {
    /** @type {Map<string, Client>} */
    const clients = new Map();
    this.#links.set(link, clients);
    const stop = link.listen((message) => {
      if (!isOurs(message)) return;
      const client = clients.get(message.client) ?? newClient(link, message.client);
      if (message.method === 'close') return this.#leave(clients, message.client);
      clients.set(message.client, client);
      this.#take(client, message);
    });
    return () => {
      stop();
      for (const name of [...clients.keys()]) this.#leave(clients, name);
      this.#links.delete(link);
    };
  }

  /** @returns {Client[]} */
  get #clients() {
    return [...this.#links.values()].flatMap((clients) => [...clients.values()]);
  }

  /** @param {Map<string, Client>} clients @param {string} name */
  #leave(clients, name) {
    const client = clients.get(name);
    clients.delete(name);
    if (client?.counters) this.#past = addCounters(this.#past, countersOf(client.counters));
    this.#look();
  }

  /** @param {Client} client @param {Message} message */
  #take(client, message) {
    const { call, method, heard, counting } = message;
    if (method === 'changes' || method === 'subscribe') this.#follow(client);
    if (heard !== undefined) {
      client.heard = Math.max(client.heard, heard);
      client.isBehind = client.isBehind && client.heard < this.#news;
      this.#look();
    }
    if (counting !== undefined) {
      client.counters = message.counters ?? client.counters;
      this.#counts.get(counting)?.(client);
    }
    if (call === undefined || method === undefined) return;
    this.#answer(method, decode(message.args ?? [])).then(
      (result) => client.send({ call, result: encode(result) }),
      (error) => client.send({ call, error: String(error.cause?.message ?? error.message) }),
    );
  }

  /** All until now is in what it reads first, and nothing counts there before it has. @param {Client} client */
  #follow(client) {
    if (!client.follows) client.heard = this.#news;
    client.follows = true;
  }

  /**
   * @param {string} method
   * @param {any[]} args
   */
  async #answer(method, args) {
    if (method === 'sums') return this.sums();
    const store = /** @type {any} */ (this.#store);
    if (READS.includes(method)) return store[method](...args);
    if (!EVENTS.includes(method)) throw new Error(`no such call: ${method}`);
    const position = await store[method](...args);
    await this.#heardByAll(this.#news);
    return position;
  }

  #tell() {
    this.#news += 1;
    for (const client of this.#clients) {
      if (client.follows) client.send({ news: this.#news });
    }
  }

  /** Resolves when all that has happened up to there is in effect everywhere, as far as can be known. @param {number} news */
  async #heardByAll(news) {
    const late = () =>
      this.#clients.filter(({ follows, isBehind, heard }) => follows && !isBehind && heard < news);
    if (late().length === 0) return;
    /** @type {() => void} */
    let look = () => {};
    /** @type {Promise<void>} */
    const heard = new Promise((resolve) => {
      look = () => late().length === 0 && resolve();
    });
    this.#waiting.add(look);
    const given = new AbortController();
    await Promise.race([heard, this.#wait(HEARD_WITHIN_MS, given.signal)]);
    given.abort();
    this.#waiting.delete(look);
    for (const client of late()) client.isBehind = true;
    this.#look();
  }

  #look() {
    for (const look of this.#waiting) look();
  }

  /**
   * The counters of all workers together, those that have gone among them.
   * @returns {Promise<any>} null: no worker has said any
   */
  async sums() {
    this.#counting += 1;
    const counting = this.#counting;
    const asked = new Set(this.#clients);
    const given = new AbortController();
    /** @type {Promise<void>} */
    const all = new Promise((resolve) => {
      this.#counts.set(counting, (client) => {
        asked.delete(client);
        if (asked.size === 0) resolve();
      });
    });
    for (const client of asked) client.send({ counting });
    // One that does not answer in time counts with what it has said last: no sum falls.
    if (asked.size > 0) await Promise.race([all, this.#wait(COUNTED_WITHIN_MS, given.signal)]);
    given.abort();
    this.#counts.delete(counting);
    const counted = this.#clients.flatMap(({ counters }) => (counters ? [counters] : []));
    if (counted.length === 0)
      return this.#past === undefined ? null : { ...this.#past, workers: 0 };
    const sum = counted.reduce((all, each) => addCounters(all, each), this.#past);
    return { ...sum, workers: counted.length };
  }
}

/** @param {Link} link @param {string} client @returns {Client} */
function newClient(link, client) {
  return {
    send(message) {
      try {
        link.send({ sesame: CHANNEL, client, ...message });
      } catch {
        // it has gone, and is detached as soon as that is told
      }
    },
    ...{ follows: false, heard: 0, isBehind: false, counters: undefined },
  };
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function timer(milliseconds, signal) {
  return new Promise((resolve) => {
    const each = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(each);
      resolve();
    });
  });
}
