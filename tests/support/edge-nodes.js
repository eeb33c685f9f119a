// Several nodes at the edge: isolates of one workerd, each with a memory of its own, on the same Durable Objects.
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { quote } from '../../edge_worker/serve/capnp.js';
import { findWorkerd, startWorkerd } from '../../edge_worker/serve/workerd-process.js';
import { createClient } from './client.js';
import { workerDirectory } from './edge-stores.js';

const ENTRY = fileURLToPath(new URL('../workerd/several-nodes-entry.js', import.meta.url));
const ADDRESS = '127.0.0.1:0';

/**
 * @param {number} count
 * @param {object} options of each node's cache, as JSON
 */
export async function startEdgeNodes(count, options) {
  const directory = await workerDirectory(ENTRY);
  const { binary, compatibilityDate } = findWorkerd();
  const config = configOf(count, {
    ...{ options, compatibilityDate, directory },
  });
  await writeFile(path.join(directory, 'config.capnp'), config);
  const onLine = (/** @type {string} */ line) => void (process.env.VERBOSE && console.error(line));
  const workerd = await startWorkerd({
    binary,
    directory,
    address: ADDRESS,
    onLine,
    signal: undefined,
  });
  const client = createClient(`http://127.0.0.1:${workerd.port}`);
  const json = async (/** @type {string} */ where, /** @type {any} */ init) =>
    (await client.fetch(where, init)).json();
  return {
    nodes: Array.from({ length: count }, (_, node) => ({
      /** @param {string} where @param {import('./client.js').ClientInit} [init] */
      fetch: (where, { headers, ...init } = {}) =>
        client.fetch(where, { ...init, headers: { ...headers, 'x-node': `${node}` } }),
      /** @returns {Promise<Record<string, number>>} */
      stats: () => json('/-/stats', { headers: { 'x-node': `${node}` } }),
    })),
    /** What the object has been asked that has the log. @returns {Promise<Record<'changes' | 'listens', number>>} */
    counts: () => json('/-/counts', {}),
    /** Ends that object, and every connection to it. */
    abort: () => client.fetch('/-/abort'),
    /** Ends it. */
    async stop() {
      client.close();
      workerd.kill();
      await workerd.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * @param {number} count
 * @param {{ options: object, compatibilityDate: string, directory: string }} how
 */
function configOf(count, { options, compatibilityDate, directory }) {
  const names = Array.from({ length: count }, (_, node) => `node${node}`);
  const bindings = names.map((name, node) => `(name = "NODE_${node}", service = ${quote(name)}),`);
  const worker = (/** @type {string} */ bound, /** @type {string} */ more) => `(
    modules = [
      (name = "entry.js", esModule = embed "entry.js"),
      (name = "./sesame.wasm", wasm = embed "sesame.wasm"),
    ],
    compatibilityDate = ${quote(compatibilityDate)},
    bindings = [
      (name = "SESAME", json = ${quote(JSON.stringify(options))}),
      (name = "SESAME_STORE", durableObjectNamespace = (className = "SesameStore", serviceName = "objects")),
      ${bound}
    ],
    globalOutbound = "network",
    ${more}
  )`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "objects", worker = .objects),
    ${names.map((name) => `(name = ${quote(name)}, worker = .node),`).join('\n    ')}
    (name = "network", network = (allow = ["public", "private", "local"])),
    (name = "disk", disk = (path = ${quote(path.join(directory, 'state'))}, writable = true)),
  ],
  sockets = [
    (name = "http", address = "${ADDRESS}", http = (),
      service = (name = "objects", entrypoint = "router")),
    (name = "control", address = ${quote(`unix:${path.join(directory, 'control.sock')}`)}, http = (), service = "objects"),
  ],
);

const node :Workerd.Worker = ${worker('', '')};

const objects :Workerd.Worker = ${worker(
    bindings.join('\n      '),
    `durableObjectNamespaces = [
      (className = "SesameStore", uniqueKey = "SesameStore", enableSql = true),
    ],
    durableObjectStorage = (localDisk = "disk"),`,
  )};
`;
}
