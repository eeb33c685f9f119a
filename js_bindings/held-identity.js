// Who makes a request, told at once where it is held: for adapters, to whom a promise for each request is dear. It must not know
// how that is decided.
// Invariant: what it tells is what `identify` would, or nothing.
import { Action } from './core/abi-constants.js';
import { identityOf } from './identity.js';
import { heldAction } from './sessions/held.js';
import { HELD } from './util/held.js';

/**
 * @callback TellHeld
 * @param {import('./session-cache.js').RequestLike} request
 * @param {(work: Promise<unknown>) => void} waitUntil
 * @returns {import('./identity.js').Identity | null} null: `identify` has to find out, or it is another than the cache's own
 */

/** @typedef {import('./sessions/parts.js').Parts} Parts */

const OF_DOCUMENT = Object.freeze({
  kind: /** @type {const} */ ('document'),
  ...{ isAnonymous: false, source: 'fresh' },
});

/**
 * Lets the adapters ask a cache for what it holds.
 * @param {object} cache
 * @param {Parts} parts
 * @param {unknown} identify the method whose answers are told
 */
export function tellHeld(cache, parts, identify) {
  /** @type {TellHeld} */
  const value = (request, waitUntil) => {
    if (/** @type {any} */ (cache).identify !== identify) return null;
    try {
      return heldIn(parts, request, waitUntil);
    } catch {
      return null; // `identify` finds the same, and says it
    }
  };
  Object.defineProperty(cache, HELD, { value });
}

/**
 * @param {Parts} parts
 * @param {import('./session-cache.js').RequestLike} request
 * @param {(work: Promise<unknown>) => void} waitUntil
 */
function heldIn(parts, request, waitUntil) {
  const { core, engine, host } = parts;
  const now = host.now();
  const action = heldAction(parts, request, now, waitUntil);
  if (action === null) return null;
  if (action === Action.REFUSE) return identityOf(engine.decided(action, now));
  engine.noteCheck(now, 0, 'document', 'fresh');
  const { expiresAtMs } = core;
  return identityOf({ ...OF_DOCUMENT, body: core.body.slice(), expiresAtMs, setCookies: [] });
}
