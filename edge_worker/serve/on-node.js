// A local server in this process: the adapter for Node's own HTTP servers, with a server around it.
//
// It must not know the command line, and prints nothing by itself. Invariant: when `stop()` has resolved, nothing listens,
// no connection is open, the cache is disposed of and no file is left.
import { once } from 'node:events';
import http from 'node:http';
import { letInspect, toNodeHandler } from '../../adapters/node.js';
import { SessionCache } from '../../js_bindings/index.node.js';
import { ADDRESS_FAULTS, socketAddress } from './address.js';
import { redisAt } from './redis-store.js';
import { ServeError } from './serve-error.js';

/** @typedef {import('./running.js').Running} Running */

/** Node's own limits are those of an application; these are a proxy's. */
const SETTINGS = {
  // As in workerd: what is too long for the cache is the cache's to refuse, with its reason (rule R44).
  maxHeaderSize: 128 * 1024,
  headersTimeout: 60_000,
  requestTimeout: 0, // a body may take as long as its client and the origin like (R41)
  keepAliveTimeout: 75_000, // longer than what common load balancers keep a connection: they are to close it
};

/** How often a server that ends looks for connections on which nothing happens any more. */
const LOOK_EVERY_MS = 20;

/** @type {import('./workerd-process.js').End} */
const AS_ASKED = { code: 0, signal: null };

/**
 * @param {import('./running.js').Start} start
 * @returns {Promise<Running>}
 */
export async function startOnNode({ host, port, options, storeUrl, warn, signal }) {
  const store = storeUrl === undefined ? undefined : await redisAt(storeUrl);
  signal?.throwIfAborted();
  const sessions = new SessionCache(/** @type {any} */ ({ ...options, store }), { warn });
  /** @type {Listening | undefined} */
  let server;
  try {
    server = await listenFor(sessions, { host, port, warn });
    const { url, isAsked } = server;
    const stats = () => (isAsked() ? sessions.statistics() : null);
    const inspected = {
      ...{ statistics: stats, notices: () => sessions.notices() },
      explain: sessions.explain.bind(sessions),
    };
    const inspection = await letInspect(inspected, url);
    signal?.throwIfAborted();
    return runningOf(sessions, server, { stats, inspection });
  } catch (error) {
    await server?.stop(0);
    sessions.dispose();
    throw error;
  }
}

/**
 * @param {SessionCache} sessions
 * @param {Listening} server
 * @param {{ stats: () => any, inspection: { close: () => Promise<void> } }} operator
 * @returns {Running}
 */
function runningOf(sessions, server, { stats, inspection }) {
  const { url, port, kill, ended } = server;
  return {
    ...{ url, port, pid: process.pid, kill, ended: ended.then(() => AS_ASKED) },
    stats: async () => stats(),
    async stop(graceMs) {
      await server.stop(graceMs);
      await inspection.close();
      sessions.dispose();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof listenFor>>} Listening */

/**
 * Node's own server, in front of a cache.
 * @param {import('../../adapters/node.js').RequestHandler} sessions
 * @param {object} options
 * @param {string} options.host
 * @param {number} options.port
 * @param {(line: string) => void} options.warn gets what should not have happened
 * @param {(work: Promise<unknown>) => void} [options.onWork] gets what goes on behind answers
 */
export async function listenFor(sessions, { host, port: wanted, warn, onWork }) {
  const works = createWorks(onWork);
  const over = new AbortController();
  const onError = (/** @type {unknown} */ error) => {
    if (!over.signal.aborted) warn(`a request failed: ${messageOf(error)}`);
  };
  const { waitUntil } = works;
  const server = http.createServer(SETTINGS, toNodeHandler(sessions, { onError, waitUntil }));
  /** WebSockets among them, of which the server itself knows nothing. @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let asked = false;
  server.once('request', () => {
    asked = true;
  });
  await listening(server, host, wanted);
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => server.once('close', () => resolve()));
  server.on('error', ({ message }) => warn(`no connection can be taken: ${message}`));
  const kill = () => {
    over.abort();
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...{ url: `http://${socketAddress(host, port)}`, port, ended, kill },
    /** Whether there was a request. */
    isAsked: () => asked,
    /** Lets open requests, and what goes on behind them, end for a while. @param {number} graceMs */
    async stop(graceMs) {
      const timer = setTimeout(kill, graceMs);
      server.prependListener('request', lastOfItsConnection);
      server.close();
      const looking = setInterval(() => server.closeIdleConnections(), LOOK_EVERY_MS);
      await ended;
      clearInterval(looking);
      await Promise.race([works.idle(), aborted(over.signal)]);
      clearTimeout(timer);
      over.abort();
    },
  };
}

/**
 * @param {http.Server} server
 * @param {string} host
 * @param {number} port
 */
async function listening(server, host, port) {
  try {
    await once(server.listen(port, host), 'listening');
  } catch (error) {
    const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
    const fault = ADDRESS_FAULTS[code] ?? `cannot be listened on (${code})`;
    throw new ServeError('ERR_SESAME_ADDRESS', `${socketAddress(host, port)} ${fault}`);
  }
}

/** @param {unknown} _ @param {http.ServerResponse} outgoing */
function lastOfItsConnection(_, outgoing) {
  outgoing.shouldKeepAlive = false;
}

/**
 * What goes on behind answers.
 * @param {(work: Promise<unknown>) => void} [onWork]
 */
function createWorks(onWork) {
  /** @type {Set<Promise<unknown>>} */
  const works = new Set();
  return {
    /** @param {Promise<unknown>} work never rejects */
    waitUntil(work) {
      works.add(work);
      void work.then(() => works.delete(work));
      onWork?.(work);
    },
    async idle() {
      while (works.size > 0) await Promise.all(works);
    },
  };
}

/** No credential and no document is in a message of Node's or of this package's. @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'what was thrown is no error';
}

/** @param {AbortSignal} signal @returns {Promise<void>} */
function aborted(signal) {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
