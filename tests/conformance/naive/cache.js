// A session cache as applications have it that wrote their own: a Map, fetch, and a time to live. It is not
// meant to be bad, and each line of it can be found in real code; what it lacks is what nobody thinks of
// at first. It shows that the suite can fail.
import { clearedCookie, NaiveSessions } from './sessions.js';
import { isFromOrigin } from './webhook.js';

/** @typedef {{ user: any, at: number, expiresAt: number }} Entry */

export class NaiveCache {
  /**
   * @param {Record<string, any>} options named as in SPEC
   * @param {{ now: () => number }} host
   */
  constructor(options, { now }) {
    this.origin = options.origin;
    this.documentPath = options.documentPath ?? '/api/v1/users/me';
    this.sessionPath = options.sessionPath ?? '/api/auth/session';
    this.freshFor = milliseconds(options.freshFor ?? '30m');
    this.expiresIn = milliseconds(options.expiresIn ?? '30d');
    this.refusals = options.refusals ?? [401, 403];
    this.fields = options.fields ?? null;
    this.webhookSecret = options.webhookSecret ?? null;
    this.now = now;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    this.revoked = new Set();
    this.sessions = options.managed ? new NaiveSessions(options, { now }) : null;
  }

  /** @param {Request} request */
  async handle(request) {
    const { pathname } = new URL(request.url);
    try {
      const isRead = request.method === 'GET' || request.method === 'HEAD';
      if (pathname === this.documentPath && isRead) return await this.#document(request);
      if (pathname === this.sessionPath && isRead) {
        return Response.json(await this.getSession(request.headers));
      }
      if (pathname === '/api/auth/revoke' && this.webhookSecret) return await this.#revoke(request);
      if (this.sessions && request.method === 'POST') {
        if (pathname === '/api/auth/login') return await this.#login(request);
        if (pathname === '/api/auth/refresh') return await this.#refresh(request);
        if (pathname === '/api/auth/logout') return await this.#logout(request);
      }
      return await this.#through(request, pathname);
    } catch {
      return Response.json({ error: 'bad_gateway' }, { status: 502 });
    }
  }

  /**
   * @param {Headers} headers
   * @param {{ fresh?: boolean }} [options]
   * @returns {Promise<{ user: any, expiresAt: string } | null>}
   */
  async getSession(headers, { fresh = false } = {}) {
    if (credentialOf(headers) === null) return null;
    const entry = await this.#resolve(headers, fresh);
    if (entry instanceof Response) return null;
    return { user: entry.user, expiresAt: new Date(entry.expiresAt).toISOString() };
  }

  /** @param {Headers} headers @param {unknown} changes */
  async updateUser(headers, changes) {
    const sent = new Headers(headers);
    sent.set('content-type', 'application/json');
    const request = new Request(this.origin + this.documentPath, {
      method: 'PATCH',
      headers: sent,
      body: JSON.stringify(changes),
    });
    const response = await this.#through(request, this.documentPath);
    if (!response.ok) throw new Error(`The update failed with ${response.status}`);
    return this.getSession(headers);
  }

  /** @param {string | number} id */
  invalidateUser(id) {
    for (const [key, { user }] of this.entries) if (user.id === id) this.entries.delete(key);
  }

  /** @param {string | number} id */
  revokeUser(id) {
    for (const [key, { user }] of this.entries) {
      if (user.id !== id) continue;
      this.entries.delete(key);
      this.revoked.add(key);
      this.sessions?.delete(key);
    }
  }

  /** @param {Headers} headers */
  revoke(headers) {
    const key = credentialOf(headers);
    if (key === null) return;
    this.entries.delete(key);
    this.revoked.add(key);
  }

  /**
   * @param {Headers} headers
   * @param {boolean} [fresh]
   * @returns {Promise<Entry | Response>} the origin's answer if it is no document
   */
  async #resolve(headers, fresh = false) {
    const key = credentialOf(headers);
    if (key && this.revoked.has(key))
      return Response.json({ error: 'unauthorized' }, { status: 401 });
    const held = this.entries.get(key ?? '');
    if (held && !fresh && this.now() - held.at < this.freshFor) return held;

