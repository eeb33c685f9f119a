// Tells the tabs what has changed (rules R61, R62), over one BroadcastChannel. Messages carry the new state, so that no
// tab has to ask, and the name of the credential that they are about: tabs that use another do not listen.
//
// It must not know what a credential is, nor what is held. Invariant: what is said about one credential changes nothing
// of what is known to have been said about another.

/** A tab that the browser has frozen cannot answer: it hears of it when it wakes, before it shows. */
const MAX_WAIT_MS = 250;

/** Of this many credentials (and values of `varyOn`) it is remembered what the tabs have been told. */
const MAX_TOLD = 64;

/** @typedef {import('./messages.js').Message} Message */

export class Announcer {
  #channel;
  #clients;
  /** @type {Map<string, () => void>} who waits for tabs to answer */
  #answered = new Map();
  /**
   * The document that the tabs of a credential have been told of, by its name and the tenant; null: a refusal.
   * @type {Map<string, { name: string, tenant: string, document: string | null }>}
   */
  #told = new Map();

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
   * Another user may be signed in with these credentials: their tabs are to ask.
   * @param {Iterable<string | null>} names null: no tab's
   */
  doubt(names) {
    for (const about of new Set(names)) if (about !== null) this.post({ type: 'changed', about });
  }

  /**
   * Notes what is held for a credential.
   * @param {string} name
   * @param {string} tenant
   * @param {string | null} document null: it is refused
   * @returns {boolean} whether that is news to its tabs
   */
  learns(name, tenant, document) {
    const key = `${name}\n${tenant}`;
    const told = this.#told.get(key);
    if (told?.document === document) return false;
    this.#told.delete(key);
    this.#told.set(key, { name, tenant, document });
    if (this.#told.size > MAX_TOLD) this.#told.delete([...this.#told.keys()][0]);
    return true;
  }

  /** Whether tabs of a credential may know of a user. @param {string} name */
  mayKnow(name) {
    const told = [...this.#told.values()].filter((each) => each.name === name);
    return told.length === 0 || told.some(({ document }) => document !== null);
  }

  /**
   * Under which values of `varyOn` a credential has been seen.
   * @param {string} name
   */
  tenantsOf(name) {
    return [...this.#told.values()].filter((told) => told.name === name).map((told) => told.tenant);
  }

  /**
   * The tabs of a credential are told that it has no session. Resolves when every tab has heard of it.
   * @param {string} about
   * @param {import('../js_bindings/host.js').Host} host
   */
  async clear(about, host) {
    this.forget(about);
    const pages = await this.#clients.matchAll({ type: 'window', includeUncontrolled: true });
    const clear = crypto.randomUUID();
    const done = new AbortController();
    let missing = pages.length;
    this.#answered.set(clear, () => {
      missing -= 1;
      if (missing <= 0) done.abort();
    });
    this.post({ type: 'session', about, session: null, clear });
    if (missing > 0) await host.sleep(MAX_WAIT_MS, done.signal);
    this.#answered.delete(clear);
  }

  /** What the tabs of a credential know is not what they have been told of before. @param {string} name */
  forget(name) {
    for (const [key, told] of this.#told) if (told.name === name) this.#told.delete(key);
  }
}
