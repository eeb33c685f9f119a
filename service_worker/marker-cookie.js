// The cookie that scripts can read and that every login changes (option `markerCookie`): by it a login is noticed that
// the worker saw nothing of.
//
// It must not know what a login ends. Where there is no such cookie, or no Cookie Store, nothing ever changes.

export class MarkerCookie {
  #name;
  /** @type {string | undefined} */
  #value;

  /** @param {string} name empty: there is none */
  constructor(name) {
    this.#name = name;
  }

  /** As it was seen last; undefined: it was not. */
  get value() {
    return this.#value;
  }

  /** As it is now; undefined: there is none to look at. It is not noted as seen. */
  async current() {
    const { cookieStore } = /** @type {any} */ (globalThis);
    if (this.#name === '' || !cookieStore) return undefined;
    return encodeURIComponent((await cookieStore.get(this.#name))?.value ?? '');
  }

  /** Looks, and says whether it is another than when it was looked for last. */
  async hasChanged() {
    const current = await this.current();
    const before = this.#value;
    this.#value = current;
    return before !== undefined && before !== current;
  }
}
