// The name by which adapters ask a cache, in the same turn, who makes a request. It must not know how that is decided. A
// symbol of all copies of the package: bundlers may give the adapter another than the cache.

export const HELD = Symbol.for('sesame-edge.held');
