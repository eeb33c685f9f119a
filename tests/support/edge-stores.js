// The stores of the edge, where they really run: Durable Objects in workerd, KV in miniflare, both with their
// state on disk.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { SesameError } from 'sesame-edge';
import { workerdConfig } from '../../edge_worker/serve/capnp.js';
import { findWorkerd, startWorkerd } from '../../edge_worker/serve/workerd-process.js';
import { replace, revive } from '../stores/workerd-json.js';
import { bundleWorker } from './workerd-entry-bundle.js';

const ENTRY = fileURLToPath(new URL('../stores/workerd-entry.js', import.meta.url));
export const OBJECTS = [{ binding: 'SESAME_STORE', className: 'SesameStore' }];

/** The last date that miniflare's own workerd knows. */
export const MINIFLARE_DATE = '2026-04-24';

/** A directory of its own for a worker and its state. @param {string} entry */
export async function workerDirectory(entry) {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-edge-stores-'));
  await mkdir(path.join(directory, 'state'));
  await bundleWorker(entry, directory);
  return directory;
}

/** Durable Objects in the real workerd. `restart` ends it without warning and starts it on the same state. */
export async function startObjects() {
  const directory = await workerDirectory(ENTRY);
  const start = async () => {
    const { binary, compatibilityDate } = findWorkerd();
    const address = '127.0.0.1:0';
    const config = workerdConfig({
      modules: ['entry.js', 'sesame.wasm'],
      address,
      controlPath: path.join(directory, 'control.sock'),
      compatibilityDate,
      options: {},
      objects: OBJECTS,
      storage: path.join(directory, 'state'),
    });
    await writeFile(path.join(directory, 'config.capnp'), config);
    const onLine = (/** @type {string} */ line) =>
      void (process.env.VERBOSE && console.error(line));
    return startWorkerd({ binary, directory, address, onLine, signal: undefined });
  };
  let workerd = await start();
  const end = async () => {
    workerd.kill();
    await workerd.ended;
    await rm(path.join(directory, 'control.sock'), { force: true });
  };
  return {
    stores: remoteStores((body) =>
      fetch(`http://127.0.0.1:${workerd.port}`, { method: 'POST', body }),
    ),
    async restart() {
      await end();
      workerd = await start();
    },
    async stop() {
      await end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @param {string} directory that of a worker @param {object} [options] */
export async function startMiniflare(directory, options) {
  const state = path.join(directory, 'state');
  const [script, wasm] = await Promise.all(
    ['entry.js', 'sesame.wasm'].map((name) => readFile(path.join(directory, name))),
  );
  const miniflare = new Miniflare({
    modules: [
      { type: 'ESModule', path: 'entry.js', contents: script.toString() },
      { type: 'CompiledWasm', path: 'sesame.wasm', contents: wasm },
    ],
    compatibilityDate: MINIFLARE_DATE,
    compatibilityFlags: ['nodejs_compat'],
    kvNamespaces: ['SESSIONS'],
    kvPersist: state,
    durableObjects: { SESAME_STORE: { className: 'SesameStore', useSQLite: true } },
    durableObjectsPersist: state,
    ...options,
  });
  await miniflare.ready;
  return miniflare;
}

/** KV, and Durable Objects beside it, in miniflare. */
export async function startKv() {
  const directory = await workerDirectory(ENTRY);
  let miniflare = await startMiniflare(directory);
  return {
    stores: remoteStores(
      async (body) =>
        /** @type {any} */ (
          await miniflare.dispatchFetch('http://edge.test', { method: 'POST', body })
        ),
    ),
    async restart() {
      await miniflare.dispose();
      miniflare = await startMiniflare(directory);
    },
    async stop() {
      await miniflare.dispose();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const METHODS = [
  ...['get', 'putIfNewer', 'end', 'forget', 'ask', 'userEvent', 'epochs', 'changes'],
  ...['acquire', 'release', 'close', 'pushed', 'listenOften'],
];

/**
 * Stores that are called in a worker.
 * @param {(body: string) => Promise<{ text(): Promise<string> }>} send
 * @returns {(kind: string, options?: object) => any}
 */
function remoteStores(send) {
  return (/** @type {string} */ kind, /** @type {object} */ options = {}) => {
    const id = randomUUID();
    /** @param {string} method */
    const call =
      (method) =>
      async (/** @type {unknown[]} */ ...args) => {
        const response = await send(JSON.stringify({ id, kind, options, method, args }, replace));
        const { value, error } = JSON.parse(await response.text(), revive);
        if (error) throw new SesameError(error.code, error.message);
        return value;
      };
    return Object.fromEntries(METHODS.map((method) => [method, call(method)]));
  };
}
