// Sesame's worker in the real workerd, over HTTP. One process holds the caches of all cases, told apart by
// the name in `Host`; a second socket makes them, moves their clocks and calls their JavaScript API.
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { workerdConfig } from '../../../edge_worker/serve/capnp.js';
import { findWorkerd, startWorkerd } from '../../../edge_worker/serve/workerd-process.js';
import { createClient } from '../../support/client.js';
import { sesameDialect } from './sesame-dialect.js';

const ENTRY = fileURLToPath(new URL('../workerd-entry.js', import.meta.url));
const WASM = fileURLToPath(new URL('../../../js_bindings/dist/sesame.wasm', import.meta.url));

/** @type {import('./target.js').Adapter} */
export const workerdTarget = {
  name: 'workerd',
  dialect: sesameDialect,
  async open() {
    const directory = await mkdtemp(path.join(tmpdir(), 'sesame-conformance-'));
    const workerd = await startIn(directory);
    const address = `http://127.0.0.1:${workerd.port}`;
    const controlPath = path.join(directory, 'control.sock');
    const client = createClient(address);
    let caches = 0;
    return {
      async start({ origin, options }) {
        const name = `cache-${++caches}`;
        /** @param {string} method @param {...unknown} args */
        const call = (method, ...args) => control(controlPath, { name, method, args });
        await call('create', { origin, ...options });
        const host = `${name}.test`;
        let offset = 0;
        return {
          url: `http://${host}`,
          socket: { url: `ws://127.0.0.1:${workerd.port}`, headers: { host } },
          now: () => Date.now() + offset,
          async advance(milliseconds) {
            offset += milliseconds;
            await call('advance', milliseconds);
          },
          fetch: (target, { headers, ...init } = {}) =>
            client.fetch(target, { ...init, headers: { host, ...headers } }),
          api: {
            getSession: (...args) => call('getSession', ...args),
            updateUser: (...args) => call('updateUser', ...args),
            invalidateUser: (...args) => call('invalidateUser', ...args),
            revokeUser: (...args) => call('revokeUser', ...args),
            revoke: (...args) => call('revoke', ...args),
          },
          statistics: () => call('statistics'),
          prometheus: () => call('prometheusText'),
          logs: () => call('logs'),
          close: () => call('dispose'),
        };
      },
      async close() {
        client.close();
        workerd.kill();
        await workerd.ended;
        await rm(directory, { recursive: true, force: true });
      },
    };
  },
};

export default workerdTarget;

/** @param {string} directory */
async function startIn(directory) {
  const { binary, compatibilityDate } = findWorkerd();
  await bundle(directory);
  const address = '127.0.0.1:0';
  const config = workerdConfig({
    modules: ['entry.js', 'sesame.wasm'],
    address,
    controlPath: path.join(directory, 'control.sock'),
    compatibilityDate,
    options: {},
  });
  await writeFile(path.join(directory, 'config.capnp'), config);
  // What it prints about exceptions is of use only where a case fails, and then the case says so.
  const onLine = (/** @type {string} */ line) => {
    if (process.env.CONFORMANCE_VERBOSE) console.error(`workerd: ${line}`);
  };
  return startWorkerd({ binary, directory, address, onLine, signal: undefined });
}

/** @param {string} directory */
async function bundle(directory) {
  const { outputFiles } = await build({
    entryPoints: [ENTRY],
    outfile: path.join(directory, 'entry.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd'],
    plugins: [wasmBeside],
    write: false,
    logLevel: 'warning',
  });
  await stop(); // its service would live as long as we do
  await writeFile(path.join(directory, 'entry.js'), outputFiles[0].contents);
  await copyFile(WASM, path.join(directory, 'sesame.wasm'));
}

/** The module stays a file of its own: workerd compiles it. @type {import('esbuild').Plugin} */
const wasmBeside = {
  name: 'wasm-beside',
  setup(builder) {
    builder.onResolve({ filter: /\.wasm$/ }, () => ({ path: './sesame.wasm', external: true }));
  },
};

/**
 * @param {string} socketPath
 * @param {{ name: string, method: string, args: unknown[] }} call
 */
async function control(socketPath, call) {
  const response = await new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method: 'POST', path: '/' }, resolve);
    request.on('error', reject);
    request.end(JSON.stringify(call));
  });
  const answer = JSON.parse(await text(response));
  if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
  return answer.value;
}
