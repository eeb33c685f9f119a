// The options of the forward-auth endpoint: where it is, and what of the document it tells the proxy.

import { claimIn } from '../util/claims.js';
import { isRecord } from '../util/is-record.js';
import { isPointer, membersOf } from '../util/json-pointer.js';
import { isPath, refuseUnknown } from './parse.js';
import { VERIFY } from './table.js';

/** @typedef {import('./types.js').Verify} Verify */
/** @typedef {import('./types.js').VerifyOptions} VerifyOptions */

/** A field name (RFC 9110 section 5.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** What means something in a response or a request already, to whoever is on the way. */
const RESERVED = new Set([
  ...['age', 'authorization', 'cache-control', 'clear-site-data', 'connection', 'cookie', 'date'],
  ...['etag', 'expires', 'forwarded', 'host', 'keep-alive', 'last-modified', 'location', 'origin'],
  ...['pragma', 'referer', 'retry-after', 'server', 'server-timing', 'set-cookie', 'status', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'vary', 'via', 'www-authenticate'],
  ...['user-agent', 'expect', 'range', 'link', 'refresh'],
]);
const RESERVED_FAMILIES =
  /^(x-sesame-|x-forwarded-|access-control-|content-|proxy-|sec-|accept|if-)/;

/**
 * @param {unknown} given
 * @param {readonly string[]} fields those that are kept of the document; all if there are none
 * @param {import('../errors.js').ConfigFault[]} faults added to
 * @returns {VerifyOptions}
 */
export function parseVerify(given, fields, faults) {
  /** @type {VerifyOptions} */
  const none = { headers: [], prefix: false };
  if (given === undefined || given === null) return none;
  if (!isRecord(given)) {
    faults.push({ option: 'verify', reason: 'must be an object' });
    return none;
  }
  refuseUnknown(given, VERIFY, 'verify.', faults);
  const { headers = VERIFY.headers.standard, prefix = VERIFY.prefix.standard } = given;
  if (typeof prefix !== 'boolean') {
    faults.push({ option: 'verify.prefix', reason: 'must be true or false' });
  }
  if (!isRecord(headers)) {
    faults.push({
      option: 'verify.headers',
      reason: 'must be an object of JSON pointers and claims',
    });
    return none;
  }
  const pairs = Object.entries(headers).map(([name, pointer]) => [name.toLowerCase(), pointer]);
  const seen = new Set();
  for (const [name, pointer] of pairs) {
    const reason = seen.has(name) ? 'is there twice' : faultOf(`${name}`, pointer, fields);
    if (reason !== null) faults.push({ option: `verify.headers.${name}`, reason });
    seen.add(name);
  }
  return { headers: /** @type {[string, string][]} */ (pairs), prefix: prefix === true };
}

/**
 * What is wrong with a header, or null.
 * @param {string} name
 * @param {unknown} pointer
 * @param {readonly string[]} fields
 */
function faultOf(name, pointer, fields) {
  if (!TOKEN.test(name)) return 'is no name of a header (RFC 9110)';
  // Where names become variables (CGI, WSGI, nginx), x_user_id and x-user-id are one.
  if (name.includes('_')) return 'must have no underscore, which some servers take for a hyphen';
  if (RESERVED.has(name) || RESERVED_FAMILIES.test(name)) return 'has a meaning of its own in HTTP';
  if (typeof pointer === 'string' && claimIn(pointer)) return null;
  if (!isPointer(pointer)) return "must be a JSON pointer such as '/id', or such as 'claim:scope'";
  const [member] = membersOf(/** @type {string} */ (pointer));
  const isKept = fields.length === 0 || fields.includes(member);
  return isKept ? null : 'points to what the option fields leaves out';
}

/**
 * What is wrong with the endpoint's path beside the others, or null.
 * @param {string | null} verifyPath
 * @param {(string | null)[]} others
 * @param {boolean} prefix
 */
export function verifyPathFault(verifyPath, others, prefix) {
  if (verifyPath === null) return null;
  if (prefix && !isPath(verifyPath.replace(/\/+$/, ''))) return 'must not be / with verify.prefix';
  const isTaken = others.some(
    (path) => path === verifyPath || (prefix && path?.startsWith(`${verifyPath}/`)),
  );
  return isTaken
    ? 'must differ from documentPath and sessionPath, which must not be below it'
    : null;
}
