// What a page knows of its session, and how it hears of changes.
// Invariants: an answer that was overtaken by a message is not given to anybody, nor is a message to who asked the
// origin past what is held; one request at a time asks who the user is, in this tab; what is said about another
// credential than this page's requests send is not heard (rule R61).
import { SesameError, UpdateError } from '../../js_bindings/errors.js';
import { toHex } from '../../js_bindings/util/hex.js';
import { CredentialNames, DEVICE } from '../credential-name.js';
import { KnownSession } from './known-session.js';
import { refreshAlone } from './refresh.js';
import { SessionEvents } from './session-events.js';
import { SessionRequests } from './session-requests.js';
import { WorkerLink } from './worker-link.js';

/** @import { UserDocument } from '../../js_bindings/identity.js' */
/** @import { Statistics } from '../../js_bindings/sessions/statistics.js' */
/**
 * @template [User=UserDocument]
 * @typedef {import('../messages.js').ClientSession<User>} ClientSession
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./known-session.js').ClientState<User>} ClientState
 */

/**
 * Where a client finds what it asks for. Paths are of the page's own origin.
 * @typedef {object} ClientOptions
 * @property {string} [documentPath] what answers "who is this?", and takes updates; default `/api/v1/users/me`
 * @property {string} [sessionPath] what the service worker answers; default `/api/auth/session`
 * @property {string} [logoutPath] what a logout is posted to; default `/api/auth/logout`
 * @property {string} [refreshPath] what a refresh of tokens is posted to; default `/api/auth/refresh`
 * @property {string} [eventsPath] what tells of changes, for `followEvents()`; default `/api/auth/events`
 * @property {string} [devicesPath] where the user's sessions are; default `/api/auth/devices`
 * @property {string} [channel] the same as the worker's; default `sesame`
 * @property {() => Record<string, string>} [headers] of every request, such as `Authorization` where pages
 *   keep a bearer token. Who signs in or out with another credential in another tab, or with the cookies, is then
 *   not told to this page
 */

/**
 * What a refresh of tokens has come to.
 * @typedef {object} Refreshed
 * @property {string | null} expiresAt when the new access token ends, ISO 8601; null if it is not known
 */

const DEFAULTS = Object.freeze({
  documentPath: '/api/v1/users/me',
  sessionPath: '/api/auth/session',
  logoutPath: '/api/auth/logout',
  refreshPath: '/api/auth/refresh',
  eventsPath: '/api/auth/events',
  devicesPath: '/api/auth/devices',
  channel: 'sesame',
  headers: () => ({}),
});

/** @typedef {import('./session-requests.js').Device} Device */

/** Answers to a logout that say: nobody is signed in. */
const SIGNED_OUT = [401, 404, 410];

/**
 * The page's side of Sesame. `createClient()` makes one.
 * @template [User=UserDocument] what the document is
 *
 * @example
 * import { createClient } from 'sesame-edge/client';
 *
 * const client = createClient({ headers: () => ({ 'x-app': 'shop' }) });
 * await client.register();
 * const session = await client.getSession();
 * session.user.name; // => 'Ingrid Sørensen'
 * client.close();
 */
export class SessionClient {
  #options;
  #channel;
  #link = new WorkerLink();
  #requests;
  /** @type {KnownSession<User>} */
  #known = new KnownSession();
  #names = new CredentialNames();
  #isClosed = false;
  /** @type {Promise<ClientSession<User> | null> | null} */
  #asking = null;
  /** @type {Promise<Refreshed | null> | null} */
  #refreshing = null;
  /** @type {SessionEvents | null} */
  #events = null;
  /** The handle of this browser's own session, once it is known. */
  #ownHandle = '';
  /** What has changed the session so far, past all questions. */
  #changes = 0;

  /** @param {ClientOptions} [options] */
  constructor(options = {}) {
    this.#options = { ...DEFAULTS, ...options };
    this.#requests = new SessionRequests(this.#options);
    this.#channel = new BroadcastChannel(this.#options.channel);
    this.#channel.onmessage = ({ data }) => void this.#hear(data);
  }

  /**
   * Registers the service worker, and waits until it answers this page. Without a call of it, a worker that another
   * page has registered is used, and none is waited for.
   * @param {string} [url] its script's; default `/sesame-service-worker.js`
   * @param {RegistrationOptions} [options] as `navigator.serviceWorker.register` takes them
   * @returns {Promise<ServiceWorkerRegistration | null>} null: this browser has none, and the client works
   *   by plain requests
   * @throws {SesameError} `ERR_SESAME_SERVICE_WORKER` if the script cannot be registered; the client works by plain
   *   requests
   *
   * @example
   * import { register } from 'sesame-edge/client';
   *
   * const registration = await register(); // '/sesame-service-worker.js'
   * registration.active !== null; // => true
   *
   * await register('/nowhere.js').catch(({ code }) => code); // => 'ERR_SESAME_SERVICE_WORKER'
   */
  register(url = '/sesame-service-worker.js', options) {
    return this.#link.register(url, options);
  }

