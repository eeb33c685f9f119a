// What several nodes share their sessions through.
export { MemoryStore } from './memory-store.js';
export { StoreUnavailableError } from './store.js';
