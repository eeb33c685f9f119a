// The name by which adapters ask a cache, in the same turn, who makes a request. It must not know how that is decided. A
// symbol of all copies of the package: bundlers may give the adapter another than the cache.

/**
 * @callback TellHeld
 * @param {import('../session-cache.js').RequestLike} request
 * @param {(work: Promise<unknown>) => void} waitUntil
 * @returns {import('../identity.js').Identity | null} null: `identify` has to find out, or it is another than the cache's own
 */

export const HELD = Symbol.for('sesame-edge.held');
