// What a user of the package holds: one cache in front of one origin, and the documentation of what it does.
//
// It must not know how the parts work. Invariant: what it says is decided by a part; it copies, parses and names.

import { assemble } from './assemble.js';
import { Action, CheckFlag } from './core/abi-constants.js';
import { OriginUnavailableError, SesameError, UpdateError } from './errors.js';
import { defaultHost } from './host.js';
import { EndingCookie } from './http/ending-cookie.js';
import { Handler } from './http/handler.js';
import { prometheusText } from './http/prometheus.js';
import { claimsOf, identityHeaders } from './http/verify.js';
import { identityOf, sessionOf } from './identity.js';
import { parseOptions } from './options/options.js';
import { toHeaders } from './origin/headers.js';
import { COOKIE_PREFIX, tenantOf, withHost } from './origin/vary.js';
import { isUnavailable } from './sessions/decision.js';
import { explain } from './sessions/explain.js';
import { heldAction } from './sessions/held.js';
import { signOut } from './sessions/sign-out.js';
import { forwardClock } from './util/forward-clock.js';
import { ignoreFailure } from './util/ignore-failure.js';
import { isUserId } from './util/user-id.js';
import { withUser } from './util/with-user.js';

/** @typedef {import('./sessions/parts.js').Parts} Parts */
/** @typedef {import('./sessions/statistics.js').Statistics} Statistics */
/** @typedef {import('./sessions/explain.js').Explanation} Explanation */
/** @typedef {import('./sessions/wiring.js').Notice} Notice */
/** @typedef {import('./sessions/devices.js').Device} Device */
/** @typedef {import('./sessions/devices.js').EndedOthers} EndedOthers */
/** @typedef {import('./identity.js').UserDocument} UserDocument */
/**
 * @template [User=UserDocument]
 * @typedef {import('./options/types.js').Options<User>} Options
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identity.js').Session<User>} Session
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./identity.js').Identity<User>} Identity
 */

/**
 * What of a request matters: its headers, as `Headers` or as Node's `IncomingMessage` has them.
 * @typedef {object} RequestLike
 * @property {Headers | Record<string, string | string[] | undefined>} headers of which `Cookie` and `Authorization`
 *   say who it is (SPEC R1); the origin is asked with all of them
 * @property {string} [url] says the host, where the option `varyOn` has it and no header says it
 */

/**
 * Who has a token, and what a back end is told of them.
 * @template [User=UserDocument]
 * @typedef {object} VerifiedSession
 * @property {User} user the document, parsed
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 * @property {Headers} headers those that the option `verify.headers` chooses
 */

/**
 * What has ended, and what is left to do.
 * @typedef {object} EndedSession
 * @property {string[]} setCookies what ends the session's cookie in the browser, where it is Sesame's own (managed
 *   sessions): each is to be sent as a `Set-Cookie` of its own. A cookie of the application's is the application's to end
 * @property {boolean} isPending the other nodes do not know of it yet: they are told as soon as the store can be reached
 */

const decoder = new TextDecoder();

/** What a request says of its own body, and of the page that made it: an update has neither. */
const OF_THE_REQUEST_ITSELF = [
  ...['content-encoding', 'content-length', 'transfer-encoding', 'expect', 'if-match'],
  ...['if-none-match', 'if-modified-since', 'if-unmodified-since', 'origin', 'sec-fetch-site'],
];

/** Frees what a cache holds outside of JavaScript if its owner forgot to. */
const finalizer = new FinalizationRegistry((/** @type {() => void} */ free) => free());

/**
 * What every host's `SessionCache` is made of.
 * @template [User=UserDocument] what the document is, as the option `schema` infers it or the caller says it
 */
export class SessionCacheBase {
  /** @type {Parts | null} */
  #assembled = null;
  #begin;
  /** @type {(parts: Parts) => void} */
  #onStart;
  /** @type {Handler | null} */
  #handler = null;
  /** @type {Set<(entry: import('./host.js').LogEntry) => void>} */
  #observers = new Set();

