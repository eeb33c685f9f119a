// What stands between the page's client and React: the client's state as components get it, and as the query
// cache does. It must not know React.
// Invariants: on a server no client is made; what is told of one user is gone from the query cache when another,
// or nobody, may be signed in (SPEC R61).

import { userIdIn } from '../../js_bindings/util/user-id.js';
import { defaultClient } from '../../service_worker/client/index.js';
import { SESSION_KEY } from './session-query.js';

/**
 * @template [User=UserDocument]
 * @typedef {import('../../service_worker/client/known-session.js').ClientSession<User>} ClientSession
 */
/** @typedef {import('../../service_worker/client/known-session.js').ClientState} ClientState */
/**
 * @template [User=UserDocument]
 * @typedef {import('../../service_worker/client/session-client.js').SessionClient<User>} SessionClient
 */
/** @import { UserDocument } from '../../js_bindings/identity.js' */
/** @import { SesameError } from '../../js_bindings/errors.js' */

/**
 * The part of TanStack Query's `QueryClient` that is needed.
 * @typedef {object} QueryClientLike
 * @property {(key: readonly unknown[], data: unknown) => unknown} setQueryData sets a query's data
 * @property {(filters: { predicate: (query: { queryKey: readonly unknown[] }) => boolean }) => unknown} resetQueries
 *   forgets the data of queries, and fetches anew those on screen
 */

/**
 * Asks again: `fresh` asks the origin whatever is held (SPEC R11). It never rejects: what went wrong is the
 * session's `error`.
 * @template [User=UserDocument]
 * @typedef {(options?: { fresh?: boolean }) => Promise<Session<User>>} Refetch
 */

/**
 * Who is signed in, as a component sees it.
 * - `loading`: not known yet, or somebody else may be signed in by now
 * - `unauthenticated`: nobody
 * - `unavailable`: nobody can say; this is not a sign-out (SPEC R13)
 *
 * `stale`: the origin could not be asked, or is being asked right now. `error`: why the last question had no
 * answer; a user who was known stays known.
 * @template [User=UserDocument]
 * @typedef {{ status: 'authenticated', user: User, expiresAt: string | null, stale: boolean,
 *     error: SesameError | null, refetch: Refetch<User> }
 *   | { status: 'loading' | 'unauthenticated' | 'unavailable', user: null, expiresAt: null, stale: false,
 *     error: SesameError | null, refetch: Refetch<User> }} Session
 */

/**
 * @typedef {object} StoreOptions
 * @property {SessionClient<any>} [client]
 * @property {string | false} serviceWorker
 * @property {ClientSession<any> | null} [initialSession]
 * @property {QueryClientLike} [queryClient]
 * @property {boolean} resetQueriesOnUserChange
 * @property {boolean} events the server tells of changes
 * @property {string | readonly string[]} userId JSON pointers
 */

/** As long as a document is fresh: a page that is looked at again after it asks again. */
const FRESH_MS = 30 * 60_000;

export class SessionStore {
  #options;
  /** @type {SessionClient | undefined} */
  #client;
  /** @type {Readonly<ClientState>} */
  #state;
  /** @type {Session} */
  #session;
  /** What the query cache has been told. @type {ClientSession | null | undefined} */
  #told;
  #isRegistered = false;
  #askedAtMs = 0;

  /** @param {StoreOptions} options */
  constructor(options) {
    this.#options = options;
    this.#state = { session: options.initialSession, error: null };
    this.#session = this.#sessionOf(this.#state);
  }

  /** Made when it is first needed: there is none on a server. */
  get client() {
    if (this.#client === undefined) {
      const { client = defaultClient(), initialSession } = this.#options;
      if (initialSession !== undefined) client.assume(initialSession);
      this.#client = client;
    }
    return this.#client;
  }

  /** @param {() => void} listener */
  subscribe = (listener) => this.client.subscribe(listener);

