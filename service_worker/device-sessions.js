// Who is signed in on this device, as long as the browser lets the worker live, and after it.
// A worker sees no cookies: the device's cookie jar as a whole is the credential, and an *epoch* is the time
// in which it stands for the same user as far as is known. A login, a logout or what may be one ends it. A token that a
// page sends is a credential of its own: what happens to it is told to nobody else's tabs (rule R61).
// A worker that was stopped answers from one record before its core is up (`first-answer.js`), and counts that afterwards.
// Invariants: what was learnt in one epoch is answered in that epoch only (rules R10, R61); the disk never
// holds a document that is older than a change this worker has let through (rule R22), nor any while a sign-in is
// under way.
import { assemble } from '../js_bindings/assemble.js';
import { instantiate } from '../js_bindings/core/abi.js';
import { Action, CheckFlag } from '../js_bindings/core/abi-constants.js';
import { segmentsOf } from '../js_bindings/dialects/path-patterns.js';
import { isSignInPage } from '../js_bindings/dialects/sign-in-words.js';
import createModule from '../js_bindings/dist/sesame.js';
import { ConfigError } from '../js_bindings/errors.js';
import { defaultHost } from '../js_bindings/host.js';
import { Handler } from '../js_bindings/http/handler.js';
import { errorResponse, isoTime, jsonResponse } from '../js_bindings/http/responses.js';
import { maxAgeOf } from '../js_bindings/origin/headers.js';
import { toHex } from '../js_bindings/util/hex.js';
import { CredentialNames, DEVICE } from './credential-name.js';
import { FirstAnswer } from './first-answer.js';
import { KeptSessions, SECRET_BYTES } from './kept-sessions.js';
import { MarkerCookie } from './marker-cookie.js';
import { askOrigin, credentialOf, deviceHead, pageRequest, tokenHeads } from './page-request.js';
import { isAccepted, isRedirect, passBy } from './pass-by.js';
import { outcomeOf, PendingLogouts, signedOutResponse } from './pending-logout.js';
import { isSafe, namesInDoubt, needsProof } from './routes.js';
import { RunningStatistics } from './running-statistics.js';

/** @typedef {(work: Promise<unknown>) => void} WaitUntil */

/** @typedef {Exclude<import('./routes.js').Kind, 'other'>} Kind */

/** What is held, and who answers from it. @typedef {{ parts: Parts, handler: Handler }} Cache */
/** @typedef {import('../js_bindings/sessions/parts.js').Parts} Parts */

/** @typedef {import('./credential-name.js').Requester} Requester */

/** What is answered is only a decision: nothing is begun, and nothing is counted. */
const LOOK = CheckFlag.PEEK | CheckFlag.AGAIN;

export class DeviceSessions {
  #options;
  #kept;
  #announcer;
  #host;
  #ready;
  #isReady = false;
  /** @type {WebAssembly.Module} */
  #module = /** @type {any} */ (null);
  /** null: there was no memory for an empty one in the place of the last. @type {Cache | null} */
  #cache = null;
  #epoch = '';
  /** Of what was read at the start. */
  #version = '';
  /** @type {Uint8Array} what credentials are hashed under: a snapshot needs the same */
  #secret = new Uint8Array();
  #statistics = new RunningStatistics();
  #pendingLogouts;
  #marker;
  #names = new CredentialNames();
  #first;
  /** The last value of `varyOn` that the device's cookies came with. */
  #tenant = '';
  /** How many requests are under way after which another user may be signed in. */
  #signIns = 0;

