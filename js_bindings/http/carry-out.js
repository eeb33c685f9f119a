// Carries out a message that ends or invalidates sessions: once on all nodes, and used up only when that has been done
// (rules R23, R28). It must not know where a message comes from.
import { isOutboxFull } from '../shared/outbox.js';
import { outboxFullResponse, unavailableResponse } from './responses.js';
import { USED } from './seen-messages.js';

/**
 * What a message asks for.
 * @typedef {object} Change
 * @property {'revoke' | 'invalidate' | 'revokeOthers'} action
 * @property {string | number} [user] all sessions of a user, by the identifier
 * @property {string} [sid] one session alone
 * @property {string} [keep] of `revokeOthers`: the handle of the session that stays (rule R27)
 */

/** @typedef {Pick<import('../sessions/parts.js').Parts, 'changes' | 'devices' | 'shared'>} Carriers */

/**
 * @typedef {object} Message
 * @property {string} name of it alone
 * @property {readonly Change[]} changes
 * @property {number} keepMs it could not be used again after so long
 */

/**
 * @param {Carriers & Pick<import('../sessions/parts.js').Parts, 'host'>} parts
 * @param {import('./seen-messages.js').SeenMessages} seen
 * @param {Message} message
 * @returns {Promise<'done' | 'used' | Response>} `used`: some node has carried it out before; a response: it is to be sent
 *   again
 */
export async function carryOut(parts, seen, message) {
  const now = parts.host.now();
  const before = seen.begin(message.name, now, now + message.keepMs);
  if (before === USED) return USED;
  if (before !== null) return unavailableResponse();
  return carryOutBegun(parts, seen, message);
}

/**
 * The same, of a message that is new on this node, and counts there as begun.
 * @param {Carriers} parts
 * @param {Pick<import('./seen-messages.js').SeenMessages, 'finish'>} seen
 * @param {Message} message
 * @returns {Promise<'done' | 'used' | Response>}
 */
export async function carryOutBegun(
  { changes, devices, shared },
  seen,
  { name, keepMs, ...message },
) {
  if (await shared?.usedMessages.has(name)) {
    seen.finish(name, true);
    return USED;
  }
  try {
    for (const { action, user, sid, keep } of message.changes) {
      if (action === 'revokeOthers') {
        if (user !== undefined) await devices?.endOthers(user, { handle: keep });
        continue;
      }
      if (sid !== undefined) await changes.sidEvent(action, sid);
      if (user !== undefined) await changes.userEvent(action, user);
    }
  } catch (error) {
    // It is in effect here, but the other nodes do not know yet: its sender repeats it.
    seen.finish(name, false);
    return isOutboxFull(error) ? outboxFullResponse() : unavailableResponse();
  }
  seen.finish(name, true);
  await shared?.usedMessages.add(name, keepMs);
  return 'done';
}
