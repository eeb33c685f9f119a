// Who is signed in on this device, as long as the browser lets the worker live, and after it.
// A worker sees no cookies: the device's cookie jar as a whole is the credential, and an *epoch* is the time
// in which it stands for the same user as far as is known. A login, a logout or what may be one ends it.
// Invariants: what was learnt in one epoch is answered in that epoch only (SPEC R10, R61); the disk never
// holds a document that is older than a change this worker has let through (SPEC R22).
import { assemble } from '../js_bindings/assemble.js';
import { instantiate } from '../js_bindings/core/abi.js';
import { Action, CheckFlag } from '../js_bindings/core/abi-constants.js';
import createModule from '../js_bindings/dist/sesame.js';
import { ConfigError } from '../js_bindings/errors.js';
import { defaultHost } from '../js_bindings/host.js';
import { Handler } from '../js_bindings/http/handler.js';
import { errorResponse, isoTime, jsonResponse } from '../js_bindings/http/responses.js';
import { toHex } from '../js_bindings/util/hex.js';
import { KeptSessions, SECRET_BYTES } from './kept-sessions.js';
import { MarkerCookie } from './marker-cookie.js';
import { askOrigin, pageRequest } from './page-request.js';
import { isRedirect, passBy } from './pass-by.js';
import { outcomeOf, PendingLogout, signedOutResponse } from './pending-logout.js';
import { RunningStatistics } from './running-statistics.js';

/** @typedef {(work: Promise<unknown>) => void} WaitUntil */

/** What is held, and who answers from it. @typedef {{ parts: Parts, handler: Handler }} Cache */
/** @typedef {import('../js_bindings/sessions/parts.js').Parts} Parts */

export class DeviceSessions {
  #options;
  #kept;
  #announcer;
  #host;
  #ready;
  /** @type {WebAssembly.Module} */
  #module = /** @type {any} */ (null);
  /** null: there was no memory for an empty one in the place of the last. @type {Cache | null} */
  #cache = null;
  #epoch = '';
  /** @type {Uint8Array} what credentials are hashed under: a snapshot needs the same */
  #secret = new Uint8Array();
  #statistics = new RunningStatistics();
  #pendingLogout;
  /** @type {string | null} the document that the tabs know of */
  #announced = null;
  #marker;
  /** @type {import('../js_bindings/core/abi.js').RequestHead} whoever asked last */
  #head = { tenant: '', cookie: '', authorization: '' };

