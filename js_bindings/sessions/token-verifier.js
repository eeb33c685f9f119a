// Whether a token (a JWT, RFC 7519) is of the issuer that the option `tokens` names, for this application and of now, and
// which session it belongs to (rule R16). It must not know what is held, nor what has ended.
// Invariants: nothing is said of a token whose signature does not count; two tokens are of one session only if they say
// the same of everything but their own life, so that a narrow one never gets what a wide one was given.
import { toHex } from '../util/hex.js';
import { hasSigned, parseJws } from '../util/jws.js';
import { HmacKey, sha256 } from '../util/sha256.js';
import { SharedKey } from '../util/shared-key.js';
import { discoveryUrl } from './discovery.js';
import { IssuerKeys } from './issuer-keys.js';

/** Nobody waits longer for keys that are away: the origin is asked as it would be without the option. */
const MAX_WAIT_MS = 1000;

/** Longer ones are no identifiers. */
const MAX_ID = 512;

/**
 * What each token says of its own life, and what says nothing of what its holder may do: a renewed one says something
 * else there, and is of the same session.
 */
const OWN_CLAIMS = new Set([
  ...['iat', 'exp', 'nbf', 'jti', 'auth_time', 'nonce', 'at_hash', 'c_hash', 's_hash'],
  ...['fva', 'sts'], // Clerk: minutes since the factors were last verified, whether the sign-in is complete
  ...['event_id', 'origin_jti'], // Cognito
  ...['uti', 'aio', 'rh', 'xms_ftd'], // Microsoft Entra
]);

/** Kinds of tokens that prove something else (RFC 8417, OpenID Connect Back-Channel Logout 1.0, RFC 9449). */
const OTHER_KINDS = /^(?:secevent|logout|dpop)\+jwt$/;

const encoder = new TextEncoder();

/** @typedef {import('../options/types.js').TokenOptions} TokenOptions */
/** @typedef {import('../util/jws.js').Jws} Jws */

/**
 * A token that is what it says.
 * @typedef {object} VerifiedToken
 * @property {string} sub
 * @property {string | null} sid null: it is a session alone
 * @property {string | null} session names its session, for this cache alone; null: it is a session alone
 * @property {string | null} sharedSession the same for all caches: it is in claims that others know, too
 * @property {number} begunAtMs when its user has signed in, else when it was issued
 * @property {number} expiresAtMs infinite: it does not say
 * @property {Record<string, unknown>} claims
 */

/**
 * What is remembered of one.
 * @typedef {VerifiedToken & { user: string | null, knownAtMs: number }} KnownToken `user`: the key of whom it names; of its
 *   claims, those that are told
 */

export class TokenVerifier {
  #host;
  #options;
  #keys;
  /** What names a session is known to nobody else, and to no other cache. */
  #naming;

  /**
   * @param {import('../host.js').Host} host
   * @param {TokenOptions} options
   */
  constructor(host, options) {
    this.#host = host;
    this.#options = options;
    this.#keys = keysOf(host, options);
    this.#naming = new HmacKey(host.getRandomValues(new Uint8Array(32)));
  }

