// Carries out what the core decides: asks the origin, waits, looks again. It decides nothing about
// sessions itself, and knows nothing of HTTP responses to clients.
// Invariants: every lease taken is completed or released; what the core points to is copied before the
// next call; a fill goes on when the client that caused it has gone (SPEC R9).
import { Action, CheckFlag, Credential, Reason, Source } from '../core/abi-constants.js';
import { readBody } from '../origin/bodies.js';
import { cacheControlOf, changesCookie, fillHeaders, retryAfterMs } from '../origin/headers.js';
import { Histogram } from './histogram.js';

/** A fill that is overtaken (R10) is begun anew this often. */
const MAX_ATTEMPTS = 5;

/** Statuses below 500 that say nothing about the session (SPEC R13), a 304 that nobody asked for too. */
const FAILURES = new Set([304, 408, 425, 429]);

const NO_BYTES = new Uint8Array();
/** Why a timer is not wanted any more. Without a reason, each abort makes an exception with its stack. */
const OVER = 'over';
const FAILED = Object.freeze({
  answer: { httpStatus: 0, retryAfterMs: 0, cacheControl: '', meta: '', body: NO_BYTES },
  headers: null,
  changesCredential: false,
});
const SOURCES = Object.freeze({
  [Source.NONE]: 'origin',
  [Source.FRESH]: 'fresh',
  [Source.STALE]: 'stale',
  [Source.ORIGIN]: 'origin',
  [Source.NEGATIVE]: 'negative',
});
/** How a log line names a reason: `lease-busy`. */
const REASONS = Object.freeze(
  Object.fromEntries(
    Object.entries(Reason).map(([name, value]) => [value, name.toLowerCase().replaceAll('_', '-')]),
  ),
);

/**
 * A request for the document.
 * @typedef {object} DocumentRequest
 * @property {import('../core/abi.js').RequestHead} head
 * @property {Headers} headers what the origin is asked with
 * @property {boolean} [fresh] what is held does not count (SPEC R11)
 * @property {AbortSignal} [signal] the client has gone
 * @property {boolean} [isUnauthorized] the origin cannot be asked: the session's tokens cannot be exchanged
 * @property {() => Promise<OriginAccess>} [renew] how to ask after the origin has refused these headers
 * @property {() => Promise<'found' | 'none' | 'unavailable'>} [find] looks for a managed session on other nodes
 * @property {() => Promise<OriginAccess>} [access] how to ask at all, where that takes finding out
 * @property {(work: Promise<unknown>) => void} waitUntil keeps the host alive for work behind the answer
 */

/**
 * What to answer. `kind` says how:
 * - `document`: `body` is the user's document
 * - `refusal`: `status` and `body` are the origin's clear "no"
 * - `answer`: `status` and `body` are the origin's, and not kept
 * - `pass`: nothing was decided; the origin is to answer the request as it is
 * - `unavailable`: 503, try again after `retryAfterMs`
 * - `too-large`: the credential is over its limit
 * @typedef {object} Decision
 * @property {'document' | 'refusal' | 'answer' | 'pass' | 'unavailable' | 'too-large'} kind
 * @property {string} source `fresh`, `stale`, `origin` or `negative` (SPEC R43)
 * @property {boolean} isAnonymous the request had no credential at all
 * @property {number} status
 * @property {Uint8Array<ArrayBuffer>} body a copy
 * @property {string} meta the validator of a document; the headers of a refusal or answer, as JSON
 * @property {number} expiresAtMs
 * @property {number} freshUntilMs 0: the document is not kept
 * @property {boolean} isKept the document has just been put into the core, or is held there
 * @property {string | null} user the key of the document's user, where it was asked for just now
 * @property {string} reason why it was decided so: a name of `Reason`
 * @property {number} retryAfterMs
 * @property {Headers | null} originHeaders of the origin's answer, for the request that asked it
 */

/**
 * With what the origin is asked.
 * @typedef {Pick<DocumentRequest, 'headers' | 'isUnauthorized' | 'renew'>} OriginAccess
 */

