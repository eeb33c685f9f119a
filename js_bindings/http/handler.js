// The HTTP face of a cache, in front of an origin: a pure function from Request to Response. The
// document's path and the session's paths are answered from the cache; everything else streams through.
// It decides how things look on the wire, never who somebody is.

import { Action, CheckFlag, Reason } from '../core/abi-constants.js';
import { pathOf } from '../dialects/path-patterns.js';
import { asSent, etagIn, typeIn } from '../origin/document-meta.js';
import { MAX_AGE, maxAgeOf } from '../origin/headers.js';
import { OriginProxy, relayHeaders } from '../origin/proxy.js';
import { FORWARDED_HOSTS, HOST, headersIn, takesJson } from '../origin/vary.js';
import { decisionOf, isUnavailable } from '../sessions/decision.js';
import {
  furtherHead,
  isDocumentPath,
  startsFor,
  unwrapped,
} from '../sessions/further-documents.js';
import { LASTING } from '../util/failure-name.js';
import { BodyOut } from './body-out.js';
import { documentRequestOf } from './context.js';
import { CorsMemory, preflight } from './cors.js';
import { HitPath, setMeta, setOwnFields } from './hit.js';
import { Passing } from './passing.js';
import { freshSeconds, markPrivate, setFreshness, setSource } from './private-headers.js';
import {
  contentFor,
  errorResponse,
  respond,
  sessionBody,
  statusOfSession,
  strongEtag,
  unavailableResponse,
} from './responses.js';
import { hasPlainTarget } from './target.js';

/** @typedef {import('./context.js').HandlerContext} HandlerContext */
/** @typedef {import('../sessions/decision.js').Decision} Decision */
/** @typedef {import('../sessions/document-request.js').DocumentRequest} DocumentRequest */

/** @typedef {import('../sessions/parts.js').Parts} Parts */

/**
 * What a host's handler does beside the document and the session. What a host does not name is not in its bundle.
 * @typedef {object} HandlerFeatures
 * @property {readonly ((parts: Parts, proxy: OriginProxy) => import('./context.js').Endpoint)[]} [endpoints] asked in
 *   this order
 * @property {(parts: Parts, proxy: OriginProxy) => import('./context.js').Sender | null} [makeSender]
 * @property {typeof import('./open-answers.js').OpenAnswers} [OpenAnswers] where what is open is closed (rule R29)
 * @property {typeof import('./renewals.js').Renewals} [Renewals] where the origin's tokens are seen
 */

/** So often a further document is asked for whose session changes meanwhile. */
const MAX_ATTEMPTS = 3;

/** Where the main document may not be kept, that is found out again after this. */
const UNKEPT_MS = 60_000;

const REFUSED_METHODS = new Set(['TRACE', 'TRACK', 'CONNECT']);

export class Handler {
  #parts;
  #options;
  #passing;
  #endpoints;
  #cors = new CorsMemory();
  #bodyOut = new BodyOut();
  #hits;
  /** Until then no further document is kept, since the main one was not (R15). */
  #unkeptUntil = 0;

  /**
   * @param {Parts} parts
   * @param {HandlerFeatures} [features]
   */
  constructor(parts, { endpoints = [], makeSender = () => null, Renewals, OpenAnswers } = {}) {
    this.#parts = parts;
    this.#options = parts.options;
    const proxy = new OriginProxy(parts.options.origin, parts.host);
    this.#passing = new Passing(
      parts,
      proxy,
      makeSender(parts, proxy),
      Renewals && new Renewals(parts),
      OpenAnswers && new OpenAnswers(parts),
    );
    this.#endpoints = endpoints.map((makeEndpoint) => makeEndpoint(parts, proxy));
    this.#hits = new HitPath(parts);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  async handle(request, context) {
    const hit = this.#hit(request, context);
    if (hit === null) return this.#refused(request) ?? this.#handle(request, context);
    const body = hit.isView ? this.#bodyOut.toBody(hit.body) : hit.body;
    const { status, headers } = hit;
    const response = new Response(contentFor(status, body), { status, headers });
    setOwnFields(response.headers, hit, this.#parts.host.needsLength);
    return response;
  }

