// Managed sessions: the browser has a session cookie and nothing else, the tokens stay in the core (SPEC
// R20, R21, R24, R25). Carries out logins, exchanges of tokens and logouts; knows nothing of documents but
// where the first one comes from.
// Invariants: a cookie that no node has made is looked for nowhere (R21); no token leaves towards a client; an exchange goes on when the client that caused it has
// gone, and there is one at a time for a session.
import { Action, Credential } from '../core/abi-constants.js';
import { endToEnd } from '../origin/headers.js';
import { GenuineCookies } from './genuine-cookies.js';
import { NO_TOKENS, TokenEndpoint } from './token-endpoint.js';

/** An exchange shows so often that it goes on. */
const BEAT_MS = 500;
/** One that has not shown it for so long has been dropped by its host. */
const SILENT_MS = 3000;
/** Of the time between two looks, no more counts: the whole node may have stood still. */
const MAX_LOOK_MS = 100;
/** A session that is found on another node, and held no more when it is needed, is looked for this often. */
const MAX_FINDS = 3;

/**
 * Who a request is to the origin:
 * - `token`: send `token` as its bearer
 * - `none`: it has a session cookie, but there is no such session
 * - `own`: it brings its own credential, or none
 * - `unavailable`: there is a session, but its tokens cannot be exchanged now
 * @typedef {object} Authorization
 * @property {'token' | 'none' | 'own' | 'unavailable'} kind
 * @property {string} token
 * @property {number} retryAfterMs
 * @property {number} expiresAtMs the absolute end of the session
 * @property {boolean} isNew it has just been exchanged
 * @property {string[]} setCookies what else the origin has set with the exchange: for the request that has led it
 */

/** @typedef {import('../core/abi.js').Tokens} Tokens */

/**
 * What came of a login.
 * @typedef {object} Begun
 * @property {number} status 200, or the status with which the login fails
 * @property {string} cookie the new session's
 * @property {Uint8Array} document
 * @property {string[]} setCookies what else the origin has set with its answer
 * @property {boolean} hasAccess its answer has an access token
 */

