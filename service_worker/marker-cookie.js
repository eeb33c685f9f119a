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

  /** Looks, and says whether it is another than when it was looked for last. */
  async hasChanged() {
    const { cookieStore } = /** @type {any} */ (globalThis);
    if (this.#name === '' || !cookieStore) return false;
    const before = this.#value;
    this.#value = encodeURIComponent((await cookieStore.get(this.#name))?.value ?? '');
    return before !== undefined && before !== this.#value;
  }
}
