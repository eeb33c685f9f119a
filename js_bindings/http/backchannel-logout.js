// The sign-outs of an identity provider, as OpenID Connect Back-Channel Logout 1.0 sends them (rule R28). It must not know
// how a session is found, nor how an end is published.
// Invariant: a message that this application cannot carry out is never answered with success.
import { readBody } from '../origin/bodies.js';
import { isRecord } from '../util/is-record.js';
import { carryOut } from './carry-out.js';
import { emptyResponse, errorResponse, jsonResponse, unavailableResponse } from './responses.js';
import { SeenMessages } from './seen-messages.js';
import { isId, SignedMessages } from './signed-messages.js';

/** What a message has among its `events` (section 2.4). */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

const MAX_AGE_MS = 5 * 60_000;
/** A message could be used again for so long after it came: its age, and a clock that is ahead. */
const KEEP_MS = 2 * MAX_AGE_MS;
const MAX_SEEN = 10_000;
const MAX_BODY_BYTES = 64 * 1024;

const REFUSED = /** @type {const} */ ([400, { error: 'invalid_request' }]);

const decoder = new TextDecoder();

/** @type {import('./signed-messages.js').MessageKind} */
const LOGOUT_TOKEN = {
  // Providers from before `logout+jwt` was recommended say nothing, or `JWT`.
  mayBe: (typ) => typ === undefined || typ === 'logout+jwt' || typ === 'jwt',
  discovery: (issuer) => [`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`],
  maxAgeMs: MAX_AGE_MS,
};

/** @typedef {import('./carry-out.js').Change} Change */

export class BackchannelLogout {
  #parts;
  #messages;
  #seen = new SeenMessages(MAX_SEEN);

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#messages = new SignedMessages(parts.host, parts.options.backchannelLogout, LOGOUT_TOKEN);
  }

  /** @param {Request} request a `POST` */
  async answer(request) {
    const body = await readBody(request.body, MAX_BODY_BYTES);
    if (body === null) return errorResponse(413, 'body_too_large');
    const tokens = new URLSearchParams(decoder.decode(body)).getAll('logout_token');
    const type = request.headers.get('content-type') ?? '';
    if (tokens.length !== 1 || !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
      return refused('the body is no form with one logout_token');
    }
    const message = await this.#messages.open(tokens[0]);
    if ('cause' in message) {
      return message.cause === 'unavailable' ? unavailableResponse() : refused(message.text);
    }
    const change = this.#changeOf(message.claims);
    if (typeof change === 'string') return refused(change);
    const { name } = message;
    const done = await carryOut(this.#parts, this.#seen, {
      ...{ name, changes: [change], keepMs: KEEP_MS },
    });
    if (done === 'used') return refused('its jti has been used');
    if (done !== 'done') return done;
    return emptyResponse(200);
  }

  /**
   * What a message asks for (section 2.6, steps 4 to 6).
   * @param {Record<string, unknown>} claims
   * @returns {Change | string} text: what is wrong with it
   */
  #changeOf({ sub, sid, events, nonce }) {
    if (nonce !== undefined) return 'it has a nonce: it is no logout token';
    if (!isRecord(events) || !isRecord(events[EVENT])) return 'its events have no logout';
    if (sub !== undefined && !isId(sub)) return 'its sub is no identifier';
    if (sid !== undefined && !isId(sid)) return 'its sid is no identifier';
    if (sid === undefined) {
      return isId(sub) ? { action: 'revoke', user: sub } : 'it has neither sub nor sid';
    }
    const { options, wiring } = this.#parts;
    if (options.sid !== null) return { action: 'revoke', sid: /** @type {string} */ (sid) };
    wiring.note('unmapped-sid');
    // All sessions of the user are that one too.
    if (isId(sub)) return { action: 'revoke', user: sub };
    return 'its sid cannot be found: the option sid is not set';
  }
}

/**
 * Section 2.8.
 * @param {string} text
 */
function refused(text) {
  const [status, body] = REFUSED;
  return jsonResponse(status, { ...body, error_description: text });
}