export class ManagedSessions {
  #core;
  #options;
  #endpoint;
  #host;
  #waiters;
  #shared;
  #changes;
  #cookies;
  /** Signs of life of each exchange, by its lease. @type {Map<number, number>} */
  #beats = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./waiters.js').Waiters} waiters
   * @param {import('../shared/documents.js').SharedSessions | null} shared what other nodes know, if there are
   *   any
   * @param {import('./session-changes.js').SessionChanges} changes
   * @param {import('../util/key-ring.js').KeyRing} ring
   */
  constructor(core, options, host, waiters, shared, changes, ring) {
    this.#core = core;
    this.#cookies = new GenuineCookies(ring, options.expiresIn);
    this.#options = options;
    this.#endpoint = new TokenEndpoint(options, host);
    this.#host = host;
    this.#waiters = waiters;
    this.#shared = shared;
    this.#changes = changes;
    if (shared !== null) {
      shared.tokens.endAtOrigin = async (tokens) => void (await this.#endpoint.endSession(tokens));
    }
  }

  /**
   * The token that stands for a request at the origin, exchanged if it has expired. Waits for an exchange
   * that is under way.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {(work: Promise<unknown>) => void} waitUntil
   * @param {{ rejected?: string, signal?: AbortSignal }} [options] `rejected`: a token that the origin has
   *   just refused
   * @returns {Promise<Authorization>}
   */
  async authorize(head, waitUntil, { rejected = '', signal } = {}) {
    const giveUpAt = this.#host.now() + this.#options.leaseFor;
    let found = await this.find(head);
    let finds = 1;
    let waited = 0;
    const watch = new Watch();
    for (let round = 0; ; ++round) {
      if (found === 'unavailable') return authorization('unavailable');
      const action = this.#core.authorizeSession(head, rejected, this.#host.now(), waited);
      if (action === Action.WAIT) {
        const { lease, deadlineMs } = this.#core;
        waited = lease;
        if (signal?.aborted || this.#host.now() >= giveUpAt) {
          this.#core.leaveWait(this.#host.now(), lease);
          return authorization('unavailable');
        }
        await this.#waiters.wait(lease, Math.min(deadlineMs, giveUpAt), round, signal);
        if (this.#isDropped(lease, watch)) this.#core.releaseFill(lease);
      } else if (action === Action.FETCH) {
        const { lease, bodyText } = this.#core;
        const exchange = this.#exchange(head, lease, rejected, bodyText, waitUntil);
        waitUntil(exchange);
        const result = await exchange;
        if (result !== null) return { ...result, isNew: true };
      } else if (action === Action.REFUSE && found === 'found') {
        // What was found may have made room for others meanwhile: that is no sign-out (R33).
        found = finds === MAX_FINDS ? 'unavailable' : await this.find(head);
        finds += 1;
      } else {
        return { ...this.#decided(action), isNew: round >= finds };
      }
    }
  }

  /**
   * Whether the request that leads an exchange has been dropped by its host: it shows no sign of life while others are
   * woken again and again. (Where requests share promises, none is dropped.)
   * @param {number} lease
   * @param {Watch} watch of the request that waits
   */
  #isDropped(lease, watch) {
    if (this.#host.sharesPromises) return false;
    const beats = this.#beats.get(lease);
    return beats !== undefined && watch.isSilent(this.#host.now(), lease, beats);
  }

  /**
   * Shows signs of life of an exchange, until it is over.
   * @param {number} lease
   * @param {AbortSignal} over
   */
  async #beat(lease, over) {
    if (this.#host.sharesPromises) return;
    for (let beats = 0; !over.aborted; beats += 1) {
      this.#beats.set(lease, beats);
      await this.#host.sleep(BEAT_MS, over);
    }
    this.#beats.delete(lease);
  }

  /** @param {number} action */
  #decided(action) {
    const { bodyText, expiresAtMs, retryAfterMs: retryAfter } = this.#core;
    switch (action) {
      case Action.SERVE:
        return authorization('token', { token: bodyText, expiresAtMs });
      case Action.REFUSE:
        return authorization('none');
      case Action.UNAVAILABLE:
        return authorization('unavailable', { retryAfterMs: retryAfter });
      default:
        return authorization('own');
    }
  }

  /**
   * Looks for the session of a request on the other nodes, if it is not here, or may have been ended there since. Never
   * rejects.
   * @param {import('../core/abi.js').RequestHead} head
   * @returns {Promise<'found' | 'none' | 'unavailable'>} `unavailable`: it is not known whether there is one
   */
  async find(head) {
    if (this.#shared === null) return 'none';
    const key = this.#core.sessionKey(head);
    if (key?.kind !== Credential.COOKIE) return 'none';
    const { tokens, log } = this.#shared;
    if (tokens.mayServe(key.key)) return 'found';
    const bornAtMs = this.birthOf(key.credential);
    if (bornAtMs === null) return 'none';
    return tokens.find(head, key.key, bornAtMs + this.#options.expiresIn - log.clock.offset);
  }

  /** When births are: the store's clock, where there is one. */
  #clock() {
    return this.#shared?.log.clock.time ?? this.#host.now();
  }

  /**
   * When the session of a cookie began, on the store's clock where there is one.
   * @param {string} cookie its value
   * @returns {number | null} null: no node has made it, or its session is over
   */
  birthOf(cookie) {
    return this.#cookies.birthOf(cookie, this.#clock());
  }

  /**
   * Exchanges a refresh token, once: here, and among all nodes.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {number} lease
   * @param {string} rejected
   * @param {string} refreshToken
   * @param {(work: Promise<unknown>) => void} waitUntil
   * @returns {Promise<Authorization | null>} null: it is not held any more
   */
  async #exchange(head, lease, rejected, refreshToken, waitUntil) {
    let isComplete = false;
    const over = new AbortController();
    this.#beat(lease, over.signal).catch(() => {});
    try {
      /** @type {string[]} */
      const setCookies = [];
      const outcome = await this.#exchanged(head, lease, rejected, refreshToken, setCookies);
      const exchange = exchangeOf(outcome);
      const action = this.#core.completeRefresh(this.#host.now(), lease, exchange);
      isComplete = true;
      const decided = action === Action.RETRY ? null : { ...this.#decided(action), setCookies };
      if (outcome.kind === 'tokens') {
        if (await this.#keep(head, outcome)) return decided;
        waitUntil(this.#endpoint.endSession(outcome.tokens)); // they are nobody's: the session has ended
        return null;
      }
      if (decided?.kind === 'none' && this.#shared !== null && outcome.kind === 'failed') {
        if (!outcome.isRefused) return null; // what is held has made room for others meanwhile
        await this.#changes.endElsewhere(head).catch(() => {}); // no node may try this token once more
      }
      return decided;
    } finally {
      over.abort();
      if (!isComplete) this.#core.releaseFill(lease);
      this.#waiters.wake(lease);
    }
  }

  /**
   * New tokens of a session are held now, also where their lease has been given to another request meanwhile.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {{ tokens: Tokens, version: number }} exchanged
   */
  async #keep(head, { tokens, version }) {
    if (this.#shared === null) return this.#core.exportSession(head, this.#host.now()) !== null;
    return this.#shared.tokens.keep(head, version, tokens);
  }

  /**
   * The tokens that a refresh token stands for: redeemed here, or by another node already. Without the store
   * it cannot be told who may redeem it, so nobody does: that signs nobody out (SPEC R24, R33).
   * @param {import('../core/abi.js').RequestHead} head
   * @param {number} lease
   * @param {string} rejected
   * @param {string} refreshToken
   * @param {string[]} setCookies is added what else the origin sets
   * @returns {Promise<import('../shared/tokens.js').Outcome>}
   */
  async #exchanged(head, lease, rejected, refreshToken, setCookies) {
    const redeem = async (/** @type {string} */ token) => {
      this.#core.askOrigin(this.#host.now(), lease);
      const exchange = await this.#endpoint.redeem(token);
      setCookies.push(...exchange.setCookies);
      return exchange;
    };
    const key = this.#core.sessionKey(head)?.key;
    if (this.#shared !== null && key !== undefined) {
      const giveUpAt = this.#host.now() + this.#options.leaseFor;
      return this.#shared.tokens.exchange(head, key, rejected, giveUpAt, redeem);
    }
    const { status, retryAfterMs, tokens } = await redeem(refreshToken);
    return tokens.access === ''
      ? { kind: 'failed', status, retryAfterMs, isRefused: false }
      : { kind: 'tokens', tokens, version: 0 };
  }

  /**
   * Begins a session with the tokens in the origin's answer to a login: asks for the document once, and
   * then the session exists (SPEC R20).
   * @param {{ headers: Headers, body: Uint8Array | null }} loginAnswer
   * @param {import('../core/abi.js').RequestHead} head of the request that logs in: its session ends
   * @param {(headers: Headers) => Promise<import('../core/abi.js').OriginAnswer>} askDocument
   * @param {string | null} [userAgent] of that request
   * @returns {Promise<Begun>}
   */
  async begin(loginAnswer, head, askDocument, userAgent = null) {
    const tokens = this.#endpoint.tokensIn(loginAnswer.body);
    if (tokens.access === '') return { ...failedLogin(502), hasAccess: false };
    const headers = new Headers({ authorization: `Bearer ${tokens.access}` });
    const bornAtMs = this.#host.now();
    await this.#shared?.log.catchUp();
    const since = this.#shared?.log.position ?? null;
    const askedAt = this.#core.sequence;
    const askedAtMs = this.#host.now();
    const answer = await askDocument(headers);
    if (answer.isRefusal) return failedLogin(401);
    if (answer.httpStatus !== 200) {
      return failedLogin(answer.httpStatus >= 400 ? answer.httpStatus : 503);
    }
    const cookie = this.#cookies.make(this.#clock(), this.#host.getRandomValues);
    const { tenant } = head;
    const times = { askedAt, askedAtMs, bornAtMs, since };
    const session = { tenant, cookie, tokens, answer, userAgent, ...times };
    const document = await this.#changes.begin(session);
    if (document === null) return failedLogin(503);
    const setCookies = this.#endpoint.otherCookies(loginAnswer.headers, tokens);
    return { status: 200, cookie, document, setCookies, hasAccess: true };
  }

  /**
   * Whether the origin's answer to a login is for the client: it begins no session, such as the first step of two.
   * @param {Uint8Array | null} body
   */
  isStepOfLogin(body) {
    return this.#endpoint.isWithoutTokens(body);
  }

  /**
   * The cookies of the origin's answer to a login that began no session.
   * @param {Headers} headers
   */
  otherCookies(headers) {
    return this.#endpoint.otherCookies(headers, NO_TOKENS);
  }

  /**
   * The newest tokens that prove a session at the origin, for who is about to end it. None if another node is exchanging
   * them: it will find that the session has ended. Never rejects.
   * @param {import('../core/abi.js').RequestHead} head
   * @returns {Promise<Pick<Tokens, 'access' | 'refresh'>>}
   */
  async lastTokensOf(head) {
    for (let finds = 0; finds < MAX_FINDS; finds += 1) {
      const found = await this.find(head);
      if (this.#options.managed?.logoutPath === null) return NO_TOKENS; // nobody needs them
      if (found === 'found' && !(await this.#shared?.tokens.claimLast(head))) return NO_TOKENS;
      const tokens = this.#tokensOf(head);
      // What was found may have made room for others meanwhile.
      if (tokens !== null || found !== 'found') return tokens ?? NO_TOKENS;
    }
    return NO_TOKENS;
  }

  /**
   * The tokens that prove a session at the origin: an access token that has not expired, or the refresh
   * token to have one. None while they are being exchanged.
   * @param {import('../core/abi.js').RequestHead} head
   * @returns {Pick<Tokens, 'access' | 'refresh'> | null} null: it is not held
   */
  #tokensOf(head) {
    const action = this.#core.authorizeSession(head, '', this.#host.now(), 0);
    const { bodyText, lease } = this.#core;
    switch (action) {
      case Action.SERVE:
        return { access: bodyText, refresh: '' };
      case Action.FETCH:
        this.#core.releaseFill(lease);
        return { access: '', refresh: bodyText };
      case Action.WAIT:
        this.#core.leaveWait(this.#host.now(), lease);
        break;
      case Action.REFUSE:
        return null;
    }
    return NO_TOKENS;
  }

  /**
   * How the document is asked for on behalf of a request: its token is looked up, and exchanged if need
   * be, only when the origin has to be asked.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {Headers} headers
   * @param {(work: Promise<unknown>) => void} waitUntil
   * @param {AbortSignal} [signal]
   * @returns {Promise<import('./document-calls.js').OriginAccess>}
   */
  async access(head, headers, waitUntil, signal) {
    const authorized = await this.authorize(head, waitUntil, { signal });
    const access = {
      headers: this.originHeaders(headers, authorized),
      isUnauthorized: authorized.kind === 'unavailable',
    };
    if (authorized.kind !== 'token') return access;
    const renew = async () => {
      const renewed = await this.authorize(head, waitUntil, { rejected: authorized.token });
      return {
        headers: this.originHeaders(headers, renewed),
        isUnauthorized: renewed.kind === 'unavailable',
      };
    };
    return { ...access, renew };
  }

  /**
   * Ends a session at the origin, if it has a path for that. Never rejects.
   * @param {Pick<Tokens, 'access' | 'refresh'>} tokens the session's, which are not kept here any more
   * @returns {Promise<string[]>} the fields `Set-Cookie` of its answer
   */
  endAtOrigin(tokens) {
    return this.#endpoint.endSession(tokens);
  }

  /**
   * The headers with which a request goes on to the origin: without the session cookie, which the origin never sees
   * (rule R42), and with the session's token if there is one.
   * @param {Headers} headers
   * @param {Authorization | null} authorized null: the request gets no token
   */
  originHeaders(headers, authorized) {
    const result = endToEnd(headers, { keepUpgrade: true });
    const kept = (headers.get('cookie') ?? '')
      .split(';')
      .filter((pair) => !this.#options.cookie.includes(pair.split('=', 1)[0].trim()))
      .join(';')
      .trim();
    if (kept) result.set('cookie', kept);
    else result.delete('cookie');
    if (authorized?.kind === 'token') result.set('authorization', `Bearer ${authorized.token}`);
    return result;
  }
}

/** What one request has seen of an exchange that another one leads. */
class Watch {
  #lease = 0;
  #beats = -1;
  #lookedAt = 0;
  #silentMs = 0;

  /**
   * Whether there has been no sign of life for too long.
   * @param {number} now
   * @param {number} lease
   * @param {number} beats
   */
  isSilent(now, lease, beats) {
    if (lease === this.#lease && beats === this.#beats) {
      this.#silentMs += Math.min(Math.max(0, now - this.#lookedAt), MAX_LOOK_MS);
    } else {
      this.#silentMs = 0;
    }
    this.#lease = lease;
    this.#beats = beats;
    this.#lookedAt = now;
    return this.#silentMs >= SILENT_MS;
  }
}

/**
 * As the core is told.
 * @param {import('../shared/tokens.js').Outcome} outcome
 */
function exchangeOf(outcome) {
  if (outcome.kind === 'tokens') {
    return { httpStatus: 200, retryAfterMs: 0, tokens: outcome.tokens };
  }
  if (outcome.kind === 'ended') return { httpStatus: 0, retryAfterMs: 0, tokens: NO_TOKENS };
  const { status: httpStatus, retryAfterMs } = outcome;
  return { httpStatus, retryAfterMs, tokens: NO_TOKENS };
}

/**
 * @param {number} status
 * @returns {Begun}
 */
function failedLogin(status) {
  return { status, cookie: '', document: new Uint8Array(), setCookies: [], hasAccess: true };
}

/**
 * @param {Authorization['kind']} kind
 * @param {Partial<Authorization>} [given]
 * @returns {Authorization}
 */
function authorization(kind, given) {
  const none = { token: '', retryAfterMs: 1000, expiresAtMs: 0, isNew: false, setCookies: [] };
  return { kind, ...none, ...given };
}
