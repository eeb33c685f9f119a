// What a page knows of its session at one moment, and who listens for changes of it.
//
// It must not know where that comes from. Invariant: the state is another object exactly when something of it has
// changed, and every listener is called then.

/** @import { UserDocument } from '../../js_bindings/identity.js' */
/**
 * @template [User=UserDocument]
 * @typedef {import('../messages.js').ClientSession<User>} ClientSession
 */

/**
 * What a page knows at one moment; another object when something of it has changed.
 * @template [User=UserDocument]
 * @typedef {object} ClientState
 * @property {ClientSession<User> | null | undefined} session undefined: not known, or somebody else may be signed
 *   in by now
 * @property {import('../../js_bindings/errors.js').SesameError | null} error why the last question had no
 *   answer; `session` is then what was known before it (SPEC R13)
 */

/** @template User */
export class KnownSession {
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Readonly<ClientState<User>>} */
  #state = Object.freeze({ session: undefined, error: null });

  get state() {
    return this.#state;
  }

  get hasListeners() {
    return this.#listeners.size > 0;
  }

  /**
   * @param {() => void} listener
   * @returns {() => void} stops it
   */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** @param {ClientSession<User> | null} session null: nobody is signed in */
  become(session) {
    const known = this.#state.session;
    const isSame = known !== undefined && JSON.stringify(session) === JSON.stringify(known);
    if (isSame && this.#state.error === null) return;
    this.#set({ session: isSame ? known : session, error: null });
  }

  /** Somebody else may be signed in by now. */
  doubt() {
    this.#set({ session: undefined, error: null });
  }

  /** A question had no answer. @param {import('../../js_bindings/errors.js').SesameError} error */
  fail(error) {
    this.#set({ session: this.#state.session, error });
  }

  /** Calls nobody any more. */
  close() {
    this.#listeners.clear();
  }

  /** @param {ClientState<User>} state */
  #set(state) {
    this.#state = Object.freeze(state);
    for (const listener of [...this.#listeners]) listener();
  }
}
