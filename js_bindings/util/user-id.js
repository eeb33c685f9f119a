// What names a user where JavaScript does: the caller of `revokeUser`, or a message of the webhook.

/** Where documents have it, in this order, unless the option `userId` says otherwise. */
export const USER_ID_POINTERS = Object.freeze([
  ...['/id', '/user/id', '/data/id', '/sub', '/_id', '/uuid', '/userId', '/user_id'],
]);

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
