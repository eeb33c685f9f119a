// What the origin is asked about tokens: to exchange them, and to end the session that they prove (SPEC R20, R24,
// R25). It must not know which session they belong to, nor where they are kept.
// Invariant: it never rejects; an answer without an access token is one without tokens.
import { retryAfterMs } from '../origin/headers.js';
import { originCall } from '../origin/origin-call.js';
import { valueAt } from '../util/json-pointer.js';

/** An answer that brings tokens is no longer than this. */
const MAX_TOKEN_BYTES = 64 * 1024;

/** After the time that an exchange may take. */
const GRACE_MS = 100;

/** @typedef {import('../core/abi.js').Tokens} Tokens */

export const NO_TOKENS = Object.freeze({ access: '', refresh: '', accessExpiresAtMs: 0 });

/**
 * What came of an exchange. A `status` of 0: there was no answer.
 * @typedef {{ status: number, retryAfterMs: number, tokens: Tokens }} Exchange
 */

/** The tokens could not be exchanged, which says nothing of the session. @type {Exchange} */
export const NOT_EXCHANGED = Object.freeze({ status: 0, retryAfterMs: 0, tokens: NO_TOKENS });

const decoder = new TextDecoder();

export class TokenEndpoint {
  #origin;
  #managed;
  #host;

  /**
   * @param {string} origin
   * @param {import('../options/managed.js').ManagedOptions} managed
   * @param {import('../host.js').Host} host
   */
  constructor(origin, managed, host) {
    this.#origin = origin;
    this.#managed = managed;
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
    const reply = await this.#ask(refreshPath, refreshRequest(refreshAs, refreshToken));
    const now = this.#host.now();
    const exchange = this.#exchanged(reply, now);
    const { status } = exchange;
    this.#host.log({ event: 'refresh', time: start, durationMs: now - start, status });
    return exchange;
  }

  /**
   * Ends a session at the origin, if it has a path for that.
   * @param {Pick<Tokens, 'access' | 'refresh'>} tokens that prove the session
   */
  async endSession({ access, refresh }) {
    const { logoutPath } = this.#managed;
    if (logoutPath === null || (access === '' && refresh === '')) return;
    const token = access || (await this.redeem(refresh)).tokens.access;
    if (token === '') return;
    await this.#ask(logoutPath, { headers: { authorization: `Bearer ${token}` } });
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
    const retryAfter = retryAfterMs(headers, now);
    if (body === null) return { ...NOT_EXCHANGED, retryAfterMs: retryAfter };
    return { status, retryAfterMs: retryAfter, tokens: ok ? this.tokensIn(body) : NO_TOKENS };
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  #ask(path, init) {
    const limits = { timeoutMs: this.#managed.refreshTimeout, maxBytes: MAX_TOKEN_BYTES };
    return originCall(this.#host, this.#origin + path, { ...init, method: 'POST' }, limits);
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
