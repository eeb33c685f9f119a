export { workerdObjectsTarget as default } from './workerd.js';
