// A local server on several cores: worker processes of `node:cluster` on one port. This process has what they share, starts
// one again that has ended, and serves nothing itself.
//
// It must not know the command line, and prints nothing by itself. Invariant: when `stop()` has resolved, no worker is left;
// until then as many are there, or about to be started, as were asked for.
import cluster from 'node:cluster';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { letInspect } from '../../adapters/node.js';
import { ClusterPrimary } from '../../js_bindings/stores/cluster-primary.js';
import { MAX_RECORDS_BYTES } from '../../js_bindings/stores/limits.js';
import { MemoryStore } from '../../js_bindings/stores/memory-store.js';
import { ADDRESS_FAULTS, socketAddress } from './address.js';
import { ServeError } from './serve-error.js';
import { CHANNEL, isOurs, storeLink } from './worker-messages.js';

/** @typedef {import('node:cluster').Worker} Worker */

const PROGRAM = fileURLToPath(new URL('./worker-process.js', import.meta.url));

/** A worker that ends is started again after so long, after twice as long if that one ends soon, and so on. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;
/** One that has lived for so long was well. */
const WELL_AFTER_MS = 10_000;
const ANSWER_WITHIN_MS = 1000;
/** A worker that is to stop has so long beyond its grace. */
const STOP_MARGIN_MS = 2000;

/**
 * @param {import('./running.js').Start} start whose options have a secret
 * @param {number} count of workers
 * @returns {Promise<import('./running.js').Running>}
 */
export async function startOnWorkers(
  { host, port: wanted, options, storeUrl, warn, signal },
  count,
) {
  signal?.throwIfAborted();
  const port = await portFor(host, wanted);
  const store = storeUrl === undefined ? new MemoryStore({ maxBytes: MAX_RECORDS_BYTES }) : null;
  const primary = new ClusterPrimary(store);
  const workers = new Workers({ host, port, options, storeUrl }, { primary, warn });
  try {
    await workers.start(count);
    const url = `http://${socketAddress(host, port)}`;
    const inspection = await letInspect(
      /** @type {any} */ ({
        statistics: () => primary.sums(),
        notices: async () => (await workers.ask('notices')).flat(),
        async explain(/** @type {{ headers: Headers, url?: string }} */ { headers, url: asked }) {
          const given = { headers: [...headers], url: asked };
          const found = await workers.ask('explain', given);
          return found.find(({ isHeld }) => isHeld) ?? found[0];
        },
      }),
      url,
    );
    signal?.throwIfAborted();
    let isAsked = false;
    return {
      ...{ url, port, pid: process.pid, ended: workers.ended },
      async stats() {
        isAsked ||= (await workers.ask('isAsked')).includes(true);
        return isAsked ? primary.sums() : null;
      },
      kill: () => workers.kill(),
      async stop(graceMs) {
        await workers.stop(graceMs);
        await inspection.close();
      },
    };
  } catch (error) {
    workers.kill();
    await workers.stop(0);
    throw error;
  }
}

/**
 * All workers are to have the same port, also those that are started later: it is found out before.
 * @param {string} host
 * @param {number} wanted
 */
async function portFor(host, wanted) {
  const server = net.createServer();
  try {
    await once(server.listen({ host, port: wanted, exclusive: true }), 'listening');
  } catch (error) {
    const { code = '' } = /** @type {NodeJS.ErrnoException} */ (error);
    const fault = ADDRESS_FAULTS[code] ?? `cannot be listened on (${code})`;
    throw new ServeError('ERR_SESAME_ADDRESS', `${socketAddress(host, wanted)} ${fault}`);
  }
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  await once(server.close(), 'close');
  return port;
}

class Workers {
  #start;
  #primary;
  #warn;
  /** Those that run. @type {Set<Worker>} */
  #running = new Set();
  /** Those that are to be started again. @type {Set<NodeJS.Timeout>} */
  #delays = new Set();
  /** How many have ended soon, one after another. */
  #soon = 0;
  #isStopping = false;
  #questions = 0;
  /** @type {Map<number, (value: any) => void>} */
  #asked = new Map();
  /** @type {() => void} */
  #onEnd = () => {};
  /** @type {Promise<import('./workerd-process.js').End>} */
  ended = new Promise((resolve) => {
    this.#onEnd = () => resolve({ code: 0, signal: null });
  });

  /**
   * @param {object} start what a worker is started with
   * @param {{ primary: ClusterPrimary, warn: (line: string) => void }} around
   */
  constructor(start, { primary, warn }) {
    this.#start = start;
    this.#primary = primary;
    this.#warn = warn;
  }

