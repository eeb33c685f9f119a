// Requests that the origin answers: writes, and everything that Sesame does not answer itself (SPEC R41). It must not
// know what is held, nor what an answer means (observing.js does).
// Invariant: what a request has changed is in effect here before its client is answered.
import { keptBody, readAnswer } from '../origin/bodies.js';
import { hasLargeCredential } from '../origin/headers.js';
import { withTimeout } from '../origin/origin-call.js';
import { BodyTooLargeError, SessionEndedError } from '../origin/proxy.js';
import { removeSessionCookies } from '../origin/session-cookies.js';
import { headersIn } from '../origin/vary.js';
import { isDocumentPath } from '../sessions/further-documents.js';
import { documentRequestOf } from './context.js';
import { SAFE_METHODS } from './cross-site.js';
import { Observing } from './observing.js';
import { markPrivate, setSource } from './private-headers.js';
import { errorResponse, PENDING, unavailableResponse } from './responses.js';

/** @typedef {import('./context.js').HandlerContext} HandlerContext */

/** How long a write on the document waits for the origin's answer. After it nobody knows whether it took effect. */
const MAX_WRITE_MS = 60_000;

export class Passing {
  #parts;
  #options;
  #proxy;
  #sender;
  #observing;
  #open;

  /**
   * @param {import('../sessions/parts.js').Parts} parts
   * @param {import('../origin/proxy.js').OriginProxy} proxy
   * @param {import('./context.js').Sender | null} sender
   * @param {import('./renewals.js').Renewals} [renewals]
   * @param {import('./open-answers.js').OpenAnswers} [open] where what is open is closed
   */
  constructor(parts, proxy, sender, renewals, open) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#proxy = proxy;
    this.#sender = sender;
    this.#observing = new Observing(parts, renewals);
    this.#open = open;
  }

  /**
   * The origin's answer to a request (SPEC R41).
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   * @returns {Promise<Response>}
   */
  pass(request, path, context) {
    const passed = this.#observing.passed(request, path, (work) => context.waitUntil(work));
    const isSafe = SAFE_METHODS.includes(request.method);
    // A link may change a user too: a row of the operator's says so.
    const passing =
      isSafe && !passed.changesOwnUser
        ? this.#through(request, passed, context)
        : this.#write(request, passed, context);
    // What it changes is applied even if the client goes away.
    if (!isSafe || passed.mayChangeIdentity) context.waitUntil(passing);
    return passing;
  }

  /**
   * A write: on the document's path it may bring the new document (SPEC R22), and on others it may change its
   * user, or another (R26, R82). Everything else it only passes.
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {HandlerContext} context
   */
  async #write(request, passed, context) {
    const { documentPath, maxBody, maxCredential, maxDocument } = this.#options;
    const { path, changesOwnUser, endsOwnUser } = passed;
    const isDocument = path === documentPath;
    if (changesOwnUser && hasLargeCredential(request.headers, maxCredential)) {
      return errorResponse(431, 'credential_too_large');
    }
    // What ends sessions says nothing of those that it leaves.
    const isChange = changesOwnUser && !endsOwnUser && !passed.mayChangeIdentity;
    const isUpdate = isDocument && isChange && request.method !== 'DELETE';
    const asked = documentRequestOf(this.#parts, request, context);
    // Whose sessions end has to be known before: the origin cannot say it of a credential that has ended with them.
    if (endsOwnUser) await this.#parts.engine.resolve(asked);
    const finish = changesOwnUser ? this.#parts.engine.beginWrite(asked) : null;
    const limit = isDocument ? maxBody : Number.POSITIVE_INFINITY;
    /** @type {Response} */
    let response;
    /** @type {Uint8Array<ArrayBuffer> | null | undefined} */
    let sent;
    try {
      if (passed.needsBody) sent = await keptBody(request);
      if (sent && sent.length > limit) throw new BodyTooLargeError();
      const how = { maxBody: limit, body: sent, isRead: isUpdate || passed.bringsTokens };
      const sending = () => this.#send(request, passed, context, how);
      response = finish
        ? await withTimeout(this.#parts.host, MAX_WRITE_MS, sending)
        : await sending();
    } catch (error) {
      const httpStatus = error instanceof BodyTooLargeError ? 413 : 0;
      await finish?.({ httpStatus, body: null });
      return sendFailed(error);
    }
    let isPending = false;
    if (finish) {
      // A copy is read, so that the client gets the original however long it is.
      const body =
        isUpdate && response.ok
          ? await readAnswer(this.#parts.host, response.clone(), maxDocument).catch(() => null)
          : null;
      isPending = await finish({
        httpStatus: this.#observing.writeStatus(passed, response),
        body,
      });
    }
    const observed = await this.#observing.observe(passed, response, sent);
    const instead = this.#open?.answered(null, request, passed, response) ?? null;
    if (instead instanceof Response) return instead;
    const all = { ...observed, isPending: isPending || observed.isPending };
    return this.#relay(response, path, all, instead);
  }

  /**
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {HandlerContext} context
   */
  async #through(request, passed, context) {
    const open = this.#open?.begin(request, passed, context) ?? null;
    if (open instanceof Response) return open;
    const { exchange } = open ?? {};
    const signal = exchange?.signal;
    try {
      const how = { open: exchange, signal };
      const response = await this.#send(request, passed, context, how);
      const observed = await this.#observing.observe(passed, response);
      const instead = this.#open?.answered(open, request, passed, response) ?? null;
      if (instead instanceof Response) return instead;
      return this.#relay(response, passed.path, observed, instead);
    } catch (error) {
      open?.connection.end();
      return sendFailed(signal?.aborted ? signal.reason : error); // a fetch may reject with a copy
    } finally {
      if (exchange?.isAttached === false) exchange.end(); // the origin was not asked
    }
  }

  /**
   * @param {Response} response
   * @param {string} path
   * @param {import('./observing.js').Observed} observed `changesIdentity`: what the browser has kept may be another
   *   user's from now on
   * @param {ReadableStream<Uint8Array> | null} [body] in the place of the answer's own
   */
  #relay(response, path, { changesIdentity, isPending, hasEnded }, body = null) {
    const isDocument = isDocumentPath(this.#options, path);
    if (path === this.#options.sessionPath && response.ok) {
      this.#parts.wiring.note('own-session-path', [path]); // R73
    }
    return this.#proxy.relay(
      response,
      (headers) => {
        if (isPending) headers.set(PENDING, '1');
        if (hasEnded) removeSessionCookies(headers, this.#options.cookie);
        if (changesIdentity && this.#options.browserCache) {
          headers.append('clear-site-data', '"cache"'); // R40
        }
        if (isDocument || headers.has('set-cookie'))
          markPrivate(headers, headersIn(this.#options.varyOn));
        if (isDocument) setSource(headers, 'origin');
      },
      body,
    );
  }

  /**
   * Sends a request to the origin, with the token of its session where sessions are managed.
   * @param {Request} request
   * @param {import('./observing.js').Passed} passed
   * @param {HandlerContext} context
   * @param {import('./context.js').SendOptions} [options]
   */
  #send(request, { headers }, context, options = {}) {
    const { upgrades, onInterim } = context;
    const sent = { ...options, upgrades, onInterim, headers };
    return this.#sender === null
      ? this.#proxy.send(request, sent)
      : this.#sender.send(request, context, sent);
  }
}

/** @param {unknown} error */
function sendFailed(error) {
  if (error instanceof BodyTooLargeError) return errorResponse(413, 'body_too_large');
  if (error instanceof SessionEndedError) return errorResponse(401, 'session_ended');
  return unavailableResponse();
}
