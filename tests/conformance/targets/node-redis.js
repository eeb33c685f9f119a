export { nodeRedisTarget as default } from './node.js';
