// What an identity provider tells of its users by Shared Signals: Security Event Tokens (RFC 8417) that it pushes (RFC 8935),
// with the events of CAEP and RISC (rule R28). It must not know how a session is found, nor how an end is published.
// Invariant: a message that this application cannot carry out is never answered with success.
import { readBody } from '../origin/bodies.js';
import { isRecord } from '../util/is-record.js';
import { carryOut } from './carry-out.js';
import { emptyResponse, errorResponse, jsonResponse, unavailableResponse } from './responses.js';
import { SeenMessages } from './seen-messages.js';
import { isId, SignedMessages } from './signed-messages.js';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';

/**
 * What each event does: ends sessions, or has documents asked for anew, where the back end decides.
 * @type {ReadonlyMap<string, 'revoke' | 'invalidate'>}
 */
const ACTIONS = new Map([
  [`${CAEP}session-revoked`, 'revoke'],
  [`${CAEP}credential-change`, 'invalidate'],
  [`${CAEP}token-claims-change`, 'invalidate'],
  [`${CAEP}assurance-level-change`, 'invalidate'],
  [`${RISC}account-disabled`, 'revoke'],
  [`${RISC}account-purged`, 'revoke'],
  [`${RISC}account-credential-change-required`, 'revoke'],
]);

/** A transmitter sends again what it could not deliver. */
const MAX_AGE_MS = 60 * 60_000;
const KEEP_MS = 2 * MAX_AGE_MS;
const MAX_SEEN = 50_000;
const MAX_BODY_BYTES = 64 * 1024;
const MAX_EVENTS = 8;

const WELL_KNOWN = '/.well-known/ssf-configuration';

/** How an answer names what is wrong (RFC 8935 section 2.4). */
const REFUSALS = Object.freeze({
  request: 'invalid_request',
  issuer: 'invalid_issuer',
  audience: 'invalid_audience',
  key: 'invalid_key',
});

const decoder = new TextDecoder();

/** @type {import('./signed-messages.js').MessageKind} */
const SECURITY_EVENT = {
  mayBe: (typ) => typ === 'secevent+jwt',
  discovery: (issuer) => {
    const { origin, pathname } = new URL(issuer);
    const path = pathname.replace(/\/$/, '');
    return [
      origin + WELL_KNOWN + path,
      `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    ];
  },
  maxAgeMs: MAX_AGE_MS,
};

/** @typedef {import('./carry-out.js').Change} Change */

export class SharedSignals {
  #parts;
  #messages;
  #seen = new SeenMessages(MAX_SEEN);

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#messages = new SignedMessages(parts.host, parts.options.sharedSignals, SECURITY_EVENT);
  }

  /** @param {Request} request a `POST` */
  async answer(request) {
    const body = await readBody(request.body, MAX_BODY_BYTES);
    if (body === null) return errorResponse(413, 'body_too_large');
    const type = request.headers.get('content-type') ?? '';
    if (!/^application\/secevent\+jwt\s*(;|$)/i.test(type)) {
      return refused('request', 'the Content-Type is not application/secevent+jwt');
    }
    const message = await this.#messages.open(decoder.decode(body).trim());
    if ('cause' in message) {
      const { cause, text } = message;
      return cause === 'unavailable' ? unavailableResponse() : refused(cause, text);
    }
    const changes = this.#changesOf(message);
    if (typeof changes === 'string') return refused('request', changes);
    const { name } = message;
    const done = await carryOut(this.#parts, this.#seen, { name, changes, keepMs: KEEP_MS });
    // What comes again is answered as before (section 2).
    if (done !== 'done' && done !== 'used') return done;
    return emptyResponse(202);
  }

  /**
   * @param {import('./signed-messages.js').SignedMessage} message
   * @returns {Change[] | string} text: what is wrong with it
   */
  #changesOf({ claims, issuer }) {
    const { events, exp, nonce, sub_id: subject } = claims;
    // Else an ID token could be taken for one (Shared Signals Framework 1.0).
    if (exp !== undefined || nonce !== undefined) return 'it has an exp or a nonce: it is no event';
    if (!isRecord(events)) return 'it has no events';
    const list = Object.entries(events);
    if (list.length === 0 || list.length > MAX_EVENTS) return 'it has no events, or too many';
    /** @type {Change[]} */
    const changes = [];
    for (const [type, event] of list) {
      if (!isRecord(event)) return 'an event is no object';
      const action = ACTIONS.get(type);
      if (action === undefined) continue; // of no session: a verification, an identifier that has changed
      const change = this.#changeOf(action, subject ?? event.subject, issuer);
      if (typeof change === 'string') return change;
      changes.push(change);
    }
    return changes;
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {unknown} subject as RFC 9493 names it, or the drafts before it
   * @param {string} issuer
   * @returns {Change | string}
   */
  #changeOf(action, subject, issuer) {
    if (!isRecord(subject)) return 'an event has no subject';
    const isComplex = isRecord(subject.user) || isRecord(subject.session);
    const user = userIn(isComplex ? subject.user : subject, issuer);
    const session = isComplex && isRecord(subject.session) ? subject.session : null;
    const { options, wiring } = this.#parts;
    const sid = session && (session.id ?? session.sid);
    if (session !== null && options.sid !== null) {
      return isId(sid) ? { action, sid } : 'its session has no id';
    }
    if (session !== null) wiring.note('unmapped-sid');
    // All sessions of the user are that one too.
    if (user !== null) return { action, user };
    return session === null
      ? 'its subject names no user of this issuer: iss_sub and opaque are understood'
      : 'its session cannot be found: the option sid is not set';
  }
}

/**
 * @param {unknown} subject
 * @param {string} issuer
 * @returns {string | null}
 */
function userIn(subject, issuer) {
  if (!isRecord(subject)) return null;
  const format = subject.format ?? subject.subject_type;
  if (format === 'opaque' && isId(subject.id)) return subject.id;
  const isOwn = /^iss[_-]sub$/.test(`${format}`) && subject.iss === issuer;
  return isOwn && isId(subject.sub) ? subject.sub : null;
}

/**
 * @param {keyof typeof REFUSALS} cause
 * @param {string} description
 */
function refused(cause, description) {
  return jsonResponse(400, { err: REFUSALS[cause], description });
}
