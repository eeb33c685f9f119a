// The HTTP face of a cache, in front of an origin: a pure function from Request to Response. The
// document's path and the session's paths are answered from the cache; everything else streams through.
// It decides how things look on the wire, never who somebody is.

import { Action, CheckFlag } from '../core/abi-constants.js';
import { readBody } from '../origin/bodies.js';
import {
  changesCookie,
  freshSeconds,
  hasLargeCredential,
  markPrivate,
  setFreshness,
} from '../origin/headers.js';
import { BodyTooLargeError, OriginProxy, relayHeaders } from '../origin/proxy.js';
import { BodyOut } from './body-out.js';
import { CorsMemory } from './cors.js';
import { SAFE_METHODS } from './cross-site.js';
import {
  errorResponse,
  respond,
  sessionBody,
  strongEtag,
  unavailableResponse,
} from './responses.js';

/**
 * @typedef {object} HandlerContext
 * @property {(work: Promise<unknown>) => void} waitUntil
 * @property {boolean} [fresh] what is held does not count (SPEC R11)
 * @property {import('../core/abi.js').RequestHead} [head] the credential, from who knows it without the headers:
 *   of a request whose headers name no other site's page
 */

/** @typedef {import('../sessions/engine.js').Decision} Decision */
/** @typedef {import('../sessions/parts.js').Parts} Parts */

/**
 * Answers requests for paths of its own; null: it is none of them.
 * @typedef {(request: Request, url: URL, context: HandlerContext) => Response | Promise<Response> | null} Endpoint
 */

/**
 * Sends requests to the origin in another way than as they are, for the paths that it covers.
 * @typedef {object} Sender
 * @property {(path: string) => boolean} covers
 * @property {(request: Request, context: HandlerContext, maxBody?: number) => Promise<Response>} send
 */

/**
 * What a host's handler does beside the document and the session. What a host does not name is not in its bundle.
 * @typedef {object} HandlerFeatures
 * @property {readonly ((parts: Parts, proxy: OriginProxy) => Endpoint)[]} [endpoints] asked in this order
 * @property {(parts: Parts, proxy: OriginProxy) => Sender | null} [makeSender]
 */

export class Handler {
  #parts;
  #options;
  #proxy;
  #sender;
  #endpoints;
  #cors = new CorsMemory();
  #bodyOut = new BodyOut();
  #hitInit;
  /**
   * The same for documents, by the seconds for which they are fresh.
   * @type {Map<number, { status: number, headers: Headers }>}
   */
  #hitInits = new Map();

  /**
   * @param {Parts} parts
   * @param {HandlerFeatures} [features]
   */
  constructor(parts, { endpoints = [], makeSender = () => null } = {}) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#proxy = new OriginProxy(parts.options.origin, parts.host);
    this.#sender = makeSender(parts, this.#proxy);
    this.#endpoints = endpoints.map((makeEndpoint) => makeEndpoint(parts, this.#proxy));
    const headers = this.#sessionHeaders({ source: 'fresh', originHeaders: null }, null);
    headers.set('content-type', 'application/json');
    this.#hitInit = { status: 200, headers };
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  async handle(request, context) {
    return this.#hit(request, context) ?? this.#handle(request, context);
  }

