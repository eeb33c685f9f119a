// A local server in workerd: the built worker in a process of its own.
//
// It must not know the command line, and prints nothing by itself. Invariant: when the process has ended, or this one, no
// file of the server is left.
import { rmSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { socketAddress } from './address.js';
import { atExit } from './at-exit.js';
import { workerdConfig } from './capnp.js';
import { notBuilt } from './check-options.js';
import { ADDRESS, ask, DIRECTORY_PREFIX, SOCKET } from './control-socket.js';
import { findWorkerd, startWorkerd } from './workerd-process.js';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const ENTRY = 'serve-entry.js';
const REDIS_ENTRY = 'serve-redis-entry.js';

/**
 * @param {import('./running.js').Start} start
 * @returns {Promise<import('./running.js').Running>}
 */
export async function startOnWorkerd({ host, port, options, storeUrl, warn, signal }) {
  const { binary, compatibilityDate } = findWorkerd();
  const modules = await findModules(storeUrl === undefined ? ENTRY : REDIS_ENTRY);

  // Made with mode 0700: what is in it is this user's alone.
  const directory = await mkdtemp(path.join(tmpdir(), DIRECTORY_PREFIX));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  const forgetRemove = atExit(remove);
  const address = socketAddress(host, port);
  const controlPath = path.join(directory, SOCKET);
  /** @type {import('./workerd-process.js').WorkerdProcess} */
  let workerd;
  try {
    await Promise.all(
      modules.map((name) => copyFile(path.join(DIST, name), path.join(directory, name))),
    );
    const server = {
      ...{ modules, address, controlPath, compatibilityDate, options },
      ...(storeUrl !== undefined && {
        texts: { SESAME_REDIS: storeUrl },
        objects: [{ binding: 'SESAME_REDIS_OBJECT', className: 'SesameRedis' }],
      }),
    };
    const config = workerdConfig(server);
    await writeFile(path.join(directory, 'config.capnp'), config, { mode: 0o600 });
    const onLine = (/** @type {string} */ line) => warn(`workerd: ${line}`);
    workerd = await startWorkerd({ binary, directory, address, onLine, signal });
    await chmod(controlPath, 0o600);
  } catch (error) {
    forgetRemove();
    remove();
    throw error;
  }
  const url = `http://${socketAddress(host, workerd.port)}`;
  await writeFile(path.join(directory, ADDRESS), url, { mode: 0o600 });
  void workerd.ended.then(() => {
    forgetRemove();
    remove();
  });
  const { port: taken, pid, ended, stop, kill } = workerd;
  // The control entry point is that of the isolate that serves the traffic.
  return {
    ...{ url, port: taken, pid, ended, stop, kill },
    stats: () => ask(controlPath, '/stats'),
  };
}

/**
 * The bundle's files, the entry first. Only the modules that it names: an older build's may lie
 * beside them.
 * @param {string} entryName
 * @returns {Promise<string[]>}
 */
async function findModules(entryName) {
  try {
    const entry = await readFile(path.join(DIST, entryName), 'utf8');
    const others = (await readdir(DIST)).filter((name) => name.endsWith('.wasm'));
    return [entryName, ...others.filter((name) => entry.includes(name))];
  } catch {
    throw notBuilt();
  }
}
