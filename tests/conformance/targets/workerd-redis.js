export { workerdRedisTarget as default } from './workerd.js';
