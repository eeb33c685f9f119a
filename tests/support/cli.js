// Runs the command `sesame-edge` as a person does: a process of its own, its lines, its exit code.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findServers } from '../../edge_worker/serve/control-socket.js';

export const PROGRAM = fileURLToPath(new URL('../../bin/sesame-edge.js', import.meta.url));

/**
 * @param {string[]} args
 * @param {{ program?: string, cwd?: string, detached?: boolean, env?: NodeJS.ProcessEnv }} [how]
 */
export function startCli(args, { program = PROGRAM, ...how } = {}) {
  const child = spawn(process.execPath, [program, ...args], {
    ...how,
    timeout: 120_000, // a test that hangs fails
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  /** @type {Record<'stdout' | 'stderr', string[]>} */
  const lines = { stdout: [], stderr: [] };
  /** @type {Set<() => void>} */
  const waiting = new Set();
  for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
    createInterface({ input: child[name] }).on('line', (line) => {
      lines[name].push(line);
      for (const look of waiting) look();
    });
  }
  const closed = once(child, 'close').then(([code, signal]) => {
    for (const look of waiting) look();
    return { code, signal };
  });

  return {
    child,
    pid: /** @type {number} */ (child.pid),
    ...lines,
    /** @returns {Promise<{ code: number | null, signal: string | null }>} */
    closed,
    /**
     * The first line that matches, once it is there.
     * @param {'stdout' | 'stderr'} name @param {RegExp} pattern
     * @returns {Promise<RegExpExecArray>}
     */
    line: (name, pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines[name].map((line) => pattern.exec(line)).find((match) => match);
          if (found) resolve(found);
          else if (child.exitCode === null && child.signalCode === null) return;
          else reject(new Error(`ended without ${pattern}: ${JSON.stringify(lines)}`));
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

/**
 * Runs it to its end.
 * @param {string[]} args @param {Parameters<typeof startCli>[1]} [how]
 */
export async function runCli(args, how) {
  const cli = startCli(args, how);
  const { code } = await cli.closed;
  return { code, stdout: cli.stdout, stderr: cli.stderr };
}

/**
 * The processes that a process started.
 * @param {number} pid
 * @returns {number[]}
 */
export function childrenOf(pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statusOf(name)?.parent === pid)
    .map(Number);
}

/**
 * The state and the parent of a process, from Linux's process table.
 * @param {string | number} pid
 */
function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it has ended
  }
}

/** Whether it runs; one that has ended and that nobody has asked after yet does not. @param {number} pid */
export function isAlive(pid) {
  const status = statusOf(pid);
  return status !== undefined && status.state !== 'Z';
}

/**
 * Where a server that answers at a URL has its files, whatever it runs on.
 * @param {string} url
 */
export async function directoryServing(url) {
  const found = (await findServers()).find((server) => server.url === url);
  return path.dirname(/** @type {{ socketPath: string }} */ (found).socketPath);
}

/** Where a workerd has its files: it is started in that directory. @param {number} pid */
export function directoryOf(pid) {
  return readlinkSync(`/proc/${pid}/cwd`);
}

/**
 * Neither the command, nor its workerd if it has one, nor its files. What was killed may need a moment to die.
 * @param {{ pid: number, workerd?: number, directory: string }} cli
 */
export async function assertNothingLeft({ pid, workerd = pid, directory }) {
  const start = performance.now();
  while (isAlive(workerd) && performance.now() - start < 10_000) await wait(10);
  assert.deepEqual([pid, workerd].filter(isAlive), []);
  assert.equal(existsSync(directory), false);
}
