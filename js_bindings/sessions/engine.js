// Carries out what the core decides: asks the origin, waits, looks again. It decides nothing about
// sessions itself, and must not know of HTTP responses to clients.
// Invariants: every lease taken is completed or released; what the core points to is copied before the
// next call; a fill goes on when the client that caused it has gone (SPEC R9).
import { Action, CheckFlag, Reason } from '../core/abi-constants.js';
import { afterSetCookies, removeCookieEnds } from '../origin/session-cookies.js';
import { isRecord } from '../util/is-record.js';
import { copyDecision, decisionOf, REASONS } from './decision.js';
import { DocumentCalls } from './document-calls.js';
import { Histogram } from './histogram.js';

/** What leaders have been told is kept for so many leases. */
const MAX_LEADERS = 256;

/** A fill that is overtaken (R10) is begun anew this often. */
const MAX_ATTEMPTS = 5;

/** A session that is found on another node, and held no more when it is needed, is looked for this often. */
const MAX_LOOKS = 3;

const NO_BYTES = new Uint8Array();

const FOLLOWED = REASONS[Reason.FOLLOWED];
const UNKNOWN_SESSION = REASONS[Reason.UNKNOWN_SESSION];

/** @typedef {import('./document-request.js').DocumentRequest} DocumentRequest */
/** @typedef {import('./decision.js').Decision} Decision */

export class Engine {
  #core;
  #options;
  #host;
  #waiters;
  #shared;
  #changes;
  #wiring;
  /** Set by who makes the parts; null: none is verified. @type {import('./verified-tokens.js').VerifiedTokens | null} */
  tokens = null;
  /** How the origin is asked for the document. */
  calls;
  /** `Set-Cookie` fields that nobody has been told yet. @type {import('./kept-cookies.js').KeptCookies | null} */
  kept;
  /** What the origin has set in its answer to a lease, for those who wait for that. @type {Map<number, { lines: string[], until: number }>} */
  #leaders = new Map();
  /** How long checks and origin calls took. */
  times = { checks: new Histogram(), originCalls: new Histogram() };

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./waiters.js').Waiters} waiters
   * @param {import('../shared/documents.js').SharedSessions | null} shared what other nodes know, if there are
   *   any
   * @param {import('./session-changes.js').SessionChanges} changes
   * @param {import('./wiring.js').Wiring} wiring
   * @param {import('./kept-cookies.js').KeptCookies | null} kept null: this host is never told of cookies
   */
  constructor(core, options, host, waiters, shared, changes, wiring, kept) {
    this.kept = kept;
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#waiters = waiters;
    this.#shared = shared;
    this.#changes = changes;
    this.#wiring = wiring;
    this.calls = new DocumentCalls(options, host, () => this.times.originCalls, wiring);
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
    if (this.kept?.has(ownerOf(request))) await this.#deliver(request, decision);
    const durationMs = this.#host.now() - start;
    if (decision.isAnonymous) this.#wiring.noteCookies(request.head.cookie);
    if (!request.isEnding)
      this.noteCheck(start, durationMs, decision.kind, decision.source, decision.reason);
    return decision;
  }

