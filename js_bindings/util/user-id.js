// What names a user: where documents have his identifier (rule R81), and what is one where JavaScript is given it, by the
// caller of `revokeUser` or a message of the webhook. It must not know what is done with it.
import { valueAt } from './json-pointer.js';

/**
 * What back ends call the identifier of a user: names that two users never share. `login`, `username` and `email` may be
 * another's tomorrow, and `client_id` is the application's.
 */
const NAMES = [
  ...[
    'id',
    '_id',
    'uuid',
    'sub',
    'user_id',
    'userId',
    'userid',
    'userID',
    'UserId',
    'uid',
    'pk',
    'ID',
    '$id',
  ],
  ...[
    'accountId',
    'account_id',
    'gid',
    'guid',
    'objectId',
    'localId',
    'encodedId',
    'unionid',
    'openid',
    'openID',
  ],
  ...['phid', 'ZUID', 'CustomerId', 'oauth_user_id'],
];

/** The objects in which they put the user; of a list, its first element. */
const PLACES = [
  ...[
    'user',
    'data',
    'data/user',
    'data/me',
    'data/viewer',
    'data/0',
    'profile',
    'account',
    'me',
    'result',
  ],
  ...[
    'response',
    'response/user',
    'response/0',
    'viewer',
    'ocs/data',
    'current_user',
    'currentUser',
    'person',
  ],
  ...[
    'record',
    'users/0',
    'items/0',
    'elements/0',
    'results/0',
    'Profile',
    'UserProfile',
    'resource',
  ],
  ...['alipay_user_info_share_response', 'streamlabs'],
];

/** What one back end alone calls it. */
const SINGLE = ['/taobao_user_id', '/login/login_id', '/orcid-identifier/path'];

/** @param {string} place */
const within = (place) => NAMES.map((name) => `${place}/${name}`);

/**
 * Where documents have it, in this order, unless the option `userId` says otherwise. An `identity` is looked into first: an
 * `id` beside it is the session's.
 * @type {readonly string[]}
 */
export const USER_ID_POINTERS = Object.freeze([
  ...within('/identity'),
  ...within(''),
  ...PLACES.flatMap((place) => within(`/${place}`)),
  ...SINGLE,
]);

/**
 * The identifier of the user of a document, found as the module finds it: the first of the pointers at which there is a
 * string or a number.
 * @param {unknown} document
 * @param {readonly string[]} pointers
 * @returns {string | number | undefined} undefined: there is none
 */
export function userIdIn(document, pointers) {
  for (const pointer of pointers) {
    const value = valueAt(document, pointer);
    if (typeof value === 'number' || (typeof value === 'string' && value !== '')) return value;
  }
  return undefined;
}

/**
 * Whether a value names a user. A larger integer than JavaScript can hold has lost its last digits already, and
 * would name somebody else (RFC 8259 section 6): it comes as a string of its digits, which names the number too.
 * @param {unknown} value
 * @returns {value is string | number}
 *
 * @example
 * isUserId('9007199254740993'); // true
 * isUserId(2 ** 53);            // false
 */
export function isUserId(value) {
  if (typeof value === 'string') return value !== '';
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}
