// What the origin is asked about tokens: to exchange them, and to end the session that they prove (SPEC R20, R24,
// R25). It must not know which session they belong to, nor where they are kept.
// Invariants: it never rejects; an answer without an access token is one without tokens; what it gives to be handed on
// to a client has no token in it.
import { cookieOf, retryAfterMs } from '../origin/headers.js';
import { originCall } from '../origin/origin-call.js';
import { failureName } from '../util/failure-name.js';
import { valueAt } from '../util/json-pointer.js';

/** An answer that brings tokens is no longer than this. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** After the time that an exchange may take. */
const GRACE_MS = 100;

/** @typedef {import('../core/abi.js').Tokens} Tokens */

export const NO_TOKENS = Object.freeze({ access: '', refresh: '', accessExpiresAtMs: 0 });

/** What the origin says of a refresh token that it does not take any more, however it says it (RFC 6749 section 5.2). */
const REFUSED = 401;

/**
 * What came of an exchange. A `status` of 401: the origin does not take the token any more; of 0: it has said nothing
 * about it.
 * @typedef {object} Exchange
 * @property {number} status
 * @property {number} retryAfterMs
 * @property {Tokens} tokens
 * @property {string[]} setCookies what else the origin wants the client to keep: fields `Set-Cookie`
 */

/** The tokens could not be exchanged, which says nothing of the session. @type {Exchange} */
export const NOT_EXCHANGED = Object.freeze({
  ...{ status: 0, retryAfterMs: 0, tokens: NO_TOKENS, setCookies: [] },
});

/** Errors of OAuth that a 401 may name and that say nothing of the token (RFC 6749 section 5.2). */
const OTHER_ERRORS = new Set([
  ...['invalid_client', 'invalid_request', 'invalid_scope', 'server_error'],
  ...['temporarily_unavailable', 'unauthorized_client', 'unsupported_grant_type'],
]);

/** Members that hold tokens, wherever the options look for them; in lower case, without `_` and `-`. */
const TOKEN_MEMBERS = new Set(['accesstoken', 'refreshtoken', 'idtoken']);

const decoder = new TextDecoder();

export class TokenEndpoint {
  #origin;
  #managed;
  #cookieNames;
  #host;

  /**
   * @param {Pick<import('../options/options.js').ParsedOptions, 'origin' | 'managed' | 'cookie'>} options
   * @param {import('../host.js').Host} host
   */
  constructor({ origin, managed, cookie }, host) {
    this.#origin = origin;
    this.#managed = /** @type {import('../options/managed.js').ManagedOptions} */ (managed);
    this.#cookieNames = cookie;
    // A node that has stood still for all that time looks at the answer first that has come meanwhile.
    const sleep = async (/** @type {number} */ ms, /** @type {AbortSignal} */ signal) => {
      await host.sleep(ms, signal);
      await host.sleep(GRACE_MS, signal);
    };
    this.#host = { ...host, sleep };
  }

