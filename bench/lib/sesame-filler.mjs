// A SessionCache that can be filled fast: its origin is a variable.
//
// `getSession` builds headers, timers and promises for each origin call, which a benchmark of the store
// does not want to wait for a million times. So the core that the cache holds is borrowed: it is shown
// when the cache counts a request that it passes on, which no check does. Where that fails, because the
// inside has changed, `getSession` fills all the same.
import { Core } from '../../js_bindings/core/abi.js';
import { Action, CheckFlag } from '../../js_bindings/core/abi-constants.js';
import { SessionCache } from '../../js_bindings/index.node.js';

export const ORIGIN = 'http://origin.example';

/**
 * What the engine needs of a response, without its costs.
 * @param {Uint8Array} document
 */
function answerWith(document) {
  /** @type {Uint8Array | undefined} */
  let left = document;
  const read = async () => {
    const value = left;
    left = undefined;
    return value === undefined ? { done: true } : { done: false, value };
  };
  const body = { getReader: () => ({ read, cancel() {} }) };
  return { ok: true, status: 200, headers: JSON_HEADERS, body };
}

const JSON_HEADERS = new Headers({ 'content-type': 'application/json' });

/** Resolves when it is no longer wanted: an origin call here never takes too long. */
const sleep = (/** @type {number} */ _milliseconds, /** @type {AbortSignal} */ signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', resolve, { once: true });
  });

export class Filler {
  /** @type {Core | null} */
  core = null;
  /** @type {Uint8Array} */
  #document = new Uint8Array();
  #now;
  /** Bytes of budget it was given in the end. */
  memory = 0;

  /**
   * @param {object} options of SessionCache, beside `origin`
   * @param {() => number} now
   */
  constructor(options, now) {
    this.#now = now;
    const fetch = /** @type {any} */ (async () => answerWith(this.#document));
    /** @type {SessionCache} */
    this.sessions = new SessionCache(
      { origin: ORIGIN, freshFor: '12h', keepFor: '24h', ...options },
      /** @type {any} */ ({
        fetch,
        now,
        sleep,
      }),
    );
  }

  /**
   * @param {{ memory?: number } & Record<string, unknown>} [options] `memory` below the least is raised to it
   * @param {() => number} [now]
   */
  static async create({ memory, ...options } = {}, now = Date.now) {
    for (let budget = memory; ; budget = Math.ceil(budget * 1.05)) {
      try {
        const filler = new Filler(
          budget === undefined ? options : { memory: budget, ...options },
          now,
        );
        await filler.#borrowCore();
        filler.memory = budget ?? 0;
        return filler;
      } catch (error) {
        const { faults } = /** @type {any} */ (error);
        const isTooSmall = faults?.every((/** @type {any} */ fault) => fault.option === 'memory');
        if (!isTooSmall || budget === undefined || budget > 2 ** 30) throw error;
      }
    }
  }

  async #borrowCore() {
    const { countPassed } = Core.prototype;
    const filler = this;
    Core.prototype.countPassed = function () {
      filler.core = this;
      return countPassed.call(this);
    };
    try {
      // Two kinds of credential at once are passed on (SPEC R1).
      this.#document = new TextEncoder().encode('{}');
      await this.sessions.getSession({
        headers: { cookie: 'session=a', authorization: 'Bearer b' },
      });
    } finally {
      Core.prototype.countPassed = countPassed;
    }
    if (!this.#fillsFast()) this.core = null;
  }

  /** Whether the short way still leads where the long one does. */
  #fillsFast() {
    const header = 'session=trial';
    try {
      this.#fill(header, new TextEncoder().encode('{"id":"trial"}'));
      const isHeld = this.sessions.checkText(header) === '{"id":"trial"}';
      this.sessions.forget({ headers: { cookie: header } });
      return isHeld;
    } catch {
      return false;
    }
  }

  /**
   * @param {string} header
   * @param {Uint8Array} body
   */
  #fill(header, body) {
    const core = /** @type {Core} */ (this.core);
    const now = this.#now();
    const head = { tenant: '', cookie: header, authorization: '' };
    const action = core.check(head, now, 0, 0);
    if (action === Action.FETCH) {
      const answer = { httpStatus: 200, retryAfterMs: 0, cacheControl: '', meta: '', body };
      core.completeFill(now, core.lease, answer);
    }
  }

  /**
   * Makes the origin answer with a document, and asks for it.
   * @param {string} header
   * @param {Uint8Array} body
   * @returns {unknown} a promise where it takes one
   */
  add(header, body) {
    if (this.core) return this.#fill(header, body);
    this.#document = body;
    return this.sessions.getSession({ headers: { cookie: header } });
  }

  /**
   * The check alone: what the core decides, without a view of the body.
   * @returns {(header: string) => boolean}
   */
  lookup() {
    const { core, sessions } = this;
    if (!core) return (header) => sessions.check(header) !== null;
    const head = { tenant: '', cookie: '', authorization: '' };
    const now = this.#now();
    return (header) => {
      head.cookie = header;
      return core.check(head, now, 0, CheckFlag.PEEK | CheckFlag.DECISION) === Action.SERVE;
    };
  }

  /** What the module's memory has grown to. */
  moduleBytes() {
    this.add('session=measure', new TextEncoder().encode('{"id":"measure"}'));
    return this.sessions.check('session=measure')?.buffer.byteLength ?? 0;
  }
}
