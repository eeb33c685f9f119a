// The option that says whose tokens are verified (rule R16). What the members are is said in `definitions.js`.
// Invariant: keys and a secret are never both given, and each has algorithms of its own kind: what is signed with one is
// never verified with the other.

import { isRecord } from '../util/is-record.js';
import { JWS_ALGORITHMS } from '../util/jws.js';
import { algorithmsFor } from '../util/shared-key.js';
import { areAllGood, isListOf, isText, isUrl } from './issuers.js';
import { refuseUnknown } from './parse.js';
import { DURATION_UNITS, parseQuantity } from './quantities.js';
import { INTROSPECTION, TOKENS } from './table.js';

/** @typedef {import('./types.js').TokenOptions} TokenOptions */

const encoder = new TextEncoder();

/**
 * @param {unknown} given
 * @param {import('../errors.js').ConfigFault[]} faults added to
 * @returns {TokenOptions | null}
 */
export function parseTokens(given, faults) {
  if (given === undefined || given === null) return null;
  if (!isRecord(given)) {
    faults.push({ option: 'tokens', reason: 'must be an object with issuer and audience' });
    return null;
  }
  refuseUnknown(given, TOKENS, 'tokens.', faults);
  const { issuer, audience, jwks = null, sid = TOKENS.sid.standard } = /** @type {any} */ (given);
  const secret = typeof given.secret === 'string' ? encoder.encode(given.secret) : null;
  const known = given.secret ? algorithmsFor(secret ?? new Uint8Array()) : JWS_ALGORITHMS;
  const [audiences, algorithms] = [audience, given.algorithms ?? known].map((each) =>
    typeof each === 'string' ? [each] : each,
  );
  const tolerance = given.clockTolerance ?? TOKENS.clockTolerance.standard;
  const clockTolerance = parseQuantity(tolerance, DURATION_UNITS) ?? -1;
  const keys = isRecord(jwks) ? jwks.keys : jwks;
  const isList = isListOf(keys, isRecord);
  const hasOwnKeys = Boolean(given.secret) || isList; // nothing is looked for below the issuer
  const isGood = areAllGood('tokens', faults, [
    ['issuer', isText(issuer) && (hasOwnKeys || isUrl(issuer)), 'must be the iss of its tokens'],
    ['audience', isListOf(audiences, isText), 'must be a string or a list of strings'],
    [
      'jwks',
      keys === null || isList || isUrl(keys, true),
      'must be an http: or https: URL, or an object with keys',
    ],
    ['secret', !given.secret || known.length > 0, 'must be a string of at least 32 characters'],
    ['secret', !given.secret || keys === null, 'must not be given beside jwks'],
    [
      'algorithms',
      known.length === 0 || isListOf(algorithms, (each) => known.includes(each)),
      `must be a list of some of ${known.join(', ')}`,
    ],
    ['sid', isText(sid) && !/[/~]/.test(sid), 'must be the name of a claim'],
    ['clockTolerance', clockTolerance >= 0, "must be milliseconds or a string such as '5s'"],
  ]);
  if (!isGood) return null;
  return { issuer, audience: audiences, jwks: keys, secret, algorithms, sid, clockTolerance };
}

/**
 * @param {unknown} given
 * @param {import('../errors.js').ConfigFault[]} faults added to
 * @returns {import('./types.js').IntrospectionOptions | null}
 */
export function parseIntrospection(given, faults) {
  if (given === undefined || given === null) return null;
  if (!isRecord(given)) {
    faults.push({ option: 'introspection', reason: 'must be an object' });
    return null;
  }
  refuseUnknown(given, INTROSPECTION, 'introspection.', faults);
  const { url, clientId, clientSecret } = /** @type {any} */ (given);
  const isGood = areAllGood('introspection', faults, [
    ['url', isUrl(url, true), 'must be an http: or https: URL'],
    ['clientId', isText(clientId), 'must be a string'],
    ['clientSecret', isText(clientSecret), 'must be a string'],
  ]);
  return isGood ? { url, clientId, clientSecret } : null;
}

/**
 * Options with what follows from who is asked about tokens: a bearer is the one credential, and what an authorization
 * server says of keeping its answer is meant for caches that know no sessions. What is given wins.
 * @param {Record<string, unknown>} given
 * @returns {Record<string, unknown>}
 */
export function withAuthority(given) {
  const { introspection, userinfo, tokens } = given;
  if (!introspection && !userinfo) return given;
  const standard = { credential: 'bearer', userId: '/sub', obeyCacheControl: false };
  if (typeof userinfo !== 'string' || !isUrl(userinfo)) return { ...standard, ...given };
  const named = isRecord(tokens) ? { tokens: { issuer: userinfo, ...tokens } } : {};
  return { origin: new URL(userinfo).origin, ...standard, ...given, ...named };
}

/**
 * @param {import('./types.js').ParsedOptions} parsed
 * @returns {import('../errors.js').ConfigFault[]}
 */
export function authorityFaults({ introspection, userinfo, managed }) {
  /** @type {import('../errors.js').ConfigFault[]} */
  const faults = [];
  if (introspection !== null && userinfo !== null) {
    faults.push({ option: 'userinfo', reason: 'must not be given beside introspection' });
  }
  if (managed !== null && (introspection ?? userinfo) !== null) {
    const option = introspection === null ? 'userinfo' : 'introspection';
    faults.push({ option, reason: 'is about tokens that browsers have: not with managed' });
  }
  return faults;
}
