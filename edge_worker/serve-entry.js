// The worker as `sesame-edge serve` runs it: its options come from the binding `SESAME`, and a
// second entry point answers its operator: its counters, and why a request is answered as it is.
//
// It must not know how it is started. Invariant: `control` is reachable over the local server's
// own socket alone, never over the one that serves traffic.
import { answerControl } from '../js_bindings/http/control.js';
import { throughObject } from '../js_bindings/stores/through-object.js';
import { createWorker } from './worker.js';

/**
 * @typedef {object} Bindings
 * @property {import('../js_bindings/options/types.js').Options} SESAME
 * @property {string} [SESAME_REDIS] the shared store's URL
 * @property {unknown} [SESAME_REDIS_OBJECT]
 */

const worker = createWorker((/** @type {Bindings} */ env) => {
  const isShared = env.SESAME_REDIS !== undefined;
  return { ...env.SESAME, ...(isShared && { store: throughObject(env.SESAME_REDIS_OBJECT) }) };
});

export default {
  /** @type {typeof worker.fetch} */
  fetch: (request, env, ctx) => worker.fetch(request, env, ctx),
};

export const control = {
  /** @param {Request} request @param {Bindings} env */
  fetch(request, env) {
    const { stats, notices } = worker;
    return answerControl(
      { stats, notices, explain: (asked) => worker.explain(asked, env) },
      request,
    );
  },
};
