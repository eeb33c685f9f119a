// Two of Node's servers that should not be told apart: one takes the short path wherever it can, the other never. Each has a
// cache and an origin of its own, of the same kind, at the same time; what is sent to the one is sent to the other.
// Invariant: an exchange ends with both at rest, and fails where a byte, a counter, a line of the log or a call differs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { createClock } from './clock.js';
import { createOrigin } from './origin.js';
import { until } from './wait.js';

/**
 * How often the short path has answered: a comparison in which it never does proves nothing.
 * @typedef {{ short: number, all: number }} Answered
 */

/**
 * @param {any} [options] the caches'
 * @param {{ script?: (origin: import('./origin.js').Origin) => void, answered?: Answered, server?: http.ServerOptions,
 *   handler?: import('sesame-edge/node').NodeHandlerOptions, before?: http.RequestListener }} [how]
 */
export async function createTwins(options = {}, how = {}) {
  const clock = createClock();
  const short = await createTwin(clock, true, options, how);
  const long = await createTwin(clock, false, options, how);
  const twins = [short, long];

  async function compareStates(/** @type {string} */ what) {
    const isAtRest = () =>
      short.origin.calls().length === long.origin.calls().length &&
      short.lines.length === long.lines.length;
    await until(isAtRest, `both have done as much: ${what}`).catch(() => {});
    assert.deepEqual(short.lines.splice(0), long.lines.splice(0), `the log after ${what}`);
    assert.deepEqual(
      short.sessions.statistics(),
      long.sessions.statistics(),
      `the counters after ${what}`,
    );
    assert.deepEqual(short.calls(), long.calls(), `the calls of the origin after ${what}`);
  }

  return {
    clock,
    short,
    long,

    /** Sends bytes to both, and compares all that comes back until the connection ends. @param {string} bytes */
    async exchange(bytes) {
      const said = await short.send(bytes);
      const wanted = await long.send(bytes);
      assert.equal(comparable(said), comparable(wanted), bytes);
      await compareStates(bytes);
      return said;
    },

    /** Sends bytes to both, and leaves. @param {string} bytes */
    async leave(bytes) {
      for (const { port } of twins) {
        const socket = net.connect(port, '127.0.0.1');
        await once(socket, 'connect');
        socket.write(bytes, () => socket.resetAndDestroy());
        await once(socket, 'close');
      }
      await compareStates(`a client that has left: ${bytes}`);
    },

    async close() {
      for (const twin of twins) await twin.close();
    },
  };
}

/**
 * @param {import('./clock.js').Clock} clock
 * @param {boolean} isShort
 * @param {any} options
 * @param {Parameters<typeof createTwins>[1] & {}} how
 */
async function createTwin(
  clock,
  isShort,
  options,
  { script = () => {}, answered, server: of = {}, handler, before },
) {
  const { now, sleep } = clock;
  const origin = await createOrigin();
  script(origin);
  /** @type {unknown[]} */
  const lines = [];
  const log = (/** @type {unknown} */ line) => void lines.push(line);
  const host = { now, sleep, monotonic: now, log, warn: log, getRandomValues: countedBytes() };
  const sessions = new SessionCache({ origin: origin.url, ...options }, host);
  // What is no `SessionCache` has no short path.
  const handle = sessions.handle.bind(sessions);
  const cache = isShort
    ? sessions
    : { handle: /** @type {typeof handle} */ ((...all) => handle(...all)) };
  const listener = toNodeHandler(cache, { ...handler, onError: (error) => log(String(error)) });
  const server = http.createServer(of, (incoming, outgoing) => {
    before?.(incoming, outgoing);
    const isSync = isAnsweredAtOnce(() => void listener(incoming, outgoing), outgoing);
    if (isShort && answered) {
      answered.all += 1;
      answered.short += Number(isSync);
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    ...{ port, origin, sessions, lines },
    calls: () =>
      origin
        .calls()
        .map(({ key, url, headers: { host: _host, ...headers } }) => ({ key, url, headers })),
    /** @param {string} bytes */
    send: (bytes) => sendTo(port, bytes),
    async close() {
      server.close().closeAllConnections();
      sessions.dispose();
      await origin.stop();
    },
  };
}

/** After such a silence nothing more is expected. */
const IDLE_MS = 2000;

/** Whether a listener has given its answer before it comes back, and not as one that refuses. @param {() => void} listen @param {http.ServerResponse} outgoing */
function isAnsweredAtOnce(listen, outgoing) {
  listen();
  return outgoing.writableEnded && outgoing.statusMessage === '';
}

/** Random bytes that are the same for both. */
function countedBytes() {
  let count = 0;
  return (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
    count += 1;
    return bytes
      .map((_, index) => (count * 31 + index * 7) % 256)
      .map((byte, index) => (bytes[index] = byte));
  };
}

/** @param {number} port @param {string} bytes */
function sendTo(port, bytes) {
  return new Promise((resolve) => {
    let said = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    socket.setEncoding('latin1');
    socket.on('data', (part) => {
      said += part;
    });
    // One that is open for good, as a stream of events, is as open on the other side.
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}

/** The wall's time is all that may differ. @param {string} said */
const comparable = (said) => said.replace(/^(date: ).*$/gim, '$1…');
