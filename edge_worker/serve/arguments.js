// What the command line asks for, as data.
//
// It must not start, print or read anything. Invariant: a command line is either understood whole
// or refused with every fault found, a line each.
import net from 'node:net';
import { parseArgs } from 'node:util';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { RUNTIMES } from './runtimes.js';
import { countOf, WORKERS_FAULT } from './worker-count.js';

const DEFAULT_PORT = 8787;
const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_RUNTIME = 'node';

export const HELP = `Usage: sesame-edge serve --origin URL [--backend NAME] [--port N]... [--host ADDRESS]
                         [--config FILE] [--store URL] [--runtime NAME] [--workers N]

Runs Sesame in front of a back end, on this machine. It answers session checks by
itself; the back end is asked only when it must be.

  --origin URL     the back end, such as http://localhost:4000
  --backend NAME   what it is made with: ${Object.keys(PRESETS).join(', ')}
  --port N         the port to listen on (${DEFAULT_PORT}; 0 takes any free one); given
                   several times, a node on each
  --host ADDRESS   the address to listen on (${DEFAULT_HOST}, for this machine alone)
  --store URL      what nodes share their sessions through, redis://host:port; with a
                   password it belongs into the environment, see below
  --config FILE    a JSON file with Sesame's options; flags win over it
  --runtime NAME   where it runs: node (the default), in this process; or workerd, as a
                   worker at Cloudflare does, which needs: npm install workerd
  --workers N      processes that answer on the port, on as many cores, and share their
                   sessions on this machine (1; auto: one for each core); not in workerd
  --help           prints this
  --version        prints the version

Secrets need not stand on the command line, which every user of the machine can read:
  SESAME_STORE, SESAME_STORE_FILE      the store's URL, or a file that has it
  SESAME_SECRET, SESAME_SECRET_FILE    the secret; several, the new one first, with commas

Ends on Ctrl-C. Exit codes: 0 ended as asked, 1 could not run, 2 wrong usage or options.

Other commands:
  sesame-edge estimate FILE   what it would have answered, from the log of an existing site
  sesame-edge init            writes a commented configuration for a project
  sesame-edge doctor          what is wired wrongly between Sesame and a back end
  sesame-edge inspect         why a running server answers a request as it does
  sesame-edge top             what a running server does, live in the terminal
Each has its own --help.
`;

const FLAGS = /** @type {const} */ ({
  origin: { type: 'string' },
  backend: { type: 'string' },
  port: { type: 'string', multiple: true },
  store: { type: 'string' },
  host: { type: 'string' },
  config: { type: 'string' },
  runtime: { type: 'string' },
  workers: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
});

/**
 * @typedef {{ origin: string | undefined, backend?: string, ports: number[], host: string,
 *   store: string | undefined, config: string | undefined, runtime: import('./runtimes.js').Runtime,
 *   workers?: number }} ServeCommand
 * @typedef {{ action: 'help' | 'version' } | { action: 'refuse', faults: string[] }
 *   | { action: 'serve', command: ServeCommand }} Request
 */

/**
 * @param {string[]} argv without the program's own name
 * @param {boolean} [hasStore] from elsewhere
 * @returns {Request}
 */
export function readArguments(argv, hasStore = false) {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: FLAGS, allowPositionals: true });
  } catch (error) {
    // Node's sentence goes on with advice about positionals; its first part is the fault.
    const { message } = /** @type {Error} */ (error);
    return refuse([message.split(/\. |\n/)[0] ?? message]);
  }
  const { values, positionals } = parsed;
  if (values.help) return { action: 'help' };
  if (values.version) return { action: 'version' };
  if (positionals.length === 0) return refuse(['no command given']);
  if (positionals[0] !== 'serve') return refuse([`unknown command '${positionals[0]}'`]);

  const { origin, backend, host = DEFAULT_HOST, config, store } = values;
  const runtime = values.runtime ?? DEFAULT_RUNTIME;
  const given = values.port ?? [String(DEFAULT_PORT)];
  const ports = given.map(portOf).filter((port) => port !== null);
  const faults = given
    .filter((port) => portOf(port) === null)
    .map((port) => `--port must be a number from 0 to 65535, not '${port}'`);
  if (positionals.length > 1) faults.push(`unexpected argument '${positionals[1]}'`);
  if (store !== undefined && !isRedis(store)) {
    faults.push('--store must be a redis:// or rediss:// URL'); // it may hold a password: it is not repeated
  }
  if (store === undefined && !hasStore && ports.length > 1)
    faults.push('several nodes need --store');
  if (backend !== undefined && !Object.hasOwn(PRESETS, backend)) {
    faults.push(`--backend must be ${Object.keys(PRESETS).join(', ')}, not '${backend}'`);
  }
  if (!isRuntime(runtime)) {
    faults.push(`--runtime must be ${Object.keys(RUNTIMES).join(' or ')}, not '${runtime}'`);
  }
  const workers = values.workers === undefined ? undefined : countOf(values.workers);
  if (workers === null) faults.push(`--workers ${WORKERS_FAULT}, not '${values.workers}'`);
  else if (Number(workers) > 1 && runtime === 'workerd') {
    faults.push('--workers needs --runtime node: workerd serves on one core');
  }
  if (!isHost(host)) faults.push(`--host must be an address or a host name, not '${host}'`);
  if (faults.length > 0 || !isRuntime(runtime) || workers === null) return refuse(faults);
  const command = { origin, backend, ports, host, store, config, runtime, workers };
  return { action: 'serve', command };
}

/**
 * Whether a server on this address would be its own origin: each request would come back to it.
 * @param {string} origin
 * @param {Pick<ServeCommand, 'host' | 'ports'>} command
 * @returns {boolean}
 */
export function isOwnOrigin(origin, { host, ports }) {
  const url = new URL(origin);
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback = (/** @type {string} */ text) => /^(localhost|::1|127\..*)$/.test(text);
  const isEverywhere = host === '0.0.0.0' || host === '::';
  const isNamed = name === 'localhost' || host === 'localhost';
  const isSame =
    name === host || (isLoopback(name) && (isEverywhere || (isNamed && isLoopback(host))));
  return isSame && url.protocol === 'http:' && ports.includes(Number(url.port || 80));
}

/** @param {string[]} faults @returns {Request} */
function refuse(faults) {
  const last = faults.length - 1;
  const hint = (/** @type {string} */ fault) => `${fault} (see sesame-edge --help)`;
  return { action: 'refuse', faults: faults.map((text, i) => (i === last ? hint(text) : text)) };
}

/** @param {string} text */
export function isRedis(text) {
  return URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol);
}

/** @param {string} text @returns {number | null} */
function portOf(text) {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535 ? Number(text) : null;
}

/** @param {string} name @returns {name is import('./runtimes.js').Runtime} */
function isRuntime(name) {
  return Object.hasOwn(RUNTIMES, name);
}

/** @param {string} text */
function isHost(text) {
  return net.isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
}