  /**
   * What is answered to nobody, whatever it is about (R41).
   * @param {Request} request
   * @returns {Response | null}
   */
  #refused(request) {
    // `TRACE` sends back what it was sent with, a session's token too; `CONNECT` makes a tunnel.
    if (REFUSED_METHODS.has(request.method)) return errorResponse(501, 'method_not_implemented');
    return hasPlainTarget(request) ? null : errorResponse(400, 'ambiguous_target');
  }

  /**
   * What nearly every request is.
   * @param {Request} request
   * @param {HandlerContext} context
   */
  #hit(request, context) {
    if (context.maxAge !== null && context.maxAge !== undefined) return null;
    const kind = this.#hits.kindOf(request.method, targetOf(request.url));
    if (kind === null) return null;
    // Whoever gives the credential without the headers has looked at these.
    if (context.head === undefined && this.#needsLook(request.headers)) return null;
    if (kind === 'document' && !takesJson(request.headers.get('accept'))) return null;
    return this.#hits.look(kind, context.head ?? this.#parts.headOf(request), context);
  }

  /** Whether headers say that what is held may not do. @param {Headers} headers */
  #needsLook(headers) {
    if (headers.has('origin') || headers.has(MAX_AGE)) return true;
    return this.#options.requestMaxAge && headers.has('cache-control');
  }

  /**
   * Whether what is held is older than its request wants it, or may be (R11). Pages of other sites have been let ask by the
   * answer to their preflight (`cors.js`), and are not believed before the origin has let them read.
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {import('../core/abi.js').RequestHead} head
   */
  #isTooOld(request, { maxAge = maxAgeOf(request.headers, this.#options.requestMaxAge) }, head) {
    if (maxAge === null || !this.#cors.allows(CorsMemory.siteOf(request))) return false;
    if (maxAge === 0) return true;
    const { core, host } = this.#parts;
    const now = host.now();
    const action = core.peek(head, now);
    const { freshFor, negativeFor } = this.#options;
    if (action === Action.REFUSE) return maxAge * 1000 < negativeFor;
    const isHeld = action === Action.SERVE || action === Action.SERVE_STALE;
    // The origin may have shortened the time for which it is fresh: it is no older than this.
    return isHeld && now - (core.freshUntilMs - freshFor) > maxAge * 1000;
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  async #handle(request, context) {
    const url = new URL(request.url);
    const { pathname, search } = url;
    const { documentPath, documents, sessionPath } = this.#options;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const target = pathname + search;
    if (isRead && (target === documentPath || documents.includes(target))) {
      return this.#document(request, context, target);
    }
    if (pathname === sessionPath && isRead) return this.#session(request, context);
    if (request.method === 'OPTIONS' && isDocumentPath(this.#options, pathname)) {
      return preflight(request, (asked) => this.#passing.pass(asked, pathname, context));
    }
    for (const endpoint of this.#endpoints) {
      const answer = endpoint(request, url, context);
      if (answer !== null) return answer;
    }
    return this.#passing.pass(request, pathname, context);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string | null} site
   * @param {DocumentRequest} [asked]
   */
  async #resolve(request, context, site, asked = documentRequestOf(this.#parts, request, context)) {
    asked.site = site;
    // Nothing is known yet of what the origin lets this site's pages read: it is asked.
    asked.fresh ||= this.#isTooOld(request, context, asked.head) || !this.#cors.knows(site);
    const { engine } = this.#parts;
    let decision = await engine.resolve(asked);
    const isHeld = decision.kind === 'document' && decision.originHeaders === null;
    if (isHeld && !asked.fresh && !this.#cors.knows(site, true)) {
      // A refusal has taught nothing of what a document's readers may do.
      const { setCookies } = decision;
      decision = await engine.resolve({ ...asked, fresh: true });
      decision.setCookies.unshift(...setCookies);
    }
    const { kind, source, originHeaders } = decision;
    const hasDocument = kind === 'document' && source === 'origin';
    if (originHeaders && this.#mayLearn(request)) {
      this.#cors.learn(site, originHeaders, hasDocument);
    }
    return decision;
  }

  /**
   * Whether what the origin has answered says what its other answers will: not if the request could name a host of its
   * own (R45).
   * @param {Request} request
   */
  #mayLearn({ headers }) {
    const isNamed = this.#options.varyOn.includes(HOST);
    return !isNamed || !FORWARDED_HOSTS.some((name) => headers.has(name));
  }

  /**
   * `GET` and `HEAD` on the path of a document.
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string} target the path, with its query
   */
  async #document(request, context, target) {
    // What is kept is JSON: a page of its own on the same path is the origin's to answer (R4).
    if (!takesJson(request.headers.get('accept'))) return this.#passed(request, context, target);
    const site = CorsMemory.siteOf(request);
    const decision =
      target === this.#options.documentPath
        ? await this.#resolve(request, context, site)
        : await this.#resolveFurther(request, context, site, target);
    if (decision.kind === 'pass') return this.#passed(request, context, target);
    return this.#decided(decision, request, site);
  }

  /**
   * Decides a request for a further document (R17). It is answered for the session for which the main one is held, and for
   * none other: that is asked for first, and looked at again when this one has come (R10).
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string | null} site
   * @param {string} path
   * @returns {Promise<Decision>} `pass`: nothing of this session is kept
   */
  async #resolveFurther(request, context, site, path) {
    const { host, engine } = this.#parts;
    const main = documentRequestOf(this.#parts, request, context);
    const head = furtherHead(main.head, path);
    const startFor = startsFor(this.#options.userId);
    let fresh = false;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      let start = this.#startFor(main.head, startFor, Action.SERVE);
      /** @type {typeof start} */
      let stale;
      if (start === undefined && host.now() >= this.#unkeptUntil) {
        const decision = await this.#resolve(request, context, site, { ...main });
        if (decision.kind !== 'document') return decision.kind === 'answer' ? passed() : decision;
        if (decision.source === 'stale') stale = startFor(decision.body);
        start = this.#startFor(main.head, startFor, Action.SERVE_STALE, stale);
        if (start === undefined) this.#unkeptUntil = host.now() + UNKEPT_MS;
      }
      if (!start) return passed();
      const asked = { ...main, head, fresh, further: { main, path, start } };
      const decision = await this.#resolve(request, context, site, asked);
      if (decision.kind === 'refusal' && decision.status === 401 && decision.originHeaders) {
        // It may be about the credential, and the main document says for certain.
        await engine.resolve({ ...main, fresh: true });
      }
      if (decision.kind !== 'document') return decision;
      // An answer that exchanges the credential has dropped what was held for it.
      const current = decision.setCookies[0]
        ? start
        : this.#startFor(main.head, startFor, Action.SERVE_STALE, stale);
      const body = current ? unwrapped(decision.body, current) : null;
      if (body !== null) return { ...decision, body };
      fresh = Boolean(current); // what is held is another user's
    }
    return decisionOf({ kind: 'unavailable', retryAfterMs: 1000 });
  }

  /**
   * In what a further document of a session is kept.
   * @param {import('../core/abi.js').RequestHead} head
   * @param {(document: Uint8Array) => Uint8Array | null} startFor
   * @param {number} oldest `SERVE`: the main one has to be fresh; `SERVE_STALE`: it may be older
   * @param {Uint8Array | null} [stale] of what the origin's failure alone lets be served (R13)
   * @returns {Uint8Array | null | undefined} null: it cannot be; undefined: the main one is not held
   */
  #startFor(head, startFor, oldest, stale) {
    const { core, host, shared } = this.#parts;
    const now = host.now();
    if (shared?.log.isTrusted(now) === false) return undefined;
    const action = core.check(head, now, 0, CheckFlag.PEEK | CheckFlag.AGAIN);
    if (action <= oldest) return startFor(core.body);
    return core.reason === Reason.EXPIRED ? stale : undefined;
  }

  /**
   * The origin's own answer to a request for a document.
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string} target
   */
  #passed(request, context, target) {
    this.#parts.core.countPassed();
    return this.#parts.engine.calls.time(
      () => this.#passing.pass(request, pathOf(target), context),
      ({ status }) => status,
    );
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
      if (!headers.has('content-type')) headers.set('content-type', typeIn(decision.meta));
      if (decision.freshUntilMs > 0) {
        setFreshness(headers, freshSeconds(decision.freshUntilMs - this.#parts.host.now()));
      }
      const body = asSent(decision.meta, decision.body);
      if (this.#options.browserCache) return this.#validated(request, body, headers);
      const etag = etagIn(decision.meta);
      if (etag !== '' && this.#options.fields.length === 0) headers.set('etag', etag);
      return respond(request, body, 200, headers, this.#parts.host);
    }
    if (decision.kind === 'unavailable' || decision.kind === 'too-large') {
      return failureOf(decision, headers);
    }
    setMeta(headers, decision.meta);
    return respond(request, decision.body, decision.status, headers, this.#parts.host);
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
      const asked = documentRequestOf(this.#parts, request, context);
      decision = await this.#parts.engine.askOnce({ ...asked, site });
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
    const headers = this.#sessionHeaders(
      { source, originHeaders: null, setCookies: decision.setCookies },
      site,
    );
    if (isUnavailable(decision) || decision.kind === 'too-large') {
      return failureOf(decision, headers);
    }
    headers.set('content-type', 'application/json');
    const body = sessionBody(decision.kind, decision);
    return this.#options.browserCache
      ? this.#validated(request, body, headers)
      : respond(request, body, statusOfSession(decision), headers, this.#parts.host);
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
    return respond(request, body, 200, headers, this.#parts.host);
  }

  /**
   * Headers of a response that holds session data (SPEC R40, R43).
   * @param {Pick<Decision, 'source' | 'originHeaders' | 'setCookies'>} decision
   * @param {string | null} site
   */
  #sessionHeaders({ source, originHeaders, setCookies }, site) {
    const headers = originHeaders ? relayHeaders(originHeaders, this.#parts.host) : new Headers();
    for (const name of ['content-encoding', 'content-length', 'etag', 'set-cookie'])
      headers.delete(name);
    for (const line of setCookies) headers.append('set-cookie', line);
    if (!originHeaders) this.#cors.apply(site, headers);
    markPrivate(headers, headersIn(this.#options.varyOn));
    setSource(headers, source);
    return headers;
  }
}

/** The origin is to answer. */
const passed = () => decisionOf({ kind: 'pass' });

/** The path of a URL, with its query. @param {string} url */
function targetOf(url) {
  return url.slice(url.indexOf('/', url.indexOf('//') + 2));
}

/**
 * @param {Decision} decision
 * @param {Headers} headers
 */
function failureOf({ kind, retryAfterMs, failure }, headers) {
  const lasting = failure && LASTING[failure.message];
  const response = lasting
    ? errorResponse(lasting.status, lasting.error)
    : noAnswer(kind, retryAfterMs);
  for (const [name, value] of headers) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
  return response;
}

/**
 * @param {Decision['kind']} kind
 * @param {number} retryAfterMs
 */
function noAnswer(kind, retryAfterMs) {
  return kind === 'too-large'
    ? errorResponse(431, 'credential_too_large')
    : unavailableResponse(retryAfterMs);
}
