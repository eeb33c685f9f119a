// Carries out a message that ends or invalidates sessions: once on all nodes, and used up only when that has been done
// (rules R23, R28). It must not know where a message comes from.
import { isOutboxFull } from '../shared/outbox.js';
import { outboxFullResponse, unavailableResponse } from './responses.js';
import { USED } from './seen-messages.js';

/**
 * What a message asks for.
 * @typedef {object} Change
 * @property {'revoke' | 'invalidate'} action
 * @property {string | number} [user] all sessions of a user, by the identifier
 * @property {string} [sid] one session alone
 */

/**
 * @param {Pick<import('../sessions/parts.js').Parts, 'changes' | 'shared' | 'host'>} parts
 * @param {import('./seen-messages.js').SeenMessages} seen
 * @param {{ name: string, changes: readonly Change[], keepMs: number }} message `name`: of it alone; `keepMs`: it could not
 *   be used again after so long
 * @returns {Promise<'done' | 'used' | Response>} `used`: some node has carried it out before; a response: it is to be sent
 *   again
 */
export async function carryOut({ changes, shared, host }, seen, { name, keepMs, ...message }) {
  const now = host.now();
  const before = seen.begin(name, now, now + keepMs);
  if (before === USED) return USED;
  if (before !== null) return unavailableResponse();
  if (await shared?.usedMessages.has(name)) {
    seen.finish(name, true);
    return USED;
  }
  try {
    for (const { action, user, sid } of message.changes) {
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
