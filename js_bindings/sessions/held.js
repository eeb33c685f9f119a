// What can be decided at once: by what is held here, with nothing asked and nothing begun. It must not know how answers look.
// Invariant: where it decides, the engine would decide the same.
import { Action, CheckFlag } from '../core/abi-constants.js';
import { credentialsIn } from '../origin/headers.js';

/**
 * Decides a request by what is held. What the core then says of it is to be used or copied before its next call.
 * @param {import('./parts.js').Parts} parts
 * @param {import('../core/abi.js').RequestHead} head
 * @param {number} now
 * @param {{ waitUntil: (work: Promise<unknown>) => void }} context
 * @returns {number} an Action: SERVE, REFUSE; anything else: the engine has to find out
 */
export function checkHeld({ core, changes, engine, shared, managed }, head, now, context) {
  if (shared !== null) {
    if (!shared.log.isTrusted(now)) return Action.RETRY;
    shared.log.keepUp(now, (work) => context.waitUntil(work));
  }
  // The answer is to carry what is kept (R87), or to wait for an end that is being found out (R53).
  if (engine.kept?.has(head) || changes.isEnding(head)) return Action.RETRY;
  const action = core.check(head, now, 0, CheckFlag.PEEK);
  // Another node may know a managed session that this one does not.
  const isAnothers = action === Action.REFUSE && shared !== null && managed !== null;
  return isAnothers ? Action.RETRY : action;
}

/**
 * Decides by what is held: with no copy of the request's headers, and without its signal.
 * @param {import('./parts.js').Parts} parts
 * @param {{ headers: Headers | Record<string, string | string[] | undefined> }} request
 * @param {number} now
 * @param {(work: Promise<unknown>) => void} waitUntil
 * @returns {number | null} SERVE or REFUSE; null: the engine has to find out
 */
export function heldAction(parts, { headers }, now, waitUntil) {
  const head = parts.options.varyOn.length > 0 ? null : credentialsIn(headers);
  if (head === null) return null;
  const action = checkHeld(parts, head, now, { waitUntil });
  return action === Action.SERVE || action === Action.REFUSE ? action : null;
}
