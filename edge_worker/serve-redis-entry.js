// The same worker, with its sessions in Redis: `sesame-edge serve --store redis://…`.
export { SesameRedis } from './redis-object.js';
export { control, default } from './serve-entry.js';
