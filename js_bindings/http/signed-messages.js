// Signed messages of identity providers (JWTs): whether one is of a provider that the options name, for this application,
// and of now. It must not know what is done about a message.
// Invariant: who sends is judged before anything is fetched, and the signature before anything else is said of a message.

import { IssuerKeys } from '../sessions/issuer-keys.js';
import { toHex } from '../util/hex.js';
import { parseJws } from '../util/jws.js';
import { sha256 } from '../util/sha256.js';

/** Clocks may be so far apart. */
const LEEWAY_MS = 60_000;

/** Longer ones are no identifiers. */
const MAX_ID = 512;

/** @typedef {import('../options/types.js').IssuerOptions} IssuerOptions */

/**
 * What is wrong with a message.
 * @typedef {object} Fault
 * @property {'request' | 'issuer' | 'audience' | 'key' | 'unavailable'} cause `unavailable`: nothing is; it cannot be judged
 *   now, and is to be sent again
 * @property {string} text for whoever runs the provider
 */

/**
 * A message that is what it says.
 * @typedef {object} SignedMessage
 * @property {Record<string, unknown>} claims
 * @property {string} issuer
 * @property {string} name of this message alone: the same on every node
 */

/**
 * What a kind of message is like.
 * @typedef {object} MessageKind
 * @property {(typ: string | undefined) => boolean} mayBe whether it may call itself so (`typ`, in lower case)
 * @property {(issuer: string) => string[]} discovery where a provider may say where its keys are
 * @property {number} maxAgeMs how old one may be
 */

const encoder = new TextEncoder();

export class SignedMessages {
  #host;
  #kind;
  /** @type {Map<string, { options: IssuerOptions, keys: IssuerKeys }>} */
  #issuers;

  /**
   * @param {import('../host.js').Host} host
   * @param {readonly IssuerOptions[]} issuers
   * @param {MessageKind} kind
   */
  constructor(host, issuers, kind) {
    this.#host = host;
    this.#kind = kind;
    this.#issuers = new Map(
      issuers.map((options) => {
        const keys = new IssuerKeys(host, options, kind.discovery(options.issuer));
        return [options.issuer, { options, keys }];
      }),
    );
  }

  /**
   * @param {string} token
   * @returns {Promise<SignedMessage | Fault>} never rejects
   */
  async open(token) {
    const jws = parseJws(token);
    if (jws === null) return fault('request', 'it is no signed JWT');
    const { header, payload: claims } = jws;
    const typ = typeof header.typ === 'string' ? header.typ.toLowerCase() : undefined;
    if (header.crit !== undefined) return fault('request', 'its header has a crit');
    if (!this.#kind.mayBe(typ?.replace(/^application\//, ''))) {
      return fault('request', 'its typ is of another kind of token');
    }
    const issuer = this.#issuers.get(/** @type {string} */ (claims.iss));
    if (issuer === undefined) return fault('issuer', 'its iss is not configured');
    const verdict = await issuer.keys.verify(jws);
    if (verdict === 'unavailable') return fault(verdict, 'the keys of its issuer cannot be had');
    if (verdict === 'not-signed') return fault('key', 'its signature or alg does not count');
    return faultOf(claims, issuer.options, this.#kind, this.#host.now()) ?? named(claims);
  }
}

/** @param {Fault['cause']} cause @param {string} text @returns {Fault} */
function fault(cause, text) {
  return { cause, text };
}

/**
 * What is wrong with a message that the provider has signed.
 * @param {Record<string, unknown>} claims
 * @param {IssuerOptions} options
 * @param {MessageKind} kind
 * @param {number} now
 */
function faultOf({ aud, iat, exp, nbf, jti }, { audience }, { maxAgeMs }, now) {
  if (![aud].flat().some((each) => audience.includes(/** @type {string} */ (each)))) {
    return fault('audience', 'its aud is another');
  }
  if (!isTime(iat) || now - iat * 1000 > maxAgeMs || iat * 1000 - now > LEEWAY_MS) {
    return fault('request', 'its iat is missing, too old or in the future');
  }
  if (exp !== undefined && (!isTime(exp) || now - exp * 1000 > LEEWAY_MS)) {
    return fault('request', 'its exp has passed');
  }
  if (nbf !== undefined && (!isTime(nbf) || nbf * 1000 - now > LEEWAY_MS)) {
    return fault('request', 'its nbf has not come');
  }
  return isId(jti) ? null : fault('request', 'its jti is missing');
}

/** @param {unknown} value @returns {value is number} */
const isTime = (value) => Number.isFinite(value);

/** @param {unknown} value @returns {value is string} */
export function isId(value) {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID;
}

/** @param {Record<string, unknown>} claims @returns {SignedMessage} */
function named(claims) {
  const name = toHex(sha256(encoder.encode(JSON.stringify(['jti', claims.iss, claims.jti]))));
  return { claims, issuer: /** @type {string} */ (claims.iss), name };
}
