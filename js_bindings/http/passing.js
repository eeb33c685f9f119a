// Requests that the origin answers: writes, and everything that Sesame does not answer itself (SPEC R41). It notices
// what an answer says of the request's session. It must not know what is held.
// Invariant: what a request has changed is in effect here before its client is answered.
import { readBody } from '../origin/bodies.js';
import { changesCookie, hasLargeCredential } from '../origin/headers.js';
import { withTimeout } from '../origin/origin-call.js';
import { BodyTooLargeError } from '../origin/proxy.js';
import { headersIn } from '../origin/vary.js';
import { documentRequestOf } from './context.js';
import { SAFE_METHODS } from './cross-site.js';
import { markPrivate, setSource } from './private-headers.js';
import { errorResponse, unavailableResponse } from './responses.js';

/** @typedef {import('./context.js').HandlerContext} HandlerContext */

/** How long a write on the document waits for the origin's answer. After it nobody knows whether it took effect. */
const MAX_WRITE_MS = 60_000;

export class Passing {
  #parts;
  #options;
  #proxy;
  #sender;

  /**
   * @param {import('../sessions/parts.js').Parts} parts
   * @param {import('../origin/proxy.js').OriginProxy} proxy
   * @param {import('./context.js').Sender | null} sender
   */
  constructor(parts, proxy, sender) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#proxy = proxy;
    this.#sender = sender;
  }

  /**
   * Whether a request on this path may make its credential stand for another user.
   * @param {string} path
   */
  changesIdentity(path) {
    return this.#options.identityPaths.some((pattern) => pattern.test(path));
  }

  /**
   * A write: on the document's path it may bring the new document (SPEC R22), below it it changes the
   * user who makes it, and on the path of a user that user (R26). Everything else it only passes.
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   */
  async write(request, path, context) {
    const { documentPath, maxBody, maxCredential, maxDocument } = this.#options;
    const isDocument = path === documentPath;
    const changesOwnUser = isDocument || path.startsWith(`${documentPath}/`);
    if (changesOwnUser && hasLargeCredential(request.headers, maxCredential)) {
      return errorResponse(431, 'credential_too_large');
    }
    const finish = changesOwnUser
      ? this.#parts.engine.beginWrite(documentRequestOf(this.#parts, request, context))
      : null;
    const limit = isDocument ? maxBody : Number.POSITIVE_INFINITY;
    /** @type {Response} */
    let response;
    try {
      response = finish
        ? await withTimeout(this.#parts.host, MAX_WRITE_MS, () =>
            this.#send(request, context, limit),
          )
        : await this.#send(request, context, limit);
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
  async through(request, path, context) {
    try {
      const response = await this.#send(request, context);
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
      if (isDocument || headers.has('set-cookie'))
        markPrivate(headers, headersIn(this.#options.varyOn));
      if (isDocument) setSource(headers, 'origin');
    });
  }

  /**
   * Sends a request to the origin, with the token of its session where sessions are managed.
   * @param {Request} request
   * @param {HandlerContext} context
   * @param {number} [maxBody]
   */
  #send(request, context, maxBody) {
    return this.#sender === null
      ? this.#proxy.send(request, { maxBody })
      : this.#sender.send(request, context, maxBody);
  }

  /**
   * Notices what the origin's answer to a request says about its credential, and whom it has changed. Never
   * rejects: what cannot be published now waits in the outbox.
   * @param {Request} request
   * @param {Response} response
   * @param {string} path
   * @returns {Promise<boolean>} whether the credential may stand for somebody else now
   */
  async #observe(request, response, path) {
    if (response.status >= 400) return false;
    const { cookie, userPaths } = this.#options;
    const { changes, host } = this.#parts;
    const isSafe = SAFE_METHODS.includes(request.method);
    if (!isSafe && request.method !== 'POST' && path !== this.#options.documentPath) {
      for (const pattern of userPaths) {
        const id = pattern.exec(path)?.groups?.id;
        if (id !== undefined) {
          await changes.userEvent('invalidate', decoded(id)).catch(() => {});
        }
      }
    }
    // A managed session changes through its own paths only; whoever brings a token has none.
    if (this.#parts.managed && !request.headers.has('authorization')) return false;
    const changesIdentity =
      changesCookie(request.headers, response.headers, cookie, host.now()) ||
      this.changesIdentity(path);
    const head = this.#parts.headOf(request);
    if (changesIdentity) {
      await changes.drop(head).catch(() => {});
    } else if (!isSafe) {
      changes.dropRefusal(head);
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

/** @param {unknown} error */
function sendFailed(error) {
  if (error instanceof BodyTooLargeError) return errorResponse(413, 'body_too_large');
  return unavailableResponse();
}
