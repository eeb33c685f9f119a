// A logout that the origin has not heard of (SPEC R25): it has succeeded on the device, and is repeated until the
// origin has heard it. Until then, nobody is signed in here, whatever the cookies say.
//
// It must not know what is held, nor where the logout is kept. Invariant: one repetition at a time, and a new one no
// sooner than `RETRY_MS` after the last began.
import { jsonResponse } from '../js_bindings/http/responses.js';

const RETRY_MS = 5000;

/** What an origin answers a logout with when nobody is signed in, or it keeps no sessions. */
const ENDED = [401, 404, 410];

/** @typedef {import('./sealed-storage.js').LogoutRecord} LogoutRecord */

/**
 * What an origin's answer to a logout means.
 * - `ended`: nobody is signed in there
 * - `refused`: whoever was signed in still is
 * - `unheard`: it could not be reached, or it failed
 * @param {Response | null} response null: there was none
 * @returns {'ended' | 'refused' | 'unheard'}
 */
export function outcomeOf(response) {
  const status = response?.status ?? 500;
  if (status >= 500) return 'unheard';
  return status < 400 || ENDED.includes(status) ? 'ended' : 'refused';
}

export class PendingLogout {
  #now;
  #onHeard;
  /** @type {LogoutRecord | null} */
  #record = null;
  /** @type {Promise<void> | null} */
  #repeating = null;
  #triedAtMs = 0;

  /**
   * @param {() => number} now
   * @param {() => Promise<unknown>} onHeard the origin has heard it: calls `replace(null)`
   */
  constructor(now, onHeard) {
    this.#now = now;
    this.#onHeard = onHeard;
  }

  get isPending() {
    return this.#record !== null;
  }

  get record() {
    return this.#record;
  }

  /** @param {LogoutRecord | null} record null: there is none any more */
  replace(record) {
    this.#record = record;
  }

  /** Tells the origin, if there is something to tell and it is time. Never rejects. */
  async repeat() {
    const now = this.#now();
    if (this.#record !== null && now - this.#triedAtMs >= RETRY_MS) {
      this.#triedAtMs = now;
      this.#repeating = this.#send(this.#record).finally(() => {
        this.#repeating = null;
      });
    }
    await this.#repeating;
  }

  /** @param {LogoutRecord} record */
  async #send({ url }) {
    /** @type {RequestInit} */
    const init = { method: 'POST', credentials: 'include', redirect: 'manual' };
    const response = await fetch(url, init).catch(() => null);
    const isDone = response?.ok || response?.type === 'opaqueredirect';
    if (isDone || ENDED.includes(response?.status ?? 0)) await this.#onHeard();
  }
}

/**
 * What a page is told while a logout is pending.
 * @param {boolean} isSession whether it asks for the session, not for the document
 */
export function signedOutResponse(isSession) {
  const [status, value] = isSession ? [200, null] : [401, { error: 'signed_out' }];
  return jsonResponse(status, value, [['server-timing', 'sesame;desc=negative']]);
}