  /** @returns {Session} the same object until something of it changes */
  getSnapshot = () => {
    const { state } = this.client;
    if (state.session !== this.#state.session || state.error !== this.#state.error) {
      this.#session = this.#sessionOf(state);
    }
    this.#state = state;
    return this.#session;
  };

  /** On the server, and for the first render in the browser: what the server knew. */
  getServerSnapshot = () => this.#session;

  /** @type {Refetch} */
  refetch = async ({ fresh = false } = {}) => {
    await this.#ask(fresh);
    return this.getSnapshot();
  };

  /**
   * Registers the worker, asks who is signed in unless it is known, and follows changes.
   * @returns {() => void} stops following
   */
  start() {
    this.#register();
    const stopTelling = this.client.subscribe(this.#tellQueries);
    const stopEvents = this.#options.events ? this.client.followEvents() : () => {};
    this.#tellQueries();
    if (this.client.state.session === undefined) this.#ask();
    else this.#askedAtMs ||= Date.now();
    document.addEventListener('visibilitychange', this.#lookAgain);
    globalThis.addEventListener('online', this.#lookAgain);
    return () => {
      stopTelling();
      stopEvents();
      document.removeEventListener('visibilitychange', this.#lookAgain);
      globalThis.removeEventListener('online', this.#lookAgain);
    };
  }

  #register() {
    const { serviceWorker } = this.#options;
    if (this.#isRegistered || serviceWorker === false) return;
    this.#isRegistered = true;
    this.client.register(serviceWorker).catch((error) => {
      console.warn(`${error.message}: sessions are asked for by plain requests`, error.cause);
    });
  }

  /** @param {boolean} [fresh] */
  async #ask(fresh = false) {
    this.#askedAtMs = Date.now();
    await this.client.getSession({ fresh }).catch(() => {}); // the client's state has it
  }

  /** Asks again after a failure, and when what is known is old: the worker answers if it can. */
  #lookAgain = () => {
    if (document.visibilityState !== 'visible') return;
    const { session, error } = this.client.state;
    const isOld = Date.now() - this.#askedAtMs >= FRESH_MS;
    if (isOld || error !== null || session?.stale) this.#ask();
  };

  #tellQueries = () => {
    const { queryClient, resetQueriesOnUserChange, userId } = this.#options;
    const { session } = this.client.state;
    if (!queryClient || session === this.#told) return;
    const before = this.#told;
    this.#told = session;
    if (session === undefined) queryClient.resetQueries({ predicate: isSessionQuery });
    else queryClient.setQueryData(SESSION_KEY, session);
    if (!before || !resetQueriesOnUserChange) return;
    if (isSameUser(before, session, [userId].flat())) return;
    queryClient.resetQueries({ predicate: (query) => !isSessionQuery(query) });
  };

  /**
   * @param {ClientState} state
   * @returns {Session}
   */
  #sessionOf({ session, error }) {
    const { refetch } = this;
    if (session) {
      const { user, expiresAt, stale } = session;
      const isStale = stale || error !== null;
      return { status: 'authenticated', user, expiresAt, stale: isStale, error, refetch };
    }
    const unknown = error === null ? 'loading' : 'unavailable';
    const status = session === null ? 'unauthenticated' : unknown;
    return { status, user: null, expiresAt: null, stale: false, error, refetch };
  }
}

/** @param {{ queryKey: readonly unknown[] }} query */
function isSessionQuery({ queryKey }) {
  return (
    queryKey.length === SESSION_KEY.length &&
    SESSION_KEY.every((part, index) => part === queryKey[index])
  );
}

/**
 * Two sessions whose documents name no user are taken for two users'.
 * @param {ClientSession} before
 * @param {ClientSession | null | undefined} now
 * @param {readonly string[]} pointers
 */
function isSameUser(before, now, pointers) {
  const id = userIdIn(before.user, pointers);
  return id !== undefined && id === userIdIn(now?.user, pointers);
}
