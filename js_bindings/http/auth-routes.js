// The paths that change sessions: login, refresh and logout of managed sessions, and the origin's webhook
// (SPEC R20, R21, R23-R25, R42).
import { OriginUnavailableError } from '../errors.js';
import { readAnswer, readBody } from '../origin/bodies.js';
import { hasLargeCredential } from '../origin/headers.js';
import { withTimeout } from '../origin/origin-call.js';
import { BodyTooLargeError } from '../origin/proxy.js';
import { varyingHeaders } from '../origin/vary.js';
import { isGuardFull } from '../sessions/session-changes.js';
import { signOut } from '../sessions/sign-out.js';
import { MAX_TOKEN_BYTES } from '../sessions/token-endpoint.js';
import { isOutboxFull } from '../shared/outbox.js';
import { BackchannelLogout } from './backchannel-logout.js';
import { carryOutBegun } from './carry-out.js';
import { isCrossSite } from './cross-site.js';
import { COOKIE_ATTRIBUTES, EndingCookie } from './ending-cookie.js';
import { markPrivate } from './private-headers.js';
import {
  emptyResponse,
  errorResponse,
  guardFullResponse,
  isoTime,
  jsonResponse,
  outboxFullResponse,
  PENDING,
  unavailableResponse,
} from './responses.js';
import { SharedSignals } from './shared-signals.js';
import { ALREADY_USED, isSignature, KEEP_MS, standardHeaders, WebhookVerifier } from './webhook.js';

const MAX_WEBHOOK_BYTES = 16 * 1024;
/** How long a logout waits for the cookies that the origin sets with it. */
const MAX_LOGOUT_WAIT_MS = 2000;

/** @typedef {import('./context.js').HandlerContext} HandlerContext */

export class AuthRoutes {
  #parts;
  #proxy;
  #webhook;
  /** @type {Map<string, (request: Request, context: HandlerContext) => Promise<Response>>} */
  #routes = new Map();

