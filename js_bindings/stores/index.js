// What several nodes share their sessions through.

/**
 * What several nodes share their sessions through at the edge: Durable Objects, Cloudflare KV, or the memory of one
 * process. `docs/several-nodes.md` says what each can promise; Redis is `sesame-edge/redis`.
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid, and
 * `secret` is 32 hexadecimal digits that all nodes share. They run in a worker with the bindings `SESSIONS`, a KV
 * namespace, and `SESAME_STORE`, Durable Objects of the class `SesameStore`.
 * @module
 */

export { durableObject } from './durable-object.js';
export { kv } from './kv.js';
export { MemoryStore } from './memory-store.js';
export { StoreUnavailableError } from './store.js';

/** @typedef {import('./durable-object.js').DurableObjectOptions} DurableObjectOptions */
/** @typedef {import('./kv.js').KvOptions} KvOptions */
/** @typedef {import('./memory-store.js').MemoryStoreOptions} MemoryStoreOptions */
/** @typedef {import('./store.js').SharedStore} SharedStore */
/** @typedef {import('./store.js').PutOptions} PutOptions */
/** @typedef {import('./store.js').Position} Position */
/** @typedef {import('./store.js').StoreEvent} StoreEvent */
/** @typedef {import('./store.js').Epochs} Epochs */
/** @typedef {import('./store.js').Changes} Changes */
/** @typedef {import('./store.js').Pushed} Pushed */

/** @typedef {import('./durable-object.js').DurableObjectBinding} DurableObjectBinding */
/** @typedef {import('./kv.js').KvBinding} KvBinding */