  /**
   * Who is signed in? Simultaneous calls make one request, and none leaves the device while the document is fresh
   * (SPEC R60).
   * @param {object} [options]
   * @param {boolean} [options.fresh] ask the origin whatever is held (SPEC R11); default false
   * @returns {Promise<ClientSession<User> | null>} null: nobody
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: nobody can say; this is not a sign-out (SPEC R13)
   *
   * @example
   * import { getSession, register } from 'sesame-edge/client';
   *
   * await register();
   * const session = await getSession();
   * session.user.name; // => 'Ingrid Sørensen'
   * session.stale; // => false
   */
  getSession({ fresh = false } = {}) {
    if (fresh) return this.#ask(true);
    if (this.#asking === null) {
      const asking = this.#ask(false).finally(() => {
        if (this.#asking === asking) this.#asking = null;
      });
      this.#asking = asking;
    }
    return this.#asking;
  }

  /**
   * What is known right now; nobody is asked. It is the same object until something of it changes.
   * @returns {Readonly<ClientState<User>>}
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * client.state.session; // => undefined
   * await client.getSession();
   * client.state.session.user.name; // => 'Ingrid Sørensen'
   */
  get state() {
    return this.#known.state;
  }

  /**
   * Calls a function whenever `state` has changed: beside the session, that it is not known any more, and
   * that a question failed.
   * @param {() => void} listener
   * @returns {() => void} stops it
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * const names = [];
   * const stop = client.subscribe(() => names.push(client.state.session?.user.name));
   * await client.getSession();
   * stop();
   * names; // => [ 'Ingrid Sørensen' ]
   */
  subscribe(listener) {
    return this.#known.subscribe(listener);
  }

  /**
   * Takes over what the server has said when it rendered this page, where nothing is known yet.
   * @param {ClientSession<User> | null} session null: nobody is signed in
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * client.assume({ user: { name: 'Ingrid Sørensen' }, expiresAt: null, stale: false });
   * client.state.session.user.name; // => 'Ingrid Sørensen'
   */
  assume(session) {
    if (this.#changes === 0 && this.state.session === undefined) this.#known.become(session);
  }

  /**
   * Calls a function whenever the session changes, in whichever tab: with the new one, or null. No request
   * is made for it (SPEC R62).
   * @param {(session: ClientSession<User> | null) => void} listener
   * @returns {() => void} stops it
   *
   * @example
   * import { getSession, logout, onSessionChange } from 'sesame-edge/client';
   *
   * const names = [];
   * const stop = onSessionChange((session) => names.push(session?.user.name ?? 'nobody'));
   * await getSession();
   * await logout();
   * stop();
   * names; // => [ 'Ingrid Sørensen', 'nobody' ]
   */
  onSessionChange(listener) {
    let told = this.state.session;
    return this.subscribe(() => {
      const { session } = this.state;
      if (session === undefined || session === told) return;
      told = session;
      listener(session);
    });
  }

  /**
   * Changes the user at the origin, then on this device, then in every tab (SPEC R22, R62).
   * @param {unknown} changes sent as JSON
   * @param {object} [options]
   * @param {'PATCH' | 'PUT'} [options.method] how it is sent; default `PATCH`
   * @returns {Promise<ClientSession<User> | null>} the session as it is now
   * @throws {UpdateError} `ERR_SESAME_UPDATE_FAILED`, with the `status`: the origin did not accept it; nothing has
   *   changed
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: it could not be sent, or what came of it could
   *   not be told
   *
   * @example
   * import { updateUser } from 'sesame-edge/client';
   *
   * const session = await updateUser({ name: 'Ingrid Dahl' });
   * session.user.name; // => 'Ingrid Dahl'
   *
   * const refusal = await updateUser({ name: '' }).catch((error) => error);
   * [refusal.code, refusal.status]; // => [ 'ERR_SESAME_UPDATE_FAILED', 422 ]
   */
  async updateUser(changes, { method = 'PATCH' } = {}) {
    const hasWorker = await this.#link.isControlled();
    const about = await this.#name();
    const response = await this.#requests.send(this.#options.documentPath, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(changes),
    });
    await response.body?.cancel();
    if (!response.ok) throw new UpdateError(response.status);
    this.#changes += 1; // whoever has asked before it may get the older document
    if (!hasWorker) await this.#link.command('forget', about);
    const session = await this.#ask(!hasWorker);
    if (!hasWorker) this.#tell(about, session);
    return session;
  }

  /**
   * Ends the session. When it resolves, no tab, no worker and no disk of this device holds it (SPEC R61),
   * whether or not the origin can be reached (SPEC R25).
   * @returns {Promise<void>}
   * @throws {SesameError} `ERR_SESAME_LOGOUT_FAILED` if the origin refuses it
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE` if it cannot be reached, and there is no worker to
   *   repeat it
   *
   * @example
   * import { getSession, logout, register } from 'sesame-edge/client';
   *
   * await register();
   * const { user } = await getSession();
   * user.name; // => 'Ingrid Sørensen'
   * await logout();
   * await getSession(); // => null
   */
  async logout() {
    const hasWorker = await this.#link.isControlled();
    const about = await this.#name();
    const { logoutPath } = this.#options;
    const response = await this.#requests.send(logoutPath, { method: 'POST' });
    await response.body?.cancel();
    if (!response.ok && !SIGNED_OUT.includes(response.status)) {
      throw new SesameError(
        'ERR_SESAME_LOGOUT_FAILED',
        `The logout was answered with ${response.status}`,
      );
    }
    this.#changes += 1;
    this.#known.become(null);
    if (hasWorker) return;
    this.#tell(about, null);
    await this.#link.command('forget', about);
  }

  /**
   * Renews the tokens of the session, once for all tabs that ask at the same time (SPEC R24). Managed sessions do it by
   * themselves: nobody has to call it.
   * @returns {Promise<Refreshed | null>} null: the session has ended
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: they could not be renewed now; nobody is signed
   *   out by it (SPEC R13)
   *
   * @example
   * import { refresh } from 'sesame-edge/client';
   *
   * const { expiresAt } = await refresh();
   * expiresAt; // => '…T…Z'
   */
  refresh() {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** @returns {Promise<Refreshed | null>} */
  async #refresh() {
    const { refreshPath } = this.#options;
    const refresh = () => this.#requests.refresh(refreshPath);
    const about = await this.#name();
    return about === null ? refresh() : refreshAlone(this.#channel, about, refresh);
  }

  /**
   * From now on the server tells this device when its session has changed or ended elsewhere, over one connection for all
   * tabs, and `state` follows (rule R65). With the server's option `events`.
   * @returns {() => void} stops it
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * await client.getSession();
   * const stop = client.followEvents();
   * stop(); // => undefined
   */
  followEvents() {
    const { channel, eventsPath, headers } = this.#options;
    this.#events ??= new SessionEvents({
      ...{ path: eventsPath, prefix: channel, headers },
      knownId: () => this.#knownId(),
      heard: (kind, id) => this.#heardOf(kind, id),
    });
    const stopFollowing = this.#known.subscribe(() => this.#followOrStop());
    this.#followOrStop();
    return () => {
      stopFollowing();
      this.#events?.stop();
      this.#events = null;
    };
  }

  async #followOrStop() {
    if (!this.state.session) return this.#events?.stop();
    const about = await this.#name();
    const { session } = this.state;
    if (about !== null && session) this.#events?.follow(about, JSON.stringify(session.user));
  }

  /** What the server calls the document that this page knows. */
  async #knownId() {
    const { subtle } = globalThis.crypto ?? {};
    const { session } = this.state;
    if (!subtle || !session) return null;
    const text = new TextEncoder().encode(JSON.stringify(session.user));
    return toHex(new Uint8Array(await subtle.digest('SHA-256', text), 0, 16));
  }

  /**
   * The worker drops what it holds, and what it is answered then it tells the tabs.
   * @param {'changed' | 'ended'} kind
   * @param {string | null} id
   */
  async #heardOf(kind, id) {
    if (kind === 'changed' && id !== null && id === (await this.#knownId())) return; // it was this device
    const about = await this.#name();
    const hasWorker = await this.#link.isControlled();
    await this.#link.command('drop', about);
    try {
      const session = await this.#ask(false);
      if (!hasWorker) this.#tell(about, session);
    } catch {
      if (kind === 'changed') return; // what was known stands, with the error (R13)
      await this.#link.command('forget', about);
      this.#known.become(null);
      this.#tell(about, null);
    }
  }

  /**
   * Where the user is signed in (rule R27). With the server's option `devices`.
   * @returns {Promise<Device[]>} those in use last first; none: nobody is signed in
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: it cannot be said
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * typeof client.devices; // => 'function'
   * // for (const { agent, current } of await client.devices()) show(agent, current);
   */
  async devices() {
    const devices = await this.#requests.devices(this.#options.devicesPath);
    this.#ownHandle = devices.find((/** @type {Device} */ { current }) => current)?.handle ?? '';
    return devices;
  }

  /**
   * Signs one of the user's sessions out, on every node (rule R27).
   * @param {string} handle of `devices()`
   * @returns {Promise<void>}
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: it has to be repeated
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * typeof client.endDevice; // => 'function'
   * // await client.endDevice(device.handle);
   */
  async endDevice(handle) {
    await this.#requests.endDevices(`${this.#options.devicesPath}/${handle}`);
    if (handle === this.#ownHandle) await this.#heardOf('ended', null);
  }

  /**
   * Signs all of the user's sessions out but this browser's (rule R27).
   * @returns {Promise<void>}
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: it has to be repeated
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * typeof client.endOtherDevices; // => 'function'
   * // await client.endOtherDevices();
   */
  async endOtherDevices() {
    await this.#requests.endDevices(this.#options.devicesPath);
  }

  /**
   * The counters of the service worker (SPEC R70).
   * @returns {Promise<Statistics | null>} null: there is no worker
   *
   * @example
   * import { defaultClient, getSession, register } from 'sesame-edge/client';
   *
   * await register();
   * for (let page = 0; page < 5; page += 1) await getSession();
   * const { checks } = await defaultClient().statistics();
   * checks; // => 5
   */
  async statistics() {
    return this.#link.command('statistics');
  }

  /**
   * Hears no more of changes, and tells nobody.
   *
   * @example
   * import { createClient } from 'sesame-edge/client';
   *
   * const client = createClient();
   * client.onSessionChange((session) => console.log(session?.user.name));
   * client.close(); // => undefined
   */
  close() {
    this.#isClosed = true;
    this.#events?.stop();
    this.#events = null;
    this.#channel.close();
    this.#known.close();
  }

  /**
   * @param {boolean} fresh
   * @returns {Promise<ClientSession<User> | null>}
   */
  async #ask(fresh) {
    for (;;) {
      const changes = this.#changes;
      const answer = await this.#load(fresh).then(
        (session) => ({ session, error: null }),
        (error) => ({ session: null, error }),
      );
      if (changes === this.#changes) {
        if (answer.error) {
          this.#known.fail(answer.error);
          throw answer.error;
        }
        this.#known.become(answer.session);
        return answer.session;
      }
      const { session } = this.state;
      // What has changed it has said it; but that may be from before a fresh question (SPEC R11).
      if (session !== undefined && (!fresh || isSameUser(session, answer.session))) return session;
    }
  }

  /** @param {boolean} fresh */
  async #load(fresh) {
    const hasWorker = await this.#link.isControlled();
    const session = await this.#requests.load({ hasWorker, fresh });
    return /** @type {ClientSession<User> | null} */ (session);
  }

  /** The name of the credential that this page's requests send. */
  #name() {
    const authorization = new Headers(this.#options.headers()).get('authorization');
    return this.#names.of({ authorization, hasCookies: true });
  }

  /**
   * Tells the other tabs of a credential, where no worker does.
   * @param {string | null} about
   * @param {ClientSession<User> | null} session
   */
  #tell(about, session) {
    if (about !== null) this.#channel.postMessage({ type: 'session', about, session });
  }

  /** @param {import('../messages.js').Message<User>} message */
  async #hear(message) {
    if (message?.type !== 'session' && message?.type !== 'changed') return;
    const { about = DEVICE } = message;
    if (about === (await this.#name())) this.#apply(message);
    if (this.#isClosed || message.type !== 'session' || !message.clear) return;
    // Who knew nothing of it has forgotten it as well.
    this.#channel.postMessage({ type: 'cleared', clear: message.clear });
  }

  /** @param {Exclude<import('../messages.js').Message<User>, { type: 'cleared' }>} message */
  #apply(message) {
    this.#changes += 1;
    if (message.type === 'session') {
      this.#known.become(message.session);
      return;
    }
    this.#known.doubt();
    // Who has asked before, or listens, is to know; a page that does neither need not.
    if (this.#known.hasListeners) this.getSession().catch(() => {});
  }
}

/** @param {ClientSession<unknown> | null} one @param {ClientSession<unknown> | null} other */
function isSameUser(one, other) {
  return JSON.stringify(one?.user) === JSON.stringify(other?.user);
}
