// Who is logged in at the example origin: access tokens (signed, with an end), refresh tokens
// (each used once) and session cookies.
//
// It must not know HTTP, and reads no clock: the time is an argument. Invariant: a credential
// opens the session it was made for until it expires or that session is logged out.
import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

const COOKIE_LIFE_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * @typedef {{ access_token: string, refresh_token: string, token_type: 'Bearer',
 *   expires_in: number }} Tokens
 * @typedef {{ userId: string, refreshToken: string | null, endsAt: number }} Session
 */

const base64url = (/** @type {string} */ text) => Buffer.from(text).toString('base64url');

export class Sessions {
  #secret = randomBytes(32);
  /** @type {Map<string, Session>} session identifier (a cookie's value is one) to session */
  #sessions = new Map();
  /** @type {Map<string, string>} refresh token to session identifier */
  #refreshTokens = new Map();

  /**
   * A login that answers with tokens.
   * @param {string} userId @param {number} lifeMs @param {number} now
   * @returns {Tokens}
   */
  openWithTokens(userId, lifeMs, now) {
    const id = randomUUID();
    this.#sessions.set(id, { userId, refreshToken: null, endsAt: Infinity });
    return this.#issue(id, lifeMs, now);
  }

  /**
   * A login that answers with a cookie.
   * @param {string} userId @param {number} now
   * @returns {string} the cookie's value
   */
  openWithCookie(userId, now) {
    const id = randomBytes(32).toString('base64url');
    this.#sessions.set(id, { userId, refreshToken: null, endsAt: now + COOKIE_LIFE_MS });
    return id;
  }

  /**
   * Exchanges a refresh token, which is gone afterwards.
   * @param {unknown} refreshToken @param {number} lifeMs @param {number} now
   * @returns {Tokens | null}
   */
  refresh(refreshToken, lifeMs, now) {
    if (typeof refreshToken !== 'string') return null;
    const id = this.#refreshTokens.get(refreshToken);
    return id === undefined ? null : this.#issue(id, lifeMs, now);
  }

  /**
   * @param {{ bearer: string | null, cookie: string | null }} credential @param {number} now
   * @returns {string | null} the session's identifier
   */
  find({ bearer, cookie }, now) {
    const id = bearer === null ? cookie : this.#verify(bearer, now);
    const session = id === null ? undefined : this.#sessions.get(id);
    return id !== null && session !== undefined && now < session.endsAt ? id : null;
  }

  /** @param {string} id @returns {string | null} */
  userOf(id) {
    return this.#sessions.get(id)?.userId ?? null;
  }

  /** @param {string} id */
  end(id) {
    const session = this.#sessions.get(id);
    if (session?.refreshToken) this.#refreshTokens.delete(session.refreshToken);
    this.#sessions.delete(id);
  }

  clear() {
    this.#sessions.clear();
    this.#refreshTokens.clear();
  }

  /** @param {string} id @param {number} lifeMs @param {number} now @returns {Tokens} */
  #issue(id, lifeMs, now) {
    const session = /** @type {Session} */ (this.#sessions.get(id));
    if (session.refreshToken) this.#refreshTokens.delete(session.refreshToken);
    session.refreshToken = randomBytes(32).toString('base64url');
    this.#refreshTokens.set(session.refreshToken, id);
    const life = Math.max(1, Math.round(lifeMs / 1000));
    const issuedAt = Math.floor(now / 1000);
    const claims = { sub: session.userId, sid: id, jti: randomUUID(), iat: issuedAt };
    const header = base64url('{"alg":"HS256","typ":"JWT"}');
    const payload = base64url(JSON.stringify({ ...claims, exp: issuedAt + life }));
    const signed = `${header}.${payload}`;
    return {
      access_token: `${signed}.${this.#sign(signed).toString('base64url')}`,
      refresh_token: session.refreshToken,
      token_type: 'Bearer',
      expires_in: life,
    };
  }

  /** @param {string} text */
  #sign(text) {
    return createHmac('sha256', this.#secret).update(text).digest();
  }

  /** @param {string} token @param {number} now @returns {string | null} */
  #verify(token, now) {
    const [header, payload, signature, ...rest] = token.split('.');
    if (!payload || !signature || rest.length > 0) return null;
    const given = Buffer.from(signature, 'base64url');
    const wanted = this.#sign(`${header}.${payload}`);
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return now < claims.exp * 1000 ? claims.sid : null;
  }
}