  /**
   * @param {{ loadModule: () => Promise<WebAssembly.Module>, options: import('./options.js').ParsedWorkerOptions,
   *   storage: import('./sealed-storage.js').SealedStorage,
   *   announcer: import('./announcer.js').Announcer,
   *   host: Partial<import('../js_bindings/host.js').Host> }} parts
   */
  constructor({ loadModule, options, storage, announcer, host }) {
    this.#options = options;
    this.#kept = new KeptSessions(storage);
    this.#marker = new MarkerCookie(options.markerCookie);
    this.#announcer = announcer;
    // Another site's origin would have to allow a header that it need not know.
    const asksSesame = options.parsed.origin === options.ownOrigin;
    const own = { decodesBodies: true, asksSesame };
    this.#host = { ...defaultHost, ...own, ...host, fetch: askOrigin };
    this.#pendingLogouts = new PendingLogouts({
      options,
      now: () => this.#host.now(),
      onHeard: ({ authorization }) =>
        authorization === null ? this.#hasRenewed() : this.#hasRewritten(),
    });
    const reading = this.#kept.read();
    this.#first = new FirstAnswer({
      options: options.parsed,
      now: () => this.#host.now(),
      principalIn: async (epoch) => principalOf(epoch, await this.#marker.current()),
      reading: reading.then(firstIn),
    });
    this.#ready = this.#start(loadModule, reading);
    this.#ready.catch(tellDeveloper); // every request finds out for itself
  }

  /**
   * @param {Request} request
   * @param {Kind} kind
   * @param {WaitUntil} waitUntil
   * @returns {Promise<Response>}
   */
  async answer(request, kind, waitUntil) {
    const credential = credentialOf(request, this.#options);
    // Whatever may change whose session it is comes before the next answer, however long the core takes.
    if (kind !== 'read') this.#first.close();
    const first = this.#isReady ? null : await this.#first.answer(request, credential);
    if (first !== null) {
      waitUntil(this.#ready);
      return first;
    }
    const requester = { ...credential, name: await this.#names.of(credential) };
    try {
      await this.#ready;
    } catch {
      return this.#passBy(request, kind, requester); // no WebAssembly here
    }
    if (kind === 'unsafe') return this.#unsafe(request, requester, waitUntil);
    await this.#noticeMarker();
    switch (kind) {
      case 'read':
        return this.#read(request, requester, waitUntil);
      case 'write':
        return this.#write(request, requester, waitUntil);
      case 'logout':
        return this.#logout(request, requester);
      default:
        return this.#signIn(request, kind, requester, waitUntil);
    }
  }

  /**
   * Whether the origin's "no" may be remembered for one of a request's credentials.
   * @param {Request} request
   */
  mayRefuse(request) {
    if (!this.#isReady || this.#cache === null || this.#options.parsed.varyOn.length > 0)
      return true;
    const { core, host } = this.#cache.parts;
    const credential = credentialOf(request, this.#options);
    return this.#headsOf(request, credential).some((head) => {
      const action = core.check(head, host.now(), 0, LOOK | CheckFlag.DECISION);
      if (credential.authorization !== null) return action === Action.REFUSE;
      // Of whom nothing is held, somebody may be asking right now.
      return action !== Action.SERVE && action !== Action.SERVE_STALE;
    });
  }

  /** The counters (rule R70), over all epochs of this life of the worker. */
  async statistics() {
    await this.#ready;
    return this.#cache && this.#statistics.with(this.#cache.parts);
  }

  /**
   * Forgets who is signed in with a credential, here, on disk and in its tabs.
   * @param {unknown} [name]
   */
  async forget(name) {
    this.#first.close();
    await this.#ready;
    const about = typeof name === 'string' ? name : DEVICE;
    const emptied = this.#announcer.clear(about, this.#host);
    await this.#renew();
    await emptied;
  }

  /** Drops what is held, here and on disk: whoever asks next asks the origin (rule R65). The tabs are told what that says. */
  async drop() {
    this.#first.close();
    await this.#ready;
    await this.#renew();
  }

  /**
   * @param {() => Promise<WebAssembly.Module>} loadModule
   * @param {Promise<import('./kept-sessions.js').Kept | null>} reading
   */
  async #start(loadModule, reading) {
    try {
      await this.#begin(loadModule, reading);
    } catch (error) {
      this.#first.close();
      // Requests go past this worker, sign-ins too: what is on disk must not be what the next one answers first.
      await this.#kept.dropAny().catch(() => {});
      throw error;
    }
  }

  /**
   * What the first answer does not need is begun when that has been given, or cannot be.
   * @param {() => Promise<WebAssembly.Module>} loadModule
   * @param {Promise<import('./kept-sessions.js').Kept | null>} reading
   */
  async #begin(loadModule, reading) {
    const kept = await reading;
    await this.#host.turn();
    this.#module = await loadModule();
    const instance = instantiate(this.#module, createModule);
    const faults = instance.findFaults(this.#options.parsed);
    if (faults.length > 0) throw new ConfigError(faults);
    this.#replaceCache(this.#random(), instance);
    if (kept === null) {
      if (!this.#kept.isRefused) this.#kept.begin(this.#epoch, []).catch(() => {});
    } else {
      this.#pendingLogouts.replace(kept.pendingLogouts);
      this.#epoch = kept.epoch;
      this.#version = kept.version;
      if (kept.held !== null) await this.#resume(kept.held);
    }
    this.#first.close();
    for (const given of this.#first.given) this.#count(given);
    this.#isReady = true;
  }

  /**
   * Requests come here from now on. Until then another version has answered them: what it has left on disk stands, and
   * not what this one has read at its start. Whoever asks meanwhile waits for it.
   * @returns {Promise<void>} rejects where nothing can be held
   */
  activate() {
    this.#first.close();
    this.#isReady = false;
    this.#ready = this.#ready.then(() => this.#readAgain());
    return this.#ready;
  }

  async #readAgain() {
    const kept = await this.#kept.read();
    if (kept !== null) {
      this.#pendingLogouts.replace(kept.pendingLogouts);
      const isSame = kept.epoch === this.#epoch && kept.version === this.#version;
      if (!isSame && this.#hasReplacedCache(kept.epoch) && kept.held !== null)
        await this.#resume(kept.held);
    } else if (!this.#kept.isRefused) {
      await this.#renew().catch(() => {});
    }
    this.#isReady = true;
  }

  /**
   * Goes on with what has been written before.
   * @param {{ secret: Uint8Array, snapshot: Uint8Array }} held
   */
  async #resume({ secret, snapshot }) {
    if (this.#cache === null) return;
    const { core, snapshots } = this.#cache.parts;
    this.#secret = secret;
    core.replaceSecret(secret);
    // What cannot be restored has left an empty cache (rule R52).
    await snapshots.restore(snapshot).catch(() => {});
  }

  /**
   * Counts what was answered before the core was up, as if the core had answered it.
   * @param {import('./first-answer.js').GivenAnswer} given
   */
  #count({ principal, tenant, time }) {
    if (this.#cache === null) return;
    const { core, engine } = this.#cache.parts;
    const head = deviceHead(principal, tenant);
    if (core.check(head, time, 0, LOOK) !== Action.SERVE) return;
    core.check(head, time, 0, CheckFlag.PEEK);
    engine.noteCheck(time, 0, 'document', 'fresh');
  }

  /**
   * @param {Request} request
   * @param {Requester} requester
   * @param {WaitUntil} waitUntil
   */
  async #read(request, requester, waitUntil) {
    const repeated = this.#pendingLogouts.repeat();
    if (this.#pendingLogouts.has(requester)) await repeated;
    else waitUntil(repeated);
    for (;;) {
      if (this.#pendingLogouts.has(requester)) {
        return signedOutResponse(this.#isForSession(request));
      }
      const epoch = this.#epoch;
      const response = await this.#handle(request, requester, waitUntil).catch(() => null);
      // Somebody else may be signed in by now: what was found is not for them.
      if (epoch !== this.#epoch) continue;
      return response ?? this.#passBy(request, 'read', requester);
    }
  }

  /**
   * @param {Request} request
   * @param {Requester} requester
   * @param {WaitUntil} waitUntil
   */
  async #write(request, requester, waitUntil) {
    const epoch = this.#epoch;
    await this.#kept.drop(epoch).catch(() => {});
    const cache = this.#cache;
    if (cache === null) return this.#passBy(request, 'write', requester);
    const response = await this.#handle(request, requester, waitUntil);
    if (cache === this.#cache) this.#announceChange(cache, request, requester);
    waitUntil(this.#keep());
    return response;
  }

  /**
   * Whatever a page sends may be a sign-in by another name: no "no" of before it is answered after it.
   * @param {Request} request
   * @param {Requester} requester
   * @param {WaitUntil} waitUntil
   */
  async #unsafe(request, requester, waitUntil) {
    await this.#kept.drop(this.#epoch).catch(() => {});
    try {
      return await fetch(request);
    } finally {
      for (const head of this.#headsOf(request, requester)) {
        this.#cache?.parts.changes.dropRefusal(head);
      }
      waitUntil(this.#keep());
    }
  }

  /**
   * Whoever is signed in after this, nothing of before it is answered any more.
   * @param {Request} request
   * @param {'login' | 'leave' | 'maybe'} kind
   * @param {Requester} requester
   * @param {WaitUntil} waitUntil
   */
  async #signIn(request, kind, requester, waitUntil) {
    // While the cookies are still those of who has signed out.
    await this.#pendingLogouts.repeat(true);
    this.#signIns += 1;
    try {
      return await this.#signInOnce(request, kind, requester);
    } finally {
      this.#signIns -= 1;
      waitUntil(this.#keep());
    }
  }

  /**
   * @param {Request} request
   * @param {'login' | 'leave' | 'maybe'} kind
   * @param {Requester} requester
   */
  async #signInOnce(request, kind, requester) {
    const isDoubtful = needsProof(request, kind);
    const isPage = request.mode === 'navigate';
    const held = isPage && !isDoubtful ? await this.#held() : null;
    if (!isDoubtful) {
      if (!(await this.#hasDropped(request, requester))) return notCleared();
    } else if (isPage) {
      await this.#kept.drop(this.#epoch).catch(() => {});
    }
    const epoch = this.#epoch;
    /** @type {Response} */
    let response;
    try {
      response = await fetch(request);
    } catch (error) {
      // A page is asked for once, whatever is answered: so there was no answer, and nobody else is signed in. Any
      // other site can send a user there (rule R63).
      if (held && epoch === this.#epoch) await this.#takeBack(held);
      throw error;
    }
    if (!isAccepted(response, isDoubtful)) return response;
    // The way back from an identity provider is one; a page to sign in on, which sends on whoever is, is none.
    const isWayBack =
      isRedirect(response) && !isSignInPage(segmentsOf(new URL(request.url).pathname));
    const isSignIn = kind !== 'leave' && (!isSafe(request) || isWayBack);
    if (isSignIn && requester.authorization === null) this.#pendingLogouts.delete();
    if (!(await this.#hasDropped(request, requester))) return notCleared();
    if (!isSafe(request) || this.#announcer.mayKnow(DEVICE)) {
      this.#announcer.doubt(namesInDoubt(kind, requester));
    }
    return response;
  }

  /**
   * It succeeds on the device even if the origin cannot be reached (rule R25), and is told it later.
   * @param {Request} request
   * @param {Requester} requester
   */
  async #logout(request, requester) {
    const { authorization, hasCookies } = requester;
    const name = requester.name ?? DEVICE; // there is no worker where there are no hashes
    const emptied = this.#announcer.clear(name, this.#host);
    const isDropped =
      authorization === null ? this.#hasRenewed() : this.#hasDroppedToken(request, requester);
    if (!(await isDropped)) return notCleared();
    const response = await fetch(request).catch(() => null);
    const outcome = outcomeOf(response);
    if (outcome === 'refused') {
      this.#announcer.doubt([name]);
      return /** @type {Response} */ (response);
    }
    if (outcome === 'unheard') this.#pendingLogouts.add(this.#recordOf(request, requester));
    else this.#pendingLogouts.delete(requester);
    // The cookies that came with a token may have ended with it: whose they are is asked again.
    const endsCookies = authorization === null || (hasCookies && outcome === 'ended');
    const isEnded = endsCookies ? this.#hasRenewed() : this.#hasDroppedToken(request, requester);
    if (!(await isEnded)) return notCleared();
    await emptied;
    return outcome === 'ended' ? /** @type {Response} */ (response) : jsonResponse(200, null);
  }

  /**
   * @param {Request} request
   * @param {Requester} requester
   * @returns {import('./sealed-storage.js').LogoutRecord}
   */
  #recordOf(request, { authorization }) {
    const { origin, pathname } = new URL(request.url);
    const { ownOrigin, logoutPath } = this.#options;
    const isOtherPath = pathname !== logoutPath;
    return { authorization, isForApi: origin !== ownOrigin, isOtherPath };
  }

  /** @param {Request} request @param {Kind} kind @param {Requester} requester */
  #passBy(request, kind, requester) {
    return passBy(request, kind, requester, {
      options: this.#options,
      announcer: this.#announcer,
    });
  }

  /** @param {Request} request */
  #isForSession(request) {
    return new URL(request.url).pathname === this.#options.parsed.sessionPath;
  }

  /** @param {Request} request */
  #pageRequest(request) {
    return pageRequest(request, this.#principal(), this.#options);
  }

  /**
   * Each credential that a request brings, under each value of `varyOn` that is known.
   * @param {Request} request
   * @param {import('./credential-name.js').Credential & { name?: string | null }} credential
   */
  #headsOf(request, { authorization, hasCookies, name = null }) {
    const { tenant } = this.#pageRequest(request).head;
    const tenants = (/** @type {string | null} */ of) => [
      ...new Set([tenant, ...(of === null ? [] : this.#announcer.tenantsOf(of))]),
    ];
    const own = (/** @type {string} */ each) => tokenHeads(authorization ?? '', each);
    const device = (/** @type {string} */ each) => deviceHead(this.#principal(), each);
    return [
      ...(authorization === null ? [] : tenants(name).flatMap(own)),
      ...(hasCookies ? tenants(DEVICE).map(device) : []),
    ];
  }

  /**
   * @param {Request} request
   * @param {Requester} requester
   * @param {WaitUntil} waitUntil
   */
  async #handle(request, requester, waitUntil) {
    const cache = this.#cache;
    if (cache === null) throw new Error('nothing is held');
    const page = this.#pageRequest(request);
    if (requester.name === DEVICE) this.#tenant = page.head.tenant;
    /** @type {Promise<unknown>[]} */
    const works = [];
    const response = await cache.handler.handle(page, {
      head: page.head,
      // Not what its cache mode says, which is the browser's own cache's: DevTools set it for all requests.
      maxAge: maxAgeOf(request.headers, false),
      waitUntil: (work) => {
        works.push(work);
        waitUntil(work);
      },
    });
    if (works.length > 0) {
      waitUntil(Promise.allSettled(works).then(() => this.#settle(cache, request, requester)));
    }
    return response;
  }

  /**
   * The origin has been asked: what it said goes to the tabs of that credential, and to the disk.
   * @param {Cache} cache
   * @param {Request} request
   * @param {Requester} requester
   */
  async #settle(cache, request, requester) {
    if (cache !== this.#cache) return;
    this.#announceChange(cache, request, requester);
    await this.#keep();
  }

  /**
   * @param {Cache} cache
   * @param {Request} request
   * @param {Requester} requester
   */
  #announceChange({ parts: { core, host } }, request, { name: about }) {
    if (about === null) return;
    const { head } = this.#pageRequest(request);
    const action = core.check(head, host.now(), 0, LOOK);
    if (action !== Action.SERVE && action !== Action.REFUSE) return;
    const document = action === Action.SERVE ? new TextDecoder().decode(core.body) : null;
    if (!this.#announcer.learns(about, head.tenant, document)) return;
    if (this.#options.parsed.varyOn.length > 0) {
      // A tab may be another tenant's: it asks for itself (rule R4).
      this.#announcer.doubt([about]);
      return;
    }
    const session = document && {
      user: JSON.parse(document),
      expiresAt: isoTime(core.expiresAtMs),
      stale: false,
    };
    this.#announcer.post({ type: 'session', about, session: session || null });
  }

  /** Writes what is held, unless it may be another user's by now. */
  async #keep() {
    await this.#kept.keep(() => {
      const cache = this.#cache;
      if (cache === null || this.#signIns > 0) return null;
      const snapshot = () => cache.parts.snapshots.write();
      return { epoch: this.#epoch, first: this.#firstOf(cache), secret: this.#secret, snapshot };
    });
  }

  /**
   * What the next life of the worker can answer first.
   * @param {Cache} cache
   */
  #firstOf({ parts: { core, host, options } }) {
    const now = host.now();
    const [principal, tenant] = [this.#principal(), this.#tenant];
    const action = core.check(deviceHead(principal, tenant), now, 0, LOOK);
    // Only the core knows how long a session has been idle.
    if (action !== Action.SERVE || options.idleFor > 0) return new Uint8Array();
    const { body, meta, freshUntilMs, expiresAtMs } = core;
    const record = { principal, tenant, keptAtMs: now, meta, freshUntilMs, expiresAtMs, body };
    return this.#first.bytesOf(record);
  }

  /** What is held now, to be taken back; null if that cannot be written. */
  async #held() {
    const cache = this.#cache;
    const held = { epoch: this.#epoch, secret: this.#secret };
    if (cache === null) return null;
    try {
      const bytes = await new Response(cache.parts.snapshots.write()).arrayBuffer();
      // It has been forgotten meanwhile: that stands.
      return cache === this.#cache ? { ...held, snapshot: new Uint8Array(bytes) } : null;
    } catch {
      return null;
    }
  }

  /** @param {{ epoch: string, secret: Uint8Array, snapshot: Uint8Array }} held */
  async #takeBack(held) {
    try {
      this.#replaceCache(held.epoch);
    } catch {
      return; // what is held now is emptier, and as good
    }
    await this.#resume(held);
    await this.#hasRewritten();
  }

  /** Begins a new epoch: nothing is held any more, from here on in memory, and on disk when it resolves. */
  async #renew() {
    const epoch = this.#random();
    this.#hasReplacedCache(epoch);
    await this.#kept.begin(epoch, this.#pendingLogouts.records);
  }

  /** An empty cache takes the place of the last; false: nothing does. @param {string} epoch */
  #hasReplacedCache(epoch) {
    try {
      this.#replaceCache(epoch);
      return true;
    } catch (error) {
      tellDeveloper(error);
      this.#cache = null;
      this.#epoch = epoch;
      return false;
    }
  }

  /** The same; false if something may be left on disk. Where storage is refused, nothing was ever there. */
  async #hasRenewed() {
    try {
      await this.#renew();
      return true;
    } catch {
      return this.#kept.isRefused;
    }
  }

  /**
   * Drops whatever another user must not find after a request: all, if the device's cookies may change.
   * @param {Request} request
   * @param {Requester} requester
   */
  #hasDropped(request, requester) {
    return requester.hasCookies ? this.#hasRenewed() : this.#hasDroppedToken(request, requester);
  }

  /**
   * Drops what is held for a token, and nothing else.
   * @param {Request} request
   * @param {Requester} requester
   */
  #hasDroppedToken(request, requester) {
    for (const head of this.#headsOf(request, { ...requester, hasCookies: false })) {
      this.#cache?.parts.changes.drop({ head }).catch(() => {});
    }
    return this.#hasRewritten();
  }

  /** Writes what is held in the place of what is on disk, under a new key; false if something may be left there. */
  async #hasRewritten() {
    try {
      await this.#kept.begin(this.#epoch, this.#pendingLogouts.records);
      await this.#keep();
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
  }

  /** A login that the worker saw nothing of shows in the cookie that scripts can read. */
  async #noticeMarker() {
    if (!(await this.#marker.hasChanged())) return;
    this.#pendingLogouts.delete();
    this.#announcer.forget(DEVICE);
    await this.#hasRenewed();
    this.#announcer.doubt([DEVICE]);
  }

  #principal() {
    return principalOf(this.#epoch, this.#marker.value);
  }

  #random() {
    return toHex(this.#host.getRandomValues(new Uint8Array(16)));
  }
}

/**
 * Who the device's cookies stand for.
 * @param {string} epoch
 * @param {string | undefined} marker the cookie that a login changes
 */
function principalOf(epoch, marker) {
  return marker === undefined ? epoch : `${epoch}.${marker}`;
}

/**
 * What may be answered first of what is kept: nothing while a logout is pending.
 * @param {import('./kept-sessions.js').Kept | null} kept
 */
function firstIn(kept) {
  if (!kept?.held || kept.held.first.length === 0 || kept.pendingLogouts.length > 0) return null;
  return { epoch: kept.epoch, first: kept.held.first };
}

/** Why requests go past the worker, which is nowhere else to be seen. @param {unknown} reason */
function tellDeveloper(reason) {
  console.error('Sesame: nothing can be held here, requests go past the worker:', reason);
}

/** The browser does not let what it has on disk be deleted: no login or logout is let through. */
function notCleared() {
  return errorResponse(503, 'storage_not_cleared');
}