  /** @param {number} count @throws {ServeError} the first of them that cannot serve */
  async start(count) {
    await Promise.all(Array.from({ length: count }, () => this.#fork()));
  }

  /** @returns {Promise<void>} resolves when it listens */
  #fork() {
    const worker = fork();
    const begun = performance.now();
    this.#running.add(worker);
    const detach = this.#primary.attach(storeLink(worker, (message) => send(worker, message)));
    return new Promise((resolve, reject) => {
      let isListening = false;
      worker.on('message', (message) => {
        if (!isOurs(message)) return;
        const { say, value, id } = message;
        if (say === 'answer') this.#asked.get(Number(id))?.(value);
        if (say === 'ready') tell(worker, 'start', this.#start);
        if (say === 'warn') this.#warn(value);
        if (say === 'listening') {
          isListening = true;
          resolve();
        }
        if (say !== 'failed') return;
        const { code = 'ERR_SESAME_WORKER', text } = value;
        reject(new ServeError(code, text));
        worker.process.kill('SIGKILL');
      });
      worker.on('error', () => {}); // what could not be sent to one that ends
      worker.once('exit', (code, signal) => {
        detach();
        this.#running.delete(worker);
        const how = signal ?? `exit code ${code}`;
        reject(new ServeError('ERR_SESAME_WORKER', `a worker ended before it listened (${how})`));
        if (this.#isStopping) return this.#look();
        if (performance.now() - begun >= WELL_AFTER_MS) this.#soon = 0;
        if (isListening || this.#soon > 0) this.#startAgain(worker.process.pid, how);
      });
    });
  }

  /** @param {number | undefined} pid @param {string} how */
  #startAgain(pid, how) {
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#soon);
    this.#soon += 1;
    this.#warn(`worker ${pid} has ended (${how}): another is started in ${delayMs} ms`);
    const delay = setTimeout(() => {
      this.#delays.delete(delay);
      this.#fork().catch(({ message }) => this.#warn(message));
    }, delayMs);
    this.#delays.add(delay);
  }

  /**
   * What each worker answers; one that does not within its time is left out.
   * @param {string} what
   * @param {any} [given]
   * @returns {Promise<any[]>}
   */
  async ask(what, given) {
    const answers = await Promise.all(
      [...this.#running].map((each) => this.#ask(each, what, given)),
    );
    return answers.filter((answer) => answer !== undefined);
  }

  /** @param {Worker} worker @param {string} what @param {any} given @returns {Promise<any>} undefined: no answer */
  async #ask(worker, what, given) {
    this.#questions += 1;
    const id = this.#questions;
    const answer = new Promise((resolve) => this.#asked.set(id, resolve));
    const waiting = new AbortController();
    tell(worker, 'ask', { what, given }, id);
    const late = wait(ANSWER_WITHIN_MS, undefined, { signal: waiting.signal }).catch(() => {});
    const value = await Promise.race([answer, late]);
    waiting.abort();
    this.#asked.delete(id);
    return value;
  }

  /** @param {number} graceMs */
  async stop(graceMs) {
    this.#isStopping = true;
    for (const delay of this.#delays) clearTimeout(delay);
    this.#delays.clear();
    for (const worker of this.#running) tell(worker, 'stop', graceMs);
    const timer = setTimeout(() => this.kill(), graceMs + STOP_MARGIN_MS);
    this.#look();
    await this.ended;
    clearTimeout(timer);
  }

  kill() {
    this.#isStopping = true;
    for (const worker of this.#running) worker.process.kill('SIGKILL');
  }

  #look() {
    if (this.#isStopping && this.#running.size === 0) this.#onEnd();
  }
}

/** @param {Worker} worker @param {import('./worker-messages.js').ServeMessage['say']} say @param {any} value @param {number} [id] */
function tell(worker, say, value, id) {
  send(worker, { sesame: CHANNEL, say, value, id });
}

/** @param {Worker} worker @param {import('./worker-messages.js').ServeMessage} message */
function send(worker, message) {
  if (worker.isConnected()) worker.send(message, () => {}); // what cannot be sent any more is told by its exit
}

/** What else is started by `node:cluster` in this process is started as it was before. @returns {Worker} */
function fork() {
  const { exec = process.argv[1], args = process.argv.slice(2), ...others } = cluster.settings;
  cluster.setupPrimary({ ...others, exec: PROGRAM, args: [], serialization: 'json' });
  try {
    return cluster.fork();
  } finally {
    cluster.setupPrimary({ ...others, exec, args });
  }
}
