// Managed sessions: the browser has a session cookie and nothing else, the tokens stay in the core (SPEC
// R20, R21, R24, R25). Carries out logins, exchanges of tokens and logouts; knows nothing of documents but
// where the first one comes from.
// Invariants: a cookie that no node has made is looked for nowhere (R21); no token leaves towards a client; an exchange goes on when the client that caused it has
// gone, and there is one at a time for a session.
import { Action, Credential } from '../core/abi-constants.js';
import { endToEnd } from '../origin/headers.js';
import { GenuineCookies } from './genuine-cookies.js';
import { NO_TOKENS, NOT_EXCHANGED, TokenEndpoint } from './token-endpoint.js';

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
 */

/** @typedef {import('../core/abi.js').Tokens} Tokens */

export class ManagedSessions {
  #core;
  #options;
  #endpoint;
  #host;
  #waiters;
  #shared;
  #changes;
  #cookies;

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
    const managed = /** @type {import('../options/managed.js').ManagedOptions} */ (options.managed);
    this.#endpoint = new TokenEndpoint(options.origin, managed, host);
    this.#host = host;
    this.#waiters = waiters;
    this.#shared = shared;
    this.#changes = changes;
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
    let waited = 0;
    if ((await this.find(head)) === 'unavailable') return authorization('unavailable');
    for (let round = 0; ; ++round) {
      const action = this.#core.authorizeSession(head, rejected, this.#host.now(), waited);
      if (action === Action.WAIT) {
        const { lease, deadlineMs } = this.#core;
        waited = lease;
        if (signal?.aborted) return authorization('unavailable');
        await this.#waiters.wait(lease, deadlineMs, round, signal);
      } else if (action === Action.FETCH) {
        const { lease, bodyText } = this.#core;
        const exchange = this.#exchange(head, lease, bodyText, waitUntil);
        waitUntil(exchange);
        const result = await exchange;
        if (result !== null) return { ...result, isNew: true };
      } else {
        return { ...this.#decided(action), isNew: round > 0 };
      }
    }
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
   * Looks for the session of a request on the other nodes, if it is not here. Never rejects.
   * @param {import('../core/abi.js').RequestHead} head
   * @returns {Promise<'found' | 'none' | 'unavailable'>}
   */
  async find(head) {
    if (this.#shared === null) return 'none';
    const key = this.#core.sessionKey(head);
    if (key?.kind !== Credential.COOKIE) return 'none';
    if (this.#core.exportSession(head, this.#host.now()) !== null) return 'found';
    if (this.birthOf(key.credential) === null) return 'none';
    return this.#shared.tokens.find(head);
  }

  /** When births are: the store's clock, where there is one. */
  #clock() {
    return this.#host.now() + (this.#shared?.log.clockOffset ?? 0);
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
   * @param {string} refreshToken
   * @param {(work: Promise<unknown>) => void} waitUntil
   * @returns {Promise<Authorization | null>} null: the session ended meanwhile
   */
  async #exchange(head, lease, refreshToken, waitUntil) {
    let isComplete = false;
    try {
      const { status, retryAfterMs, tokens } = await this.#exchanged(head, lease, refreshToken);
      const exchange = { httpStatus: status, retryAfterMs, tokens };
      const action = this.#core.completeRefresh(this.#host.now(), lease, exchange);
      isComplete = true;
      if (action !== Action.RETRY) return this.#decided(action);
      waitUntil(this.#endpoint.endSession(tokens)); // they are nobody's: the session has ended
      return null;
    } finally {
      if (!isComplete) this.#core.releaseFill(lease);
      this.#waiters.wake(lease);
    }
  }

  /**
   * The tokens that a refresh token stands for: redeemed here, or by another node already. Without the store
   * it cannot be told who may redeem it, so nobody does: that signs nobody out (SPEC R24, R33).
   * @param {import('../core/abi.js').RequestHead} head
   * @param {number} lease
   * @param {string} refreshToken
   * @returns {Promise<import('./token-endpoint.js').Exchange>}
   */
  async #exchanged(head, lease, refreshToken) {
    const shared = this.#shared;
    const redeem = () => {
      this.#core.askOrigin(this.#host.now(), lease);
      return this.#endpoint.redeem(refreshToken);
    };
    if (shared === null) return redeem();
    const since = await shared.log.currentPosition();
    try {
      return await shared.tokens.hold(
        head,
        async (lock, turn) => {
          const redeemed = await redeem();
          const isHere = this.#core.exportSession(head, this.#host.now()) !== null;
          if (redeemed.tokens.access === '' || !isHere) return redeemed;
          const { access, refresh, accessExpiresAtMs } = redeemed.tokens;
          const tokens = { access, refresh: refresh || refreshToken, accessExpiresAtMs };
          const isSaved = await shared.tokens.save(head, since, { lock, turn, tokens });
          return isSaved ? redeemed : NOT_EXCHANGED;
        },
        (session) => {
          // Where refresh tokens are not rotated, only the access token is another.
          const before = this.#core.exportSession(head, this.#host.now());
          if (before === null) return null;
          const isNew = session.refresh !== refreshToken || session.access !== before.access;
          return isNew ? { status: 200, retryAfterMs: 0, tokens: session } : null;
        },
      );
    } catch {
      return NOT_EXCHANGED;
    }
  }

  /**
   * Begins a session with the tokens in the origin's answer to a login: asks for the document once, and
   * then the session exists (SPEC R20).
   * @param {Uint8Array | null} loginAnswer
   * @param {import('../core/abi.js').RequestHead} head of the request that logs in: its session ends
   * @param {(headers: Headers) => Promise<import('../core/abi.js').OriginAnswer>} askDocument
   * @returns {Promise<{ status: number, cookie: string, document: Uint8Array }>} status 200, the new
   *   session cookie and the document, or the status with which the login fails
   */
  async begin(loginAnswer, head, askDocument) {
    const tokens = this.#endpoint.tokensIn(loginAnswer);
    if (tokens.access === '') return failedLogin(502);
    const headers = new Headers({ authorization: `Bearer ${tokens.access}` });
    await this.#shared?.log.catchUp();
    const since = this.#shared?.log.position ?? null;
    const askedAt = this.#core.sequence;
    const askedAtMs = this.#host.now();
    const answer = await askDocument(headers);
    if (answer.httpStatus !== 200) {
      return failedLogin(answer.httpStatus >= 400 ? answer.httpStatus : 503);
    }
    const cookie = this.#cookies.make(this.#clock(), this.#host.getRandomValues);
    const { tenant } = head;
    const session = { tenant, cookie, tokens, answer, askedAt, askedAtMs, since };
    const document = await this.#changes.begin(session);
    if (document === null) return failedLogin(503);
    return { status: 200, cookie, document };
  }

  /**
   * The tokens that prove a session at the origin: an access token that has not expired, or the refresh
   * token to have one. None while they are being exchanged.
   * @param {import('../core/abi.js').RequestHead} head
   * @returns {Pick<Tokens, 'access' | 'refresh'>}
   */
  tokensOf(head) {
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

/** @param {number} status */
function failedLogin(status) {
  return { status, cookie: '', document: new Uint8Array() };
}

/**
 * @param {Authorization['kind']} kind
 * @param {Partial<Authorization>} [given]
 * @returns {Authorization}
 */
function authorization(kind, given) {
  return { kind, token: '', retryAfterMs: 1000, expiresAtMs: 0, isNew: false, ...given };
}