  /**
   * Lets an answer from what is held carry what the origin has set where nobody could be told (R87).
   * @param {DocumentRequest} request
   * @param {Decision} decision
   */
  async #deliver({ dropsCookies, ...request }, decision) {
    const head = ownerOf(request);
    const isHeld = decision.kind === 'document' && decision.originHeaders === null;
    if (dropsCookies || !isHeld) return;
    const kept = (await this.kept?.claim(head, decision.body)) ?? null;
    if (kept === null) return;
    decision.setCookies.push(...kept.lines);
    if (kept.successor) this.#changes.succeed(head, kept.successor, { isDelivered: true });
  }

  /**
   * What the core has just decided, for who has asked it without `resolve`.
   * @param {number} action
   * @param {number} time
   * @returns {Decision}
   */
  decided(action, time) {
    const decision = copyDecision(this.#core, action);
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
    if (this.tokens !== null && !(await this.tokens.meet(request))) return endedDecision();
    if (!request.access) return this.#decide(request);
    const giveUpAt = this.#host.now() + this.#options.leaseFor;
    for (let look = 0; look < MAX_LOOKS && this.#host.now() < giveUpAt; look += 1) {
      const found = await request.find?.();
      if (found === 'unavailable') break;
      const decision = await this.#resolveManaged({ ...request, access: request.access });
      // What was found may have made room for others meanwhile: that is no sign-out (R33).
      if (found !== 'found' || decision.reason !== UNKNOWN_SESSION) return decision;
    }
    return this.#unavailable();
  }

  /**
   * @param {DocumentRequest & Required<Pick<DocumentRequest, 'access'>>} request
   * @returns {Promise<Decision>}
   */
  async #resolveManaged(request) {
    // What was found may be one more than its user may have.
    const crowdedOut = this.#changes.publishCrowdedOut();
    if (crowdedOut !== null) request.waitUntil(crowdedOut);
    // What is fresh needs no token.
    if (!request.fresh) {
      const action = this.#core.check(request.head, this.#host.now(), 0, CheckFlag.PEEK);
      if (action === Action.SERVE || action === Action.REFUSE)
        return copyDecision(this.#core, action);
      if (action === Action.SERVE_STALE) {
        // Answered at once (R6): the token that its refresh needs is found out behind the answer.
        const decision = copyDecision(this.#core, action);
        const { access, waitUntil } = request;
        const behind = { ...request, dropsCookies: true };
        waitUntil(access().then((found) => this.#decide({ ...behind, ...found })));
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
    let again = request.isEnding ? CheckFlag.AGAIN : 0;
    let attempts = 0;
    for (let round = 0; ; ++round) {
      if (!request.isEnding && this.#changes.isEnding(head)) await this.#changes.settled(head);
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
        const decision = copyDecision(this.#core, action);
        const { lease, meta } = this.#core;
        if (lease !== 0) {
          request.waitUntil(
            this.#fill({ ...request, dropsCookies: true, isHeld: true }, lease, meta),
          );
        }
        const { reason } = decision;
        if (reason === FOLLOWED) {
          decision.setCookies.push(...(this.#leaders.get(waited)?.lines ?? []));
        }
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
    const { head, further } = request;
    const shared = this.#shared;
    let isComplete = false;
    let release = async () => {};
    const isAccepted = shared !== null && this.#core.isAccepted(head, this.#host.now());
    let isThere = isAccepted;
    /** @type {import('./kept-cookies.js').Kept | null} */
    let undelivered = null;
    /** @type {import('../shared/documents.js').Claim | null} */
    let claim = null;
    try {
      if (shared !== null && request.fresh) {
        claim = await shared.findEnd(head);
      } else if (shared !== null) {
        claim = await shared.claim(head, (document) => {
          this.tokens?.accept(request);
          isComplete =
            this.#core.completeShared(this.#host.now(), lease, document) === Action.RETRY;
          if (isComplete) this.#changes.devices?.noteUser(head, document.user);
          return isComplete;
        });
        ({ release } = claim);
        isThere ||= claim.isThere || claim.isBusy;
      }
      if (claim?.isFilled) return ended(claim);
      const askedAtMs = this.#host.now();
      // A caller that has waited past the lease's end is not the one to ask any more (R9).
      if (!request.isUnauthorized && !this.#core.askOrigin(askedAtMs, lease)) return null;
      const since = shared?.log.position ?? null;
      const generation = shared?.log.generation;
      const owner = ownerOf(request);
      if (this.kept?.has(owner)) undelivered = await this.kept.claim(owner, null);
      const asking = afterCookies(request, undelivered, askedAtMs);
      let asked = await this.calls.ask(asking, etag);
      const isKnown = request.isHeard || isThere || this.#core.isAccepted(head, this.#host.now());
      if (asked.isDoubtful && isKnown) {
        // Only a second question makes sure that it is not the gateway that has failed (R80).
        if (!this.#core.askOrigin(this.#host.now(), lease)) return null;
        asked = await this.calls.ask(asking, etag);
      }
      if (undelivered !== null) asked.answer.endsAtMs = 0; // of another cookie than this request's
      shared?.log.noteAnswer(this.#host.now() - askedAtMs);
      if (shared !== null && !(await shared.log.covers(askedAtMs))) return null;
      if (generation !== shared?.log.generation) return null; // what happened meanwhile has been lost
      const answered = asked.headers?.getSetCookie() ?? [];
      const lines = [...(undelivered?.lines ?? []), ...answered];
      // The lease goes to whoever waits: what the origin has against a site, it has not against them (R12).
      if (asked.isForeign) return refusalOf(asked);
      const hasSid = !further && this.#options.sid !== null;
      const sid = hasSid ? await this.#sidOf(head, asked.answer) : null;
      if (sid === 'ended') return endedDecision();
      if (request.token && isAnswerOf(asked.answer)) {
        if (await this.tokens?.isOver(request, asked.answer.body)) return endedDecision();
        this.tokens?.accept(request);
      }
      const action = this.#core.completeFill(this.#host.now(), lease, asked.answer);
      isComplete = true;
      if (action === Action.RETRY) return null;
      const decision = copyDecision(this.#core, action);
      if (claim?.isAsked === false && decision.isKept) shared?.lookLater(head);
      if (hasSid && decision.isKept && asked.answer.httpStatus !== 304) {
        this.#changes.settleSid(head, sid);
      }
      decision.originHeaders = asked.headers;
      const hasFailed = decision.kind === 'unavailable' || decision.source === 'stale';
      this.calls.failure = hasFailed || decision.kind === 'answer' ? asked.failure : null;
      decision.failure = this.calls.failure;
      if (!further) this.#noteWiring(decision, asked, request.isHeld);
      if (!further && decision.kind === 'refusal') this.#core.tell('change', head);
      decision.setCookies = lines;
      // A "no" that depends on more than its key is not remembered (R4).
      if (asked.isUnkeyed && action === Action.REFUSE) this.#changes.dropRefusal(head);
      if (hasFailed) {
        // A failure signs nobody out, whatever cookies its page would set (R13).
        decision.originHeaders?.delete('set-cookie');
        decision.setCookies = [];
        return decision;
      }
      if (decision.kind === 'answer') {
        removeCookieEnds(decision.originHeaders, this.#options.cookie, this.#host.now());
        decision.setCookies = decision.originHeaders?.getSetCookie() ?? [];
        return decision;
      }
      const isTold = !request.dropsCookies && !request.signal?.aborted;
      const successor = asked.successor ?? undelivered?.successor ?? null;
      undelivered = null; // they are among the lines
      const isDocument = decision.kind === 'document';
      if (isDocument && decision.isKept && !further) this.#changes.noteSeen(request, decision);
      if (lines.length > 0) this.#noteLeader(lease, lines);
      if (isDocument && !isTold) {
        await this.#keep(request, { lines, successor }, decision.body);
        decision.setCookies = [];
      }
      const { cacheControl } = asked.answer;
      const isSucceeded =
        isDocument &&
        !further &&
        decision.isKept &&
        successor !== null &&
        this.#changes.succeed(head, successor, {
          ...{ isDelivered: isTold, since, cacheControl, askedAtMs, document: decision },
          saved: (saving) => {
            request.waitUntil(saving.then(release));
            release = async () => {};
          },
        });
      if (isSucceeded) return decision;
      // A refusal stands, whatever cookies come with it (R12).
      if (asked.changesCredential && decision.kind !== 'refusal') {
        if (isDocument && decision.isKept) this.#wiring.note('rotates');
        // The answer was for this credential, but it has been exchanged for another with it.
        const hasBeen = decision.kind === 'document' || isThere;
        await this.#changes.drop(further?.main ?? request, hasBeen).catch(() => {});
      } else if (shared !== null) {
        // What others hold for this credential is not true any more if it may not be kept here (R12, R15).
        if (decision.isKept) {
          // Whoever waits on another node gets it when this is done; whoever has asked here need not wait.
          const saved = shared.save(head, since, decision, { cacheControl, askedAtMs });
          request.waitUntil(saved.then(release));
          release = async () => {};
        } else if (isThere || (request.fresh && (await shared.load(head)) !== null)) {
          await this.#changes.dropElsewhere(head).catch(() => {});
        }
      }
      return decision;
    } finally {
      this.#waiters.wake(lease); // they look again once this is through, even if the next line throws
      await this.#keep(request, undelivered, NO_BYTES);
      if (!isComplete) this.#core.releaseFill(lease);
      await release();
    }
  }

  /**
   * What an answer says of how things are wired (R73, R81).
   * @param {Decision} decision
   * @param {import('./document-calls.js').DocumentReply} asked
   * @param {boolean} [isHeld] what is refreshed has been served
   */
  #noteWiring({ kind, source, isKept, user, body }, { answer, isUnkeyed }, isHeld) {
    if (kind === 'refusal' && isHeld) this.#wiring.noteUnheardEnd();
    if (kind !== 'document' || source !== 'origin') return;
    if (isKept && user === null) this.#wiring.noteNoUser(body);
    const forbids = !isUnkeyed && /\bno-store\b/i.test(answer.cacheControl);
    if (!isKept && forbids) this.#wiring.note('no-store');
  }

  /**
   * @param {DocumentRequest} request
   * @param {import('./kept-cookies.js').Kept | null} fields
   * @param {Uint8Array} document
   */
  async #keep(request, fields, document) {
    if (fields !== null) await this.kept?.keep(ownerOf(request), fields, document);
  }

  /**
   * Those who wait for a lease get what its holder has been told (R85).
   * @param {number} lease
   * @param {string[]} lines
   */
  #noteLeader(lease, lines) {
    const now = this.#host.now();
    this.#leaders.set(lease, { lines, until: now + this.#options.leaseFor });
    for (const [oldest, { until }] of this.#leaders) {
      if (now < until && this.#leaders.size <= MAX_LEADERS) break;
      this.#leaders.delete(oldest);
    }
  }

  /**
   * Asks the origin for a request that was to be passed to it, and keeps nothing.
   * @param {DocumentRequest} request
   * @returns {Promise<Decision>}
   */
  async askOnce(request) {
    this.#core.countPassed();
    const { answer, headers, failure } = await this.calls.ask(request, '');
    const { httpStatus, isRefusal, body, retryAfterMs: retryAfter } = answer;
    if (isRefusal || this.#options.refusals.includes(httpStatus))
      return refusalOf({ answer, headers });
    const retryAfterMs = Math.max(1000, retryAfter);
    const isWhole = httpStatus >= 200 && httpStatus <= 299 && httpStatus !== 206;
    return isWhole && isJsonObject(body)
      ? decisionOf({
          ...{ kind: 'document', status: httpStatus, body, originHeaders: headers },
          setCookies: headers?.getSetCookie() ?? [],
        })
      : decisionOf({ kind: 'unavailable', retryAfterMs, failure });
  }

  /**
   * Of an answer that may be held. What it is said of confirms it has a `sid` already.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {import('../core/abi.js').OriginAnswer} answer
   */
  async #sidOf(head, answer) {
    return isAnswerOf(answer) ? this.#changes.sidOf(head, answer.body) : null;
  }

  /**
   * A write on the document, from before it leaves for the origin until what it changed is applied
   * (SPEC R22).
   * @param {DocumentRequest} request
   * @returns {(answer: { httpStatus: number, body: Uint8Array<ArrayBuffer> | null }) => Promise<boolean>} to be called
   *   when the origin has answered, before the client is; `httpStatus` 0 if it did not, `body` null if
   *   it holds no document. True: the other nodes do not know of the change yet
   */
  beginWrite(request) {
    const write = this.#changes.beginWrite(request.head);
    return async ({ httpStatus, body }) => {
      // The client has the origin's own answer to its write: what does not fit is asked for anew.
      const answer = { httpStatus, body: body && (await this.calls.fit(body)) };
      /** @type {Decision | null} */
      let asked = null;
      const needs = write.complete(answer);
      if (needs !== 'nothing') {
        const { lease } = this.#core;
        const access = request.access ? await request.access() : {};
        const asking = { ...request, ...access, fresh: true, dropsCookies: true };
        const filling = needs === 'fill' ? this.#fill(asking, lease, '') : this.askOnce(asking);
        request.waitUntil(filling);
        asked = await filling;
      }
      return write.publish(answer, asked);
    };
  }
}

/**
 * What the store knows to have ended is refused, also where this node has no room to remember it (R8, R54).
 * @param {Pick<import('../shared/documents.js').Claim, 'isUnkept'>} found
 */
function ended({ isUnkept }) {
  return isUnkept ? endedDecision() : null;
}

/** The session has ended. */
function endedDecision() {
  const reason = REASONS[Reason.TOMBSTONE];
  return decisionOf({ kind: 'refusal', source: 'negative', status: 401, reason });
}

/** Whether the origin has answered a document. @param {import('../core/abi.js').OriginAnswer} answer */
function isAnswerOf({ httpStatus, isRefusal }) {
  return httpStatus >= 200 && httpStatus <= 299 && !isRefusal;
}

/**
 * Whose cookies come with an answer, whichever of his documents is asked for.
 * @param {Pick<DocumentRequest, 'head' | 'further'>} request
 */
function ownerOf({ head, further }) {
  return further?.main.head ?? head;
}

/**
 * The origin's "no", for the request alone that has asked it.
 * @param {Pick<import('./document-calls.js').DocumentReply, 'answer' | 'headers'>} reply
 */
function refusalOf({ answer: { httpStatus, body }, headers }) {
  return decisionOf({
    ...{ kind: 'refusal', status: httpStatus, body, originHeaders: headers },
    setCookies: headers?.getSetCookie() ?? [],
  });
}

/**
 * A request as its browser would have made it, had it been told of the cookies that are kept for it.
 * @param {DocumentRequest} request
 * @param {import('./kept-cookies.js').Kept | null} kept
 * @param {number} now
 * @returns {DocumentRequest}
 */
function afterCookies(request, kept, now) {
  if (kept === null) return request;
  return { ...request, headers: afterSetCookies(request.headers, kept.lines, now) };
}

/** @param {Uint8Array} body */
function isJsonObject(body) {
  try {
    return isRecord(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch {
    return false;
  }
}