  /**
   * @param {string} token
   * @returns {Promise<VerifiedToken | null>} null: it is none, or nobody can say. Never rejects
   */
  async verify(token) {
    const jws = parseJws(token);
    if (jws === null || !this.#mayCount(jws)) return null;
    if ((await this.#inTime(this.#keys.verify(jws))) !== 'signed') return null;
    return this.#verified(jws.payload);
  }

  /**
   * Whether a token would count if it were signed. Who sends is judged before anything is fetched.
   * @param {Jws} jws
   */
  #mayCount({ header, payload }) {
    const { issuer, algorithms, clockTolerance } = this.#options;
    const { alg, crit, typ } = header;
    if (crit !== undefined || !algorithms.includes(/** @type {string} */ (alg))) return false;
    if (typeof typ === 'string' && OTHER_KINDS.test(kindOf(typ))) return false;
    const { iss, sub } = payload;
    return (
      iss === issuer &&
      isId(sub) &&
      this.#isMeant(payload) &&
      isOfNow(payload, this.#host.now(), clockTolerance)
    );
  }

  /**
   * Some issuers name the application where others name whom a token is for (RFC 9068 section 2.2, OpenID Connect).
   * @param {Record<string, unknown>} claims
   */
  #isMeant({ aud, client_id: client, azp }) {
    const { audience } = this.#options;
    const named = aud === undefined ? [client ?? azp] : [aud].flat();
    return named.some((each) => audience.includes(/** @type {string} */ (each)));
  }

  /** @param {Promise<string>} verdict @returns {Promise<string>} `late`: keys have to be fetched first */
  async #inTime(verdict) {
    const given = new AbortController();
    const late = this.#host.sleep(MAX_WAIT_MS, given.signal).then(() => 'late');
    const first = await Promise.race([verdict, late]);
    given.abort();
    return first;
  }

  /** @param {Record<string, unknown>} claims @returns {VerifiedToken} */
  #verified(claims) {
    const { sub, exp, iat, auth_time: signedIn } = claims;
    const named = claims[this.#options.sid];
    const sid = isId(named) ? named : null;
    const text = sid === null ? null : this.#textOf(claims);
    return {
      sub: /** @type {string} */ (sub),
      sid,
      session: text && toHex(this.#naming.sign(text)),
      sharedSession: text && toHex(sha256(text)),
      begunAtMs: (isTime(signedIn) ? signedIn : /** @type {number} */ (iat)) * 1000,
      expiresAtMs: isTime(exp) ? exp * 1000 : Number.POSITIVE_INFINITY,
      claims,
    };
  }

  /** What the tokens of one session have in common, and no other token has. @param {Record<string, unknown>} claims */
  #textOf(claims) {
    const { sid } = this.#options;
    const isLasting = (/** @type {string} */ name) => name === sid || !OWN_CLAIMS.has(name);
    const lasting = Object.entries(claims).filter(([name]) => isLasting(name));
    const sorted = lasting.sort(([one], [other]) => (one < other ? -1 : 1));
    return encoder.encode(JSON.stringify(sorted));
  }
}

/**
 * What says whether the issuer has signed a token.
 * @param {import('../host.js').Host} host
 * @param {TokenOptions} options
 * @returns {{ verify: (jws: Jws) => Promise<string> }}
 */
function keysOf(host, { issuer, jwks, secret, algorithms }) {
  if (secret !== null) return new SharedKey(secret, algorithms);
  if (jwks !== null && typeof jwks !== 'string') return givenKeys(jwks);
  return new IssuerKeys(host, { issuer, jwksUri: jwks, algorithms }, [discoveryUrl(issuer)]);
}

/** Keys that the options have themselves. @param {readonly object[]} keys */
function givenKeys(keys) {
  return {
    async verify(/** @type {Jws} */ jws) {
      for (const key of keys) {
        if (await hasSigned(jws, key)) return 'signed';
      }
      return 'not-signed';
    },
  };
}

/** @param {string} typ */
const kindOf = (typ) => typ.toLowerCase().replace(/^application\//, '');

/**
 * @param {Record<string, unknown>} claims
 * @param {number} now
 * @param {number} tolerance of clocks that are apart. What has expired has: an answer is not served past it either (R8)
 */
function isOfNow({ exp, nbf, iat }, now, tolerance) {
  return (
    isTime(iat) &&
    iat * 1000 <= now + tolerance &&
    (exp === undefined || (isTime(exp) && now < exp * 1000)) &&
    (nbf === undefined || (isTime(nbf) && nbf * 1000 <= now + tolerance))
  );
}

/** @param {unknown} value @returns {value is number} */
const isTime = (value) => Number.isFinite(value);

/** @param {unknown} value @returns {value is string} */
const isId = (value) => typeof value === 'string' && value !== '' && value.length <= MAX_ID;
