// One workerd process: finding the binary, starting it, knowing when it listens, ending it.
//
// It must not know what the configuration says nor what the worker does. Invariant: a process
// that was started here is ended by `stop()`, or by this process's own end at the latest.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { ADDRESS_FAULTS } from './address.js';
import { atExit } from './at-exit.js';
import { ServeError } from './serve-error.js';

const READY_WITHIN_MS = 30_000;

/** What workerd says when it cannot listen, and what that means. @type {[RegExp, string][]} */
const SAID_OF_ADDRESSES = [
  [/Address already in use/i, ADDRESS_FAULTS.EADDRINUSE],
  [/Permission denied/i, ADDRESS_FAULTS.EACCES],
  [/Cannot assign requested address/i, ADDRESS_FAULTS.EADDRNOTAVAIL],
  [/DNS lookup failed|getaddrinfo/i, ADDRESS_FAULTS.ENOTFOUND],
];

/**
 * How workerd has ended.
 * @typedef {object} End
 * @property {number | null} code its exit status; null where a signal has ended it
 * @property {string | null} signal what has ended it; null where it has ended by itself
 */

/**
 * @typedef {{ pid: number, port: number, ended: Promise<End>,
 *   stop: (graceMs: number) => Promise<void>, kill: () => void }} WorkerdProcess
 */

/**
 * The `workerd` of this package's own install, or of the project it is run in.
 * @returns {{ binary: string, compatibilityDate: string, version: string }}
 */
export function findWorkerd() {
  const places = [import.meta.url, path.join(process.cwd(), 'index.js')];
  let reason = 'it is not installed';
  for (const place of places) {
    try {
      const found = createRequire(place)('workerd');
      const { default: binary, compatibilityDate, version } = found;
      return { binary, compatibilityDate, version };
    } catch (error) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code !== 'MODULE_NOT_FOUND') reason = message.trim().split('\n')[0] ?? reason;
    }
  }
  throw new ServeError(
    'ERR_SESAME_NO_WORKERD',
    `cannot find workerd, the runtime the worker runs in (${reason}); ` +
      'install it with: npm install --save-dev workerd',
  );
}

/**
 * What is wrong with the address, if that is what workerd complains about.
 * @param {string[]} lines what it printed
 * @returns {string | null}
 */
export function addressFault(lines) {
  const line = lines.find((text) => /bind\(|getaddrinfo|DNS lookup/.test(text)) ?? '';
  return SAID_OF_ADDRESSES.find(([pattern]) => pattern.test(line))?.[1] ?? null;
}

/**
 * Starts workerd and waits until it listens.
 * @param {object} options
 * @param {string} options.binary
 * @param {string} options.directory where `config.capnp` is
 * @param {string} options.address for the error message
 * @param {(line: string) => void} options.onLine what workerd and the worker print
 * @param {AbortSignal | undefined} options.signal ends the wait, and the process
 * @returns {Promise<WorkerdProcess>}
 */
export async function startWorkerd({ binary, directory, address, onLine, signal }) {
  signal?.throwIfAborted();
  // The child stays in this process group, so that what ends the group (a closed terminal, a
  // supervisor) ends both.
  const child = spawn(binary, ['serve', 'config.capnp', 'config', '--control-fd=3'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  const forgetKill = atExit(kill);

  /** @type {Promise<End>} */
  const ended = new Promise((resolve) => {
    child.once('close', (code, endSignal) => {
      forgetKill();
      resolve({ code, signal: endSignal });
    });
  });
  const stop = async (/** @type {number} */ graceMs) => {
    child.kill('SIGTERM');
    const timer = setTimeout(kill, graceMs);
    await ended;
    clearTimeout(timer);
  };

  /** @type {string[] | null} kept back until it is known whether it could listen */
  let early = [];
  const forward = (/** @type {string} */ line) => void (early ? early.push(line) : onLine(line));
  const release = () => {
    const kept = early ?? [];
    early = null;
    for (const line of kept) onLine(line);
  };
  lines(child.stdio[1]).on('line', forward);
  lines(child.stdio[2]).on('line', forward);

  const settled = new AbortController();
  try {
    const port = await Promise.race([
      listening(child),
      ended.then((end) => Promise.reject(startFailure(end, early ?? [], address))),
      tooLate(settled.signal),
      aborted(signal, settled.signal),
    ]);
    release();
    return { pid: /** @type {number} */ (child.pid), port, ended, stop, kill };
  } catch (error) {
    const { code } = /** @type {{ code?: unknown }} */ (error);
    if (code !== 'ERR_SESAME_ADDRESS') release();
    if (child.pid !== undefined) await stop(0);
    throw error;
  } finally {
    settled.abort();
  }
}

/** @param {unknown} stream one of the child's pipes */
function lines(stream) {
  return createInterface({ input: /** @type {import('node:stream').Readable} */ (stream) });
}

/**
 * Reads the messages of `--control-fd`, a JSON object a line.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} the port that HTTP is served on
 */
function listening(child) {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(new ServeError('ERR_SESAME_WORKERD', `cannot start workerd: ${error.message}`));
    });
    /** @type {Map<string, number>} */
    const ports = new Map();
    lines(child.stdio[3]).on('line', (line) => {
      const { event, socket, port } = JSON.parse(line);
      if (event === 'listen') ports.set(socket, port);
      if (ports.has('control') && ports.has('http')) resolve(Number(ports.get('http')));
    });
  });
}

/** @param {AbortSignal} settled @returns {Promise<never>} */
async function tooLate(settled) {
  await wait(READY_WITHIN_MS, undefined, { signal: settled });
  throw new ServeError('ERR_SESAME_WORKERD', 'workerd was not ready within 30 seconds');
}

/** @param {AbortSignal | undefined} signal @param {AbortSignal} settled @returns {Promise<never>} */
function aborted(signal, settled) {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: settled });
  });
}

/** @param {End} end @param {string[]} lines @param {string} address */
function startFailure(end, lines, address) {
  const fault = addressFault(lines);
  if (fault !== null) return new ServeError('ERR_SESAME_ADDRESS', `${address} ${fault}`);
  const how = end.signal ?? `exit code ${end.code}`;
  return new ServeError('ERR_SESAME_WORKERD', `workerd ended before it was ready (${how})`);
}
