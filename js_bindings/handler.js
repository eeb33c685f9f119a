// The HTTP face of a cache, in front of an origin: a pure function from Request to Response. The
// document's path and the session's path are answered from the cache; everything else streams through.
// It decides how things look on the wire, never who somebody is.

import { readBody } from './bodies.js';
import { CorsMemory } from './cors.js';
import { changesCookie, markPrivate } from './headers.js';
import { BodyTooLargeError, OriginProxy, relayHeaders } from './proxy.js';

/**
 * @typedef {object} HandlerContext
 * @property {(work: Promise<unknown>) => void} waitUntil
 */

/** @typedef {import('./engine.js').Decision} Decision */

const encoder = new TextEncoder();

export class Handler {
  #sessions;
  #options;
  #host;
  #proxy;
  #cors = new CorsMemory();

  /**
   * @param {import('./session-cache.js').Parts} parts
   */
  constructor({ engine, core, options, host }) {
    this.#sessions = { engine, core };
    this.#options = options;
    this.#host = host;
    this.#proxy = new OriginProxy(options.origin, host);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  async handle(request, context) {
    const url = new URL(request.url);
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (url.pathname === this.#options.documentPath) {
      if (isRead && url.search === '') return this.#document(request, context);
      if (['PUT', 'PATCH', 'DELETE'].includes(request.method)) {
        const writing = this.#write(request, context);
        context.waitUntil(writing); // what it changed is applied even if the client goes away
        return writing;
      }
      return this.#passed(request);
    }
    if (isRead && url.pathname === this.#options.sessionPath) {
      return this.#session(request, context);
    }
    return this.#through(request, url.pathname);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @returns {import('./engine.js').DocumentRequest}
   */
  #documentRequest({ headers, signal }, context) {
    return {
      head: headOf(headers),
      headers,
      signal,
      waitUntil: (work) => context.waitUntil(work),
    };
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {string | null} site
   */
  async #resolve(request, context, site) {
    const asked = this.#documentRequest(request, context);
    // Nothing is known yet of what the origin lets this site's pages read: it is asked.
    asked.fresh = !this.#cors.knows(site);
    const decision = await this.#sessions.engine.resolve(asked);
    if (decision.originHeaders) this.#cors.learn(site, decision.originHeaders);
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
      this.#sessions.core.countPassed();
      return this.#passed(request);
    }
    const headers = this.#sessionHeaders(decision, site);
    switch (decision.kind) {
      case 'document':
        if (!headers.has('content-type')) headers.set('content-type', 'application/json');
        if (decision.meta && this.#options.fields.length === 0) headers.set('etag', decision.meta);
        return respond(request, decision.body, decision.status, headers);
      case 'refusal':
      case 'answer':
        for (const [name, value] of Object.entries(JSON.parse(decision.meta || '{}'))) {
          headers.set(name, value);
        }
        return respond(request, decision.body, decision.status, headers);
      default:
        return failure(request, decision, headers);
    }
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
      decision = await this.#sessions.engine.askOnce(this.#documentRequest(request, context));
    }
    const headers = this.#sessionHeaders({ ...decision, originHeaders: null }, site);
    for (const cookie of decision.originHeaders?.getSetCookie() ?? []) {
      headers.append('set-cookie', cookie);
    }
    if (decision.kind === 'unavailable' || decision.kind === 'too-large') {
      return failure(request, decision, headers);
    }
    headers.set('content-type', 'application/json');
    return respond(request, sessionBody(decision), 200, headers);
  }

  /**
   * Headers of a response that holds session data (SPEC R40, R43).
   * @param {Pick<Decision, 'source' | 'originHeaders'>} decision
   * @param {string | null} site
   */
  #sessionHeaders({ source, originHeaders }, site) {
    const headers = originHeaders ? relayHeaders(originHeaders, this.#host) : new Headers();
    for (const name of ['content-encoding', 'content-length', 'etag']) headers.delete(name);
    if (!originHeaders) this.#cors.apply(site, headers);
    markPrivate(headers);
    headers.append('server-timing', `sesame;desc=${source}`);
    return headers;
  }

  /**
   * `PUT`, `PATCH` and `DELETE` on the document's path (SPEC R22).
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #write(request, context) {
    const finish = this.#sessions.engine.beginWrite(this.#documentRequest(request, context));
    /** @type {Response} */
    let response;
    try {
      response = await this.#proxy.send(request, this.#options.maxBody);
    } catch (error) {
      await finish({ httpStatus: 0, body: null });
      return this.#sendFailed(error);
    }
    const mayHoldDocument = response.ok && request.method !== 'DELETE';
    // A copy is read, so that the client gets the original however long it is.
    const body = mayHoldDocument
      ? await readBody(response.clone().body, this.#options.maxDocument).catch(() => null)
      : null;
    await finish({ httpStatus: response.status, body });
    this.#observe(request, response);
    return this.#proxy.relay(response, markPrivate);
  }

  /**
   * A request for session data that the origin answers itself.
   * @param {Request} request
   */
  async #passed(request) {
    try {
      const response = await this.#proxy.send(request, this.#options.maxBody);
      this.#observe(request, response);
      return this.#proxy.relay(response, (headers) => {
        markPrivate(headers);
        headers.append('server-timing', 'sesame;desc=origin');
      });
    } catch (error) {
      return this.#sendFailed(error);
    }
  }

  /**
   * Everything that is not a session path (SPEC R41).
   * @param {Request} request
   * @param {string} path
   */
  async #through(request, path) {
    try {
      const response = await this.#proxy.send(request);
      this.#observe(request, response, path);
      return this.#proxy.relay(response, (headers) => {
        if (headers.has('set-cookie')) markPrivate(headers);
      });
    } catch (error) {
      return this.#sendFailed(error);
    }
  }

  /**
   * Notices what the origin's answer to a request says about its credential: a login, a logout, a
   * session that was exchanged.
   * @param {Request} request
   * @param {Response} response
   * @param {string} [path]
   */
  #observe(request, response, path = '') {
    if (response.status >= 400) return;
    const { cookie, identityPaths } = this.#options;
    const { core } = this.#sessions;
    const isSafe = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(request.method);
    const changesIdentity =
      changesCookie(request.headers, response.headers, cookie, this.#host.now()) ||
      identityPaths.some((pattern) => pattern.test(path));
    if (changesIdentity) core.forgetSession(headOf(request.headers));
    else if (!isSafe) core.forgetRefusal(headOf(request.headers));
  }

  /** @param {unknown} error */
  #sendFailed(error) {
    const headers = new Headers({ 'content-type': 'application/json' });
    markPrivate(headers);
    if (error instanceof BodyTooLargeError) {
      return new Response('{"error":"body_too_large"}', { status: 413, headers });
    }
    headers.set('retry-after', '1');
    return new Response('{"error":"origin_unavailable"}', { status: 503, headers });
  }
}

