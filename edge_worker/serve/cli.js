// The command `sesame-edge`: it reads the command line and the configuration file, runs the local
// server and says what happens.
//
// It must not know the runtimes. Invariant: every way to end has its exit code (0 as asked, 1 could not
// run, 2 wrong usage or options) and at least one line that says why if it is not 0.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { OPTIONS } from '../../js_bindings/options/table.js';
import { textOf } from '../../js_bindings/sessions/wiring.js';
import { HELP, isOwnOrigin, readArguments } from './arguments.js';
import { originOf, readConfig, UsageError } from './configuration.js';
import { readEnvironment } from './environment.js';
import { probeOrigin } from './origin-probe.js';
import { hasOwn, proposalOf, recognizeBackend } from './recognize-backend.js';
import { serve } from './serve.js';
import { probeStore } from './store-probe.js';
import { countOf, WORKERS_FAULT } from './worker-count.js';

/** npm passes Ctrl-C on to a program that got it from the terminal already: twice is once. */
const SAME_SIGNAL_WITHIN_MS = 500;
/** A signal sent to the whole group can end another process of ours before it reaches this one. */
const SIGNAL_MAY_LAG_MS = 300;
/** Of a second each, while it is not known why the store does not answer. */
const STORE_TRIES = 3;
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
const complain = (/** @type {string} */ line) =>
  void process.stderr.write(`sesame-edge: ${line}\n`);

/**
 * @param {string[]} argv without the program's own name
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  const environment = await readEnvironment(process.env);
  const request = readArguments(argv, environment.store !== undefined);
  try {
    switch (request.action) {
      case 'help':
        process.stdout.write(HELP);
        return 0;
      case 'version':
        print(await version());
        return 0;
      case 'refuse':
        throw new UsageError(request.faults);
      case 'serve':
        return await run(request.command, environment);
    }
  } catch (error) {
    if (error instanceof UsageError) {
      for (const fault of error.faults) complain(fault);
      return 2;
    }
    complain(/** @type {Error} */ (error).message);
    return 1;
  }
}

/**
 * @param {import('./arguments.js').ServeCommand} given on the command line
 * @param {import('./environment.js').Secrets} environment
 * @returns {Promise<number>}
 */
async function run(given, environment) {
  if (environment.faults.length > 0) throw new UsageError(environment.faults);
  const command = { ...given, store: given.store ?? environment.store };
  const { workers: inFile, ...fromFile } =
    command.config === undefined ? {} : await readConfig(command.config);
  const workers = workersOf(command.workers ?? inFile, command.runtime);
  const options = command.origin === undefined ? fromFile : { ...fromFile, origin: command.origin };
  if (command.backend !== undefined) options.backend = command.backend;
  const { host, ports, store, runtime } = command;
  if (environment.secret !== undefined) options.secret = environment.secret;
  if (given.store !== undefined && new URL(given.store).password !== '') {
    complain(
      'every user of this machine can read the password in --store: give it in SESAME_STORE or SESAME_STORE_FILE',
    );
  }
  if (store !== undefined && options.secret === undefined) {
    options.secret = randomBytes(16).toString('hex');
    print(
      'no "secret" in --config or SESAME_SECRET: made one for this run; other runs will not share its sessions',
    );
  }
  const origin = await originOf(options, command.store !== undefined);
  if (isOwnOrigin(origin, command)) {
    throw new UsageError([`the origin ${origin} is the address to listen on; give another --port`]);
  }

  const stopping = new AbortController();
  /** @type {import('./serve.js').Server[]} */
  const servers = [];
  let stoppedAt = 0;
  let forced = false;
  const onSignal = () => {
    const now = performance.now();
    if (!stopping.signal.aborted) {
      stoppedAt = now;
      stopping.abort();
    } else if (now - stoppedAt > SAME_SIGNAL_WITHIN_MS) {
      forced = true;
      for (const server of servers) void server.close(0);
    }
  };
  // Until the process has ended: a signal that comes late does not change how.
  for (const name of SIGNALS) process.on(name, onSignal);
  // Whoever read the lines has gone (`| head`): nothing is left to do for them.
  const onUnread = () => stopping.abort();
  process.stdout.on('error', onUnread);
  process.stderr.on('error', onUnread);
  try {
    const { signal } = stopping;
    for (const port of ports) {
      const log = ports.length === 1 ? print : undefined;
      const where = { port, host, runtime };
      const around = { signal, log, warn: complain };
      servers.push(await serve({ ...where, store, options, workers, ...around }));
    }
    const by = workers > 1 ? `, ${workers} workers` : '';
    print(`sesame-edge ${await version()} in front of ${origin}${by}`);
    for (const { url } of servers) print(`listening on ${url}`);
    void probeOrigin(origin, signal).then((reason) => {
      if (reason === null) return;
      complain(`origin ${origin} cannot be reached (${reason}); serving all the same`);
    });
    if (options.backend === undefined && options.documentPath === undefined) {
      void recognizeBackend(origin, signal).then((found) => {
        if (found === null || signal.aborted) return;
        print(`the back end looks like ${found.backend}: ${found.because}`);
        print(`for that, put into the file of --config: ${proposalOf(found)}`);
      });
    }
    const { sessionPath = OPTIONS.sessionPath.standard } = options;
    if (typeof sessionPath === 'string' && options.backend === undefined) {
      void hasOwn(origin + sessionPath, signal).then((isOwn) => {
        if (isOwn && !signal.aborted) complain(textOf('own-session-path', sessionPath));
      });
    }
    if (store !== undefined) {
      void probeStore(store, STORE_TRIES).then((error) => {
        if (error !== null) complain(`${error.message}; serving without it all the same`);
      });
    }
    const end = await Promise.race([...servers.map(({ ended }) => ended), aborted(signal)]);
    if (end !== undefined && !(await abortedWithin(signal, SIGNAL_MAY_LAG_MS))) {
      const how = end.signal ?? `exit code ${end.code}`;
      throw new Error(`${runtime} ended by itself (${how})`);
    }
    await Promise.all(servers.map((server) => server.close()));
    print('stopped');
    return forced ? 1 : 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    throw error;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/**
 * @param {unknown} given on the command line, where it has been read already, or in the file
 * @param {string} runtime
 * @returns {number}
 */
function workersOf(given = 1, runtime) {
  const count = countOf(given);
  if (count === null) throw new UsageError([`option workers ${WORKERS_FAULT}`]);
  if (count > 1 && runtime !== 'node') {
    throw new UsageError(['option workers needs --runtime node: workerd serves on one core']);
  }
  return count;
}

async function version() {
  const manifest = new URL('../../package.json', import.meta.url);
  return JSON.parse(await readFile(manifest, 'utf8')).version;
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** @param {AbortSignal} signal @param {number} withinMs @returns {Promise<boolean>} */
async function abortedWithin(signal, withinMs) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, withinMs);
  });
  await Promise.race([aborted(signal), late]);
  clearTimeout(timer);
  return signal.aborted;
}
