// The simulated world: a clock that moves only when told, and a network whose every step is a point at
// which something else may happen first. The code under test sees it as its host.
import { AsyncLocalStorage } from 'node:async_hooks';

const DOCUMENT = '/api/v1/users/me';

/** Whose code runs. One for all worlds: each that there is costs every promise of the process. */
const requests = new AsyncLocalStorage();

/**
 * Something that could happen next.
 * @typedef {object} Point
 * @property {string} label
 * @property {number} request whose it is
 * @property {Owner | null} [owner] the node that it happens on, if there are several
 * @property {number} [due] of a timer
 * @property {number} [milliseconds] of a timer
 * @property {number} [heldUntil] it does not happen before
 * @property {() => void} run
 * @property {() => void} [after] all that follows from it has happened
 * @property {string} [unchanged] the credential whose session it leaves as it was
 */

export class World {
  /** @type {Point[]} */
  points = [];
  /** What strangers wait for. Honest users' choices do not see it. @type {Point[]} */
  strange = [];
  /** @type {string[]} what happened, for people */
  story = [];
  /** The same without what strangers do: equal with and without them (R53). @type {string[]} */
  honest = [];
  /** @type {Set<number>} */
  killed = new Set();
  lastRequest = 0;
  /** When a stranger's requests have last begun to hang by the hundred, and what was told before the first did. */
  hungAt = Number.NEGATIVE_INFINITY;
  honestUntilHung = Number.POSITIVE_INFINITY;
  /** Whether the session of a request for the document is held, where that is known.
   * @type {(init: RequestInit) => boolean} */
  isHeld = () => true;
  /** Whether what is asked of the origin is asked for an honest user, whoever's request has led to it.
   * @type {(init: RequestInit) => boolean} */
  isHonest = () => false;
  /** Strangers' requests have numbers below zero. */
  lastStrange = 0;
  /** Calls for the document that have not been answered.
   * @type {Set<{ request: number, owner: Owner | null, credential: string, isHeld: boolean, at: number }>} */
  openFills = new Set();
  /** When a timer of that length was last due. @type {Map<number, number>} */
  lastTimerAt = new Map();
  /** Exchanges with the origin whose end has not been seen. @type {Set<Exchange>} */
  open = new Set();

  /** @param {number} start */
  constructor(start) {
    this.time = start;
    /** @type {{ sent(path: string, init: any, exchange: Exchange): Response | null,
     *   receive(path: string, init: any, reply: Reply): void } | null} */
    this.origin = null;
    /** The origin as strangers find it. `never`: it lets them wait.
     * @type {{ atOnce(path: string, init: any): Response | 'never' | null,
     *   receive(path: string, init: any, reply: Reply): void } | null} */
    this.stranger = null;
  }

  /** @param {string} line */
  tell(line) {
    const isStrange = this.current < 0;
    const told = `${String(this.time).padStart(9)}  ${line}`;
    this.story.push(isStrange ? told.replace('  ', ' ~ ') : told);
    if (!isStrange) this.honest.push(told);
  }

  /** @param {Point} point */
  add(point) {
    if (point.request < 0) this.strange.push(point);
    else if (!this.killed.has(point.request) && !point.owner?.isGone) this.points.push(point);
  }

  /** @param {Point} point */
  remove(point) {
    const points = point.request < 0 ? this.strange : this.points;
    const index = points.indexOf(point);
    if (index >= 0) points.splice(index, 1);
  }

  get current() {
    return requests.getStore() ?? 0;
  }

  /**
   * Runs a request as one that can be killed: the host forgets all that it waits for.
   * @template T
   * @param {(request: number) => T} body
   */
  asRequest(body) {
    const request = ++this.lastRequest;
    return requests.run(request, () => body(request));
  }

  /**
   * Runs a request of a stranger: what follows from it is no step of honest users'.
   * @template T
   * @param {(request: number) => T} body
   */
  asStranger(body) {
    const request = --this.lastStrange;
    return requests.run(request, () => body(request));
  }

  /** Requests of a stranger begin to hang by the hundred: from now on he is not without consequence for new users. */
  hang() {
    this.hungAt = this.time;
    this.honestUntilHung = Math.min(this.honestUntilHung, this.honest.length);
  }

  /** What of a stranger's can happen next. Time does not pass for it. */
  strangeOptions() {
    return this.strange.filter(({ due }) => due === undefined || due <= this.time);
  }

  /** @param {Point} point */
  async happenStrange(point) {
    this.remove(point);
    requests.run(point.request, () => {
      this.tell(point.label);
      point.run();
    });
    await settle();
  }

  /** The host drops a request, as an edge host does with one whose client has gone. @param {number} request */
  kill(request) {
    for (const fill of this.openFills) if (fill.request === request) this.openFills.delete(fill);
    for (const exchange of this.open) {
      if (exchange.request === request) this.#close(exchange, 'lost');
    }
    this.killed.add(request);
    this.points = this.points.filter((point) => point.request !== request);
  }

  /** A node has gone, and with it all that it waited for. @param {Owner} owner */
  forget(owner) {
    owner.isGone = true;
    this.dropFills(owner);
    this.points = this.points.filter((point) => point.owner !== owner);
  }

  /** What is under way on a node counts for nothing any more, so another call may begin beside it: beside
   * one, too, that a request from before makes only when it has looked for another node's answer.
   * @param {Owner | null} owner */
  overtake(owner) {
    this.dropFills(owner);
    if (owner) owner.overtaken = this.lastRequest;
  }

