// Runs other programs for the scripts. Nothing here knows what the project is.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's top directory. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Ends the script with one line on stderr. */
export class Failure extends Error {}

/**
 * Runs a program with our own input and output.
 * @param {string} command
 * @param {string[]} args
 * @param {{ env?: Record<string, string>, timeoutMs?: number }} [options]
 */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs,
  });
  const isNode = command === process.execPath;
  const script = isNode && !args.includes('--test') && args.find((word) => !word.startsWith('-'));
  const name = path.basename(script || command);
  if (result.error && 'code' in result.error && result.error.code === 'ETIMEDOUT') {
    throw new Failure(`${name} was ended after ${(options.timeoutMs ?? 0) / 1000} s`);
  }
  if (result.error) throw new Failure(`${name}: ${result.error.message}`);
  if (result.status !== 0) throw new Failure(`${name} failed (${result.status ?? result.signal})`);
}

/**
 * Runs a program quietly and returns what it said.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string, env?: Record<string, string>, cwd?: string }} [options]
 */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: options.cwd ?? root,
    encoding: 'utf8',
    input: options.input ?? '',
    env: { ...process.env, ...options.env },
    maxBuffer: 64 << 20,
  });
  const said = result.error ? result.error.message : result.stdout + result.stderr;
  return { ok: result.status === 0, stdout: result.stdout ?? '', all: said };
}

/**
 * The same without blocking, for several at once.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string, cwd?: string, env?: Record<string, string>, timeoutMs?: number }} [options]
 * @returns {Promise<{ ok: boolean, all: string }>}
 */
export function captureAsync(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let all = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        all += text;
      });
    }
    child.on('error', (error) => resolve({ ok: false, all: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, all }));
    child.stdin.on('error', () => {}); // it has ended without reading: its exit code says why
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Does `work` on every item, as many at once as there are processors.
 * @template T, R
 * @param {Iterable<T>} items
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function parallel(items, work) {
  const queue = [...items].entries();
  /** @type {R[]} */
  const results = [];
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker));
  return results;
}

/**
 * Whether a program is on the path.
 * @param {string} command
 */
export function onPath(command) {
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs every step, even after one that failed; then fails if any did.
 * @param {string} name
 * @param {(() => unknown)[]} steps
 */
export async function runAll(name, steps) {
  let failed = 0;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.error(error.message);
      failed += 1;
    }
  }
  if (failed > 0) throw new Failure(`${name}: ${failed} of ${steps.length} failed`);
}

/**
 * Runs a script's body; a Failure becomes one line and exit status 1.
 * @param {() => unknown} body
 */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/**
 * Whether `meta` is the script that Node was started with.
 * @param {ImportMeta} meta
 */
export function isMain(meta) {
  return process.argv[1] !== undefined && fileURLToPath(meta.url) === path.resolve(process.argv[1]);
}
