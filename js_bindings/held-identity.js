// Who makes a request, told at once where it is held: for adapters, to whom a promise for each request is dear. It must not know
// how that is decided.
// Invariant: what it tells is what `identify` would, or nothing.
import { Action } from './core/abi-constants.js';
import { identityOf } from './identity.js';
import { heldAction } from './sessions/held.js';

/** @typedef {import('./sessions/parts.js').Parts} Parts */

/** @type {WeakMap<object, { parts: Parts, identify: unknown }>} */
const caches = new WeakMap();

const OF_DOCUMENT = Object.freeze({
  kind: /** @type {const} */ ('document'),
  ...{ isAnonymous: false, source: 'fresh' },
});

/**
 * Lets the adapters find what a cache holds.
 * @param {object} cache
 * @param {Parts} parts
 * @param {unknown} identify the method whose answers are told
 */
export function keepHeld(cache, parts, identify) {
  caches.set(cache, { parts, identify });
}

/**
 * @param {object} cache
 * @param {import('./session-cache.js').RequestLike} request
 * @param {(work: Promise<unknown>) => void} waitUntil
 * @returns {import('./identity.js').Identity | null} null: `identify` has to find out, or it is another than the cache's own
 */
export function heldIdentity(cache, request, waitUntil) {
  const kept = caches.get(cache);
  if (kept === undefined || kept.identify !== /** @type {any} */ (cache).identify) return null;
  try {
    const { core, engine, host } = kept.parts;
    const now = host.now();
    const action = heldAction(kept.parts, request, now, waitUntil);
    if (action === null) return null;
    if (action === Action.REFUSE) return identityOf(engine.decided(action, now));
    engine.noteCheck(now, 0, 'document', 'fresh');
    const { expiresAtMs } = core;
    return identityOf({ ...OF_DOCUMENT, body: core.body.slice(), expiresAtMs, setCookies: [] });
  } catch {
    return null; // `identify` finds the same, and says it
  }
}
