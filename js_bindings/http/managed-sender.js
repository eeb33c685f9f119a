// How a request below `apiPrefix` reaches the origin where sessions are managed: with the access token of its session
// in the place of the cookie (SPEC R42), and once more with a new one if the origin refuses that (R24).
//
// It must not know what the request is about. Invariant: a write of another site's page is never sent with a token.
import { keptBody } from '../origin/bodies.js';
import { isCrossSite, SAFE_METHODS } from './cross-site.js';
import { errorResponse, unavailableResponse } from './responses.js';

/** @typedef {import('./context.js').HandlerContext} HandlerContext */

export class ManagedSender {
  #managed;
  #headOf;
  #proxy;
  #apiPrefix;

  /**
   * @param {Pick<import('../sessions/parts.js').Parts, 'headOf' | 'options'>} parts
   * @param {import('../sessions/managed.js').ManagedSessions} managed
   * @param {import('../origin/proxy.js').OriginProxy} proxy
   */
  constructor({ headOf, options }, managed, proxy) {
    this.#managed = managed;
    this.#headOf = headOf;
    this.#proxy = proxy;
    this.#apiPrefix = options.managed?.apiPrefix ?? '';
  }

  /** @param {string} path */
  covers(path) {
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
    const head = this.#headOf(request);
    /** @type {(work: Promise<unknown>) => void} */
    const waitUntil = (work) => context.waitUntil(work);
    const { signal } = request;
    const authorized = await managed.authorize(head, waitUntil, { signal });
    if (authorized.kind === 'unavailable') return unavailableResponse(authorized.retryAfterMs);
    const headers = managed.originHeaders(request.headers, authorized);
    if (authorized.kind !== 'token') return this.#proxy.send(request, { ...options, headers });
    // The cookie alone would do this for a page of any site: the token is not lent to one (R42).
    if (!SAFE_METHODS.includes(request.method) && isCrossSite(request)) {
      return errorResponse(403, 'cross_site');
    }
    const body = options.body === undefined ? await keptBody(request) : options.body;
    const response = await this.#proxy.send(request, { ...options, headers, body });
    if (response.status !== 401 || body === undefined) return response;
    const renewed = await managed.authorize(head, waitUntil, {
      rejected: authorized.token,
      signal,
    });
    if (renewed.kind === 'unavailable') return unavailableResponse(renewed.retryAfterMs);
    if (renewed.kind !== 'token') return response;
    await response.body?.cancel();
    return this.#proxy.send(request, {
      headers: managed.originHeaders(request.headers, renewed),
      body,
    });
  }
}
