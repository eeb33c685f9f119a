// A Redis server of a test's own, on a free port of loopback and without files.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { freePort } from './free-port.js';
import { until } from './wait.js';

/** One program is server and tools, by the name it is called: Debian's tools come without the other name. */
export const program = process.env.PATH?.split(path.delimiter).some((directory) =>
  existsSync(path.join(directory, 'redis-server')),
)
  ? 'redis-server'
  : 'redis-check-rdb';

/** What ends with this process, however it ends. @type {Set<() => void>} */
const running = new Set();
process.on('exit', () => {
  for (const end of running) end();
});
for (const signal of /** @type {const} */ (['SIGTERM', 'SIGINT', 'SIGHUP'])) {
  process.once(signal, () => {
    for (const end of running) end();
    process.kill(process.pid, signal);
  });
}

/** @param {number} port */
function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.write('PING\r\n');
  });
}

/**
 * @param {string} [directory] in which it keeps its data, every write at once; without it, it keeps none
 * @param {string[]} [more] settings
 */
export async function startRedis(directory, more = []) {
  const port = await freePort();
  /** @type {import('node:child_process').ChildProcess} */
  let server;
  const start = async () => {
    const kept = ['--dir', `${directory}`, '--appendonly', 'yes', '--appendfsync', 'always'];
    const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
    words.push(...(directory === undefined ? ['--appendonly', 'no'] : kept), ...more);
    server = spawn(program, words, { argv0: 'redis-server', stdio: 'ignore' });
    await until(() => answers(port), 'redis-server answers');
  };
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGCONT');
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  running.add(() => server.kill('SIGKILL'));
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    start,
    stop,
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
  };
}
