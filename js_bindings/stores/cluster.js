// A store for the workers of `node:cluster`: the primary process has it in its memory, and the workers reach it over their
// own channel.
// Invariant: the primary answers the workers from the first call on, those among them that were there before.

/**
 * What the workers of one server share their sessions through, on the cores of one machine: `node:cluster`, and nothing
 * beside it. `sesame-edge serve --workers N` is made of it.
 *
 * In the example, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid, and `secret` is
 * 32 hexadecimal digits that all workers share.
 * @module
 */

import cluster from 'node:cluster';
import { ClusterClient } from './cluster-client.js';
import { ClusterPrimary } from './cluster-primary.js';
import { MAX_RECORDS_BYTES } from './limits.js';
import { MemoryStore } from './memory-store.js';

/** @import { Link } from './cluster-messages.js' */
/** @import { SharedStore } from './store.js' */

/**
 * The options of a store for workers.
 * @typedef {object} ClusterStoreOptions
 * @property {number} [timeoutMs] after which a call counts as failed, in milliseconds; default 1 second. A
 *   sign-out has two more, in which all workers are to hear of it
 * @property {number} [maxBytes] in the primary: of records, about; default 512 MiB. A full store takes no more of them until
 *   some are over, and every sign-out
 */

/** @type {ClusterPrimary | undefined} */
let primary;

/**
 * A store for the workers of `node:cluster`, to be made in the primary process and in each worker. A sign-out on one worker
 * counts on all before it is answered. In the primary it answers the workers, and goes with it: without `node:cluster` it is
 * a store in memory.
 * @param {ClusterStoreOptions} [options]
 * @returns {SharedStore} whose methods reject with `ERR_SESAME_STORE_UNAVAILABLE` if the primary does not answer in time
 *
 * @example
 * import cluster from 'node:cluster';
 * import http from 'node:http';
 * import { SessionCache } from 'sesame-edge';
 * import { clusterStore } from 'sesame-edge/cluster';
 * import { toNodeHandler } from 'sesame-edge/node';
 *
 * const store = clusterStore();
 * if (cluster.isPrimary) {
 *   // cluster.fork() once for each core
 * }
 * const sessions = new SessionCache({ origin: 'https://api.example.com', secret, store }); // in each worker
 * const server = http.createServer(toNodeHandler(sessions));
 * const { user } = await sessions.getSession(request);
 * user.name; // => 'Ingrid Sørensen'
 */
export function clusterStore({ timeoutMs, maxBytes = MAX_RECORDS_BYTES } = {}) {
  if (cluster.isWorker) return new ClusterClient(linkToPrimary(), { timeoutMs });
  primary ??= answerWorkers(new ClusterPrimary(new MemoryStore({ maxBytes })));
  const [here, there] = linkInside();
  primary.attach(there);
  return new ClusterClient(here, { timeoutMs });
}

/** @param {ClusterPrimary} primary */
function answerWorkers(primary) {
  const attach = (/** @type {import('node:cluster').Worker} */ worker) => {
    const detach = primary.attach(linkToWorker(worker));
    worker.once('disconnect', detach);
  };
  for (const worker of Object.values(cluster.workers ?? {})) if (worker) attach(worker);
  cluster.on('fork', attach);
  return primary;
}

/**
 * @param {import('node:cluster').Worker} worker
 * @returns {Link}
 */
function linkToWorker(worker) {
  return linkOn(worker, (message) => worker.isConnected() && worker.send(message));
}

/** @returns {Link} */
function linkToPrimary() {
  return linkOn(process, (message) => {
    if (!process.connected) throw new Error('the primary process has gone');
    process.send?.(message);
  });
}

/**
 * @param {NodeJS.EventEmitter} emitter
 * @param {(message: any) => void} send
 * @returns {Link}
 */
function linkOn(emitter, send) {
  return {
    send,
    listen(listener) {
      emitter.on('message', listener);
      return () => void emitter.off('message', listener);
    },
  };
}

/** Both ends of a link inside a process. @returns {[Link, Link]} */
function linkInside() {
  /** @type {Set<(message: any) => void>[]} */
  const listeners = [new Set(), new Set()];
  /** @param {number} own @returns {Link} */
  const end = (own) => ({
    send: (message) =>
      queueMicrotask(() => {
        for (const listener of listeners[1 - own]) listener(message);
      }),
    listen(listener) {
      listeners[own].add(listener);
      return () => void listeners[own].delete(listener);
    },
  });
  return [end(0), end(1)];
}
