// Starts workerd with a configuration of its own, and knows its ports, its processor time and its end.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Linux counts a process's time in these. */
const TICKS_PER_SECOND = 100;

/**
 * @typedef {object} Service
 * @property {string} name also its socket's
 * @property {string} entry a file of the directory
 * @property {Record<string, unknown>} [bindings] each of them JSON
 */

/**
 * @typedef {object} Workerd
 * @property {Record<string, number>} ports by service
 * @property {number | null} inspectorPort
 * @property {number} pid
 * @property {() => number | null} processorSeconds null where it cannot be known
 * @property {() => Promise<void>} close
 */

/** @param {string[]} wasm @param {Service} service @param {string} date */
function workerText(wasm, { name, entry, bindings = {} }, date) {
  const modules = [`(name = "${entry}", esModule = embed "${entry}")`];
  for (const file of wasm) modules.push(`(name = "./${file}", wasm = embed "${file}")`);
  const bound = Object.entries(bindings).map(
    ([key, value]) => `(name = "${key}", json = ${JSON.stringify(JSON.stringify(value))})`,
  );
  return `const ${name}Worker :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  compatibilityDate = "${date}",
  bindings = [${bound.join(', ')}],
  globalOutbound = "network",
);
`;
}

/**
 * @param {string} directory holds the services' modules
 * @param {Service[]} services
 * @param {string[]} wasm names of modules that every service may import
 * @param {{ inspect?: boolean, under?: string[] }} [options] `under`: words of a command that starts it
 * @returns {Promise<Workerd>}
 */
export async function startWorkerd(
  directory,
  services,
  wasm,
  { inspect = false, under = [] } = {},
) {
  const { default: binary, compatibilityDate } = createRequire(import.meta.url)('workerd');
  const config = `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
${services.map(({ name }) => `    (name = "${name}", worker = .${name}Worker),`).join('\n')}
    (name = "network", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
${services
  .map(
    ({ name }) =>
      `    (name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}"),`,
  )
  .join('\n')}
  ],
  v8Flags = [${inspect ? '"--expose-gc"' : ''}],
);

${services.map((service) => workerText(wasm, service, compatibilityDate)).join('\n')}`;
  await writeFile(path.join(directory, 'config.capnp'), config);
  const words = [...under, binary, 'serve', 'config.capnp', 'config', '--control-fd=3'];
  if (inspect) words.push('--inspector-addr=127.0.0.1:0');
  const child = spawn(words[0], words.slice(1), {
    cwd: directory,
    // With flags of V8's it warns of caches that do not fit them.
    stdio: ['ignore', 'inherit', inspect ? 'ignore' : 'inherit', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);

  /** @type {Record<string, number>} */
  const ports = {};
  let inspectorPort = null;
  const wanted = services.length + (inspect ? 1 : 0);
  let seen = 0;
  await new Promise((resolve, reject) => {
    const control = /** @type {import('node:stream').Readable} */ (child.stdio[3]);
    createInterface({ input: control }).on('line', (line) => {
      const { event, socket, port } = JSON.parse(line);
      if (event === 'listen') ports[socket] = port;
      if (event === 'listen-inspector') inspectorPort = port;
      if (++seen === wanted) resolve(undefined);
    });
    ended.then((code) => reject(new Error(`workerd ended with ${code}`)));
  });
  return {
    pid: Number(child.pid),
    ports,
    inspectorPort,
    processorSeconds: () => processorSecondsOf(/** @type {number} */ (child.pid)),
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(kill, 3000);
      await ended;
      clearTimeout(timer);
      process.off('exit', kill);
    },
  };
}

/** @param {number} pid */
function processorSecondsOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return null; // not Linux
  }
}

/**
 * A directory that is gone when `work` is done.
 * @template T
 * @param {(directory: string) => Promise<T>} work
 */
export async function withDirectory(work) {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-bench-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
