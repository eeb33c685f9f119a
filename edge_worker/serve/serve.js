// A local server: the built worker in the real workerd, on this machine.
//
// It must not know the command line, and prints nothing by itself. Invariant: when `close()` has
// resolved, or this process has ended, no process and no file of the server is left.

/**
 * The worker in the real workerd, on this machine: what the command `sesame-edge serve` does, from JavaScript. Needs
 * `workerd` installed beside the package (`npm install workerd`).
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid.
 * @module
 */

import { rmSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { atExit } from './at-exit.js';
import { socketAddress, workerdConfig } from './capnp.js';
import { checkOptions, notBuilt } from './check-options.js';
import { ADDRESS, ask, DIRECTORY_PREFIX, SOCKET } from './control-socket.js';
import { createReport } from './report.js';
import { findWorkerd, startWorkerd } from './workerd-process.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const ENTRY = 'serve-entry.js';
const REDIS_ENTRY = 'serve-redis-entry.js';
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
 * @property {Record<string, unknown>} [options] the worker's options, JSON values only; default none
 * @property {string} [store] what it shares its sessions through, `redis://…`; needs `secret` in the options
 * @property {(line: string) => void} [log] gets a line about the traffic, one a second at most
 * @property {(line: string) => void} [warn] gets what workerd and the worker print
 * @property {AbortSignal} [signal] stops a start that is under way
 */

/**
 * A server that runs.
 * @typedef {object} Server
 * @property {string} url where it answers, without a path
 * @property {number} port which it listens on
 * @property {number} pid workerd's
 * @property {() => Promise<import('./report.js').Counters | null>} stats the worker's counters,
 *   or null while there was no request (SPEC R70)
 * @property {Promise<import('./workerd-process.js').End>} ended resolves when workerd has ended
 * @property {(graceMs?: number) => Promise<void>} close lets open requests finish for `graceMs` milliseconds, 3000
 *   unless given, and resolves when nothing is left of the server
 */

/**
 * Serves a back end through Sesame, until it is closed or this process ends.
 * @param {ServeOptions} options
 * @returns {Promise<Server>} resolves when it listens
 * @throws {import('../../js_bindings/errors.js').ConfigError} `ERR_SESAME_CONFIG`: the worker's options are wrong
 * @throws {ServeError} `ERR_SESAME_NO_WORKERD`: workerd is not installed; `ERR_SESAME_ADDRESS`: the port or the host
 *   cannot be had; `ERR_SESAME_WORKERD`: workerd did not start; `ERR_SESAME_NOT_BUILT`: in a source tree without a build
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
  const { store, log, warn = () => {}, signal } = rest;
  const workerOptions = origin === undefined ? options : { ...options, origin };
  await checkOptions(workerOptions, store);
  const { binary, compatibilityDate } = findWorkerd();
  const modules = await findModules(store === undefined ? ENTRY : REDIS_ENTRY);

  // Made with mode 0700: what is in it is this user's alone.
  const directory = await mkdtemp(path.join(tmpdir(), DIRECTORY_PREFIX));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const forgetRemove = atExit(remove);
  const address = socketAddress(host, port);
  const controlPath = path.join(directory, SOCKET);
  /** @type {import('./workerd-process.js').WorkerdProcess} */
  let workerd;
  try {
    await Promise.all(
      modules.map((name) => copyFile(path.join(DIST, name), path.join(directory, name))),
    );
    const server = {
      ...{ modules, address, controlPath, compatibilityDate, options: workerOptions },
      ...(store !== undefined && {
        texts: { SESAME_REDIS: store },
        objects: [{ binding: 'SESAME_REDIS_OBJECT', className: 'SesameRedis' }],
      }),
    };
    const config = workerdConfig(server);
    await writeFile(path.join(directory, 'config.capnp'), config, { mode: 0o600 });
    const onLine = (/** @type {string} */ line) => warn(`workerd: ${line}`);
    workerd = await startWorkerd({ binary, directory, address, onLine, signal });
    await chmod(controlPath, 0o600);
  } catch (error) {
    forgetRemove();
    remove();
    throw error;
  }

  const url = `http://${socketAddress(host, workerd.port)}`;
  await writeFile(path.join(directory, ADDRESS), url, { mode: 0o600 });
  // The control entry point is that of the isolate that serves the traffic.
  const stats = () => ask(controlPath, '/stats');
  const reporting = log ? startReporting(stats, log) : undefined;
  void workerd.ended.then(() => {
    reporting?.cancel();
    forgetRemove();
    remove();
  });
  /** @type {Promise<void> | undefined} */
  let closing;
  return {
    url,
    port: workerd.port,
    pid: workerd.pid,
    ended: workerd.ended,
    stats,
    close(graceMs = GRACE_MS) {
      if (graceMs === 0) workerd.kill();
      closing ??= (async () => {
        await reporting?.finish();
        await workerd.stop(graceMs);
      })();
      return closing;
    },
  };
}

/**
 * The bundle's files, the entry first. Only the modules that it names: an older build's may lie
 * beside them.
 * @param {string} entryName
 * @returns {Promise<string[]>}
 */
async function findModules(entryName) {
  try {
    const entry = await readFile(path.join(DIST, entryName), 'utf8');
    const others = (await readdir(DIST)).filter((name) => name.endsWith('.wasm'));
    return [entryName, ...others.filter((name) => entry.includes(name))];
  } catch {
    throw notBuilt();
  }
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
