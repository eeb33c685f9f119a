// Requests a second in Node over real HTTP, every one a hit: Sesame's adapters beside what their users would write instead.
// The server and the client (`wrk`) have a core each; where the machine has one only, the ratios say little.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { median } from '../lib/statistics.mjs';
import { withDirectory } from '../workerd/start.mjs';

const file = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../hosts/${name}`, import.meta.url));

/** Which server each is compared with. @type {Record<string, string>} */
export const CONSTANT_OF = Object.freeze({
  ...{ constant: 'constant', lru: 'constant', sesame: 'constant' },
  ...{
    'express-lru': 'express-lru',
    'express-sesame': 'express-lru',
    'express-handler': 'express-lru',
  },
  ...{
    'hono-constant': 'hono-constant',
    'hono-lru': 'hono-constant',
    'hono-sesame': 'hono-constant',
  },
});

/** Whether this machine can measure it. */
export function hasWrk() {
  return ['wrk', 'taskset'].every((name) => spawnSync(name, ['--version']).error === undefined);
}

/**
 * What one server did under one load.
 * @typedef {object} Load
 * @property {number} rate requests a second
 * @property {number} p50 in milliseconds
 * @property {number} p99 in milliseconds
 * @property {number | null} micros processor time of the server for each; null: this system does not tell
 */

/**
 * @param {{ sessions: number, connections: number[], seconds: number, rounds: number }} how
 * @returns {Promise<Record<string, Record<number, Load & { ratio: number }>>>} by server and by connections; `ratio`: of
 *   `rate` to the server that it is compared with, in the same round
 */
export function measureHosts({ sessions, connections, seconds, rounds }) {
  return withDirectory(async (directory) => {
    const cookies = path.join(directory, 'cookies');
    writeFileSync(
      cookies,
      Array.from({ length: sessions }, (_, at) => `${headerOf(at)}\n`).join(''),
    );
    const origin = await startOrigin(sessions);
    /** @type {Record<string, Server>} */
    const servers = {};
    try {
      for (const name of Object.keys(CONSTANT_OF)) {
        servers[name] = await startServer(name, sessions, origin.url);
        load(servers[name], cookies, { connections: 16, seconds: 3 }); // what is compiled first is nobody's
      }
      /** @type {any} */
      const found = {};
      for (const count of connections) {
        const measured = measureRounds(servers, cookies, { connections: count, seconds, rounds });
        for (const [name, result] of Object.entries(measured)) {
          found[name] = { ...found[name], [count]: result };
        }
      }
      return found;
    } finally {
      for (const { child } of Object.values(servers)) child.kill();
      origin.close();
    }
  });
}

/** @typedef {{ port: number, child: import('node:child_process').ChildProcess }} Server */

/**
 * @param {Record<string, Server>} servers
 * @param {string} cookies
 * @param {{ connections: number, seconds: number, rounds: number }} how
 */
function measureRounds(servers, cookies, { rounds, ...how }) {
  /** @type {Record<string, Load[]>} */
  const loads = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of Object.keys(servers)) loads[name].push(load(servers[name], cookies, how));
  }
  return Object.fromEntries(
    Object.entries(loads).map(([name, list]) => {
      const constant = loads[CONSTANT_OF[name]];
      const of = (/** @type {'rate' | 'p50' | 'p99'} */ what) =>
        median(list.map((each) => each[what]));
      const micros = list.some((each) => each.micros === null)
        ? null
        : median(list.map((each) => each.micros ?? 0));
      const ratio = median(list.map(({ rate }, round) => rate / constant[round].rate));
      return [name, { rate: of('rate'), p50: of('p50'), p99: of('p99'), micros, ratio }];
    }),
  );
}

/**
 * @param {Server} server
 * @param {string} cookies a file, a `Cookie` header a line
 * @param {{ connections: number, seconds: number }} how
 * @returns {Load}
 */
function load({ port, child }, cookies, { connections, seconds }) {
  const before = processorSeconds(child.pid);
  const url = `http://127.0.0.1:${port}`;
  const words = [
    '-c',
    '1',
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${Math.ceil(seconds)}s`,
    '--latency',
  ];
  const { stdout } = spawnSync(
    'taskset',
    [...words, '-s', file('requests.lua'), url, '--', cookies],
    { encoding: 'utf8' },
  );
  const after = processorSeconds(child.pid);
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  const time = (/** @type {string} */ share) =>
    milliseconds(new RegExp(`^ +${share}% +(\\S+)`, 'm').exec(stdout)?.[1]);
  if (
    !(number(/Requests\/sec: +(\S+)/) > 0) ||
    /Non-2xx|Socket errors: (?!connect 0, read 0, write 0)/.test(stdout)
  ) {
    throw new Error(`wrk says: ${stdout}`);
  }
  const requests = number(/(\d+) requests in/);
  const micros = before === null || after === null ? null : ((after - before) / requests) * 1e6;
  return { rate: number(/Requests\/sec: +(\S+)/), p50: time('50'), p99: time('99'), micros };
}

/** @param {string | undefined} text such as `1.23ms` */
function milliseconds(text) {
  const [, value, unit] = /^([\d.]+)(us|ms|s)$/.exec(text ?? '') ?? [];
  return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
}

/** @param {number | undefined} pid */
function processorSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {number} sessions
 * @param {string} origin
 * @returns {Promise<Server>}
 */
async function startServer(name, sessions, origin) {
  const words = [
    '-c',
    '0',
    process.execPath,
    file('server-child.mjs'),
    name,
    String(sessions),
    origin,
  ];
  const child = spawn('taskset', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])]);
  if (line === '') throw new Error(`the server ${name} has ended`);
  return { port: Number(line), child };
}

/** @param {number} sessions */
async function startOrigin(sessions) {
  const document = documentsOf('reference');
  const indices = new Map(Array.from({ length: sessions }, (_, at) => [headerOf(at), at]));
  const server = http.createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(document(indices.get(request.headers.cookie ?? '') ?? 0));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() };
}
