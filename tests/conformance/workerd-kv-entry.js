// The worker of workerd-entry.js in miniflare, which has one entry point: a request for `control` is recognised by its
// host, which the suite's HTTP client never sends.
import caches, { control } from './workerd-entry.js';

export { SesameStore } from 'sesame-edge/durable-object';

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  fetch(request, env, context) {
    const isControl = new URL(request.url).hostname === 'control.internal';
    return isControl ? control.fetch(request, env) : caches.fetch(request, env, context);
  },
};