  /**
   * @param {import('../sessions/parts.js').Parts} parts
   * @param {import('../origin/proxy.js').OriginProxy} proxy
   */
  constructor(parts, proxy) {
    this.#parts = parts;
    this.#proxy = proxy;
    const { managed, webhookSecret } = parts.options;
    this.#webhook = webhookSecret === null ? null : new WebhookVerifier(webhookSecret);
    if (parts.options.backchannelLogout.length > 0) {
      const logout = new BackchannelLogout(parts);
      this.#routes.set('/api/auth/backchannel-logout', (request) => logout.answer(request));
    }
    if (parts.options.sharedSignals.length > 0) {
      const signals = new SharedSignals(parts);
      this.#routes.set('/api/auth/shared-signals', (request) => signals.answer(request));
    }
    if (this.#webhook) this.#routes.set('/api/auth/revoke', (request) => this.#revoke(request));
    if (!managed) return;
    this.#routes.set('/api/auth/login', (request, context) => this.#login(request, context));
    this.#routes.set('/api/auth/refresh', (request, context) => this.#refresh(request, context));
    this.#routes.set('/api/auth/logout', (request, context) => this.#logout(request, context));
  }

  /**
   * The answer to a request for one of these paths; null for any other.
   * @param {Request} request
   * @param {string} path
   * @param {HandlerContext} context
   * @returns {Promise<Response> | null}
   */
  handle(request, path, context) {
    const route = this.#routes.get(path);
    if (route === undefined) return null;
    if (request.method !== 'POST') {
      return Promise.resolve(errorResponse(405, 'method_not_allowed', [['allow', 'POST']]));
    }
    if (isCrossSite(request)) return Promise.resolve(errorResponse(403, 'cross_site'));
    if (hasLargeCredential(request.headers, this.#parts.options.maxCredential)) {
      return Promise.resolve(errorResponse(431, 'credential_too_large'));
    }
    const work = route(request, context);
    context.waitUntil(work); // a session that has begun or ended does so whether or not the client waits
    return work;
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #login(request, context) {
    const { changes, engine, host, options } = this.#parts;
    const managed = this.#managed();
    // The session that it would begin is to be known on every node, and the one that it replaces to end there.
    if (!(await changes.canKeep())) return outboxFullResponse();
    const { loginPath: path, refreshTimeout } =
      /** @type {import('../options/managed.js').ManagedOptions} */ (options.managed);
    /** @type {{ response: Response, loginAnswer: Uint8Array<ArrayBuffer> | null }} */
    let answered;
    try {
      const headers = managed.originHeaders(request.headers, null);
      answered = await withTimeout(host, refreshTimeout, async (signal) => {
        const sent = { path, headers, maxBody: options.maxBody, signal, isRead: true };
        const response = await this.#proxy.send(request, sent);
        if (!response.ok) return { response, loginAnswer: null };
        return { response, loginAnswer: await readAnswer(host, response, MAX_TOKEN_BYTES) };
      });
    } catch (error) {
      return error instanceof BodyTooLargeError
        ? errorResponse(413, 'body_too_large')
        : unavailableResponse();
    }
    const { response, loginAnswer } = answered;
    if (!response.ok) return this.#shown(response, response.body);
    if (managed.isStepOfLogin(loginAnswer)) return this.#shown(response, loginAnswer);
    const head = this.#parts.headOf(request);
    const varying = varyingHeaders(options.varyOn, request, options.origin);
    const answer = { headers: response.headers, body: loginAnswer };
    const askDocument = async (/** @type {Headers} */ headers) => {
      const { answer } = await engine.calls.ask({ headers: withHeaders(varying, headers) }, '');
      return answer;
    };
    const userAgent = request.headers.get('user-agent');
    const begun = await managed.begin(answer, head, askDocument, userAgent);
    if (!begun.hasAccess) {
      this.#parts.wiring.note('login-tokens', [`${options.managed?.accessToken}`]);
    }
    if (begun.status !== 200) {
      return errorResponse(begun.status, 'login_without_session', retryHeader(begun.status));
    }
    // In whole seconds, as every later answer says it.
    const expiresAtMs = Math.floor((this.#parts.host.now() + options.expiresIn) / 1000) * 1000;
    const cookie = `${options.cookie[0]}=${begun.cookie}`;
    let { document } = begun;
    if (document.length === 0) {
      // An update has overtaken the document (R10): it is asked for anew.
      const headers = withHeaders(varying, new Headers());
      headers.set('cookie', [cookie, varying.get('cookie')].filter(Boolean).join('; '));
      const asked = this.#parts.documentRequest(
        { headers, url: request.url },
        { waitUntil: (work) => context.waitUntil(work) },
      );
      const decision = await engine.resolve(asked);
      if (decision.kind !== 'document') {
        // Something has ended it already: no half session is left.
        await this.#end(asked);
        return errorResponse(503, 'login_without_session', retryHeader(503));
      }
      document = decision.body;
    }
    // A login ends the session it replaces: no fixation (R21). One that fails ends nothing (R13). What the other nodes do
    // not know of yet the answer says, as a sign-out's does (R25).
    const ended = await this.#end(this.#requestOf(request, context));
    const user = JSON.parse(decoder.decode(document));
    const welcome = jsonResponse(200, { user, expiresAt: isoTime(expiresAtMs) }, [
      [
        'set-cookie',
        `${cookie}; ${COOKIE_ATTRIBUTES}; Max-Age=${Math.floor(options.expiresIn / 1000)}`,
      ],
      ...setCookieFields(begun.setCookies),
      ['server-timing', 'sesame;desc=origin'],
    ]);
    if (ended.isPending || ended.failure !== null) welcome.headers.set(PENDING, '1');
    return welcome;
  }

  /**
   * The origin's answer to a login that begins no session here, as it gave it: a refusal, or the first step of two.
   * @param {Response} response
   * @param {ReadableStream | Uint8Array<ArrayBuffer> | null} body
   */
  #shown(response, body) {
    const { status, statusText } = response;
    const isRead = body instanceof Uint8Array;
    const hasBody = isRead ? body.length > 0 : body !== null;
    const headers = new Headers(response.headers);
    if (isRead) headers.delete('content-encoding'); // it has been undone
    headers.delete('set-cookie');
    headers.delete('content-length'); // which is of the body as it was encoded
    for (const [name, line] of setCookieFields(this.#managed().otherCookies(response.headers))) {
      headers.append(name, line);
    }
    const shown = new Response(hasBody ? body : null, { status, statusText, headers });
    return this.#proxy.relay(shown, markPrivate);
  }

  /**
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #refresh(request, context) {
    const managed = this.#managed();
    const head = this.#parts.headOf(request);
    /** @type {(work: Promise<unknown>) => void} */
    const waitUntil = (work) => context.waitUntil(work);
    let authorized = await managed.authorize(head, waitUntil);
    if (authorized.kind === 'token' && !authorized.isNew) {
      authorized = await managed.authorize(head, waitUntil, { rejected: authorized.token });
    }
    switch (authorized.kind) {
      case 'token':
        return jsonResponse(
          200,
          { expiresAt: isoTime(authorized.expiresAtMs) },
          setCookieFields(authorized.setCookies),
        );
      case 'unavailable':
        return unavailableResponse(authorized.retryAfterMs);
      default:
        return errorResponse(401, 'no_session');
    }
  }

  /**
   * A logout that other nodes cannot be told of yet is kept until they can be, and is 202. Where nothing durable keeps it
   * it is 503, and the browser's cookie moves to one that this path alone reads: it opens nothing, and the logout can be
   * repeated with it (R25).
   * @param {Request} request
   * @param {HandlerContext} context
   */
  async #logout(request, context) {
    const { cookie, browserCache, expiresIn } = this.#parts.options;
    const endings = new EndingCookie(cookie[0]);
    const { headers, moved } = endings.read(request.headers);
    const asked = this.#requestOf({ headers, url: request.url }, context);
    this.#parts.lastChanges?.note(asked.head, 'POST /api/auth/logout');
    this.#parts.wiring.noteHeardEnd();
    const { failure, isPending, atOrigin } = await this.#end(asked);
    if (failure !== null) {
      for (const line of endings.move(headers, expiresIn)) {
        failure.headers.append('set-cookie', line);
      }
      return failure;
    }
    const response = jsonResponse(isPending ? 202 : 200, null);
    for (const line of endings.clear(moved)) response.headers.append('set-cookie', line);
    if (isPending) response.headers.set(PENDING, '1');
    if (browserCache) response.headers.set('clear-site-data', '"cache"');
    for (const line of await this.#soon(atOrigin)) response.headers.append('set-cookie', line);
    return response;
  }

  /**
   * What the origin sets with the end of a session, if it says it soon: a logout does not wait for an origin that is away
   * (R25, R87).
   * @param {Promise<string[]>} setCookies
   */
  async #soon(setCookies) {
    const { host } = this.#parts;
    return withTimeout(host, MAX_LOGOUT_WAIT_MS, () => setCookies).catch(() => []);
  }

  /**
   * @param {import('../sessions/document-request.js').DocumentRequest} request
   * @returns {Promise<{ failure: Response | null, isPending: boolean, atOrigin: Promise<string[]> }>} `failure`: the answer
   *   to who has to repeat it; null: it has ended, or is known to nobody. `isPending`: it is published when the store is
   *   back. `atOrigin`: the cookies that the origin sets with it
   */
  async #end(request) {
    const { error, atOrigin } = await signOut(this.#parts, request);
    const failure = error === null ? null : this.#failureOf(error);
    return { failure, isPending: error !== null && failure === null, atOrigin };
  }

  /**
   * The answer to an end that nothing durable keeps; null: it is kept, and published when the store is back.
   * @param {unknown} error
   */
  #failureOf(error) {
    if (isOutboxFull(error)) return outboxFullResponse();
    if (isGuardFull(error)) return guardFullResponse();
    if (error instanceof OriginUnavailableError) return unavailableResponse(error.retryAfterMs);
    // An isolate of the edge may be gone with its next request.
    return this.#parts.host.sharesPromises ? null : unavailableResponse();
  }

