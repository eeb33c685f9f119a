// How a request below `apiPrefix` reaches the origin where sessions are managed: with the access token of its session
// in the place of the cookie (SPEC R42), and once more with a new one if the origin refuses that (R24).
//
// It must not know what the request is about. Invariants: no write and no WebSocket of another site's page is sent with a
// token; the session cookie goes to no origin; no client reaches the origin's paths that answer with tokens.
import { keptBody, readRequestBody, recorded } from '../origin/bodies.js';
import { BodyTooLargeError } from '../origin/proxy.js';
import { isCrossSite, isWebSocket, SAFE_METHODS } from './cross-site.js';
import { errorResponse, unavailableResponse } from './responses.js';

/** @typedef {import('./context.js').HandlerContext} HandlerContext */

export class ManagedSender {
  #managed;
  #headOf;
  #proxy;
  #apiPrefix;
  /** Paths of the origin that answer with tokens, as `comparable` writes them. */
  #closed;

  /**
   * @param {Pick<import('../sessions/parts.js').Parts, 'headOf' | 'options'>} parts
   * @param {import('../sessions/managed.js').ManagedSessions} managed
   * @param {import('../origin/proxy.js').OriginProxy} proxy
   */
  constructor({ headOf, options }, managed, proxy) {
    this.#managed = managed;
    this.#headOf = headOf;
    this.#proxy = proxy;
    const { apiPrefix, loginPath, refreshPath } =
      /** @type {import('../options/managed.js').ManagedOptions} */ (options.managed);
    this.#apiPrefix = apiPrefix;
    this.#closed = [loginPath, refreshPath].map(comparable);
  }

  /** Whether a session's token goes with requests on a path. @param {string} path */
  #lendsOn(path) {
    return path === this.#apiPrefix || path.startsWith(`${this.#apiPrefix}/`);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {import('./context.js').SendOptions} [options]
   * @returns {Promise<Response>}
   */
  async send(request, context, options = {}) {
    const managed = this.#managed;
    const { headers: given = request.headers } = options;
    const { pathname } = new URL(request.url);
    // Clients sign in and refresh through Sesame's own paths: the origin's would show them the tokens (R42).
    if (this.#closed.includes(comparable(pathname))) return errorResponse(403, 'closed_path');
    if (!this.#lendsOn(pathname)) {
      const headers = managed.originHeaders(given, null);
      return this.#proxy.send(request, { ...options, headers });
    }
    const head = this.#headOf(request);
    /** @type {(work: Promise<unknown>) => void} */
    const waitUntil = (work) => context.waitUntil(work);
    const { signal } = request;
    const authorized = await managed.authorize(head, waitUntil, { signal });
    if (authorized.kind === 'unavailable') return unavailableResponse(authorized.retryAfterMs);
    const headers = managed.originHeaders(given, authorized);
    if (authorized.kind !== 'token') return this.#proxy.send(request, { ...options, headers });
    // The cookie alone would do this for a page of any site: the token is not lent to one (R42).
    const isSafe = SAFE_METHODS.includes(request.method) && !isWebSocket(request);
    if (!isSafe && isCrossSite(request)) {
      return errorResponse(403, 'cross_site');
    }
    const { body, copy } = await repeatable(request, options);
    const response = await this.#proxy.send(request, { ...options, headers, body });
    this.#proxy.addCookies(response, authorized.setCookies);
    if (response.status !== 401) return response;
    const renewed = await managed.authorize(head, waitUntil, { rejected: authorized.token });
    const again = copy();
    // What has gone by cannot be sent again: the next request has the new token.
    if (again === undefined) return this.#proxy.addCookies(response, renewed.setCookies);
    if (renewed.kind === 'unavailable') return unavailableResponse(renewed.retryAfterMs);
    if (renewed.kind !== 'token') return response;
    await response.body?.cancel();
    const { setCookies } = renewed;
    const repeated = { ...options, headers: managed.originHeaders(given, renewed) };
    const answer = await this.#proxy.send(request, { ...repeated, body: again });
    return this.#proxy.addCookies(answer, [...authorized.setCookies, ...setCookies]);
  }
}

/**
 * A request's body, and what of it can be sent once more: undefined if it is too long, or has not come to its end.
 * @param {Request} request
 * @param {import('./context.js').SendOptions} options
 * @returns {Promise<{ body: import('./context.js').SendOptions['body'],
 *   copy: () => Uint8Array<ArrayBuffer> | null | undefined }>}
 */
async function repeatable(request, { body, maxBody = Number.POSITIVE_INFINITY }) {
  const kept = body === undefined ? await keptBody(request) : body;
  if (kept === null || kept instanceof Uint8Array) return { body: kept, copy: () => kept };
  const isAnnounced = request.headers.has('content-length');
  if (kept !== undefined || request.body === null || isAnnounced) {
    return { body: kept, copy: () => undefined };
  }
  if (maxBody === Number.POSITIVE_INFINITY) return recorded(request.body);
  const whole = await readRequestBody(request.body, maxBody);
  if (whole === null) throw new BodyTooLargeError();
  return { body: whole, copy: () => whole };
}

/**
 * A path as lenient routers read it: escapes decoded, in lower case, without empty segments and format suffix.
 * @param {string} path
 */
function comparable(path) {
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // Escapes that mean nothing are compared as they stand.
  }
  return decoded
    .toLowerCase()
    .replace(/\/{2,}/g, '/')
    .replace(/\/$/, '')
    .replace(/\.\w+$/, '');
}
