// Sessions with their tokens in a Map, as a back end for a browser's front end has them.
import { randomBytes } from 'node:crypto';

/** @typedef {{ access: string, refresh: string, expiresAt: number }} Tokens */

export class NaiveSessions {
  /**
   * @param {Record<string, any>} options
   * @param {{ now: () => number }} host
   */
  constructor({ origin, managed }, { now }) {
    this.origin = origin;
    this.managed = managed;
    this.now = now;
    this.cookie = '__Host-session';
    /** @type {Map<string, Tokens>} */
    this.tokens = new Map();
  }

  /** @param {string} id */
  delete(id) {
    this.tokens.delete(id);
  }

  /**
   * @param {Request} request
   * @returns {Promise<{ response: Response, id: string | null, line: string }>}
   */
  async login(request) {
    const response = await fetch(this.origin + this.managed.loginPath, {
      method: 'POST',
      headers: { 'content-type': request.headers.get('content-type') ?? 'application/json' },
      body: await request.arrayBuffer(),
    });
    if (!response.ok) return { response, id: null, line: '' };
    const id = randomBytes(32).toString('base64url');
    this.tokens.set(id, this.#tokensIn(await response.json()));
    const line = `${this.cookie}=${id}; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=2592000`;
    return { response, id, line };
  }

  /** @param {any} answer @returns {Tokens} */
  #tokensIn({ access_token, refresh_token, expires_in }) {
    return {
      access: access_token,
      refresh: refresh_token,
      expiresAt: this.now() + expires_in * 1000,
    };
  }

  /** @param {string | null} id */
  async accessToken(id) {
    const tokens = this.tokens.get(id ?? '');
    if (!tokens) return null;
    if (this.now() >= tokens.expiresAt) await this.refresh(id);
    return this.tokens.get(id ?? '')?.access ?? null;
  }

  /** @param {string | null} id */
  async refresh(id) {
    const tokens = this.tokens.get(id ?? '');
    if (!id || !tokens) return false;
    const response = await fetch(this.origin + this.managed.refreshPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant_type: 'refresh_token', refresh_token: tokens.refresh }),
    });
    if (!response.ok) {
      this.tokens.delete(id);
      return false;
    }
    const answer = await response.json();
    this.tokens.set(id, this.#tokensIn({ refresh_token: tokens.refresh, ...answer }));
    return true;
  }

  /** @param {string | null} id */
  async logout(id) {
    const tokens = this.tokens.get(id ?? '');
    if (!id || !tokens) return;
    if (this.managed.logoutPath) {
      await fetch(this.origin + this.managed.logoutPath, {
        method: 'POST',
        headers: { authorization: `Bearer ${tokens.access}` },
      });
    }
    this.tokens.delete(id);
  }
}

/** @param {string} name */
export function clearedCookie(name) {
  return `${name}=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0`;
}
