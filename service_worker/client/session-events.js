// The connection over which a device is told that its session has changed or ended (rule R65): one of its tabs holds it, whoever
// has the Web Lock, and another takes over when that is closed.
//
// It must not know what is done about what it hears. Invariant: a device whose server is away, or says no, asks ever less often,
// and not at the same moment as others.

const MIN_RETRY_MS = 1000;
const MAX_RETRY_MS = 60_000;

/** A connection that has shown no life for so long is none: the server's default is to show it every 15 seconds. */
const SILENT_MS = 90_000;

/** More than this without an end of line is no event. */
const MAX_LINE = 10_000;

/**
 * @typedef {object} EventsOptions
 * @property {string} path
 * @property {string} prefix of the lock's name
 * @property {() => Record<string, string>} headers of the request
 * @property {() => Promise<string | null>} knownId what stands for the document that this device has; null: none
 * @property {(kind: 'changed' | 'ended', id: string | null) => Promise<void>} heard
 * @property {() => number} [random] from 0 to 1
 */

export class SessionEvents {
  #options;
  /** @type {{ about: string, known: string, over: AbortController } | null} */
  #following = null;

  /** @param {EventsOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @param {string} about the name of the credential whose session it is
   * @param {string} known whatever is another when another user may be signed in: the connection has the cookies of its
   *   beginning
   */
  follow(about, known) {
    if (this.#following?.about === about && this.#following.known === known) return;
    this.stop();
    const over = new AbortController();
    this.#following = { about, known, over };
    const locks = globalThis.navigator?.locks;
    const { signal } = over;
    const holding = locks
      ? locks.request(`${this.#options.prefix}-events-${about}`, { signal }, () =>
          this.#hold(signal),
        )
      : this.#hold(signal);
    holding.catch(() => {}); // it was not wanted any more
  }

  stop() {
    this.#following?.over.abort();
    this.#following = null;
  }

  /** @param {AbortSignal} signal */
  async #hold(signal) {
    const { random = Math.random } = this.#options;
    for (let failures = 0; !signal.aborted; failures += 1) {
      const { isOff, hasHeard, waitMs } = await this.#connect(signal);
      if (isOff) return;
      if (hasHeard) failures = 0;
      const backOff = Math.min(MAX_RETRY_MS, waitMs * 2 ** failures);
      await later(backOff * (0.5 + random() / 2), signal);
    }
  }

  /**
   * One connection, to its end.
   * @param {AbortSignal} signal
   */
  async #connect(signal) {
    const result = { isOff: false, hasHeard: false, waitMs: MIN_RETRY_MS };
    const { path, headers, knownId } = this.#options;
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end);
    let timer = setTimeout(end, SILENT_MS);
    const showLife = () => {
      clearTimeout(timer);
      timer = setTimeout(end, SILENT_MS);
    };
    try {
      const id = await knownId();
      const response = await fetch(path, {
        headers: {
          ...headers(),
          accept: 'text/event-stream',
          ...(id !== null && { 'last-event-id': id }),
        },
        ...{
          credentials: 'same-origin',
          cache: 'no-store',
          redirect: 'error',
          signal: over.signal,
        },
      });
      const type = response.headers.get('content-type') ?? '';
      if (!response.ok || !type.startsWith('text/event-stream') || !response.body) {
        end();
        // Whether anybody is signed in, the page asks. What has no such path is not asked again.
        if (response.status === 401) await this.#options.heard('changed', null);
        else result.isOff = response.status < 429;
        const seconds = Number(response.headers.get('retry-after'));
        if (seconds > 0) result.waitMs = seconds * 1000;
        return result;
      }
      await this.#read(response.body, result, showLife);
    } catch {
      // It is tried again.
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
    return result;
  }

  /**
   * Server-sent events (HTML standard, section 9.2.6), as far as they are sent here.
   * @param {ReadableStream<Uint8Array>} body
   * @param {{ hasHeard: boolean, waitMs: number }} result
   * @param {() => void} showLife
   */
  async #read(body, result, showLife) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = '';
    /** @type {Record<string, string>} */
    let fields = {};
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      showLife();
      result.hasHeard = true;
      text += decoder.decode(value, { stream: true });
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      if (text.length > MAX_LINE) return;
      for (const line of lines) {
        const [, name, content] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (name) fields[name] = content;
        if (line !== '') continue;
        const { event, id = null, retry } = fields;
        fields = {};
        if (/^\d+$/.test(retry ?? '')) result.waitMs = Math.max(MIN_RETRY_MS, Number(retry));
        if (event === 'changed' || event === 'ended') await this.#options.heard(event, id);
      }
    }
  }
}

/** @param {number} milliseconds @param {AbortSignal} signal @returns {Promise<void>} */
function later(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal.addEventListener('abort', finish);
  });
}