  /**
   * @param {{ module: Promise<WebAssembly.Module>, options: import('./options.js').ParsedWorkerOptions,
   *   storage: import('./sealed-storage.js').SealedStorage,
   *   announcer: import('./announcer.js').Announcer,
   *   host: Partial<import('../js_bindings/host.js').Host> }} parts
   */
  constructor({ module, options, storage, announcer, host }) {
    this.#options = options;
    this.#kept = new KeptSessions(storage);
    this.#marker = new MarkerCookie(options.markerCookie);
    this.#announcer = announcer;
    this.#host = { ...defaultHost, decodesBodies: true, ...host, fetch: askOrigin };
    this.#pendingLogout = new PendingLogout(
      () => this.#host.now(),
      () => this.#hasRenewed(),
    );
    this.#ready = this.#start(module);
    this.#ready.catch(tellDeveloper); // every request finds out for itself
  }

  /**
   * @param {Request} request
   * @param {Exclude<import('./routes.js').Kind, 'other'>} kind
   * @param {WaitUntil} waitUntil
   * @returns {Promise<Response>}
   */
  async answer(request, kind, waitUntil) {
    try {
      await this.#ready;
    } catch {
      return this.#passBy(request, kind); // no WebAssembly here
    }
    await this.#noticeMarker();
    switch (kind) {
      case 'read':
        return this.#read(request, waitUntil);
      case 'write':
        return this.#write(request, waitUntil);
      case 'login':
        return this.#login(request, true);
      case 'maybe':
        return this.#login(request, false);
      default:
        return this.#logout(request);
    }
  }

  /** The counters (SPEC R70), over all epochs of this life of the worker. */
  async statistics() {
    await this.#ready;
    return this.#cache && this.#statistics.with(this.#cache.parts);
  }

  /** Forgets who is signed in, here, on disk and in the tabs. */
  async forget() {
    await this.#ready;
    this.#announced = null;
    const emptied = this.#announcer.clear(this.#host);
    await this.#renew();
    await emptied;
  }

  /**
   * The first request waits for all of it: what needs nothing of the disk is done while the browser reads.
   * @param {Promise<WebAssembly.Module>} module
   */
  async #start(module) {
    const reading = this.#kept.read();
    this.#module = await module;
    const instance = instantiate(this.#module, createModule);
    const faults = instance.findFaults(this.#options.parsed);
    if (faults.length > 0) throw new ConfigError(faults);
    const { core, snapshots } = this.#replaceCache(this.#random(), instance);
    const kept = await reading;
    if (kept === null) {
      if (!this.#kept.isRefused) this.#kept.begin(this.#epoch, null).catch(() => {});
      return;
    }
    this.#pendingLogout.replace(kept.pendingLogout);
    this.#epoch = kept.epoch;
    if (kept.held === null) return;
    this.#secret = kept.held.secret;
    core.replaceSecret(this.#secret);
    // What cannot be restored has left an empty cache (R52).
    await snapshots.restore(kept.held.snapshot).catch(() => {});
  }

  /**
   * @param {Request} request
   * @param {WaitUntil} waitUntil
   */
  async #read(request, waitUntil) {
    await this.#pendingLogout.repeat();
    for (;;) {
      if (this.#pendingLogout.isPending) return signedOutResponse(this.#isForSession(request));
      const epoch = this.#epoch;
      const response = await this.#handle(request, waitUntil).catch(() => null);
      // Somebody else may be signed in by now: what was found is not for them.
      if (epoch !== this.#epoch) continue;
      return response ?? this.#passBy(request, 'read');
    }
  }

  /**
   * @param {Request} request
   * @param {WaitUntil} waitUntil
   */
  async #write(request, waitUntil) {
    const epoch = this.#epoch;
    await this.#kept.drop(epoch).catch(() => {});
    const cache = this.#cache;
    if (cache === null) return this.#passBy(request, 'write');
    const response = await this.#handle(request, waitUntil);
    if (cache === this.#cache) this.#announceChange(cache);
    waitUntil(this.#keep(cache));
    return response;
  }

  /**
   * Whoever is signed in after this, nothing of before it is answered any more.
   * @param {Request} request
   * @param {boolean} isSure whether it is a sign-in by its name. If not, a visit counts only if it led elsewhere, and
   *   a logout that the origin has not heard of stays one
   */
  async #login(request, isSure) {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const needsProof = isRead && !isSure;
    const wasSignedIn = this.#announced !== null;
    const pending = isSure ? null : this.#pendingLogout.record;
    if (!needsProof && !(await this.#hasRenewed(pending))) return notCleared();
    const response = await fetch(request);
    const isAccepted = isRedirect(response) || (response.ok && !needsProof);
    if (!isAccepted) return response;
    if (!(await this.#hasRenewed(isSure ? null : this.#pendingLogout.record))) return notCleared();
    if (!isRead || wasSignedIn) this.#announcer.post({ type: 'changed' });
    return response;
  }

  /**
   * It succeeds on the device even if the origin cannot be reached (SPEC R25), and is told it later.
   * @param {Request} request
   */
  async #logout(request) {
    this.#announced = null;
    const emptied = this.#announcer.clear(this.#host);
    if (!(await this.#hasRenewed())) return notCleared();
    const response = await fetch(request).catch(() => null);
    const outcome = outcomeOf(response);
    if (outcome === 'refused') {
      this.#announcer.post({ type: 'changed' });
      return /** @type {Response} */ (response);
    }
    const pending = outcome === 'unheard' ? { url: request.url } : null;
    if (!(await this.#hasRenewed(pending))) return notCleared();
    await emptied;
    if (pending === null) return /** @type {Response} */ (response);
    if (request.mode === 'navigate') return response ?? Response.error();
    return jsonResponse(200, null);
  }

  /** @param {Request} request @param {Exclude<import('./routes.js').Kind, 'other'>} kind */
  #passBy(request, kind) {
    return passBy(request, kind, { options: this.#options, announcer: this.#announcer });
  }

  /** @param {Request} request */
  #isForSession(request) {
    return new URL(request.url).pathname === this.#options.parsed.sessionPath;
  }

  /**
   * @param {Request} request
   * @param {WaitUntil} waitUntil
   */
  async #handle(request, waitUntil) {
    const cache = this.#cache;
    if (cache === null) throw new Error('nothing is held');
    const { ownOrigin, parsed } = this.#options;
    const page = pageRequest(request, this.#principal(), ownOrigin, parsed.varyOn);
    const { head } = page;
    this.#head = head;
    /** @type {Promise<unknown>[]} */
    const works = [];
    const response = await cache.handler.handle(page, {
      head,
      fresh: request.cache === 'reload',
      waitUntil: (work) => {
        works.push(work);
        waitUntil(work);
      },
    });
    if (works.length > 0) waitUntil(Promise.allSettled(works).then(() => this.#settle(cache)));
    return response;
  }

  /**
   * The origin has been asked: what it said goes to the tabs and to the disk.
   * @param {Cache} cache
   */
  async #settle(cache) {
    if (cache !== this.#cache) return;
    this.#announceChange(cache);
    await this.#keep(cache);
  }

  /** @param {Cache} cache */
  #announceChange({ parts: { core, host } }) {
    const action = core.check(this.#head, host.now(), 0, CheckFlag.PEEK | CheckFlag.AGAIN);
    if (action !== Action.SERVE && action !== Action.REFUSE) return;
    const document = action === Action.SERVE ? new TextDecoder().decode(core.body) : null;
    if (document === this.#announced) return;
    this.#announced = document;
    if (this.#options.parsed.varyOn.length > 0) {
      // A tab may be another tenant's: it asks for itself (R4).
      this.#announcer.post({ type: 'changed' });
      return;
    }
    const session = document && {
      user: JSON.parse(document),
      expiresAt: isoTime(core.expiresAtMs),
      stale: false,
    };
    this.#announcer.post({ type: 'session', session: session || null });
  }

  /** @param {Cache} cache */
  #keep(cache) {
    return this.#kept.keep(() => {
      if (cache !== this.#cache) return null;
      const snapshot = () => cache.parts.snapshots.write();
      return { epoch: this.#epoch, secret: this.#secret, snapshot };
    });
  }

  /**
   * Begins a new epoch: nothing is held any more, from here on in memory, and on disk when it resolves.
   * @param {import('./sealed-storage.js').LogoutRecord | null} [pendingLogout]
   */
  async #renew(pendingLogout = null) {
    const epoch = this.#random();
    this.#pendingLogout.replace(pendingLogout);
    try {
      this.#replaceCache(epoch);
    } catch (error) {
      tellDeveloper(error);
      this.#cache = null;
      this.#epoch = epoch;
    }
    await this.#kept.begin(epoch, pendingLogout);
  }

  /**
   * The same; false if something may be left on disk. Where storage is refused, nothing was ever there.
   * @param {import('./sealed-storage.js').LogoutRecord | null} [pendingLogout]
   */
  async #hasRenewed(pendingLogout) {
    try {
      await this.#renew(pendingLogout);
      return true;
    } catch {
      return this.#kept.isRefused;
    }
  }

  /**
   * An empty cache takes the place of what was held, in memory of its own. Throws if there is none.
   * @param {string} epoch
   */
  #replaceCache(epoch, instance = instantiate(this.#module, createModule)) {
    const secret = new Uint8Array(SECRET_BYTES);
    this.#host.getRandomValues(secret);
    const options = { ...this.#options.parsed, secret: [secret] };
    const parts = assemble(instance, options, this.#host, { coreKey: secret });
    if (this.#cache) this.#statistics.move(this.#cache.parts, parts);
    this.#epoch = epoch;
    this.#secret = secret;
    this.#cache = { parts, handler: new Handler(parts) };
    return parts;
  }

  /** A login that the worker saw nothing of shows in the cookie that scripts can read. */
  async #noticeMarker() {
    if (!(await this.#marker.hasChanged())) return;
    this.#announced = null;
    await this.#hasRenewed();
    this.#announcer.post({ type: 'changed' });
  }

  #principal() {
    const { value } = this.#marker;
    return value === undefined ? this.#epoch : `${this.#epoch}.${value}`;
  }

  #random() {
    return toHex(this.#host.getRandomValues(new Uint8Array(16)));
  }
}

/** Why requests go past the worker, which is nowhere else to be seen. @param {unknown} reason */
function tellDeveloper(reason) {
  console.error('Sesame: nothing can be held here, requests go past the worker:', reason);
}

/** The browser does not let what it has on disk be deleted: no login or logout is let through. */
function notCleared() {
  return errorResponse(503, 'storage_not_cleared');
}
