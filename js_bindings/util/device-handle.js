// What names a session to its user (rule R27): an HMAC of the user's and the session's keys, and the user's key masked with
// it, so that the list is found that the session is in. It must not know what a list is.
// Invariants: a handle is no credential, and none can be computed from it; two handles of one user have nothing in common
// that is seen without the secret.
import { joined } from './bytes.js';
import { fromHex, toHex } from './hex.js';

const KEY_BYTES = 16;
const TAG = Uint8Array.of(1);
const MASK = Uint8Array.of(2);

/** @typedef {Pick<import('./key-ring.js').SecretKeys, 'device'>} DeviceKeys */

/** Whether a text has the form of a handle. @param {unknown} text @returns {text is string} */
export function isHandle(text) {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}

/**
 * @param {DeviceKeys} keys
 * @param {string} user its key, in hexadecimal
 * @param {string} session its key
 */
export function handleOf({ device }, user, session) {
  const ofUser = fromHex(user);
  const tag = device.sign(joined([TAG, ofUser, fromHex(session)])).slice(0, KEY_BYTES);
  return toHex(joined([tag, masked(device, tag, ofUser)]));
}

/**
 * The key of the user in whose list a session is that has a handle; of one that was made under another secret, or made up,
 * the key of nobody.
 * @param {DeviceKeys} keys
 * @param {string} handle
 */
export function userOfHandle({ device }, handle) {
  const bytes = fromHex(handle);
  return toHex(masked(device, bytes.slice(0, KEY_BYTES), bytes.slice(KEY_BYTES)));
}

/**
 * @param {import('./sha256.js').HmacKey} device
 * @param {Uint8Array} tag
 * @param {Uint8Array} bytes
 */
function masked(device, tag, bytes) {
  const mask = device.sign(joined([MASK, tag]));
  return bytes.map((byte, index) => byte ^ mask[index]);
}
