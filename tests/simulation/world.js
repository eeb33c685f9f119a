// The simulated world: a clock that moves only when told, and a network whose every step is a point at
// which something else may happen first. The code under test sees it as its host.
import { AsyncLocalStorage } from 'node:async_hooks';

const DOCUMENT = '/api/v1/users/me';

/**
 * Something that could happen next.
 * @typedef {object} Point
 * @property {string} label
 * @property {number} request whose it is
 * @property {number} [due] of a timer
 * @property {number} [milliseconds] of a timer
 * @property {() => void} run
 */

export class World {
  /** @type {Point[]} */
  points = [];
  /** @type {string[]} what happened, for people */
  story = [];
  requests = new AsyncLocalStorage();
  /** @type {Set<number>} */
  killed = new Set();
  lastRequest = 0;
  /** Calls for the document that have not been answered.
   * @type {Set<{ request: number, credential: string }>} */
  openFills = new Set();
  /** When a timer of that length was last due. @type {Map<number, number>} */
  lastTimerAt = new Map();

  /** @param {number} start */
  constructor(start) {
    this.time = start;
    /** @type {((url: string, init: any, reply: Reply) => void) | null} */
    this.origin = null;
  }

  /** @param {string} line */
  tell(line) {
    this.story.push(`${String(this.time).padStart(9)}  ${line}`);
  }

  /** @param {Point} point */
  add(point) {
    if (!this.killed.has(point.request)) this.points.push(point);
  }

  /** @param {Point} point */
  remove(point) {
    const index = this.points.indexOf(point);
    if (index >= 0) this.points.splice(index, 1);
  }

  get current() {
    return this.requests.getStore() ?? 0;
  }

  /**
   * Runs a request as one that can be killed: the host forgets all that it waits for.
   * @template T
   * @param {(request: number) => T} body
   */
  asRequest(body) {
    const request = ++this.lastRequest;
    return this.requests.run(request, () => body(request));
  }

  /** The host drops a request, as an edge host does with one whose client has gone. @param {number} request */
  kill(request) {
    for (const fill of this.openFills) if (fill.request === request) this.openFills.delete(fill);
    this.killed.add(request);
    this.points = this.points.filter((point) => point.request !== request);
  }

  /** What can happen next: any step of the network, or the timer that is due first. */
  options() {
    const timers = this.points.filter(({ due }) => due !== undefined);
    timers.sort((a, b) => Number(a.due) - Number(b.due));
    return [...this.points.filter(({ due }) => due === undefined), ...timers.slice(0, 1)];
  }

  /** @param {Point} point */
  async happen(point) {
    this.remove(point);
    if (point.due !== undefined) {
      this.time = Math.max(this.time, point.due);
      this.lastTimerAt.set(point.milliseconds ?? 0, this.time);
    }
    point.run();
    await settle();
  }

  /** What the code under test gets as its host. */
  host() {
    return {
      now: () => this.time,
      sleep: (/** @type {number} */ ms, /** @type {AbortSignal} */ signal) =>
        this.#sleep(ms, signal),
      fetch: (/** @type {string} */ url, /** @type {any} */ init) => this.#fetch(url, init),
    };
  }

  /**
   * @param {number} milliseconds
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  #sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      /** @type {Point} */
      const point = {
        label: `timer ${milliseconds}`,
        milliseconds,
        request: this.current,
        due: this.time + milliseconds,
        run: resolve,
      };
      this.add(point);
      signal.addEventListener('abort', () => {
        this.remove(point);
        if (!this.killed.has(point.request)) resolve();
      });
    });
  }

  /**
   * @param {string} url
   * @param {any} init
   * @returns {Promise<Response>}
   */
  #fetch(url, init) {
    const request = this.current;
    const fill = {
      request,
      credential: new Headers(init.headers).get('authorization') ?? '',
    };
    const isFill = url.endsWith(DOCUMENT) && (init.method ?? 'GET') === 'GET' && init.signal;
    if (isFill) this.openFills.add(fill);
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.openFills.delete(fill);
        if (!this.killed.has(request)) reject(new TypeError('network'));
      };
      init.signal?.addEventListener('abort', fail);
      const reply = {
        request,
        respond: (/** @type {Response} */ response, /** @type {string} */ label) =>
          this.add({
            label: `answer ${label}`,
            request,
            run: () => {
              this.openFills.delete(fill);
              // What a write overtakes counts for nothing any more (R10).
              if (init.method && init.method !== 'GET') this.openFills.clear();
              resolve(response);
            },
          }),
        fail: () => this.add({ label: 'network failure', request, run: fail }),
      };
      const path = new URL(url).pathname;
      this.add({
        label: `arrival ${init.method ?? 'GET'} ${path}`,
        request,
        run: () => this.origin?.(path, init, reply),
      });
    });
  }
}

/** Everything that follows from what has just happened, up to where it waits again. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}

/** @typedef {{ request: number, respond(response: Response, label: string): void, fail(): void }} Reply */
