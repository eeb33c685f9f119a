// Tells the tabs what has changed (SPEC R61, R62), over one BroadcastChannel. Messages carry the new state,
// so that no tab has to ask.

/** A tab that the browser has frozen cannot answer: it hears of it when it wakes, before it shows. */
const MAX_WAIT_MS = 250;

/** @typedef {import('./messages.js').Message} Message */

export class Announcer {
  #channel;
  #clients;
  /** @type {Map<string, () => void>} who waits for tabs to answer */
  #answered = new Map();

  /**
   * @param {string} name of the channel
   * @param {{ matchAll(options: object): Promise<unknown[]> }} clients the worker's
   */
  constructor(name, clients) {
    this.#channel = new BroadcastChannel(name);
    this.#clients = clients;
    this.#channel.addEventListener('message', ({ data }) => {
      if (data?.type === 'cleared') this.#answered.get(data.clear)?.();
    });
  }

  /** @param {Message} message */
  post(message) {
    this.#channel.postMessage(message);
  }

  /**
   * Nobody is signed in. Resolves when every tab has forgotten who was.
   * @param {import('../js_bindings/host.js').Host} host
   */
  async clear(host) {
    const pages = await this.#clients.matchAll({ type: 'window', includeUncontrolled: true });
    const clear = crypto.randomUUID();
    const done = new AbortController();
    let missing = pages.length;
    this.#answered.set(clear, () => {
      missing -= 1;
      if (missing <= 0) done.abort();
    });
    this.post({ type: 'session', session: null, clear });
    if (missing > 0) await host.sleep(MAX_WAIT_MS, done.signal);
    this.#answered.delete(clear);
  }
}
