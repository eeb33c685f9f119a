// Managed sessions: the browser has a session cookie and nothing else, the tokens stay in the core (SPEC
// R20, R21, R24, R25). Carries out logins, exchanges of tokens and logouts; knows nothing of documents but
// where the first one comes from.
// Invariants: no token leaves towards a client; an exchange goes on when the client that caused it has
// gone, and there is one at a time for a session.
import { Action, Credential } from '../core/abi-constants.js';
import { readBody } from '../origin/bodies.js';
import { endToEnd, retryAfterMs } from '../origin/headers.js';
import { valueAt } from '../util/json-pointer.js';

/** An answer that brings tokens is no longer than this. */
const MAX_TOKEN_BYTES = 64 * 1024;

const NO_TOKENS = Object.freeze({ access: '', refresh: '', accessExpiresAtMs: 0 });
const decoder = new TextDecoder();

/** The tokens could not be exchanged, which says nothing of the session. */
const FAILED = Object.freeze({
  answer: { ok: false, status: 0, body: null, retryAfterMs: 0 },
  tokens: NO_TOKENS,
});

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

/** @typedef {{ access: string, refresh: string, accessExpiresAtMs: number }} Tokens */

export class ManagedSessions {
  #core;
  #options;
  #managed;
  #host;
  #waiters;
  #shared;

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
    this.#managed = /** @type {import('../options/managed.js').ManagedOptions} */ (options.managed);
    this.#host = host;
    this.#waiters = waiters;
    this.#shared = shared;
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
    return this.#shared.tokens.find(head);
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
      const { answer, tokens } = await this.#exchanged(head, lease, refreshToken);
      const now = this.#host.now();
      const action = this.#core.completeRefresh(now, lease, {
        httpStatus: answer.status,
        retryAfterMs: answer.retryAfterMs,
        tokens,
      });
      isComplete = true;
      if (action !== Action.RETRY) return this.#decided(action);
      waitUntil(this.endAtOrigin(tokens)); // they are nobody's: the session has ended
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
   * @returns {Promise<{ answer: { ok: boolean, status: number, body: Uint8Array | null, retryAfterMs: number },
   *   tokens: Tokens }>}
   */
  async #exchanged(head, lease, refreshToken) {
    const shared = this.#shared;
    const redeem = () => {
      this.#core.askOrigin(this.#host.now(), lease);
      return this.#redeem(refreshToken);
    };
    if (shared === null) return redeem();
    const since = await shared.log.currentPosition();
    try {
      return await shared.tokens.hold(
        head,
        async (lock) => {
          const redeemed = await redeem();
          const isHere = this.#core.exportSession(head, this.#host.now()) !== null;
          if (redeemed.tokens.access === '' || !isHere) return redeemed;
          const { access, refresh, accessExpiresAtMs } = redeemed.tokens;
          const tokens = { access, refresh: refresh || refreshToken, accessExpiresAtMs };
          const isSaved = await shared.tokens.save(head, since, { lock, tokens });
          return isSaved ? redeemed : FAILED;
        },
        (session) => {
          // Where refresh tokens are not rotated, only the access token is another.
          const before = this.#core.exportSession(head, this.#host.now());
          if (before === null) return null;
          const isNew = session.refresh !== refreshToken || session.access !== before.access;
          return isNew
            ? { answer: { ...FAILED.answer, ok: true, status: 200 }, tokens: session }
            : null;
        },
      );
    } catch {
      return FAILED;
    }
  }

  /**
   * Redeems a refresh token. Never rejects.
   * @param {string} refreshToken
   */
  async #redeem(refreshToken) {
    const start = this.#host.now();
    const answer = await this.#ask(this.#managed.refreshPath, {
      ...refreshRequest(this.#managed.refreshAs, refreshToken),
      method: 'POST',
    });
    const now = this.#host.now();
    const { status } = answer;
    this.#host.log({ event: 'refresh', time: start, durationMs: now - start, status });
    return { answer, tokens: answer.ok ? this.#tokensIn(answer.body, now) : NO_TOKENS };
  }

  /**
   * Asks the origin for something that brings tokens. Never rejects.
   * @param {string} path
   * @param {RequestInit} init
   */
  async #ask(path, init) {
    const timeout = new AbortController();
    const done = new AbortController();
    const timer = this.#host.sleep(this.#managed.refreshTimeout, done.signal).then(() => {
      if (!done.signal.aborted) timeout.abort();
    });
    try {
      const response = await this.#host.fetch(this.#options.origin + path, {
        ...init,
        redirect: 'manual',
        signal: timeout.signal,
      });
      const body = await readBody(response.body, MAX_TOKEN_BYTES);
      return {
        ok: response.ok && body !== null,
        status: body === null ? 0 : response.status,
        body,
        retryAfterMs: retryAfterMs(response.headers, this.#host.now()),
      };
    } catch {
      return { ok: false, status: 0, body: null, retryAfterMs: 0 };
    } finally {
      done.abort();
      await timer;
    }
  }

  /**
   * The tokens in an answer of the origin.
   * @param {Uint8Array | null} body
   * @param {number} now
   * @returns {Tokens} without an access token if there is none
   */
  #tokensIn(body, now) {
    const { accessToken, refreshToken, expiresIn } = this.#managed;
    try {
      const answer = JSON.parse(decoder.decode(body ?? new Uint8Array()));
      const seconds = Number(valueAt(answer, expiresIn) ?? Number.NaN);
      return {
        access: textOf(valueAt(answer, accessToken)),
        refresh: textOf(valueAt(answer, refreshToken)),
        accessExpiresAtMs: seconds > 0 ? now + seconds * 1000 : 0,
      };
    } catch {
      return NO_TOKENS;
    }
  }

  /**
   * Begins a session with the tokens in the origin's answer to a login: asks for the document once, and
   * then the session exists (SPEC R20).
   * @param {Uint8Array | null} loginAnswer
   * @param {import('../core/abi.js').RequestHead} head of the request that logs in: its session ends
   * @param {(headers: Headers) => Promise<import('./engine.js').OriginAnswer>} askDocument
   * @returns {Promise<{ status: number, cookie: string, document: Uint8Array }>} status 200, the new
   *   session cookie and the document, or the status with which the login fails
   */
  async begin(loginAnswer, head, askDocument) {
    const tokens = this.#tokensIn(loginAnswer, this.#host.now());
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
    const cookie = this.#newCookie();
    const now = this.#host.now();
    const action = this.#core.beginSession(now, {
      askedAt,
      tenant: head.tenant,
      cookie,
      tokens,
      answer,
    });
    if (action !== Action.SERVE) return failedLogin(503);
    const document = this.#core.body.slice();
    const kept = this.#core.keptDocument;
    if (this.#shared !== null) {
      const begun = { tenant: head.tenant, cookie: `${this.#options.cookie[0]}=${cookie}` };
      const session = { ...begun, authorization: '' };
      await this.#shared.tokens.save(session, since);
      const { cacheControl } = answer;
      if (kept) await this.#shared.save(session, since, kept, { cacheControl, askedAtMs });
    }
    return { status: 200, cookie, document };
  }

  /** 256 random bits (SPEC R21). */
  #newCookie() {
    const bytes = this.#host.getRandomValues(new Uint8Array(32));
    const binary = String.fromCharCode(...bytes);
    return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
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
   * @returns {Promise<import('./engine.js').OriginAccess>}
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
   * Tells the origin that a session has ended, if it has a path for that. Never rejects.
   * @param {Pick<Tokens, 'access' | 'refresh'>} tokens the session's, gone from here
   */
  async endAtOrigin({ access, refresh }) {
    const { logoutPath } = this.#managed;
    if (logoutPath === null || (access === '' && refresh === '')) return;
    const token = access || (await this.#redeem(refresh)).tokens.access;
    if (token === '') return;
    await this.#ask(logoutPath, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
  }

  /**
   * The headers with which a request goes on to the origin: the token instead of the session cookie.
   * @param {Headers} headers
   * @param {Authorization} authorized
   */
  originHeaders(headers, authorized) {
    if (authorized.kind === 'own') return headers;
    const result = endToEnd(headers, { keepUpgrade: true });
    const kept = (headers.get('cookie') ?? '')
      .split(';')
      .filter((pair) => !this.#options.cookie.includes(pair.split('=', 1)[0].trim()))
      .join(';')
      .trim();
    if (kept) result.set('cookie', kept);
    else result.delete('cookie');
    if (authorized.kind === 'token') result.set('authorization', `Bearer ${authorized.token}`);
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

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'string' ? value : '';
}

/**
 * @param {'json' | 'form'} form
 * @param {string} refreshToken
 */
function refreshRequest(form, refreshToken) {
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
  return form === 'form'
    ? { body: new URLSearchParams(fields) }
    : { body: JSON.stringify(fields), headers: { 'content-type': 'application/json' } };
}