  /**
   * @param {import('./core/abi.js').Instance} instance
   * @param {Options<User>} options
   * @param {Partial<import('./host.js').Host>} host
   * @param {import('./assemble.js').Features} features
   */
  constructor(instance, options, host, features) {
    const { log = defaultHost.log } = host;
    const observers = this.#observers;
    /** @param {import('./host.js').LogEntry} entry */
    const tell = (entry) => {
      log(entry);
      if (observers.size > 0) for (const observer of observers) observer(entry);
    };
    const world = { ...defaultHost, ...host, log: tell };
    world.now = forwardClock(world.now, world.monotonic);
    const parsed = parseOptions(options, instance.findFaults);
    this.#begin = () => {
      const parts = assemble(instance, parsed, world, features);
      return { parts, handler: new Handler(parts, features) };
    };
    this.#onStart = (parts) => features.onStart?.(this, parts);
    if (!world.startsLate) this.#start();
  }

  get #parts() {
    return this.#assembled ?? this.#start();
  }

  #start() {
    const { parts, handler } = this.#begin();
    this.#assembled = parts;
    this.#handler = handler;
    finalizer.register(this, parts.core.free, this);
    this.#onStart(parts);
    return parts;
  }

  /**
   * The document of a request, if it can be answered at once from what is fresh. No I/O, nothing is
   * begun: on null, `getSession` finds out (SPEC R5).
   * @param {string} cookie the `Cookie` header, or empty
   * @param {string} [authorization] the `Authorization` header, or empty
   * @param {RequestLike} [request] the request itself: needed where the option `varyOn` names more than cookies
   * @returns {Uint8Array<ArrayBuffer> | null} the origin's bytes, without a byte order mark: a view that the next call on this
   *   cache overwrites, so use or copy it first
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`; `ERR_SESAME_NO_REQUEST` without a `request` that
   *   `varyOn` needs (rule R4)
   *
   * @example
   * sessions.check(request.headers.cookie); // => null
   *
   * await sessions.getSession(request); // asks the origin
   * const document = sessions.check(request.headers.cookie);
   * await new Response(document).text(); // => '{"id":"5d42f8b6-…","email":"ingrid@example.com",…}'
   */
  check(cookie, authorization = '', request) {
    const parts = this.#parts;
    return peek(parts, cookie, authorization, request, CheckFlag.PEEK) ? parts.core.body : null;
  }

  /**
   * What `check` gives, as a string.
   * @param {string} cookie the `Cookie` header, or empty
   * @param {string} [authorization] the `Authorization` header, or empty
   * @param {RequestLike} [request] the request itself: needed where the option `varyOn` names more than cookies
   * @returns {string | null} the origin's JSON; null: not held
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * await sessions.getSession(request);
   * sessions.checkText(request.headers.cookie); // => '{"id":"5d42f8b6-…","email":"ingrid@example.com",…}'
   */
  checkText(cookie, authorization, request) {
    const body = this.check(cookie, authorization, request);
    return body && decoder.decode(body);
  }

  /**
   * What `check` gives, parsed.
   * @param {string} cookie the `Cookie` header, or empty
   * @param {string} [authorization] the `Authorization` header, or empty
   * @param {RequestLike} [request] the request itself: needed where the option `varyOn` names more than cookies
   * @returns {User | null} the document; null: not held
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * await sessions.getSession(request);
   * const user = sessions.checkJson(request.headers.cookie);
   * user.name; // => 'Ingrid Sørensen'
   */
  checkJson(cookie, authorization, request) {
    const text = this.checkText(cookie, authorization, request);
    return text && JSON.parse(text);
  }

  /**
   * Whether `check` would give a document, at a fraction of its cost: for those who let through or turn
   * away, and need not know more. False says no more than that: `getSession` finds out.
   * @param {string} cookie the `Cookie` header, or empty
   * @param {string} [authorization] the `Authorization` header, or empty
   * @param {RequestLike} [request] the request itself: needed where the option `varyOn` names more than cookies
   * @returns {boolean} true: a fresh document is held
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * sessions.has(request.headers.cookie); // => false
   * await sessions.getSession(request);
   * sessions.has(request.headers.cookie); // => true
   */
  has(cookie, authorization = '', request) {
    return peek(this.#parts, cookie, authorization, request, CheckFlag.PEEK | CheckFlag.DECISION);
  }

  /**
   * Who makes this request? Asks the origin only if the answer is not held: a fresh document costs nothing
   * (SPEC R5), a stale one is refreshed behind the answer (R6), and simultaneous requests share one call (R9).
   * @param {RequestLike} request a `Request`, Node's `IncomingMessage`, or anything with `headers`
   * @param {object} [options]
   * @param {boolean} [options.fresh] ask the origin whatever is held (SPEC R11); default false
   * @param {AbortSignal} [options.signal] stops waiting; the origin's answer is kept for others
   * @param {(work: Promise<unknown>) => void} [options.waitUntil] is given what goes on behind the answer, as a
   *   worker's context takes it; default: nothing waits for it
   * @returns {Promise<Session<User> | null>} null: nobody, as far as the origin is concerned
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: the origin cannot be asked; this is not a
   *   sign-out (SPEC R13)
   * @throws {SesameError} `ERR_SESAME_TOO_LARGE` if the credential is over `maxCredential` (R44);
   *   `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * const session = await sessions.getSession(request);
   * session.user.name; // => 'Ingrid Sørensen'
   * session.expiresAt; // => '…T…Z'
   *
   * await sessions.getSession({ headers: {} }); // => null
   */
  async getSession(request, options) {
    return sessionOf(await this.#decide(request, { ...options, dropsCookies: true }));
  }

  /**
   * What `getSession` gives, with what an adapter for a framework needs beside it.
   * @param {RequestLike} request a `Request`, Node's `IncomingMessage`, or anything with `headers`
   * @param {object} [options]
   * @param {boolean} [options.fresh] ask the origin whatever is held (SPEC R11); default false
   * @param {AbortSignal} [options.signal] stops waiting; the origin's answer is kept for others
   * @param {(work: Promise<unknown>) => void} [options.waitUntil] is given what goes on behind the answer
   * @returns {Promise<Identity<User>>} with a `user` of null where nobody is signed in
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: the origin cannot be asked (SPEC R13)
   * @throws {SesameError} `ERR_SESAME_TOO_LARGE` if the credential is over `maxCredential` (R44)
   *
   * @example
   * const { user, source } = await sessions.identify(request);
   * user.name; // => 'Ingrid Sørensen'
   * source; // => 'origin'
   *
   * (await sessions.identify(request)).source; // => 'fresh'
   */
  async identify(request, options) {
    return identityOf(await this.#decide(request, options));
  }

  /**
   * Who has this token? As `getSession` with it as a bearer, with the headers that the option `verify` chooses: of the
   * document, and, where the option `tokens` verifies it, of the token's own claims.
   * @param {string} token without a scheme
   * @param {object} [options]
   * @param {AbortSignal} [options.signal] stops waiting
   * @param {(work: Promise<unknown>) => void} [options.waitUntil] is given what goes on behind the answer
   * @returns {Promise<VerifiedSession<User> | null>} null: it is nobody's, or its session has ended
   * @throws {OriginUnavailableError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: the origin cannot be asked (SPEC R13)
   * @throws {SesameError} `ERR_SESAME_TOO_LARGE` if the token is over `maxCredential` (R44)
   *
   * @example
   * await sessions.verify('a-token-of-nobody'); // => null
   */
  async verify(token, options) {
    if (!/^[!-~]+$/.test(token)) return null; // no header can hold it
    const parts = this.#parts;
    const [scheme] = parts.options.authorizationSchemes;
    const request = { headers: new Headers({ authorization: `${scheme} ${token}` }) };
    const decision = await this.#decide(request, { ...options, dropsCookies: true });
    const session = sessionOf(decision);
    if (session === null) return null;
    const { verify } = parts.options;
    const claims = await claimsOf(parts.engine, verify, parts.headOf(request));
    const headers = new Headers(identityHeaders(decision.body, verify, claims));
    return withUser(session, { expiresAt: session.expiresAt, headers });
  }

  /**
   * @param {RequestLike} request
   * @param {{ fresh?: boolean, signal?: AbortSignal, waitUntil?: (work: Promise<unknown>) => void,
   *   dropsCookies?: boolean }} [options] `dropsCookies`: the caller cannot send on what the origin sets
   * @returns {Promise<import('./sessions/decision.js').Decision>} a document, or that there is none
   */
  async #decide(request, options = {}) {
    const { fresh, waitUntil = ignoreFailure } = options;
    const { engine, documentRequest, host } = this.#parts;
    const now = host.now();
    const held = fresh ? null : heldAction(this.#parts, request, now, waitUntil);
    if (held !== null) return engine.decided(held, now); // whoever makes a signal only when it is read has made none
    const asked = documentRequest(varyingOf(request), { ...options, waitUntil });
    let decision = await engine.resolve(asked);
    if (decision.kind === 'pass' && !decision.isAnonymous) decision = await engine.askOnce(asked);
    if (isUnavailable(decision)) {
      // Whoever has waited for another's call, or comes before the origin may be asked again, has that call's reason.
      const cause = decision.failure ?? engine.calls.failure ?? undefined;
      throw new OriginUnavailableError(decision.retryAfterMs, { cause });
    }
    if (decision.kind === 'too-large') {
      throw new SesameError('ERR_SESAME_TOO_LARGE', 'The credential is over maxCredential');
    }
    return decision;
  }

  /**
   * Answers an HTTP request, as the edge worker does: the document's and the session's paths from the
   * cache, everything else by the origin (SPEC R41). It does not reject for what the origin or the client does:
   * that is a status, 503 with `Retry-After` among them (R13), with a body that `docs/errors.md` explains.
   * @param {Request} request
   * @param {{ waitUntil(work: Promise<unknown>): void, upgrades?: boolean,
   *   onInterim?: (status: number, headers: Headers) => void }} [context] a worker's context. `upgrades`, in Node: a WebSocket's
   *   connection can be handed on, which the answer has as `webSocket`; `onInterim`, in Node, takes the origin's interim
   *   answers (1xx). `sesame-edge/node` does both
   * @returns {Promise<Response>} private to its user where it holds session data (R40)
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * const url = 'https://www.example.com/api/auth/session';
   * const response = await sessions.handle(new Request(url, request));
   * response.headers.get('cache-control'); // => 'private, no-store'
   * const { user } = await response.json();
   * user.name; // => 'Ingrid Sørensen'
   */
  handle(request, context = { waitUntil: ignoreFailure }) {
    if (this.#handler === null) this.#start();
    return /** @type {Handler} */ (this.#handler).handle(request, context);
  }

  /**
   * Changes the user's document at the origin, and with its answer every session of the user on this node, then in
   * the shared store and on the other nodes (SPEC R22).
   * @param {RequestLike} request whose user is changed
   * @param {unknown} changes sent as JSON
   * @param {object} [options]
   * @param {'PATCH' | 'PUT'} [options.method] how it is sent; default `PATCH`
   * @returns {Promise<Session<User> | null>} the session as it is now
   * @throws {UpdateError} `ERR_SESAME_UPDATE_FAILED`, with the `status`: the origin did not accept it, or could not
   *   be asked; nothing has changed
   *
   * @example
   * const session = await sessions.updateUser(request, { name: 'Ingrid Dahl' });
   * session.user.name; // => 'Ingrid Dahl'
   *
   * const refusal = await sessions.updateUser(request, { name: '' }).catch((error) => error);
   * [refusal.code, refusal.status]; // => [ 'ERR_SESAME_UPDATE_FAILED', 422 ]
   */
  async updateUser(request, changes, options) {
    const { user, expiresAt } = await this.changeUser(request, changes, options);
    return user === null ? null : { user, expiresAt };
  }

  /**
   * What `updateUser` does, with what an adapter for a framework needs beside it.
   * @param {RequestLike} request whose user is changed
   * @param {unknown} changes sent as JSON
   * @param {object} [options]
   * @param {'PATCH' | 'PUT'} [options.method] how it is sent; default `PATCH`
   * @param {(work: Promise<unknown>) => void} [options.waitUntil] is given what goes on behind the answer
   * @returns {Promise<Identity<User>>} `setCookies`: what the origin set with its answer to the update, too
   * @throws {UpdateError} `ERR_SESAME_UPDATE_FAILED`, with the `status`, as `updateUser` does
   *
   * @example
   * const { user, setCookies } = await sessions.changeUser(request, { name: 'Ingrid Dahl' });
   * user.name; // => 'Ingrid Dahl'
   * setCookies; // => []
   */
  async changeUser(request, changes, { method = 'PATCH', waitUntil = ignoreFailure } = {}) {
    const { origin, documentPath, varyOn } = this.#parts.options;
    // It has the origin's own URL: where the host counts, a header says which one it was.
    const headers = new Headers(withHost(varyOn, varyingOf(request), origin));
    for (const name of OF_THE_REQUEST_ITSELF) headers.delete(name);
    headers.set('content-type', 'application/json');
    const body = JSON.stringify(changes);
    const update = new Request(origin + documentPath, { method, headers, body });
    const response = await this.handle(update, { waitUntil });
    await response.body?.cancel();
    if (!response.ok) throw new UpdateError(response.status);
    const identity = await this.identify(request, { waitUntil });
    return {
      ...identity,
      setCookies: [...response.headers.getSetCookie(), ...identity.setCookies],
    };
  }

  /**
   * Ends the session of this request's credential: it is refused from now on, whatever answer of the
   * origin is still under way (SPEC R8, R10). On this node at once if anything of it is held here; with a store, on all
   * nodes within `revocationBound` of when the promise resolves (R31). Of a credential that this node does not know, the
   * store is asked, and then the origin: one that the origin refuses needs no end (R53).
   * @param {RequestLike} request whose credential is refused from now on
   * @returns {Promise<void>} resolves when it is in effect, and the store, if there is one, has it
   * @throws {OriginUnavailableError} rejects with `ERR_SESAME_ORIGIN_UNAVAILABLE`: nothing is known of the credential, and
   *   the origin cannot be asked; it has to be repeated
   * @throws {SesameError} rejects with `ERR_SESAME_GUARD_FULL`: this node, or this user, has as many ended sessions to
   *   remember as there is room for (R54). The session is dropped, and has to be ended again later
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`: it is published as soon as the store can
   *   be reached
   * @throws {SesameError} rejects with `ERR_SESAME_OUTBOX_FULL`: so much waits for the store that this is in effect on this
   *   node alone, and has to be repeated
   *
   * @example
   * await sessions.revoke(request);
   * await sessions.getSession(request); // => null
   */
  revoke(request) {
    const asked = this.#requestOf(request);
    this.#parts.lastChanges?.note(asked.head, 'revoke()');
    return unawaited(this.#parts.changes.end(asked));
  }

  /**
   * For sign-outs in the application's own code: ends every session that a request names, on this node at once and with a
   * store on all nodes (R8, R31), as `revoke` does; where sessions are managed, at the origin too, as the path
   * `/api/auth/logout` does (R25). A store that cannot be reached is no failure, since the other nodes are told when it is
   * back: `isPending` says so.
   * @param {RequestLike} request whose sessions end
   * @param {object} [options]
   * @param {(work: Promise<unknown>) => void} [options.waitUntil] is given what goes on behind it, as a worker's context takes it
   * @returns {Promise<EndedSession>} in effect here; with what the answer to the browser is to set
   * @throws {OriginUnavailableError} rejects with `ERR_SESAME_ORIGIN_UNAVAILABLE`, as `revoke` does; so with
   *   `ERR_SESAME_GUARD_FULL` and `ERR_SESAME_OUTBOX_FULL`: it has to be repeated
   *
   * @example
   * const { setCookies } = await sessions.endSession(request);
   * setCookies; // => []
   * await sessions.getSession(request); // => null
   */
  async endSession(request, { waitUntil = ignoreFailure } = {}) {
    const parts = this.#parts;
    const { host, managed, options } = parts;
    const asked = parts.documentRequest(varyingOf(request), { waitUntil });
    parts.lastChanges?.note(asked.head, 'endSession()');
    const { error } = await signOut(parts, asked);
    // What waits for the store is kept by a process, and not by an isolate of the edge.
    const isUnreached = /** @type {any} */ (error)?.code === 'ERR_SESAME_STORE_UNAVAILABLE';
    const isPending = isUnreached && host.sharesPromises;
    if (error !== null && !isPending) throw error;
    const setCookies = managed ? new EndingCookie(options.cookie[0]).clear('') : [];
    return { isPending, setCookies };
  }

  /**
   * Drops what is held for this request's credential: the origin is asked when it is next seen. Reaches
   * other nodes as `revoke` does.
   * @param {RequestLike} request whose credential may stand for somebody else now
   * @returns {Promise<void>} resolves when the store, if there is one, has it; need not be awaited
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`, as `revoke` does
   *
   * @example
   * await sessions.getSession(request);
   * await sessions.forget(request);
   * sessions.has(request.headers.cookie); // => false
   * (await sessions.identify(request)).source; // => 'origin'
   */
  forget(request) {
    const asked = this.#requestOf(request);
    this.#parts.lastChanges?.note(asked.head, 'invalidate()');
    return unawaited(this.#parts.changes.drop(asked));
  }

  /** @param {RequestLike} request */
  #requestOf(request) {
    return this.#parts.documentRequest(varyingOf(request), { waitUntil: ignoreFailure });
  }

  /**
   * Drops the documents of every session of a user, those not in memory included (SPEC R23): the origin is asked
   * when one is next seen. Reaches other nodes as `revoke` does.
   * @param {string | number} userId as it stands in the document, where the option `userId` points to; a
   *   number above 2^53 as a string of its digits
   * @returns {Promise<void>} resolves when the store, if there is one, has it; need not be awaited
   * @throws {SesameError} `ERR_SESAME_BAD_USER_ID` if it is no identifier
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`, as `revoke` does
   *
   * @example
   * const { user } = await sessions.getSession(request);
   * await sessions.invalidateUser(user.id);
   * (await sessions.identify(request)).source; // => 'origin'
   */
  invalidateUser(userId) {
    checkUser(userId);
    return unawaited(this.#parts.changes.userEvent('invalidate', userId));
  }

  /**
   * Ends every session of a user, those not in memory included (SPEC R23). Reaches other nodes as `revoke` does.
   * @param {string | number} userId as it stands in the document, where the option `userId` points to; a
   *   number above 2^53 as a string of its digits
   * @returns {Promise<void>} resolves when the store, if there is one, has it; need not be awaited
   * @throws {SesameError} `ERR_SESAME_BAD_USER_ID` if it is no identifier
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`, as `revoke` does
   *
   * @example
   * const { user } = await sessions.getSession(request);
   * await sessions.revokeUser(user.id);
   * await sessions.getSession(request); // => null
   */
  revokeUser(userId) {
    checkUser(userId);
    return unawaited(this.#parts.changes.userEvent('revoke', userId));
  }

  /**
   * The sessions that Sesame has seen of a user and that live (rule R27), those in use last first. With the option `devices`.
   * @param {string | number} userId as it stands in the document, as for `revokeUser`
   * @param {object} [options]
   * @param {RequestLike} [options.request] whose own session is `current`
   * @returns {Promise<Device[]>} at most 200; of a session that was not seen since the option is on, nothing is known
   * @throws {SesameError} `ERR_SESAME_NO_DEVICES` without the option; `ERR_SESAME_BAD_USER_ID` if it is no identifier
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`: the store cannot say
   *
   * @example
   * import { SessionCache } from 'sesame-edge';
   *
   * const options = { origin: 'https://api.example.com', userId: '/id', devices: true };
   * const sessions = new SessionCache(options);
   * const { user } = await sessions.getSession(request);
   * const [device] = await sessions.list(user.id, { request });
   * device.current; // => true
   */
  async list(userId, { request } = {}) {
    const devices = this.#devices();
    checkUser(userId);
    return devices.list(userId, request ? this.#parts.headOf(varyingOf(request)) : null);
  }

  /**
   * Ends the session that a handle of `list` names, wherever it is held (rules R8, R27): on this node at once, with a store
   * on all nodes within `revocationBound` of when the promise resolves. No node need have it in memory.
   * @param {string} handle
   * @returns {Promise<boolean>} false: there is no such session
   * @throws {SesameError} `ERR_SESAME_NO_DEVICES` without the option `devices`
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`: what could not be read has to be repeated
   *
   * @example
   * import { SessionCache } from 'sesame-edge';
   *
   * const options = { origin: 'https://api.example.com', userId: '/id', devices: true };
   * const sessions = new SessionCache(options);
   * const { user } = await sessions.getSession(request);
   * const [device] = await sessions.list(user.id);
   * await sessions.end(device.handle); // => true
   * await sessions.getSession(request); // => null
   */
  async end(handle) {
    return this.#devices().end(handle);
  }

  /**
   * Ends every session of a request's user but its own (rule R27), those that no node has in memory included, as `end` does.
   * Whoever signs in while this is under way stays signed in.
   * @param {RequestLike} request whose session stays
   * @returns {Promise<EndedOthers | null>} null: nobody is signed in with it
   * @throws {SesameError} `ERR_SESAME_NO_DEVICES` without the option `devices`
   * @throws {OriginUnavailableError} rejects with `ERR_SESAME_ORIGIN_UNAVAILABLE`: it is not known whose request it is
   * @throws {StoreUnavailableError} rejects with `ERR_SESAME_STORE_UNAVAILABLE`: it has to be repeated
   *
   * @example
   * import { SessionCache } from 'sesame-edge';
   *
   * const options = { origin: 'https://api.example.com', userId: '/id', devices: true };
   * const sessions = new SessionCache(options);
   * await sessions.getSession(request);
   * await sessions.endOthers(request); // => { ended: 0, isComplete: true }
   */
  async endOthers(request) {
    const devices = this.#devices();
    const parts = this.#parts;
    const decision = await this.#decide(request);
    const named = decision.kind === 'document' ? parts.changes.identifierIn(decision.body) : null;
    if (named === null) return null;
    return devices.endOthers(JSON.parse(named), { head: parts.headOf(varyingOf(request)) });
  }

  #devices() {
    const { devices } = this.#parts;
    if (devices !== null) return devices;
    throw new SesameError('ERR_SESAME_NO_DEVICES', 'Lists of sessions need the option devices');
  }

  /**
   * What is held, as a stream of bytes that another cache with the same `secret` and the same options can
   * restore (SPEC R52). The cache goes on working meanwhile; what changes before the stream ends is left
   * out. No credential is in it, but documents can be read in it: seal what leaves the machine. Sessions
   * that end later are in it as they were, so write one anew after a sign-out that has to last.
   * @returns {ReadableStream<Uint8Array<ArrayBuffer>>} to be read to its end
   * @throws {ConfigError} `ERR_SESAME_CONFIG` without a `secret`
   * @throws {SesameError} `ERR_SESAME_SNAPSHOT_BUSY` while another is written or restored; the stream fails with
   *   `ERR_SESAME_SNAPSHOT` if too much was forgotten meanwhile, in which case another has to be written
   *
   * @example
   * import { readFile, writeFile } from 'node:fs/promises';
   * import { SessionCache } from 'sesame-edge';
   *
   * const secret = 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f'; // openssl rand -hex 16
   * const sessions = new SessionCache({ origin: 'https://api.example.com', secret });
   * await sessions.getSession(request);
   * await writeFile('sessions.snapshot', sessions.snapshot());
   * sessions.dispose();
   *
   * // In the next process:
   * const next = new SessionCache({ origin: 'https://api.example.com', secret });
   * await next.restore(await readFile('sessions.snapshot')); // => 1
   * next.has(request.headers.cookie); // => true
   */
  snapshot() {
    return this.#parts.snapshots.write();
  }

  /**
   * Fills a new cache from a snapshot. Nothing of it is served before all of it has been read and checked (SPEC R52).
   * With a `store` nothing of it is served at all: what other nodes have ended since is not in it (SPEC R31),
   * and the store has what is still true.
   * @param {import('./sessions/snapshots.js').ByteSource} source what `snapshot()` has given, at once or in pieces
   * @returns {Promise<number>} how many entries are held now
   * @throws {SesameError} `ERR_SESAME_SNAPSHOT` if it is cut off, altered, of another version, secret or
   *   configuration, or if something has happened in this cache before: the cache is empty, and works.
   *   `ERR_SESAME_SNAPSHOT_BUSY` while another is written or restored
   * @throws {ConfigError} `ERR_SESAME_CONFIG` without a `secret`
   *
   * @example
   * import { SessionCache } from 'sesame-edge';
   *
   * const secret = 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f'; // openssl rand -hex 16
   * const sessions = new SessionCache({ origin: 'https://api.example.com', secret });
   * await sessions.getSession(request);
   * const next = new SessionCache({ origin: 'https://api.example.com', secret });
   * await next.restore(sessions.snapshot()); // => 1
   *
   * const other = new SessionCache({ origin: 'https://api.example.com', secret });
   * await other.restore(new Uint8Array(100)).catch(({ code }) => code); // => 'ERR_SESAME_SNAPSHOT'
   */
  async restore(source) {
    await this.#parts.snapshots.restore(source);
    return this.#parts.core.statistics().entries;
  }

  /**
   * The counters (SPEC R70), and how much is held.
   * @returns {Statistics} as they are now; later calls give others
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * for (let page = 0; page < 5; page += 1) await sessions.getSession(request);
   * const { checks, originCalls, originCallsAvoided } = sessions.statistics();
   * [checks, originCalls, originCallsAvoided]; // => [ 5, 1, 4 ]
   */
  statistics() {
    return this.#parts.statistics();
  }

  /**
   * Why a request is answered as it is (SPEC R72): which credential was read from where, whether it is held, how old it
   * is, what dropped or ended it, and which option would change that. Nothing is asked and nothing changes, except that
   * with `idleFor` the session counts as used.
   * @param {RequestLike} request
   * @returns {Explanation} without credential and document
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * const before = sessions.explain(request);
   * [before.readFrom, before.answer, before.reason]; // => [ 'session', 'asks', 'absent' ]
   *
   * await sessions.getSession(request);
   * const { answer, because } = sessions.explain(request);
   * answer; // => 'fresh'
   * because; // => 'A document is held, and young enough.'
   */
  explain(request) {
    return explain(this.#parts, this.#parts.headOf(varyingOf(request)));
  }

  /**
   * What is wired wrongly, as far as requests and answers have shown (SPEC R73): each is on the log once, too.
   * @returns {Notice[]} the oldest first
   *
   * @example
   * await sessions.getSession({ headers: { cookie: 'sid=1' } });
   * sessions.notices().map(({ cause }) => cause); // => [ 'unknown-cookies' ]
   */
  notices() {
    return this.#parts.wiring.notices;
  }

  /**
   * Calls a function with every line of the log (SPEC R71), of which none names a credential, a user or a part
   * of a document.
   * @param {(entry: import('./host.js').LogEntry) => void} observer must not throw
   * @returns {() => void} ends it
   *
   * @example
   * const lines = [];
   * const stop = sessions.observe(({ event, kind, status }) => lines.push([event, kind ?? status]));
   * await sessions.getSession(request);
   * stop();
   * lines; // => [ [ 'origin', 200 ], [ 'check', 'document' ] ]
   */
  observe(observer) {
    this.#observers.add(observer);
    return () => void this.#observers.delete(observer);
  }

  /**
   * What `statistics` gives, for Prometheus (text format 0.0.4), to be answered where it scrapes as
   * `text/plain; version=0.0.4`. The option `metricsPath` does that by itself.
   * @returns {string} lines of metrics, none of which names a user
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   *
   * @example
   * await sessions.getSession(request);
   * const [help, type, value] = sessions.prometheusText().split('\n');
   * help; // => '# HELP sesame_checks_total Requests decided'
   * value; // => 'sesame_checks_total 1'
   */
  prometheusText() {
    return prometheusText(this.statistics());
  }

  /**
   * Frees the cache's memory, and closes its store. Every later call throws `ERR_SESAME_DISPOSED`; a second
   * `dispose()` does nothing. Where the language has `using`, that calls it.
   *
   * @example
   * sessions.dispose();
   * await sessions.getSession(request).catch(({ code }) => code); // => 'ERR_SESAME_DISPOSED'
   */
  dispose() {
    finalizer.unregister(this);
    this.#parts.watched?.dispose();
    this.#parts.ends?.dispose();
    this.#parts.shared?.close().catch(() => {});
    this.#parts.core.dispose();
  }
}

// `using` where the language has it.
if (Symbol.dispose) {
  Object.defineProperty(SessionCacheBase.prototype, Symbol.dispose, {
    value: SessionCacheBase.prototype.dispose,
  });
}

/**
 * @param {RequestLike} request
 * @returns {import('./origin/vary.js').Varying}
 */
function varyingOf({ headers, url }) {
  return { headers: toHeaders(headers), url };
}

/**
 * Whether a fresh document is held for who has the credential as strings. What the module then says of it is the core's.
 * @param {Parts} parts
 * @param {string} cookie
 * @param {string} authorization
 * @param {RequestLike | undefined} request
 * @param {number} flags
 */
function peek({ core, host, shared, options }, cookie, authorization, request, flags) {
  const { varyOn } = options;
  const tenant = varyOn.length === 0 ? '' : tenantOfStrings(varyOn, cookie, request);
  const now = host.now();
  if (shared !== null && !shared.log.isTrusted(now)) return false;
  return core.check({ tenant, cookie, authorization }, now, 0, flags) === Action.SERVE;
}

/**
 * @param {readonly string[]} varyOn
 * @param {string} cookie
 * @param {RequestLike} [request]
 */
function tenantOfStrings(varyOn, cookie, request) {
  if (request === undefined && varyOn.some((name) => !name.startsWith(COOKIE_PREFIX))) {
    throw new SesameError(
      'ERR_SESAME_NO_REQUEST',
      `Two strings do not say what varyOn names (${varyOn.join(', ')}): give the request as the third argument`,
    );
  }
  const varying = request ? varyingOf(request) : { headers: new Headers({ cookie }) };
  return tenantOf(varyOn, varying);
}

/** @param {unknown} userId */
function checkUser(userId) {
  if (isUserId(userId)) return;
  throw new SesameError(
    'ERR_SESAME_BAD_USER_ID',
    'A user is named by the string or number that is its identifier in the document; by a string of its ' +
      'digits if that number is too large for JavaScript',
  );
}

/**
 * A caller may wait for it, and need not.
 * @param {Promise<void>} publishing
 */
function unawaited(publishing) {
  ignoreFailure(publishing);
  return publishing;
}
