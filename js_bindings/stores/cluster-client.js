// The end of a worker: a store whose methods are called in the primary process. It must not know how that is reached.
// Invariants: that this worker has heard of an event is said when all who listen have it in effect; a primary that does not
// answer is a store that cannot be reached.
import { CHANNEL, decode, encode, HEARD_WITHIN_MS, isOurs } from './cluster-messages.js';
import { inTime } from './in-time.js';
import { TIMEOUT_MS } from './limits.js';

/** @import { Link, Message } from './cluster-messages.js' */
/** @import { SharedStore } from './store.js' */

/** @typedef {(isAwaited?: boolean) => void | Promise<void>} Listener */

let clients = 0;

/**
 * What adds up the counters of all workers (rule R70), beside any store: `report` is given those of a cache, `sums` resolves
 * to those of all.
 * @typedef {Required<Pick<SharedStore, 'report' | 'sums'>>} Counting
 */

/** @implements {SharedStore} */
export class ClusterClient {
  #link;
  #timeoutMs;
  #name = String(++clients);
  #calls = 0;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #pending = new Map();
  /** @type {Set<Listener>} */
  #listeners = new Set();
  /** @type {(() => any) | undefined} */
  #counters;
  /** How much has happened, as far as it is known here. */
  #news = 0;
  #isHearing = false;
  #stop;
  #isClosed = false;

  /**
   * @param {Link} link
   * @param {{ timeoutMs?: number }} [options]
   */
  constructor(link, { timeoutMs = TIMEOUT_MS } = {}) {
    this.#link = link;
    this.#timeoutMs = timeoutMs;
    this.#stop = link.listen((message) => {
      if (isOurs(message) && message.client === this.#name) this.#take(message);
    });
  }

  /** @param {string} name */
  get(name) {
    return this.#call('get', name);
  }

  /** @param {Parameters<SharedStore['putIfNewer']>} args */
  putIfNewer(...args) {
    return this.#call('putIfNewer', ...args);
  }

  /** @param {Parameters<SharedStore['end']>} args */
  end(...args) {
    return this.#tell('end', ...args);
  }

  /** @param {Parameters<SharedStore['forget']>} args */
  forget(...args) {
    return this.#tell('forget', ...args);
  }

  /** @param {Parameters<SharedStore['userEvent']>} args */
  userEvent(...args) {
    return this.#tell('userEvent', ...args);
  }

  /** @param {Parameters<SharedStore['ask']>} args */
  ask(...args) {
    return this.#call('ask', ...args);
  }

  /** @param {string} user */
  epochs(user) {
    return this.#call('epochs', user);
  }

  /** @param {import('./store.js').Position | null} since */
  changes(since) {
    return this.#call('changes', since);
  }

  /** @param {Parameters<SharedStore['acquire']>} args */
  acquire(...args) {
    return this.#call('acquire', ...args);
  }

  /** @param {Parameters<SharedStore['release']>} args */
  release(...args) {
    return this.#call('release', ...args);
  }

  /** @param {Listener} listener */
  async subscribe(listener) {
    this.#listeners.add(listener);
    this.#send({ method: 'subscribe' });
    return async () => void this.#listeners.delete(listener);
  }

  /** @param {() => any} counters */
  report(counters) {
    this.#counters = counters;
    this.#send({ counting: 0 }); // it is there, and may be asked
  }

  /** @returns {Promise<any>} */
  sums() {
    return this.#call('sums');
  }

  async close() {
    if (this.#isClosed) return;
    this.#tellCounters(0);
    this.#send({ method: 'close' });
    this.#isClosed = true;
    this.#stop();
  }

  /** @param {string} method @param {...any} args @returns {Promise<any>} */
  #call(method, ...args) {
    return this.#within(this.#timeoutMs, method, args);
  }

  /** Waits for the other workers too. @param {string} method @param {...any} args @returns {Promise<any>} */
  #tell(method, ...args) {
    return this.#within(this.#timeoutMs + HEARD_WITHIN_MS, method, args);
  }

  /** @param {number} timeoutMs @param {string} method @param {any[]} args @returns {Promise<any>} */
  #within(timeoutMs, method, args) {
    const call = ++this.#calls;
    const answer = () =>
      new Promise((resolve, reject) => {
        if (this.#isClosed) throw new Error('closed');
        this.#pending.set(call, { resolve, reject });
        // JSON has no undefined: what is not given at the end is not sent.
        while (args.length > 0 && args.at(-1) === undefined) args.pop();
        this.#link.send({ ...this.#head, call, method, args: encode(args) });
      });
    return inTime(timeoutMs, answer).finally(() => this.#pending.delete(call));
  }

  get #head() {
    return { sesame: CHANNEL, client: this.#name };
  }

  /** @param {Omit<Message, 'sesame' | 'client'>} message */
  #send(message) {
    try {
      this.#link.send({ ...this.#head, ...message });
    } catch {
      // the primary has gone
    }
  }

  /** @param {number} counting */
  #tellCounters(counting) {
    let counters;
    try {
      counters = this.#counters?.();
    } catch {
      // the cache has been disposed of: what it has said last counts
    }
    this.#send({ counting, counters });
  }

  /** @param {Message} message */
  #take({ call, result, error, news, counting }) {
    if (news !== undefined) void this.#hear(news);
    if (counting !== undefined) this.#tellCounters(counting);
    const pending = call === undefined ? undefined : this.#pending.get(call);
    if (error !== undefined) pending?.reject(new Error(error));
    else pending?.resolve(decode(result));
  }

  /** One reading at a time: it is of all that has happened until it begins. @param {number} news */
  async #hear(news) {
    this.#news = news;
    if (this.#isHearing) return;
    this.#isHearing = true;
    // Who has just read the log for the first time is about to listen.
    if (this.#listeners.size === 0) await new Promise((resolve) => void setImmediate(resolve));
    for (let heard = -1; heard < this.#news; ) {
      heard = this.#news;
      try {
        await Promise.all([...this.#listeners].map((listener) => listener(true)));
        this.#send({ heard });
      } catch {
        // it may not be in effect: the primary does not wait for this worker any more
      }
    }
    this.#isHearing = false;
  }
}