/**
 * @param {Headers} headers
 * @returns {import('./abi.js').RequestHead}
 */
export function headOf(headers) {
  return {
    tenant: '',
    cookie: headers.get('cookie') ?? '',
    authorization: headers.get('authorization') ?? '',
  };
}

/**
 * @param {Request} request
 * @param {Uint8Array<ArrayBuffer>} body
 * @param {number} status
 * @param {Headers} headers
 */
function respond(request, body, status, headers) {
  if (request.method !== 'HEAD') return new Response(body, { status, headers });
  headers.set('content-length', String(body.length));
  return new Response(null, { status, headers });
}

/**
 * @param {Request} request
 * @param {Decision} decision
 * @param {Headers} headers
 */
function failure(request, { kind, retryAfterMs }, headers) {
  headers.set('content-type', 'application/json');
  if (kind === 'too-large') {
    return respond(request, encoder.encode('{"error":"credential_too_large"}'), 431, headers);
  }
  headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  return respond(request, encoder.encode('{"error":"origin_unavailable"}'), 503, headers);
}

/**
 * `{ user, expiresAt }` around the document's own bytes, or `null`.
 * @param {Decision} decision
 */
function sessionBody({ kind, body, expiresAtMs }) {
  if (kind !== 'document') return encoder.encode('null');
  const expiresAt = expiresAtMs > 0 ? `"${new Date(expiresAtMs).toISOString()}"` : 'null';
  const start = encoder.encode('{"user":');
  const end = encoder.encode(`,"expiresAt":${expiresAt}}`);
  const joined = new Uint8Array(start.length + body.length + end.length);
  joined.set(start);
  joined.set(body, start.length);
  joined.set(end, start.length + body.length);
  return joined;
}
