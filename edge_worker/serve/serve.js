// A local server: Sesame in front of a back end on this machine, in this process or in the real workerd.
//
// It must not know the command line, and prints nothing by itself. Invariant: when `close()` has
// resolved, or this process has ended, no process and no file of the server is left.

/**
 * Sesame in front of a back end, on this machine: what the command `sesame-edge serve` does, from JavaScript. In Node it
 * needs nothing installed beside the package; in the real workerd it needs `workerd` (`npm install workerd`).
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid.
 * @module
 */

import cluster from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigError } from '../../js_bindings/errors.js';
import { checkOptions } from './check-options.js';
import { createReport } from './report.js';
import { RUNTIMES, startOnWorkers } from './runtimes.js';
import { countOf, WORKERS_FAULT } from './worker-count.js';

const REPORT_EVERY_MS = 1000;
const GRACE_MS = 3000;

export { ServeError } from './serve-error.js';

/** @typedef {import('./workerd-process.js').End} End */
/** @typedef {import('./report.js').Counters} Counters */
/** @typedef {import('./serve-error.js').ServeErrorCode} ServeErrorCode */

/**
 * What a local server is started with.
 * @typedef {object} ServeOptions
 * @property {string} [origin] the back end's URL; may stand in `options` instead
 * @property {number} [port] 0, the default, takes any free one
 * @property {string} [host] the address to listen on; default 127.0.0.1, which is this machine alone
 * @property {'node' | 'workerd'} [runtime] where it runs: in this process, the default, or in workerd as a worker
 * @property {number | 'auto'} [workers] processes that answer on the port, on as many cores, and share their sessions; `auto`:
 *   one for each core. Default 1, which is this process. In Node only. Each has the `memory` of the options
 * @property {Record<string, unknown>} [options] the cache's options, JSON values only; default none
 * @property {string} [store] what it shares its sessions through, `redis://…`; needs `secret` in the options
 * @property {(line: string) => void} [log] gets a line about the traffic, one a second at most
 * @property {(line: string) => void} [warn] gets what is wired wrongly and what fails, and what workerd prints
 * @property {AbortSignal} [signal] stops a start that is under way
 */

/**
 * A server that runs.
 * @typedef {object} Server
 * @property {string} url where it answers, without a path
 * @property {number} port which it listens on
 * @property {number} pid of the process that serves: this one, or workerd's; with `workers` this one starts those that do
 * @property {() => Promise<import('./report.js').Counters | null>} stats its counters, those of all workers together, or null
 *   while there was no request (SPEC R70)
 * @property {Promise<import('./workerd-process.js').End>} ended resolves when it serves no more: it was closed, or workerd
 *   has ended
 * @property {(graceMs?: number) => Promise<void>} close lets open requests finish for `graceMs` milliseconds, 3000
 *   unless given, and resolves when nothing is left of the server
 */

/**
 * Serves a back end through Sesame, until it is closed or this process ends.
 * @param {ServeOptions} options
 * @returns {Promise<Server>} resolves when it listens
 * @throws {import('../../js_bindings/errors.js').ConfigError} `ERR_SESAME_CONFIG`: options are wrong
 * @throws {ServeError} `ERR_SESAME_ADDRESS`: the port or the host cannot be had; `ERR_SESAME_NOT_BUILT`: in a source tree
 *   without a build; with `workers` also `ERR_SESAME_WORKER`: one of them did not start; with `runtime: 'workerd'` also `ERR_SESAME_NO_WORKERD`: it is not installed, and
 *   `ERR_SESAME_WORKERD`: it did not start
 *
 * @example
 * import { serve } from 'sesame-edge/serve';
 *
 * const server = await serve({ origin: 'https://api.example.com' });
 * for (let page = 0; page < 3; page += 1) {
 *   const answer = await fetch(`${server.url}/api/v1/users/me`, request);
 *   answer.status; // => 200
 *   await answer.text();
 * }
 * const { checks, originCalls } = await server.stats();
 * [checks, originCalls]; // => [ 3, 1 ]
 * await server.close();
 */
export async function serve({ origin, port = 0, host = '127.0.0.1', options = {}, ...rest }) {
  const { runtime = 'node', store: storeUrl, log, warn = () => {}, signal } = rest;
  const start = Object.hasOwn(RUNTIMES, runtime) ? RUNTIMES[runtime] : undefined;
  if (start === undefined) {
    const reason = `must be ${Object.keys(RUNTIMES).join(' or ')}`;
    throw new ConfigError([{ option: 'runtime', reason }]);
  }
  const count = workersOf(rest.workers, runtime);
  /** @type {Record<string, unknown>} */
  const all = { ...options, ...(origin !== undefined && { origin }) };
  if (count > 1 && storeUrl === undefined) all.secret ??= randomBytes(16).toString('hex'); // the workers have it in common
  await checkOptions(all, storeUrl !== undefined || count > 1);
  const how = { host, port, options: all, storeUrl, warn, signal };
  const running = await (count > 1 ? startOnWorkers(how, count) : start(how));
  const { url, port: taken, pid, stats, ended } = running;
  const reporting = log ? startReporting(stats, log) : undefined;
  void ended.then(() => reporting?.cancel());
  /** @type {Promise<void> | undefined} */
  let closing;
  return {
    ...{ url, port: taken, pid, stats, ended },
    close(graceMs = GRACE_MS) {
      if (graceMs === 0) running.kill();
      closing ??= (async () => {
        await reporting?.finish();
        await running.stop(graceMs);
      })();
      return closing;
    },
  };
}

/**
 * @param {unknown} workers
 * @param {import('./runtimes.js').Runtime} runtime
 * @throws {ConfigError}
 */
function workersOf(workers = 1, runtime) {
  const count = countOf(workers);
  /** @param {string} reason */
  const refuse = (reason) => new ConfigError([{ option: 'workers', reason }]);
  if (count === null) throw refuse(WORKERS_FAULT);
  if (count > 1 && runtime !== 'node') throw refuse(`needs the runtime node, not ${runtime}`);
  if (count > 1 && cluster.isWorker) {
    throw refuse('cannot be given in a process that is a worker of node:cluster itself');
  }
  return count;
}

/**
 * @param {() => Promise<import('./report.js').Counters | null>} stats
 * @param {(line: string) => void} log
 */
function startReporting(stats, log) {
  const report = createReport();
  const stopped = new AbortController();
  const { signal } = stopped;
  const tick = async () => {
    // A worker too busy to answer is asked again a second later.
    const counters = await stats().catch(() => undefined);
    const line = counters === undefined ? null : report(counters, new Date());
    if (line !== null) log(line);
  };
  const ticking = (async () => {
    while (!signal.aborted) {
      await wait(REPORT_EVERY_MS, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await tick();
    }
  })();
  return {
    cancel: () => stopped.abort(),
    /** The last line, for what happened since the one before. */
    finish: async () => {
      stopped.abort();
      await ticking;
      await tick();
    },
  };
}
