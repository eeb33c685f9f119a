// What a page asks over HTTP, and what the answers mean. With a worker the session's path is asked, which the worker
// answers; without one the document's, which the origin has.
//
// It must not know what the page has known before. Invariant: a failure is an error, never "nobody" (SPEC R13).
import { OriginUnavailableError } from '../../js_bindings/errors.js';

/** @typedef {import('./known-session.js').ClientSession} ClientSession */

/**
 * A session of the user, as `devices()` gives it.
 * @typedef {object} Device
 * @property {string} handle for `endDevice()`
 * @property {string | null} agent browser and system, such as `Firefox on Linux`; null: not known
 * @property {string} firstSeen ISO 8601
 * @property {string} lastSeen ISO 8601
 * @property {boolean} current the one of this browser
 */

/**
 * @typedef {object} RequestOptions
 * @property {string} documentPath
 * @property {string} sessionPath
 * @property {() => Record<string, string>} headers
 */

export class SessionRequests {
  #options;

  /** @param {RequestOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @returns {Promise<Response>} whatever its status
   * @throws {OriginUnavailableError} it could not be sent
   */
  async send(path, init) {
    const headers = { accept: 'application/json', ...this.#options.headers(), ...init.headers };
    return fetch(path, { credentials: 'same-origin', ...init, headers }).catch((cause) => {
      throw new OriginUnavailableError(1000, { cause });
    });
  }

  /**
   * Who is signed in?
   * @param {{ hasWorker: boolean, fresh: boolean }} how
   * @returns {Promise<ClientSession | null>} null: nobody
   * @throws {OriginUnavailableError} it cannot be said
   */
  async load({ hasWorker, fresh }) {
    const { sessionPath, documentPath } = this.#options;
    /** @type {RequestInit} */
    const init = { redirect: 'error' };
    if (fresh) Object.assign(init, { cache: 'reload', headers: { 'sesame-max-age': '0' } });
    const response = await this.send(hasWorker ? sessionPath : documentPath, init);
    if (!response.ok) {
      await response.body?.cancel();
      // The session's path says 401 of a session that has ended; of what it cannot say, 503.
      if (response.status === 401 || (!hasWorker && response.status === 403)) return null;
      throw unavailable(response);
    }
    const answer = await response.json().catch(() => {
      throw unavailable(response);
    });
    if (answer === null || (!hasWorker && namesNobody(answer))) return null;
    const stale = /\bsesame;desc=stale\b/.test(response.headers.get('server-timing') ?? '');
    return hasWorker ? { ...answer, stale } : { user: answer, expiresAt: null, stale };
  }

  /**
   * @param {string} path
   * @returns {Promise<Device[]>}
   * @throws {OriginUnavailableError} it cannot be said
   */
  async devices(path) {
    const response = await this.send(path, { redirect: 'error', cache: 'no-store' });
    if (response.status === 401) return [];
    const answer = response.ok ? await response.json().catch(() => null) : null;
    if (!Array.isArray(answer?.devices)) throw unavailable(response);
    return answer.devices;
  }

  /**
   * @param {string} path
   * @throws {OriginUnavailableError} it has to be repeated
   */
  async endDevices(path) {
    const response = await this.send(path, { method: 'DELETE' });
    await response.body?.cancel();
    // One that has ended already has ended.
    if (!response.ok && response.status !== 404) throw unavailable(response);
  }

  /**
   * Renews the tokens.
   * @param {string} path
   * @returns {Promise<{ expiresAt: string | null } | null>} null: the session has ended
   * @throws {OriginUnavailableError} they could not be renewed now
   */
  async refresh(path) {
    const response = await this.send(path, { method: 'POST' });
    if (response.status === 401 || response.status === 403) return null;
    if (!response.ok) throw unavailable(response);
    const answer = await response.json().catch(() => null);
    return { expiresAt: answer?.expiresAt ?? null };
  }
}

/** Whether an origin says "not signed in" with a success (rule R80). @param {any} document */
function namesNobody({ user, id, sub }) {
  return user === null && (id ?? sub ?? null) === null;
}

/** @param {Response} response */
function unavailable(response) {
  const seconds = Number(response.headers.get('retry-after'));
  const cause = new Error(response.ok ? 'no document' : `status ${response.status}`);
  return new OriginUnavailableError(seconds > 0 ? seconds * 1000 : 1000, { cause });
}
