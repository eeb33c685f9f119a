// The worker as `sesame-edge serve` runs it: its options come from the binding `SESAME`, and a
// second entry point answers with its counters.
//
// It must not know how it is started. Invariant: `control` is reachable over the local server's
// own socket alone, never over the one that serves traffic.
import { createWorker } from './worker.js';

const worker = createWorker(
  (/** @type {{ SESAME: import('../js_bindings/options.js').Options }} */ env) => env.SESAME,
);

export default {
  /** @type {typeof worker.fetch} */
  fetch: (request, env, ctx) => worker.fetch(request, env, ctx),
};

export const control = {
  /** @param {Request} request */
  fetch(request) {
    const isStats = new URL(request.url).pathname === '/stats';
    return isStats ? Response.json(worker.stats()) : new Response(null, { status: 404 });
  },
};
