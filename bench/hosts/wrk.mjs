// Debian's `wrk` as the client, on a core of its own, and what a load has cost the servers. It must not know what they are.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { programAt } from '../../tests/support/programs.js';

/** The server has the first core, the client the second. */
export const ON_SERVER_CORE = Object.freeze(['taskset', '-c', '0']);
export const ON_CLIENT_CORE = Object.freeze(['taskset', '-c', '1']);
/** For what has several processes. */
export const ON_BOTH_CORES = Object.freeze(['taskset', '-c', '0,1']);

/** Linux counts a process's time in these. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** A fill of many sessions is given up after this. */
const MAX_FILL_SECONDS = 180;

const SCRIPT = fileURLToPath(new URL('requests.lua', import.meta.url));

/** Whether this machine can measure it. */
export function hasWrk() {
  const { file, env } = programAt('wrk');
  const isThere = (/** @type {string} */ name) =>
    spawnSync(name, ['--version'], { env }).error === undefined;
  return isThere(file) && isThere('taskset');
}

/**
 * What one server did under one load.
 * @typedef {object} Load
 * @property {number} rate requests a second
 * @property {number} p50 in milliseconds
 * @property {number} p99 in milliseconds
 * @property {number | null} micros processor time of the server's processes for each; null: this system does not tell
 */

/** @typedef {{ port: number, pids: number[] }} Target of these processes and their children */

/**
 * @param {Target} target
 * @param {string} cookies a file, a `Cookie` header a line
 * @param {{ connections: number, seconds: number }} how
 * @returns {Load}
 */
export function load({ port, pids }, cookies, { connections, seconds }) {
  const before = processorSeconds(pids);
  const said = run(port, [cookies], connections, seconds);
  const after = processorSeconds(pids);
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(said)?.[1] ?? Number.NaN);
  const time = (/** @type {string} */ share) =>
    milliseconds(new RegExp(`^ +${share}% +(\\S+)`, 'm').exec(said)?.[1]);
  const rate = number(/Requests\/sec: +(\S+)/);
  if (!(rate > 0) || /Non-2xx|Socket errors: (?!connect 0, read 0, write 0)/.test(said)) {
    throw new Error(`wrk says: ${said}`);
  }
  const requests = number(/(\d+) requests in/);
  const micros = before === null || after === null ? null : ((after - before) / requests) * 1e6;
  return { rate, p50: time('50'), p99: time('99'), micros };
}

/**
 * Asks for every session once.
 * @param {Target} target
 * @param {string} cookies a file
 */
export function fill({ port }, cookies) {
  const said = run(port, [cookies, 'once'], 32, MAX_FILL_SECONDS);
  if (/Non-2xx/.test(said)) throw new Error(`wrk says: ${said}`);
}

/**
 * @param {number} port
 * @param {string[]} words the script's
 * @param {number} connections
 * @param {number} seconds after which it is told to end
 */
function run(port, words, connections, seconds) {
  const { file, env } = programAt('wrk');
  const url = `http://127.0.0.1:${port}`;
  const wrk = [file, '-t1', `-c${connections}`, '-d600s', '--timeout', '20s', '--latency'];
  const all = [
    ...ON_CLIENT_CORE,
    ...['timeout', '-s', 'INT', String(seconds)],
    ...[...wrk, '-s', SCRIPT, url, '--', ...words],
  ];
  return spawnSync(all[0], all.slice(1), { env, encoding: 'utf8' }).stdout;
}

/** @param {string | undefined} text such as `1.23ms` */
function milliseconds(text) {
  const [, value, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text ?? '') ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1000, m: 60_000 }[unit] ?? Number.NaN);
}

/** The fields of a process after its name (proc(5)), as of the third. @param {number} pid */
const statOf = (pid) =>
  readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];

/** Processes with all that they have started. @param {number[]} pids */
function withChildren(pids) {
  const known = new Set(pids);
  const others = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  for (const pid of others) {
    try {
      if (known.has(Number(statOf(pid)[1]))) known.add(pid);
    } catch {
      // it has ended meanwhile
    }
  }
  return [...known];
}

/** @param {number[]} pids */
export function processorSeconds(pids) {
  try {
    let ticks = 0;
    for (const pid of withChildren(pids)) {
      const fields = statOf(pid);
      ticks += Number(fields[11]) + Number(fields[12]);
    }
    return ticks / TICKS_PER_SECOND;
  } catch {
    return null; // not Linux
  }
}

/** The bytes that processes hold in memory. @param {number[]} pids */
export function residentBytes(pids) {
  let pages = 0;
  for (const pid of withChildren(pids)) {
    pages += Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  }
  return pages * PAGE_BYTES;
}