  /**
   * @param {Pick<Request, 'headers' | 'url'>} request
   * @param {HandlerContext} context
   */
  #requestOf(request, context) {
    // What changes a session goes on when its client has gone.
    return this.#parts.documentRequest(request, { waitUntil: (work) => context.waitUntil(work) });
  }

  /** @param {Request} request */
  async #revoke(request) {
    const webhook = /** @type {WebhookVerifier} */ (this.#webhook);
    const signature = request.headers.get('sesame-signature');
    const standard = signature === null ? standardHeaders(request.headers) : null;
    // Whoever cannot have signed anything has nothing read; a sender that has stops at our first word (R44).
    if (standard === null && !isSignature(signature)) return errorResponse(401, 'bad_signature');
    const body = await readBody(request.body, MAX_WEBHOOK_BYTES);
    if (body === null) return errorResponse(413, 'body_too_large');
    const now = this.#parts.host.now();
    const result = standard
      ? await webhook.verifyStandard(standard, body, now)
      : await webhook.verify(signature, body, now);
    // Its sender goes on until it hears of success (Standard Webhooks): it has been carried out.
    if (standard && result === ALREADY_USED) return emptyResponse(204);
    if ('error' in result) return errorResponse(result.status, result.error);
    const { message, digest } = result;
    if (message.action === 'revokeOthers' && this.#parts.devices === null) {
      webhook.finish(digest, true); // it says nothing here, however often it comes
      return errorResponse(400, 'bad_message');
    }
    const done = await carryOutBegun(this.#parts, webhook, {
      ...{ name: digest, changes: [message], keepMs: KEEP_MS },
    });
    if (done === 'used' && !standard) return errorResponse(ALREADY_USED.status, ALREADY_USED.error);
    return done === 'used' || done === 'done' ? emptyResponse(204) : done;
  }

  #managed() {
    return /** @type {import('../sessions/managed.js').ManagedSessions} */ (this.#parts.managed);
  }
}

const decoder = new TextDecoder();

/**
 * @param {Headers} headers
 * @param {Headers} more
 */
function withHeaders(headers, more) {
  return new Headers([...headers, ...more]);
}

/**
 * @param {number} status
 * @returns {[string, string][]}
 */
function retryHeader(status) {
  return status === 503 ? [['retry-after', '1']] : [];
}

/**
 * @param {string[]} lines
 * @returns {[string, string][]}
 */
function setCookieFields(lines) {
  return lines.map((line) => ['set-cookie', line]);
}
