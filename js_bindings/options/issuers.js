// The options that name identity providers whose messages count (rule R28): whose they are, whom they are for, and where
// their keys are. What the members are is said in `definitions.js`.
// Invariant: whatever is not named here has no key fetched.
import { isRecord } from '../util/is-record.js';
import { membersOf } from '../util/json-pointer.js';
import { JWS_ALGORITHMS } from '../util/jws.js';
import { refuseUnknown } from './parse.js';
import { ISSUER } from './table.js';

/** @typedef {import('./types.js').IssuerOptions} IssuerOptions */
/** @typedef {import('../errors.js').ConfigFault} ConfigFault */

/**
 * @param {unknown} given one, or a list of them
 * @param {string} option
 * @param {ConfigFault[]} faults added to
 * @returns {readonly IssuerOptions[]}
 */
export function parseIssuers(given, option, faults) {
  if (given === undefined || given === null) return [];
  const list = Array.isArray(given) ? given : [given];
  const read = list.map((each) => parseIssuer(each, option, faults));
  const names = read.map((each) => each?.issuer);
  if (new Set(names).size < names.length) {
    faults.push({ option, reason: 'must not name an issuer twice' });
  }
  return read.filter((each) => each !== null);
}

/**
 * @param {unknown} given
 * @param {string} option
 * @param {ConfigFault[]} faults
 * @returns {IssuerOptions | null}
 */
function parseIssuer(given, option, faults) {
  if (!isRecord(given)) {
    faults.push({
      option,
      reason: 'must be an object with issuer and audience, or a list of them',
    });
    return null;
  }
  refuseUnknown(given, ISSUER, `${option}.`, faults);
  const {
    issuer,
    audience,
    jwksUri = null,
    algorithms: named = JWS_ALGORITHMS,
  } = /** @type {any} */ (given);
  const [audiences, algorithms] = [audience, named].map((each) =>
    typeof each === 'string' ? [each] : each,
  );
  const isGood = areAllGood(option, faults, [
    ['issuer', isUrl(issuer), 'must be an http: or https: URL without query and fragment'],
    ['audience', isListOf(audiences, isText), 'must be a string or a list of strings'],
    ['jwksUri', jwksUri === null || isUrl(jwksUri, true), 'must be an http: or https: URL'],
    [
      'algorithms',
      isListOf(algorithms, (each) => JWS_ALGORITHMS.includes(each)),
      `must be a list of some of ${JWS_ALGORITHMS.join(', ')}`,
    ],
  ]);
  return isGood ? { issuer, audience: audiences, jwksUri, algorithms } : null;
}

/**
 * Reports what is wrong with the members of an option.
 * @param {string} option
 * @param {ConfigFault[]} faults added to
 * @param {[name: string, isGood: boolean, reason: string][]} judged
 * @returns {boolean} whether nothing is
 */
export function areAllGood(option, faults, judged) {
  const bad = judged.filter(([, isGood]) => !isGood);
  faults.push(...bad.map(([name, , reason]) => ({ option: `${option}.${name}`, reason })));
  return bad.length === 0;
}

/** @param {unknown} value */
export const isText = (value) => typeof value === 'string' && value !== '';

/** @param {unknown} list @param {(each: any) => boolean} fits */
export function isListOf(list, fits) {
  return Array.isArray(list) && list.length > 0 && list.every(fits);
}

/** @param {unknown} value @param {boolean} [mayHaveQuery] */
export function isUrl(value, mayHaveQuery = false) {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, search, hash, username, password } = new URL(value);
  const isBare = !hash && !username && !password && (mayHaveQuery || !search);
  return isBare && /^https?:$/.test(protocol);
}

/**
 * A `sid` in what is left out of a document is in no document that is held.
 * @param {import('./types.js').ParsedOptions} parsed
 * @returns {ConfigFault[]}
 */
export function sidFaults({ sid, fields }) {
  if (sid === null || !sid.startsWith('/') || fields.length === 0) return [];
  const [member] = membersOf(sid);
  if (fields.includes(member)) return [];
  return [{ option: 'sid', reason: 'points to what the option fields leaves out' }];
}
