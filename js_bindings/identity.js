// Who makes a request, as callers are told. It must not know how that is found out.
// Invariant: `user` is what the document says, parsed when it is first read: one value, the caller's own to change.
import { isoTime } from './http/responses.js';
import { withUser } from './util/with-user.js';

/** @typedef {import('./sessions/decision.js').Decision} Decision */

/** @typedef {import('./options/types.js').UserDocument} UserDocument */

/**
 * Who is signed in.
 * @template [User=UserDocument]
 * @typedef {object} Session
 * @property {User} user the document, parsed
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 */

/**
 * Who makes a request, and how that is known.
 * @template [User=UserDocument]
 * @typedef {object} Identity
 * @property {User | null} user the document, parsed; null: nobody, as far as the origin is concerned
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 * @property {'fresh' | 'stale' | 'origin' | 'negative'} source where the answer came from (SPEC R43)
 * @property {string[]} setCookies what the origin wants the client to keep, if this request has asked it: each
 *   is to be sent on as a `Set-Cookie` of its own
 */

/** What of a decision says who it is. @typedef {Pick<Decision, 'body' | 'expiresAtMs'>} Known */

const decoder = new TextDecoder();

/**
 * @template User
 * @param {Known & Pick<Decision, 'kind' | 'isAnonymous' | 'source' | 'setCookies'>} decision
 * @returns {Identity<User>}
 */
export function identityOf(decision) {
  const { kind, isAnonymous, expiresAtMs, setCookies } = decision;
  const source = /** @type {Identity<User>['source']} */ (
    isAnonymous ? 'negative' : decision.source
  );
  if (kind !== 'document') return { user: null, expiresAt: null, source, setCookies };
  const rest = { expiresAt: isoTime(expiresAtMs), source, setCookies };
  return withUser(new LazyUser(decision.body), rest);
}

/**
 * @template User
 * @param {Known & Pick<Decision, 'kind'>} decision
 * @returns {Session<User> | null}
 */
export function sessionOf({ kind, body, expiresAtMs }) {
  if (kind !== 'document') return null;
  return withUser(new LazyUser(body), { expiresAt: isoTime(expiresAtMs) });
}

class LazyUser {
  #body;
  /** @type {any} undefined: it has not been read yet */
  #value;

  /** @param {Uint8Array} body a document */
  constructor(body) {
    this.#body = body;
  }

  get user() {
    if (this.#value === undefined) this.#value = JSON.parse(decoder.decode(this.#body));
    return this.#value;
  }
  set user(value) {
    this.#value = value;
  }
}
