// What several nodes share their sessions through.

export { durableObject } from './durable-object.js';
export { kv } from './kv.js';
export { MemoryStore } from './memory-store.js';
export { StoreUnavailableError } from './store.js';