  /**
   * Redeems a refresh token.
   * @param {string} refreshToken
   * @returns {Promise<Exchange>}
   */
  async redeem(refreshToken) {
    const { refreshPath, refreshAs } = this.#managed;
    const start = this.#host.now();
    /** @type {string | undefined} */
    let failure;
    const onFailure = (/** @type {unknown} */ error) => {
      failure = failureName(error);
    };
    const reply = await this.#ask(refreshPath, refreshRequest(refreshAs, refreshToken), onFailure);
    const now = this.#host.now();
    const status = reply?.status ?? 0;
    this.#host.log({
      ...{ event: 'refresh', time: start, durationMs: now - start, status },
      ...(failure !== undefined && { failure }),
    });
    return this.#exchanged(reply, now);
  }

  /**
   * Ends a session at the origin, if it has a path for that.
   * @param {Pick<Tokens, 'access' | 'refresh'>} tokens that prove the session
   * @returns {Promise<string[]>} the fields `Set-Cookie` of its answer
   */
  async endSession({ access, refresh }) {
    const { logoutPath } = this.#managed;
    if (logoutPath === null || (access === '' && refresh === '')) return [];
    const token = access || (await this.redeem(refresh)).tokens.access;
    if (token === '') return [];
    const reply = await this.#ask(logoutPath, { headers: { authorization: `Bearer ${token}` } });
    return reply === null ? [] : this.otherCookies(reply.headers, NO_TOKENS);
  }

  /**
   * The cookies that the origin sets beside the tokens: none that Sesame has for itself, and none that is a token.
   * @param {Headers} headers of its answer
   * @param {Pick<Tokens, 'access' | 'refresh'>} tokens in that answer
   * @returns {string[]} fields `Set-Cookie`
   */
  otherCookies(headers, { access, refresh }) {
    const secrets = [access, refresh].filter((token) => token !== '');
    return headers.getSetCookie().filter((line) => {
      const { name, value } = cookieOf(line);
      return !this.#cookieNames.includes(name) && !secrets.includes(unquoted(value));
    });
  }

  /**
   * Whether an answer says nothing of tokens, and may be shown to a client: the first step of a login of two.
   * @param {Uint8Array | null} body null: it was too long to be read
   */
  isWithoutTokens(body) {
    if (body === null) return false;
    try {
      const { access, refresh } = this.tokensIn(body);
      return access === '' && refresh === '' && !hasToken(JSON.parse(decoder.decode(body)));
    } catch {
      return true; // a page, or nothing
    }
  }

  /**
   * The tokens in an answer of the origin.
   * @param {Uint8Array | null} body
   * @returns {Tokens} without an access token if there is none
   */
  tokensIn(body) {
    const { accessToken, refreshToken, expiresIn } = this.#managed;
    try {
      const answer = JSON.parse(decoder.decode(body ?? new Uint8Array()));
      const seconds = Number(valueAt(answer, expiresIn) ?? Number.NaN);
      return {
        access: textOf(valueAt(answer, accessToken)),
        refresh: textOf(valueAt(answer, refreshToken)),
        accessExpiresAtMs: seconds > 0 ? this.#host.now() + seconds * 1000 : 0,
      };
    } catch {
      return NO_TOKENS;
    }
  }

  /**
   * @param {import('../origin/origin-call.js').OriginReply | null} reply
   * @param {number} now
   * @returns {Exchange}
   */
  #exchanged(reply, now) {
    if (reply === null) return NOT_EXCHANGED;
    const { status, ok, headers, body } = reply;
    const failed = { ...NOT_EXCHANGED, retryAfterMs: retryAfterMs(headers, now) };
    if (body === null) return failed;
    if (!ok) {
      const isRefused = refusesToken(status, body);
      return { ...failed, status: isRefused ? REFUSED : saysNothing(status) };
    }
    const tokens = this.tokensIn(body);
    return { ...failed, status, tokens, setCookies: this.otherCookies(headers, tokens) };
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @param {(error: unknown) => void} [onFailure]
   */
  #ask(path, init, onFailure) {
    const { refreshTimeout: timeoutMs } = this.#managed;
    const limits = { timeoutMs, maxBytes: MAX_TOKEN_BYTES, onFailure };
    return originCall(this.#host, this.#origin + path, { ...init, method: 'POST' }, limits);
  }
}

/**
 * Whether a refusal is one of the refresh token (rule R24): `invalid_grant`, with whatever status it comes, or a 401 that
 * does not speak of something else, such as the client's own credentials (`invalid_client`).
 * @param {number} status
 * @param {Uint8Array} body
 */
function refusesToken(status, body) {
  if (status < 400 || status > 499) return false;
  /** @type {unknown} */
  let error;
  try {
    error = JSON.parse(decoder.decode(body))?.error;
  } catch {
    // It says no more than its status.
  }
  if (error === 'invalid_grant') return true;
  return status === REFUSED && !(typeof error === 'string' && OTHER_ERRORS.has(error));
}

/** A status as the core is to take it, which would end a session with some of them. @param {number} status */
function saysNothing(status) {
  return status === 429 || status >= 500 ? status : 0;
}

/** @param {unknown} value of JSON @returns {boolean} */
function hasToken(value) {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, each]) => {
    const isNamed = TOKEN_MEMBERS.has(name.toLowerCase().replace(/[_-]/g, ''));
    return (isNamed && typeof each === 'string' && each !== '') || hasToken(each);
  });
}

/** A cookie's value as those read it who decode. @param {string} value */
function unquoted(value) {
  const bare = value.replace(/^"(.*)"$/, '$1');
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'string' ? value : '';
}

/**
 * @param {'json' | 'form'} form
 * @param {string} refreshToken
 * @returns {RequestInit}
 */
function refreshRequest(form, refreshToken) {
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
  return form === 'form'
    ? { body: new URLSearchParams(fields) }
    : { body: JSON.stringify(fields), headers: { 'content-type': 'application/json' } };
}
