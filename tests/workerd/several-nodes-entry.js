// A worker of the tests: one of several nodes in front of one origin, and what hands requests to them.
import { SesameStore as Store } from 'sesame-edge/durable-object';
import { createWorker } from 'sesame-edge/worker';

/** Counts what is asked of it. */
export class SesameStore extends Store {
  #counts = { changes: 0, listens: 0 };

  /** @param {any} since */
  changes(since) {
    this.#counts.changes += 1;
    return super.changes(since);
  }

  /** @param {Request} request */
  fetch(request) {
    this.#counts.listens += 1;
    return super.fetch(request);
  }

  counts() {
    return this.#counts;
  }

  /** Ends it, and every connection to it, as a host may at any time. */
  abort() {
    /** @type {any} */ (this).ctx.abort();
  }
}

const worker = createWorker((/** @type {any} */ env) => ({ ...env.SESAME, store: 'SESAME_STORE' }));

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    if (new URL(request.url).pathname === '/-/stats') return Response.json(worker.stats());
    return worker.fetch(request, env, context);
  },
};

/** Which node a request is for its header says. */
export const router = {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    const node = request.headers.get('x-node');
    if (node !== null) return env[`NODE_${node}`].fetch(request);
    const objects = env.SESAME_STORE;
    const log = objects.get(objects.idFromName('sesame2:log'));
    if (pathname === '/-/abort') await log.abort().catch(() => {});
    const isCounts = pathname === '/-/counts';
    return isCounts ? Response.json(await log.counts()) : new Response(null, { status: 204 });
  },
};