  /**
   * What nearly every request is: the document, or the session, asked for by a page of the same site, and
   * held fresh. The same answer as `#document` and `#session` give, with nothing made that can be kept from
   * one to the next.
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Response | Promise<Response> | null} null: it is something else
   */
  #hit(request, context) {
    const { method, url } = request;
    const { documentPath, sessionPath, browserCache } = this.#options;
    if (method !== 'GET' || browserCache || context.fresh) return null;
    const isSession = sessionPath !== null && isAt(url, sessionPath);
    if (!isSession && !isAt(url, documentPath)) return null;
    if (context.head === undefined && request.headers.has('origin')) return null;
    const head = context.head ?? this.#parts.headOf(request.headers);
    const { core, engine, host, shared } = this.#parts;
    const now = host.now();
    if (shared !== null) {
      if (!shared.log.isTrusted(now)) return null;
      shared.log.keepUp(now, (work) => context.waitUntil(work));
    }
    const action = core.check(head, now, 0, CheckFlag.PEEK);
    // Another node may know a managed session that this one does not.
    if (action === Action.REFUSE && shared !== null && this.#parts.managed !== null) return null;
    if (action === Action.REFUSE) {
      const decision = engine.decided(action, now);
      return isSession
        ? this.#sessionOf(decision, request, null)
        : this.#decided(decision, request, null);
    }
    if (action !== Action.SERVE) return null;
    engine.noteCheck(now, 0, 'document', 'fresh');
    if (isSession) return new Response(sessionBody('document', core), this.#hitInit);
    const init = this.#hitInitFor(freshSeconds(core.freshUntilMs - now), core.meta);
    return new Response(this.#bodyOut.take(core.body), init);
  }

  /** @param {number} seconds for which the document is fresh @param {string} etag */
  #hitInitFor(seconds, etag) {
    let init = this.#hitInits.get(seconds);
    if (init === undefined) {
      init = { status: 200, headers: new Headers(this.#hitInit.headers) };
      setFreshness(init.headers, seconds);
      this.#hitInits.set(seconds, init);
    }
    if (etag === '' || this.#options.fields.length > 0) return init;
    const headers = new Headers(init.headers);
    headers.set('etag', etag);
    return { status: 200, headers };
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  async #handle(request, context) {
    const url = new URL(request.url);
    const { pathname, search } = url;
    const { documentPath, sessionPath } = this.#options;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (pathname === documentPath && isRead && search === '') {
      return this.#document(request, context);
    }
    if (pathname === sessionPath && isRead) return this.#session(request, context);
    for (const endpoint of this.#endpoints) {
      const answer = endpoint(request, url, context);
      if (answer !== null) return answer;
    }
    const isSafe = SAFE_METHODS.includes(request.method);
    const passing = isSafe
      ? this.#through(request, pathname, context)
      : this.#write(request, pathname, context);
    // What it changes is applied even if the client goes away.
    if (!isSafe || this.#changesIdentity(pathname)) context.waitUntil(passing);
    return passing;
  }

  /** @param {string} path */
  #changesIdentity(path) {
    return this.#options.identityPaths.some((pattern) => pattern.test(path));
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   */
  #documentRequest({ headers, signal }, context) {
    return this.#parts.documentRequest(headers, {
      signal,
      waitUntil: (work) => context.waitUntil(work),
    });
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string | null} site
   */
  async #resolve(request, context, site) {
    const asked = this.#documentRequest(request, context);
    // Nothing is known yet of what the origin lets this site's pages read: it is asked.
    asked.fresh = context.fresh || !this.#cors.knows(site);
    const { engine } = this.#parts;
    let decision = await engine.resolve(asked);
    const isHeld = decision.kind === 'document' && decision.originHeaders === null;
    if (isHeld && !asked.fresh && !this.#cors.knows(site, true)) {
      // A refusal has taught nothing of what a document's readers may do.
      decision = await engine.resolve({ ...asked, fresh: true });
    }
    const { kind, source, originHeaders } = decision;
    const hasDocument = kind === 'document' && source === 'origin';
    if (originHeaders) this.#cors.learn(site, originHeaders, hasDocument);
    return decision;
  }