/**
 * What the origin said when it was asked for the document.
 * @typedef {object} OriginAnswer
 * @property {number} httpStatus 0: it could not be had
 * @property {number} retryAfterMs
 * @property {string} cacheControl
 * @property {string} meta
 * @property {Uint8Array<ArrayBuffer>} body
 */

/** Headers of a refusal that a client may need. */
const KEPT_HEADERS = ['content-type', 'www-authenticate', 'location'];

export class Engine {
  #core;
  #options;
  #host;
  #waiters;
  #shared;
  /** Headers that the origin believes when a proxy sets them: a client's own never get there in a fill. */
  #claims;
  /** How long checks and origin calls took. */
  times = { checks: new Histogram(), originCalls: new Histogram() };

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./waiters.js').Waiters} waiters
   * @param {import('../shared/documents.js').SharedSessions | null} shared what other nodes know, if there are
   *   any
   */
  constructor(core, options, host, waiters, shared) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#waiters = waiters;
    this.#shared = shared;
    this.#claims = options.verify.headers.map(([name]) => name);
  }

  /**
   * Decides a request for the document, asking the origin or waiting as need be. Finishes within
   * `leaseFor` of its call, or, if it asks the origin itself, within `originTimeout` of asking (R9).
   * @param {DocumentRequest} request
   * @returns {Promise<Decision>}
   */
  async resolve(request) {
    const start = this.#host.now();
    if (this.#shared !== null) {
      const { log } = this.#shared;
      if (!log.isTrusted(start)) await log.confirm();
      else if (!request.find && this.#shared.isUnknown(request.head)) await log.catchUp();
      log.keepUp(this.#host.now(), request.waitUntil);
    }
    const decision = await this.#resolve(request);
    const durationMs = this.#host.now() - start;
    this.noteCheck(start, durationMs, decision.kind, decision.source, decision.reason);
    return decision;
  }

  /**
   * What the core has just decided, for who has asked it without `resolve`.
   * @param {number} action
   * @param {number} time
   * @returns {Decision}
   */
  decided(action, time) {
    const decision = this.#copyDecision(action);
    this.noteCheck(time, 0, decision.kind, decision.source, decision.reason);
    return decision;
  }

  /**
   * @param {number} time
   * @param {number} durationMs
   * @param {Decision['kind']} kind
   * @param {string} source
   * @param {string} [reason] of what the core has just decided, unless given
   */
  noteCheck(time, durationMs, kind, source, reason = REASONS[this.#core.reason]) {
    this.times.checks.record(durationMs);
    this.#host.log({ event: 'check', time, durationMs, kind, source, reason });
  }

  /**
   * @param {DocumentRequest} request
   * @returns {Promise<Decision>}
   */
  async #resolve(request) {
    if (!request.access) return this.#decide(request);
    if ((await request.find?.()) === 'unavailable') return this.#unavailable();
    // What is fresh needs no token.
    if (!request.fresh) {
      const action = this.#core.check(request.head, this.#host.now(), 0, CheckFlag.PEEK);
      if (action === Action.SERVE || action === Action.REFUSE) return this.#copyDecision(action);
      if (action === Action.SERVE_STALE) {
        // Answered at once (R6): the token that its refresh needs is found out behind the answer.
        const decision = this.#copyDecision(action);
        const { access, waitUntil } = request;
        waitUntil(access().then((found) => this.#decide({ ...request, ...found })));
        return decision;
      }
    }
    return this.#decide({ ...request, ...(await request.access()) });
  }

  /**
   * @param {DocumentRequest} request
   * @returns {Promise<Decision>}
   */
  async #decide(request) {
    const { head, signal } = request;
    const giveUpAt = this.#host.now() + this.#options.leaseFor;
    let fresh = request.fresh ?? false;
    let waited = 0;
    let again = 0;
    let attempts = 0;
    for (let round = 0; ; ++round) {
      const flags = (fresh ? CheckFlag.FRESH : 0) | again;
      const action = this.#core.check(head, this.#host.now(), waited, flags);
      again = CheckFlag.AGAIN;
      if (action === Action.WAIT) {
        const { lease, deadlineMs } = this.#core;
        // A lease that began after a fresh check is as good as one of its own.
        if (waited !== 0 && waited !== lease) fresh = false;
        waited = lease;
        if (signal?.aborted || this.#host.now() >= giveUpAt) return this.#giveUp(waited);
        await this.#waiters.wait(lease, Math.min(deadlineMs, giveUpAt), round, signal);
        // The node may have stood still meanwhile, for longer than what it holds may be trusted (R32).
        if (this.#shared?.log.isTrusted(this.#host.now()) === false)
          await this.#shared.log.confirm();
        continue;
      }
      if (action !== Action.FETCH) {
        const decision = this.#copyDecision(action);
        const { lease } = this.#core;
        if (lease !== 0) request.waitUntil(this.#fill(request, lease, this.#core.meta));
        return decision;
      }
      const filling = this.#fill(request, this.#core.lease, this.#core.meta);
      request.waitUntil(filling);
      const decision = await filling;
      if (decision !== null) return decision;
      waited = 0;
      fresh = request.fresh ?? false;
      if (++attempts === MAX_ATTEMPTS) return this.#unavailable(Reason.OVERTAKEN);
    }
  }

  /**
   * A follower's time is up: what may stand in is the core's to say once the lease has ended, and until
   * then nothing does.
   * @param {number} waited
   */
  #giveUp(waited) {
    this.#core.leaveWait(this.#host.now(), waited);
    return this.#unavailable(Reason.LEASE_BUSY);
  }

  /** @param {number} [reason] */
  #unavailable(reason = Reason.ORIGIN_FAILED) {
    return decisionOf({ kind: 'unavailable', reason: REASONS[reason], retryAfterMs: 1000 });
  }

  /**
   * Asks the origin under a lease. Never rejects for what the origin does.
   * @param {DocumentRequest} request
   * @param {number} lease
   * @param {string} etag
   * @returns {Promise<Decision | null>} null: overtaken, decide anew
   */
  async #fill(request, lease, etag) {
    const { head } = request;
    const shared = this.#shared;
    let isComplete = false;
    let release = async () => {};
    let isThere = true; // for all that is known
    try {
      if (shared !== null && !request.fresh) {
        const taken = await shared.take(head, (document) => {
          isComplete =
            this.#core.completeShared(this.#host.now(), lease, document) === Action.RETRY;
          return isComplete;
        });
        if (taken.isFilled) return null;
        ({ release, isThere } = taken);
      }
      const askedAtMs = this.#host.now();
      // A caller that has waited past the lease's end is not the one to ask any more (R9).
      if (!request.isUnauthorized && !this.#core.askOrigin(askedAtMs, lease)) return null;
      const since = shared?.log.position ?? null;
      const generation = shared?.log.generation;
      const asked = await this.ask(request, etag);
      shared?.log.noteAnswer(this.#host.now() - askedAtMs);
      if (generation !== shared?.log.generation) return null; // what happened meanwhile has been lost
      const action = this.#core.completeFill(this.#host.now(), lease, asked.answer);
      isComplete = true;
      if (action === Action.RETRY) return null;
      const decision = this.#copyDecision(action);
      decision.originHeaders = asked.headers;
      if (decision.kind === 'unavailable' || decision.source === 'stale') {
        // A failure signs nobody out, whatever cookies its page would set (R13).
        decision.originHeaders?.delete('set-cookie');
        return decision;
      }
      if (asked.changesCredential) {
        // The answer was for this credential, but it has been exchanged for another with it.
        this.#core.forgetSession(head);
        await shared?.forget(head).catch(() => {});
      } else if (shared !== null) {
        const { cacheControl } = asked.answer;
        // What others hold for this credential is not true any more if it may not be kept here (R12, R15).
        if (decision.isKept) {
          // Whoever waits on another node gets it when this is done; whoever has asked here need not wait.
          const saved = shared.save(head, since, decision, { cacheControl, askedAtMs });
          request.waitUntil(saved.then(release));
          release = async () => {};
        } else if (isThere) {
          await shared.forget(head).catch(() => {});
        }
      }
      return decision;
    } finally {
      this.#waiters.wake(lease); // they look again once this is through, even if the next line throws
      if (!isComplete) this.#core.releaseFill(lease);
      await release();
    }
  }

  /**
   * Asks the origin for a request that was to be passed to it, and keeps nothing.
   * @param {DocumentRequest} request
   * @returns {Promise<Decision>}
   */
  async askOnce(request) {
    this.#core.countPassed();
    const { answer, headers } = await this.ask(request, '');
    const { httpStatus, body, retryAfterMs: retryAfter } = answer;
    const isDocument = httpStatus < 300 && isJsonObject(body);
    if (!isDocument && (httpStatus < 300 || FAILURES.has(httpStatus) || httpStatus >= 500)) {
      return decisionOf({ kind: 'unavailable', retryAfterMs: Math.max(1000, retryAfter) });
    }
    const kind = isDocument ? 'document' : 'answer';
    return decisionOf({ kind, status: httpStatus, body, originHeaders: headers });
  }

  /**
   * Asks the origin for the document, and once more if it refuses and there are other headers to ask with.
   * Never rejects.
   * @param {OriginAccess} access
   * @param {string} etag what is held, or empty
   * @returns {Promise<{ answer: OriginAnswer, headers: Headers | null, changesCredential: boolean }>}
   */
  async ask({ headers, isUnauthorized, renew }, etag) {
    if (isUnauthorized) return FAILED;
    const asked = await this.timeOriginCall(
      () => this.#askWith(headers, etag),
      ({ answer }) => answer.httpStatus,
    );
    if (asked.answer.httpStatus !== 401 || !renew) return asked;
    return this.ask({ ...(await renew()), renew: undefined }, etag);
  }

  /**
   * Makes an origin call for a document, and notes how long it took (SPEC R70, R71).
   * @template T
   * @param {() => Promise<T>} call
   * @param {(result: T) => number} statusOf
   * @returns {Promise<T>}
   */
  async timeOriginCall(call, statusOf) {
    const start = this.#host.now();
    const result = await call();
    const durationMs = this.#host.now() - start;
    this.times.originCalls.record(durationMs);
    this.#host.log({ event: 'origin', time: start, durationMs, status: statusOf(result) });
    return result;
  }

  /**
   * @param {Headers} headers
   * @param {string} etag
   */
  async #askWith(headers, etag) {
    const { origin, documentPath, originTimeout, maxDocument, cookie } = this.#options;
    const timeout = new AbortController();
    const done = new AbortController();
    const timer = this.#host.sleep(originTimeout, done.signal).then(() => {
      if (!done.signal.aborted) timeout.abort();
    });
    /** @type {Promise<never>} */
    const timedOut = new Promise((_, reject) => {
      timeout.signal.addEventListener('abort', () => reject(new Error('time-out')));
    });
    timedOut.catch(() => {});
    try {
      // A host's fetch may be slow to notice an abort: the time-out counts by itself.
      const exchange = async () => {
        const response = await this.#host.fetch(origin + documentPath, {
          headers: fillHeaders(headers, etag, this.#claims),
          redirect: 'manual',
          signal: timeout.signal,
        });
        return { response, body: await readBody(response.body, maxDocument) };
      };
      const { response, body } = await Promise.race([exchange(), timedOut]);
      if (body === null && response.ok) return FAILED;
      const now = this.#host.now();
      return {
        answer: {
          httpStatus: response.status,
          retryAfterMs: retryAfterMs(response.headers, now),
          cacheControl: cacheControlOf(response.headers),
          meta: metaOf(response, etag),
          body: body ?? NO_BYTES,
        },
        headers: new Headers(response.headers),
        changesCredential: changesCookie(headers, response.headers, cookie, now),
      };
    } catch {
      return FAILED;
    } finally {
      done.abort(OVER);
      await timer;
    }
  }

  /**
   * Copies what the core has just decided.
   * @param {number} action
   */
  #copyDecision(action) {
    const core = this.#core;
    const reason = REASONS[core.reason];
    switch (action) {
      case Action.SERVE:
      case Action.SERVE_STALE:
        return this.#copyAnswer('document');
      case Action.REFUSE:
        return this.#copyAnswer('refusal');
      case Action.ANSWER:
        return this.#copyAnswer('answer');
      case Action.UNAVAILABLE:
        return decisionOf({ kind: 'unavailable', reason, retryAfterMs: core.retryAfterMs });
      case Action.TOO_LARGE:
        return decisionOf({ kind: 'too-large', reason });
      default:
        return decisionOf({
          kind: 'pass',
          reason,
          isAnonymous: core.credential === Credential.ANONYMOUS,
        });
    }
  }

  /** @param {Decision['kind']} kind */
  #copyAnswer(kind) {
    const core = this.#core;
    return decisionOf({
      kind,
      source: SOURCES[/** @type {keyof typeof SOURCES} */ (core.source)],
      status: core.httpStatus,
      body: core.body.slice(),
      meta: core.meta,
      expiresAtMs: core.expiresAtMs,
      freshUntilMs: core.freshUntilMs,
      isKept: core.isKept,
      user: core.users[0] ?? null,
      reason: REASONS[core.reason],
    });
  }

  /**
   * A write on the document, from before it leaves for the origin until what it changed is applied
   * (SPEC R22).
   * @param {DocumentRequest} request
   * @returns {(answer: { httpStatus: number, body: Uint8Array | null }) => Promise<void>} to be called
   *   when the origin has answered, before the client is; `httpStatus` 0 if it did not, `body` null if
   *   it holds no document
   */
  beginWrite(request) {
    const { head } = request;
    const since = this.#shared?.log.position ?? null;
    const write = this.#core.beginWrite(head, this.#host.now());
    return async (answer) => {
      const now = this.#host.now();
      const action = this.#core.completeWrite(head, now, write, answer);
      const { users, lease } = this.#core;
      let document = this.#shared && this.#core.keptDocument;
      if (action === Action.FETCH) {
        const access = request.access ? await request.access() : {};
        const filling = this.#fill({ ...request, ...access, fresh: true }, lease, '');
        request.waitUntil(filling);
        const decision = await filling;
        if (decision?.user) users.push(decision.user);
        if (decision?.isKept && decision.source === 'origin') document = decision;
      }
      const succeeded = answer.httpStatus >= 200 && answer.httpStatus <= 299;
      if (succeeded || answer.httpStatus === 0) {
        // The core had no room to note whose document was held before a write that it does not track.
        const known = write === 0 ? [] : users;
        await this.#shared?.changed(head, known, document, succeeded ? since : null);
      }
    };
  }
}

/**
 * What is kept beside a body: of a document its validator, of a refusal the headers that explain it.
 * @param {Response} response
 * @param {string} etag
 */
function metaOf({ ok, status, headers }, etag) {
  if (status === 304) return etag;
  if (ok) return headers.get('etag') ?? '';
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return JSON.stringify(Object.fromEntries(kept));
}

/** @param {Uint8Array} body */
function isJsonObject(body) {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * @param {Partial<Decision> & Pick<Decision, 'kind'>} given
 * @returns {Decision}
 */
function decisionOf(given) {
  return {
    source: 'origin',
    isAnonymous: false,
    status: 0,
    body: NO_BYTES,
    meta: '',
    expiresAtMs: 0,
    freshUntilMs: 0,
    isKept: false,
    user: null,
    reason: REASONS[Reason.NONE],
    retryAfterMs: 0,
    originHeaders: null,
    ...given,
  };
}