    const response = await fetch(this.origin + this.documentPath, {
      headers: await this.#originHeaders(headers),
    });
    if (!response.ok) {
      if (key && this.refusals.includes(response.status)) this.entries.delete(key);
      return response;
    }
    const document = await response.json();
    const user = this.fields ? pick(document, this.fields) : document;
    const entry = { user, at: this.now(), expiresAt: this.now() + this.expiresIn };
    if (key) this.entries.set(key, entry);
    return entry;
  }

  /** @param {Request} request */
  async #document({ headers }) {
    const entry = await this.#resolve(headers);
    if (entry instanceof Response) return relay(entry);
    return Response.json(entry.user, { headers: { 'cache-control': 'no-store' } });
  }

  /** Everything else is the origin's. @param {Request} request @param {string} path */
  async #through(request, path) {
    const { pathname, search } = new URL(request.url);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const response = await fetch(this.origin + pathname + search, {
      method: request.method,
      headers: await this.#originHeaders(request.headers),
      body: isRead ? undefined : await request.arrayBuffer(),
      redirect: 'manual',
    });
    const key = credentialOf(request.headers);
    // Whoever changes a profile sees the change.
    if (path === this.documentPath && !isRead && response.ok && key) this.entries.delete(key);
    if (path.endsWith('/logout') && response.ok && key) this.entries.delete(key);
    return relay(response);
  }

  /** @param {Headers} headers */
  async #originHeaders(headers) {
    const sent = new Headers(headers);
    for (const name of [
      'host',
      'connection',
      'content-length',
      'transfer-encoding',
      'keep-alive',
    ]) {
      sent.delete(name);
    }
    const token = await this.sessions?.accessToken(credentialOf(headers));
    if (token) sent.set('authorization', `Bearer ${token}`);
    return sent;
  }

  /** @param {Request} request */
  async #login(request) {
    const sessions = /** @type {NaiveSessions} */ (this.sessions);
    const { response, id, line } = await sessions.login(request);
    if (id === null) return relay(response);
    const headers = new Headers({ cookie: `${sessions.cookie}=${id}` });
    const session = await this.getSession(headers);
    return Response.json(session, { headers: { 'set-cookie': line } });
  }

  /** @param {Request} request */
  async #refresh(request) {
    const sessions = /** @type {NaiveSessions} */ (this.sessions);
    const ok = await sessions.refresh(credentialOf(request.headers));
    return Response.json({ ok }, { status: ok ? 200 : 401 });
  }

  /** @param {Request} request */
  async #logout({ headers }) {
    const sessions = /** @type {NaiveSessions} */ (this.sessions);
    const key = credentialOf(headers);
    await sessions.logout(key);
    if (key) this.entries.delete(key);
    return Response.json(null, { headers: { 'set-cookie': clearedCookie(sessions.cookie) } });
  }

  /** @param {Request} request */
  async #revoke(request) {
    const body = await request.text();
    const signature = request.headers.get('sesame-signature');
    if (!isFromOrigin(signature, body, this.webhookSecret, this.now())) {
      return Response.json({ error: 'bad_signature' }, { status: 401 });
    }
    const { action, user } = JSON.parse(body);
    if (action === 'revoke') this.revokeUser(user);
    else this.invalidateUser(user);
    return new Response(null, { status: 204 });
  }
}

/** @param {Headers} headers */
function credentialOf(headers) {
  const bearer = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '');
  const cookie = /(?:^|;\s*)(?:__Host-)?session=([^;]+)/.exec(headers.get('cookie') ?? '');
  return bearer?.[1] ?? cookie?.[1] ?? null;
}

/** @param {Response} response */
function relay(response) {
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  const { status } = response;
  const hasBody = ![204, 205, 304].includes(status);
  return new Response(hasBody ? response.body : null, { status, headers });
}

/** @param {Record<string, unknown>} document @param {string[]} fields */
function pick(document, fields) {
  return Object.fromEntries(
    fields.filter((name) => name in document).map((name) => [name, document[name]]),
  );
}

/** @param {number | string} duration */
export function milliseconds(duration) {
  if (typeof duration === 'number') return duration;
  const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return Number.parseFloat(duration) * units[/** @type {'s'} */ (duration.at(-1))];
}
