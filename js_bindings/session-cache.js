// What a user of the package holds: one cache in front of one origin.

import { Core } from './abi.js';
import { Action, CheckFlag, Status } from './abi-constants.js';
import { Engine } from './engine.js';
import { OriginUnavailableError, SesameError } from './errors.js';
import { Handler, headOf } from './handler.js';
import { toHeaders } from './headers.js';
import { defaultHost } from './host.js';
import { parseOptions } from './options.js';

/** @typedef {import('./options.js').Options} Options */

/**
 * What of a request matters: its headers, as `Headers` or as Node's `IncomingMessage` has them.
 * @typedef {object} RequestLike
 * @property {Headers | Record<string, string | string[] | undefined>} headers
 */

/**
 * @typedef {object} Session
 * @property {any} user the document, parsed
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 */

/**
 * @typedef {object} Parts
 * @property {Core} core
 * @property {Engine} engine
 * @property {import('./options.js').ParsedOptions} options
 * @property {import('./host.js').Host} host
 */

const decoder = new TextDecoder();

/** Frees what a cache holds outside of JavaScript if its owner forgot to. */
const finalizer = new FinalizationRegistry((/** @type {() => void} */ free) => free());

export class SessionCacheBase {
  #core;
  #engine;
  #handler;

  /**
   * @param {import('./abi.js').Instance} instance
   * @param {Options} options
   * @param {Partial<import('./host.js').Host>} host
   */
  constructor(instance, options, host) {
    const parsed = parseOptions(options, instance.findFaults);
    const fullHost = { ...defaultHost, ...host };
    const secret = fullHost.getRandomValues(new Uint8Array(16));
    this.#core = new Core(instance, parsed, secret);
    this.#engine = new Engine(this.#core, parsed, fullHost);
    this.#handler = new Handler({
      core: this.#core,
      engine: this.#engine,
      options: parsed,
      host: fullHost,
    });
    finalizer.register(this, this.#core.free, this);
    this.now = fullHost.now;
  }

  /**
   * The document of a request, if it can be answered at once from what is fresh. No I/O, nothing is
   * begun: on null, `getSession` finds out.
   * @param {string} cookie the `Cookie` header, or empty
   * @param {string} [authorization] the `Authorization` header, or empty
   * @returns {Uint8Array<ArrayBuffer> | null} the origin's bytes: a view that the next call on this
   *   cache overwrites, so use or copy it first
   *
   * @example
   * const document = sessions.check(request.headers.get('cookie') ?? '');
   * if (document) return new Response(document);
   */
  check(cookie, authorization = '') {
    const head = { tenant: '', cookie, authorization };
    const action = this.#core.check(head, this.now(), 0, CheckFlag.PEEK);
    return action === Action.SERVE ? this.#core.body : null;
  }

  /**
   * The same as a string.
   * @param {string} cookie
   * @param {string} [authorization]
   * @returns {string | null}
   */
  checkText(cookie, authorization) {
    const body = this.check(cookie, authorization);
    return body && decoder.decode(body);
  }

  /**
   * The same, parsed.
   * @param {string} cookie
   * @param {string} [authorization]
   * @returns {any} null: not held
   */
  checkJson(cookie, authorization) {
    const text = this.checkText(cookie, authorization);
    return text && JSON.parse(text);
  }

  /**
   * Who makes this request? Asks the origin only if the answer is not held.
   * @param {RequestLike} request
   * @param {{ fresh?: boolean, signal?: AbortSignal,
   *   waitUntil?: (work: Promise<unknown>) => void }} [options] `fresh`: ask the origin whatever is held
   *   (SPEC R11)
   * @returns {Promise<Session | null>} null: nobody, as far as the origin is concerned
   * @throws {OriginUnavailableError} the origin cannot be asked; this is not a sign-out (SPEC R13)
   * @throws {SesameError} `ERR_SESAME_TOO_LARGE` if the credential is over its limit
   *
   * @example
   * const session = await sessions.getSession(request);
   * if (session) console.log(`Hello ${session.user.name}`);
   */
  async getSession(request, { fresh, signal, waitUntil = ignoreFailure } = {}) {
    const headers = toHeaders(request.headers);
    const asked = { head: headOf(headers), headers, fresh, signal, waitUntil };
    let decision = await this.#engine.resolve(asked);
    if (decision.kind === 'pass' && !decision.isAnonymous) {
      decision = await this.#engine.askOnce(asked);
    }
    switch (decision.kind) {
      case 'document': {
        const { expiresAtMs } = decision;
        const expiresAt = expiresAtMs > 0 ? new Date(expiresAtMs).toISOString() : null;
        return { user: JSON.parse(decoder.decode(decision.body)), expiresAt };
      }
      case 'unavailable':
        throw new OriginUnavailableError(decision.retryAfterMs);
      case 'too-large':
        throw new SesameError('ERR_SESAME_TOO_LARGE', 'The credential is over maxCredential');
      default:
        return null;
    }
  }

  /**
   * Answers an HTTP request, as the edge worker does: the document's and the session's paths from the
   * cache, everything else by the origin.
   * @param {Request} request
   * @param {{ waitUntil(work: Promise<unknown>): void }} [context] a worker's context
   * @returns {Promise<Response>}
   */
  handle(request, context = { waitUntil: ignoreFailure }) {
    return this.#handler.handle(request, context);
  }

  /**
   * Ends the session of this request's credential on this node: it is refused from now on, whatever
   * answer of the origin is still under way (SPEC R8, R10).
   * @param {RequestLike} request
   */
  revoke({ headers }) {
    this.#core.revokeSession(headOf(toHeaders(headers)), this.now());
  }

  /**
   * Drops what is held for this request's credential: the origin is asked when it is next seen.
   * @param {RequestLike} request
   */
  forget({ headers }) {
    this.#core.forgetSession(headOf(toHeaders(headers)));
  }

  /**
   * Drops the documents of every session of a user on this node (SPEC R23).
   * @param {string | number} userId as it stands in the document
   * @throws {SesameError} `ERR_SESAME_BAD_USER_ID`
   */
  invalidateUser(userId) {
    checkUser(this.#core.invalidateUser('', JSON.stringify(userId) ?? '', this.now()));
  }

  /**
   * Ends every session of a user on this node (SPEC R23).
   * @param {string | number} userId as it stands in the document
   * @throws {SesameError} `ERR_SESAME_BAD_USER_ID`
   */
  revokeUser(userId) {
    checkUser(this.#core.revokeUser('', JSON.stringify(userId) ?? '', this.now()));
  }

  /**
   * The counters (SPEC R70), and how much is held.
   * @returns {Statistics}
   */
  statistics() {
    return withSums(this.#core.statistics());
  }

  /** Frees the cache. Every later call throws `ERR_SESAME_DISPOSED`. */
  dispose() {
    finalizer.unregister(this);
    this.#core.dispose();
  }
}

// `using` where the language has it.
if (Symbol.dispose) {
  Object.defineProperty(SessionCacheBase.prototype, Symbol.dispose, {
    value: SessionCacheBase.prototype.dispose,
  });
}

/**
 * @typedef {object} Statistics
 * @property {number} checks requests decided; the sum of the next six
 * @property {number} fresh answered from a fresh document
 * @property {number} stale answered from an older one
 * @property {number} miss nothing was held that may be served
 * @property {number} joined waited for another's origin call
 * @property {number} negative answered from a remembered "no"
 * @property {number} bypass passed to the origin: anonymous or ambiguous
 * @property {number} originCalls calls for the document, of all causes that follow
 * @property {number} originMiss
 * @property {number} originRefresh behind a stale answer
 * @property {number} originFresh because the caller insisted
 * @property {number} originBypass
 * @property {number} originWrite to learn whom a write has changed
 * @property {number} originFailures origin calls that failed
 * @property {number} originCallsAvoided checks that cost none
 * @property {number} unavailable checks answered 503
 * @property {number} fillsRefused answers of the origin that were overtaken (SPEC R10)
 * @property {number} takeovers origin calls whose holder ran past its time
 * @property {number} updates writes that replaced or dropped a document
 * @property {number} revocations
 * @property {number} evictions
 * @property {number} entries
 * @property {number} bytes
 * @property {number} leases origin calls under way, and answers that somebody still waits for
 */

/**
 * @param {Record<string, number>} counters
 * @returns {Statistics}
 */
function withSums(counters) {
  const { originMiss, originRefresh, originFresh, originBypass, originWrite, checks } = counters;
  const originCalls = originMiss + originRefresh + originFresh + originBypass + originWrite;
  const originCallsAvoided = Math.max(0, checks - originCalls);
  return /** @type {any} */ ({ ...counters, originCalls, originCallsAvoided });
}

/** @param {number} status */
function checkUser(status) {
  if (status === Status.OK) return;
  throw new SesameError(
    'ERR_SESAME_BAD_USER_ID',
    'A user is named by the string or number that is its identifier in the document',
  );
}

/** @param {Promise<unknown>} work */
function ignoreFailure(work) {
  work.catch(() => {});
}