  /** @param {Owner | null} owner */
  dropFills(owner) {
    for (const fill of this.openFills) if (fill.owner === owner) this.openFills.delete(fill);
  }

  /**
   * What can happen next: any step of the network, or the timer that is due first. Those that are due at once stand in
   * the order of their requests: which of two goes first within one step is not for the host to decide.
   */
  options() {
    const points = this.points.filter(
      ({ owner, heldUntil = this.time }) => !owner?.isFrozen && heldUntil <= this.time,
    );
    points.sort((a, b) => a.request - b.request);
    const timers = points.filter(({ due }) => due !== undefined);
    timers.sort((a, b) => Number(a.due) - Number(b.due));
    return [...points.filter(({ due }) => due === undefined), ...timers.slice(0, 1)];
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
    point.after?.();
  }

  /**
   * What the code under test gets as its host.
   * @param {Owner | null} [owner] the node that it runs on, if there are several
   * @param {number} [ahead] of that node's clock
   */
  host(owner = null, ahead = 0) {
    return {
      now: () => this.time + ahead,
      monotonic: () => this.time,
      sleep: (/** @type {number} */ ms, /** @type {AbortSignal} */ signal) =>
        this.#sleep(ms, signal, owner),
      fetch: (/** @type {string | Request} */ input, /** @type {RequestInit} */ init = {}) =>
        this.#fetch(input instanceof Request ? input.url : input, init, owner),
    };
  }

  /**
   * @param {number} milliseconds
   * @param {AbortSignal} signal
   * @param {Owner | null} owner
   * @returns {Promise<void>}
   */
  #sleep(milliseconds, signal, owner) {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      /** @type {Point} */
      const point = {
        label: `timer ${milliseconds}`,
        milliseconds,
        // What waits on one of several nodes may be waited for by all of them.
        request: owner === null ? this.current : Math.max(0, this.current),
        owner,
        due: this.time + milliseconds,
        run: () => {
          signal.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = () => {
        this.remove(point);
        if (!this.killed.has(point.request)) resolve();
      };
      this.add(point);
      signal.addEventListener('abort', stop);
    });
  }

  /** @param {Exchange} exchange @param {Exchange['state']} state */
  #close(exchange, state) {
    if (this.open.delete(exchange)) exchange.state = state;
  }

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @param {Owner | null} owner
   * @returns {Promise<Response>}
   */
  #fetch(url, init, owner) {
    // What a node asks for somebody's connection is not a stranger's, though one has had it look.
    const request = this.isHonest(init) ? Math.max(0, this.current) : this.current;
    const path = new URL(url).pathname;
    /** @type {Exchange} */
    const exchange = { request, state: 'open' };
    const isStrange = request < 0;
    const atOnce = isStrange
      ? (this.stranger?.atOnce(path, init) ?? null)
      : (this.origin?.sent(path, init, exchange) ?? null);
    if (atOnce === 'never') return new Promise(() => {});
    if (atOnce !== null) return Promise.resolve(atOnce);
    this.open.add(exchange);
    const fill = {
      request,
      owner,
      credential: credentialIn(init),
      isHeld: this.isHeld(init),
      at: this.time,
    };
    const isFill = url.endsWith(DOCUMENT) && (init.method ?? 'GET') === 'GET' && init.signal;
    const isOvertaken = owner !== null && request <= owner.overtaken;
    if (isFill && !isOvertaken && !isStrange) this.openFills.add(fill);
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.openFills.delete(fill);
        this.#close(exchange, 'lost');
        if (!this.killed.has(request)) reject(new TypeError('network'));
      };
      init.signal?.addEventListener('abort', fail);
      const reply = {
        request,
        /** @type {Reply['respond']} */
        respond: (response, label, state = 'answered', { after, unchanged } = {}) => {
          let isHeard = false;
          this.add({
            label: `answer ${label}`,
            request,
            owner,
            unchanged,
            after: () => isHeard && after?.(),
            run: () => {
              isHeard = this.open.has(exchange);
              this.openFills.delete(fill);
              this.#close(exchange, state);
              // What a write overtakes counts for nothing any more (R10).
              if (init.method && init.method !== 'GET' && !isStrange) this.overtake(owner);
              resolve(response);
            },
          });
        },
        fail: () => this.add({ label: 'network failure', request, owner, run: fail }),
      };
      this.add({
        label: `arrival ${init.method ?? 'GET'} ${path}`,
        request,
        run: () => (isStrange ? this.stranger : this.origin)?.receive(path, init, reply),
      });
    });
  }
}

/** @param {RequestInit} init */
function credentialIn(init) {
  const headers = new Headers(init.headers);
  return headers.get('authorization') ?? headers.get('cookie') ?? '';
}

/** Everything that follows from what has just happened, up to where it waits again. */
export function settle() {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * A node, as far as the world is concerned. What is frozen waits, and goes on later; `overtaken` is the last
 * request that began before what was under way was overtaken.
 * @typedef {{ name: string, isFrozen: boolean, isGone: boolean, overtaken: number }} Owner
 */

/**
 * A call of the origin, as its caller sees it. `lost`: it failed, timed out or was dropped, so whether it
 * took effect is not known.
 * @typedef {{ request: number, state: 'open' | 'answered' | 'lost' }} Exchange
 */

/**
 * @typedef {object} Reply
 * @property {number} request
 * @property {(response: Response, label: string, state?: Exchange['state'],
 *   more?: Pick<Point, 'after' | 'unchanged'>) => void} respond `after`: when all that follows from it has happened, unless
 *   whoever asked had given up
 * @property {() => void} fail
 */
