// A back end that is a program of its own: started, waited for, and ended with its test. It knows no back end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../support/free-port.js';

/** Debian's own come first: its libraries are not there for another that is on the path. @param {string} name */
export const systemProgram = (name) =>
  [`/usr/bin/${name}`].find((file) => existsSync(file)) ?? name;

const WITHIN_MS = 120_000;
/** It says why it cannot start. */
const MAX_SAID = 20_000;

/** A directory of a test's own. */
export function ownDirectory() {
  const directory = mkdtempSync(path.join(tmpdir(), 'sesame-back-end-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  return { directory, remove };
}

/**
 * Starts a program that listens, and resolves when it does.
 * @param {(port: number) => { program: string, args: string[], env?: Record<string, string>, cwd: string }} how
 * @returns {Promise<import('./back-end.js').RunningBackEnd>}
 */
export async function startProgram(how) {
  const port = await freePort();
  const { program, args, env, cwd } = how(port);
  const child = spawn(program, args, {
    ...{ cwd, env: { ...process.env, ...env }, detached: true },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said = (said + chunk).slice(-MAX_SAID);
    });
  }
  const ended = once(child, 'exit');
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL'); // and what it has started
    } catch {
      // it has ended
    }
  };
  process.once('exit', kill);
  const end = performance.now() + WITHIN_MS;
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`${program} has ended: ${said}`);
    if (performance.now() > end) {
      kill();
      throw new Error(`${program} does not listen: ${said}`);
    }
    await wait(50);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      process.off('exit', kill);
      kill();
      await ended;
    },
  };
}

/** Runs a program to its end. @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} how */
export async function runProgram(program, args, how) {
  const child = spawn(program, args, { ...how, stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

/** @param {number} port @returns {Promise<boolean>} */
function isListening(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const finish = (/** @type {boolean} */ is) => {
      socket.destroy();
      resolve(is);
    };
    socket.on('connect', () => finish(true));
    socket.on('error', () => finish(false));
  });
}
