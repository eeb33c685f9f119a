// Names for sessions that say nothing about them: a hash under a salt that is forgotten with the run. What the
// log says of a session (an address, a user, a token) goes no further than this file.
import { createHash, randomBytes } from 'node:crypto';

/** So many sessions' names are remembered, for speed. */
const MAX_REMEMBERED = 16_384;

/**
 * @typedef {object} SessionId
 * @property {number} high the first 32 bits of the hash
 * @property {number} low the next
 * @property {string} text 128 bits of it, in hexadecimal
 */

/** @returns {(session: string) => SessionId} */
export function sessionIds() {
  const salt = randomBytes(32);
  /** @type {Map<string, SessionId>} */
  const remembered = new Map();
  return (session) => {
    const known = remembered.get(session);
    if (known !== undefined) return known;
    const digest = createHash('sha256').update(salt).update(session).digest();
    const id = {
      high: digest.readUInt32BE(0),
      low: digest.readUInt32BE(4),
      text: digest.toString('hex', 0, 16),
    };
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(session, id);
    return id;
  };
}

/** As people see it. @param {number} high */
export function shortName(high) {
  return high.toString(16).padStart(8, '0');
}
