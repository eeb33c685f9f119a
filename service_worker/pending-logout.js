// Logouts that the origin has not heard of (rule R25): they have succeeded on the device, and are repeated until the
// origin has heard them. Until then, their credentials have no session here; every other has.
//
// It must not know what is held, nor where logouts are kept. Invariants: one repetition at a time, and a new one no
// sooner than `RETRY_MS` after the last began; what is sent goes to the option `logoutPath` of the worker's own origin
// or its API's, and nowhere else (rule R61).
import { jsonResponse } from '../js_bindings/http/responses.js';

const RETRY_MS = 5000;

/** An origin that does not answer is one that cannot be reached. */
const MAX_WAIT_MS = 10_000;

/** The oldest of more tokens is not repeated: who holds so many is no browser's user. */
const MAX_RECORDS = 16;

/** What an origin answers a logout with when there is no such session, or it keeps none. */
const ENDED = [401, 404, 410];

/** Of these it says only that there is no such path. */
const NO_SUCH_PATH = [404, 410];

/** @typedef {import('./sealed-storage.js').LogoutRecord} LogoutRecord */

/**
 * Whose logout it is, whatever cookies go with a token.
 * @typedef {{ authorization: string | null, hasCookies?: boolean }} Credential
 */

/** @param {Credential} credential */
function keyOf({ authorization, hasCookies = true }) {
  if (authorization !== null) return `token ${authorization}`;
  return hasCookies ? 'cookies' : '';
}

/**
 * What an origin's answer to a logout means.
 * - `ended`: there is no such session any more
 * - `refused`: it goes on
 * - `unheard`: it could not be reached, or it failed
 * @param {Response | null} response null: there was none
 * @returns {'ended' | 'refused' | 'unheard'}
 */
export function outcomeOf(response) {
  const status = response?.status ?? 500;
  if (status >= 500) return 'unheard';
  return status < 400 || ENDED.includes(status) ? 'ended' : 'refused';
}

export class PendingLogouts {
  #options;
  #now;
  #onHeard;
  /** @type {Map<string, LogoutRecord>} */
  #records = new Map();
  /** @type {Promise<unknown> | null} */
  #repeating = null;
  #triedAtMs = 0;

  /**
   * @param {object} parts
   * @param {Pick<import('./options.js').ParsedWorkerOptions, 'logoutPath' | 'ownOrigin' | 'parsed'>} parts.options
   * @param {() => number} parts.now
   * @param {(record: LogoutRecord) => Promise<unknown>} parts.onHeard the origin has heard one, which is pending no
   *   more
   */
  constructor({ options, now, onHeard }) {
    this.#options = options;
    this.#now = now;
    this.#onHeard = onHeard;
  }

  /**
   * Whether the session of a credential has ended here alone.
   * @param {Credential} credential
   */
  has(credential) {
    return this.#records.has(keyOf(credential));
  }

  /** @returns {LogoutRecord[]} */
  get records() {
    return [...this.#records.values()];
  }

  /** These are pending, and no others. @param {readonly LogoutRecord[]} records */
  replace(records) {
    this.#records.clear();
    for (const record of records) this.add(record);
  }

  /** @param {LogoutRecord} record */
  add(record) {
    this.#records.set(keyOf(record), record);
    if (this.#records.size <= MAX_RECORDS) return;
    const oldest = this.records.find(({ authorization }) => authorization !== null);
    if (oldest) this.#records.delete(keyOf(oldest));
  }

  /** @param {Credential} [credential] default: the device's cookies */
  delete(credential = { authorization: null }) {
    this.#records.delete(keyOf(credential));
  }

  /**
   * Tells the origin, if there is something to tell and it is time. Never rejects.
   * @param {boolean} [isUrgent] whether it is time in any case
   */
  async repeat(isUrgent = false) {
    const now = this.#now();
    const isTime = isUrgent || now - this.#triedAtMs >= RETRY_MS;
    if (this.#records.size > 0 && isTime && this.#repeating === null) {
      this.#triedAtMs = now;
      this.#repeating = Promise.all(this.records.map((record) => this.#send(record))).finally(
        () => {
          this.#repeating = null;
        },
      );
    }
    await this.#repeating;
  }

  /** @param {LogoutRecord} record */
  async #send(record) {
    const { authorization, isForApi, isOtherPath } = record;
    const { ownOrigin, parsed, logoutPath } = this.#options;
    const url = (isForApi ? parsed.origin : ownOrigin) + logoutPath;
    /** @type {RequestInit} */
    const init = { method: 'POST', redirect: 'manual', signal: AbortSignal.timeout(MAX_WAIT_MS) };
    // With a token go no cookies: they may be another user's by now.
    const sent =
      authorization === null
        ? fetch(url, { ...init, credentials: 'include' })
        : fetch(url, { ...init, credentials: 'omit', headers: { authorization } });
    const response = await sent.catch(() => null);
    const { ok = false, type = '', status = 0 } = response ?? {};
    const said = ENDED.includes(status) && !(isOtherPath && NO_SUCH_PATH.includes(status));
    if (!ok && type !== 'opaqueredirect' && !said) return;
    if (this.#records.get(keyOf(record)) !== record) return;
    this.#records.delete(keyOf(record));
    await this.#onHeard(record);
  }
}

/**
 * What a page is told whose logout is pending.
 * @param {boolean} isSession whether it asks for the session, not for the document
 */
export function signedOutResponse(isSession) {
  const [status, value] = isSession ? [401, null] : [401, { error: 'signed_out' }];
  return jsonResponse(status, value, [['server-timing', 'sesame;desc=negative']]);
}