  /**
   * `GET` and `HEAD` on the document's path.
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #document(request, context) {
    const site = CorsMemory.siteOf(request);
    const decision = await this.#resolve(request, context, site);
    if (decision.kind === 'pass') {
      this.#parts.core.countPassed();
      return this.#parts.engine.timeOriginCall(
        () => this.#through(request, this.#options.documentPath, context),
        ({ status }) => status,
      );
    }
    return this.#decided(decision, request, site);
  }

  /**
   * The response that says what was decided about the document.
   * @param {Decision} decision
   * @param {Request} request
   * @param {string | null} site
   */
  #decided(decision, request, site) {
    const headers = this.#sessionHeaders(decision, site);
    if (decision.kind === 'document') {
      if (!headers.has('content-type')) headers.set('content-type', 'application/json');
      if (decision.freshUntilMs > 0) {
        setFreshness(headers, freshSeconds(decision.freshUntilMs - this.#parts.host.now()));
      }
      if (this.#options.browserCache) return this.#validated(request, decision.body, headers);
      if (decision.meta && this.#options.fields.length === 0) headers.set('etag', decision.meta);
      return respond(request, decision.body, 200, headers);
    }
    if (decision.kind === 'unavailable' || decision.kind === 'too-large') {
      return failure(decision, headers);
    }
    for (const [name, value] of Object.entries(JSON.parse(decision.meta || '{}'))) {
      headers.set(name, value);
    }
    return respond(request, decision.body, decision.status, headers);
  }

  /**
   * `GET` and `HEAD` on the session's path: `{ user, expiresAt }`, or `null`.
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #session(request, context) {
    const site = CorsMemory.siteOf(request);
    let decision = await this.#resolve(request, context, site);
    if (decision.kind === 'pass' && !decision.isAnonymous) {
      decision = await this.#parts.engine.askOnce(this.#documentRequest(request, context));
    }
    return this.#sessionOf(decision, request, site);
  }

  /**
   * The response that says what was decided about the session.
   * @param {Decision} decision
   * @param {Request} request
   * @param {string | null} site
   */
  #sessionOf(decision, request, site) {
    const source = decision.isAnonymous ? 'negative' : decision.source; // nobody was asked
    const headers = this.#sessionHeaders({ source, originHeaders: null }, site);
    for (const cookie of decision.originHeaders?.getSetCookie() ?? []) {
      headers.append('set-cookie', cookie);
    }
    if (decision.kind === 'unavailable' || decision.kind === 'too-large') {
      return failure(decision, headers);
    }
    headers.set('content-type', 'application/json');
    const body = sessionBody(decision.kind, decision);
    return this.#options.browserCache
      ? this.#validated(request, body, headers)
      : respond(request, body, 200, headers);
  }

  /**
   * A response that the browser may keep if it asks before it uses it (SPEC R40, `browserCache`).
   * @param {Request} request
   * @param {Uint8Array<ArrayBuffer>} body
   * @param {Headers} headers
   */
  async #validated(request, body, headers) {
    const etag = await strongEtag(body);
    headers.set('etag', etag);
    headers.set('cache-control', 'private, no-cache');
    const held = (request.headers.get('if-none-match') ?? '').split(',').map((tag) => tag.trim());
    // Weak comparison (RFC 9110 section 13.1.2).
    if (held.some((tag) => tag === '*' || tag.replace(/^W\//, '') === etag)) {
      headers.delete('content-type');
      return new Response(null, { status: 304, headers });
    }
    return respond(request, body, 200, headers);
  }

  /**
   * Headers of a response that holds session data (SPEC R40, R43).
   * @param {Pick<Decision, 'source' | 'originHeaders'>} decision
   * @param {string | null} site
   */
  #sessionHeaders({ source, originHeaders }, site) {
    const headers = originHeaders ? relayHeaders(originHeaders, this.#parts.host) : new Headers();
    for (const name of ['content-encoding', 'content-length', 'etag']) headers.delete(name);
    if (!originHeaders) this.#cors.apply(site, headers);
    markPrivate(headers);
    headers.append('server-timing', `sesame;desc=${source}`);
    return headers;
  }

  /**
   * A write: on the document's path it may bring the new document (SPEC R22), below it it changes the
   * user who makes it, and on the path of a user that user (R26). Everything else it only passes.
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   */
  async #write(request, path, context) {
    const { documentPath, maxBody, maxCredential, maxDocument } = this.#options;
    const isDocument = path === documentPath;
    const changesOwnUser = isDocument || path.startsWith(`${documentPath}/`);
    if (changesOwnUser && hasLargeCredential(request.headers, maxCredential)) {
      return errorResponse(431, 'credential_too_large');
    }
    const finish = changesOwnUser
      ? this.#parts.engine.beginWrite(this.#documentRequest(request, context))
      : null;
    const limit = isDocument ? maxBody : Number.POSITIVE_INFINITY;
    /** @type {Response} */
    let response;
    try {
      response = await this.#send(request, path, context, limit);
    } catch (error) {
      const httpStatus = error instanceof BodyTooLargeError ? 413 : 0;
      await finish?.({ httpStatus, body: null });
      return sendFailed(error);
    }
    if (finish) {
      const mayHoldDocument = isDocument && response.ok && request.method !== 'DELETE';
      // A copy is read, so that the client gets the original however long it is.
      const body = mayHoldDocument
        ? await readBody(response.clone().body, maxDocument).catch(() => null)
        : null;
      await finish({ httpStatus: response.status, body });
    }
    return this.#relay(response, path, await this.#observe(request, response, path));
  }

  /**
   * Whatever the origin answers itself (SPEC R41).
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   */
  async #through(request, path, context) {
    try {
      const response = await this.#send(request, path, context);
      return this.#relay(response, path, await this.#observe(request, response, path));
    } catch (error) {
      return sendFailed(error);
    }
  }

  /**
   * @param {Response} response
   * @param {string} path
   * @param {boolean} changesIdentity what the browser has kept may be another user's from now on
   */
  #relay(response, path, changesIdentity) {
    const isDocument = path === this.#options.documentPath;
    return this.#proxy.relay(response, (headers) => {
      if (changesIdentity && this.#options.browserCache) {
        headers.append('clear-site-data', '"cache"'); // R40
      }
      if (isDocument || headers.has('set-cookie')) markPrivate(headers);
      if (isDocument) headers.append('server-timing', 'sesame;desc=origin');
    });
  }

  /**
   * Sends a request to the origin, with the token of its session where sessions are managed.
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   * @param {number} [maxBody]
   */
  #send(request, path, context, maxBody) {
    return this.#sender?.covers(path)
      ? this.#sender.send(request, context, maxBody)
      : this.#proxy.send(request, { maxBody });
  }

  /**
   * Notices what the origin's answer to a request says about its credential, and whom it has changed. Never
   * rejects: what other nodes cannot be told now they are told later.
   * @param {Request} request
   * @param {Response} response
   * @param {string} path
   * @returns {Promise<boolean>} whether the credential may stand for somebody else now
   */
  async #observe(request, response, path) {
    if (response.status >= 400) return false;
    const { cookie, userPaths } = this.#options;
    const { core, host, shared } = this.#parts;
    const isSafe = SAFE_METHODS.includes(request.method);
    if (!isSafe && request.method !== 'POST' && path !== this.#options.documentPath) {
      for (const pattern of userPaths) {
        const id = pattern.exec(path)?.groups?.id;
        if (id !== undefined) {
          await this.#parts.userEvent('invalidate', decoded(id)).catch(() => {});
        }
      }
    }
    // A managed session changes through its own paths only; whoever brings a token has none.
    if (this.#parts.managed && !request.headers.has('authorization')) return false;
    const changesIdentity =
      changesCookie(request.headers, response.headers, cookie, host.now()) ||
      this.#changesIdentity(path);
    const head = this.#parts.headOf(request.headers);
    if (changesIdentity) {
      core.forgetSession(head);
      await shared?.forget(head).catch(() => {});
    } else if (!isSafe) {
      core.forgetRefusal(head);
    }
    return changesIdentity;
  }
}

/**
 * A segment of a path, as it is where its escapes make no sense.
 * @param {string} segment
 */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/**
 * Whether a URL has just this path, and no query.
 * @param {string} url
 * @param {string} path
 */
function isAt(url, path) {
  return url.endsWith(path) && url.indexOf('/', url.indexOf('//') + 2) === url.length - path.length;
}

/** @param {unknown} error */
function sendFailed(error) {
  if (error instanceof BodyTooLargeError) return errorResponse(413, 'body_too_large');
  return unavailableResponse();
}

/**
 * @param {Decision} decision
 * @param {Headers} headers
 */
function failure({ kind, retryAfterMs }, headers) {
  const response =
    kind === 'too-large'
      ? errorResponse(431, 'credential_too_large')
      : unavailableResponse(retryAfterMs);
  for (const [name, value] of headers) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}
