// What is compared over HTTP: what users would put in front of their sessions instead of Sesame, and Sesame in each of its
// hosts. Each starts on the servers' core.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../tests/support/free-port.js';
import { program as redisProgram } from '../../tests/support/redis-server.js';
import { bundle } from '../workerd/bundle.mjs';
import { startWorkerd } from '../workerd/start.mjs';
import * as proxies from './proxies.mjs';
import { DOCUMENT_PATH, headerOf, signedHeaderOf } from './sessions.mjs';
import { ON_BOTH_CORES, ON_SERVER_CORE } from './wrk.mjs';

/**
 * What a host is started with.
 * @typedef {object} Given
 * @property {string} origin a URL
 * @property {number} sessions that it holds from the start, if it asks nobody
 * @property {number} keptSeconds after so many, what keeps answers for a time asks the back end again
 * @property {ReturnType<typeof import('../../tests/support/programs.js').createPrograms>} programs ends what it has started
 * @property {string[]} [nodeFlags] of Node's own
 * @property {readonly string[]} [under] words of a command that starts it elsewhere than on the servers' core, such as on two
 * @property {Record<string, Started>} started the hosts of its group that are there already
 */

/**
 * @typedef {object} Started
 * @property {number} port
 * @property {number[]} pids
 * @property {number} [heldBytes] what its sessions take, where it says so by itself
 * @property {string} [directory] where it keeps answers in files
 * @property {() => Promise<unknown>} [stop] ends it before all others
 */

/**
 * @typedef {object} Host
 * @property {string} group those of one are measured by turns
 * @property {string} label
 * @property {(given: Given) => Promise<Started>} start
 * @property {(index: number) => string} [headerOf] the `Cookie` header of a session
 * @property {boolean} [isConstant] it knows no sessions
 * @property {'filled' | 'told'} [memory] how it is found: by asking for every session once, or it says it
 * @property {boolean} [forgets] what it keeps it keeps for a time only
 * @property {boolean} [isQuick] also in a quick run
 */

const file = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../../${name}`, import.meta.url));

/**
 * Starts a program of Node on the servers' core, and gives the first line that says where it listens.
 * @param {Given} given
 * @param {string[]} words
 * @param {RegExp} listens
 */
export async function startNode(
  { programs, nodeFlags = [], under = ON_SERVER_CORE },
  words,
  listens,
) {
  const [command, ...all] = [...under, process.execPath, ...nodeFlags, ...words];
  const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await ended;
  };
  programs.onStop(stop);
  const line = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (each) => {
      if (listens.test(each)) resolve(each);
    });
    void ended.then(() => resolve(''));
  });
  if (line === '') throw new Error(`${words.join(' ')} has ended`);
  return { line, pid: Number(child.pid), stop };
}

/** One of `servers.mjs`. @param {string} name @param {number} [workers] @returns {Host['start']} */
const node = (name, workers) => async (given) => {
  const { origin, sessions } = given;
  const setup = JSON.stringify({ origin, sessions, workers });
  const words = ['--expose-gc', file('bench/hosts/server-child.mjs'), name, setup];
  const { line, pid, stop } = await startNode(given, words, /^{/);
  const { port, heldBytes } = JSON.parse(line);
  return { port, heldBytes, pids: [pid], stop };
};

/** @type {Host['start']} */
async function expressWithRedis(given) {
  const { origin, sessions, programs } = given;
  const port = await freePort();
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const under = [...ON_SERVER_CORE, 'bash', '-c', 'exec -a redis-server "$0" "$@"'];
  const redis = await programs.start(redisProgram, words, port, under);
  const setup = JSON.stringify({ origin, sessions, redis: `redis://127.0.0.1:${port}` });
  const child = [file('bench/hosts/server-child.mjs'), 'express-redis', setup];
  const { line, pid } = await startNode(given, child, /^{/);
  return { port: JSON.parse(line).port, pids: [pid, redis] };
}

/** The command `sesame-edge serve`. @param {string[]} more words @param {object} [options] @returns {Host['start']} */
const serve =
  (more, options = {}) =>
  async (given) => {
    const { origin, programs } = given;
    const config = programs.write(
      `serve-${more.join('')}.json`,
      JSON.stringify({ ...options, origin }),
    );
    const words = [file('bin/sesame-edge.js'), 'serve', '--port', '0', '--config', config, ...more];
    const { line, pid } = await startNode(given, words, /^listening on /);
    return { port: Number(new URL(line.split(' ')[2]).port), pids: [pid] };
  };

/** On two cores, which the client has to share. @param {Host['start']} start @returns {Host['start']} */
const onBothCores = (start) => (given) => start({ ...given, under: ON_BOTH_CORES });

/**
 * A worker that answers what `serve` in workerd does, as a constant.
 * @param {boolean} reads whether it looks at the request first
 * @returns {Host['start']}
 */
const constantWorker =
  (reads) =>
  async ({ programs, started }) => {
    const url = `http://127.0.0.1:${started['serve-workerd'].port}${DOCUMENT_PATH}`;
    const init = { headers: { cookie: headerOf(0) } };
    await (await fetch(url, init)).text();
    const response = await fetch(url, init);
    const body = await response.text();
    const own = ['content-length', 'date', 'connection', 'keep-alive'];
    const headers = [...response.headers].filter(([name]) => !own.includes(name));
    const answer = { body, headers: Object.fromEntries(headers) };
    const directory = path.join(programs.directory, `constant-worker-${reads}`);
    const wasm = await bundle(['constant.js'], directory);
    const service = {
      name: 'constant',
      entry: 'constant.js',
      bindings: { ANSWER: answer, READS: reads },
    };
    const workerd = await startWorkerd(directory, [service], wasm, { under: [...ON_SERVER_CORE] });
    programs.onStop(() => workerd.close());
    return { port: workerd.ports.constant, pids: [workerd.pid] };
  };

/** nginx, which asks Sesame's path for proxies about each request. @type {Host['start']} */
async function nginxBeforeSesame(given) {
  const verifyPath = '/api/auth/verify';
  const sesame = await serve([], { verifyPath })(given);
  const check = `http://127.0.0.1:${sesame.port}`;
  const nginx = await proxies.nginxAsking(given, { check, checkPath: verifyPath, seconds: 0 });
  return { ...nginx, pids: [...nginx.pids, ...sesame.pids] };
}

/** @type {Record<string, Host>} */
export const HOSTS = {
  constant: {
    ...{ group: 'node', label: 'node:http, a constant', isQuick: true },
    ...{ start: node('constant'), isConstant: true },
  },
  lru: {
    ...{ group: 'node', label: 'node:http, cookie + lru-cache + JSON.stringify', isQuick: true },
    ...{ start: node('lru'), memory: 'told' },
  },
  sesame: {
    ...{ group: 'node', label: 'sesame-edge/node', isQuick: true },
    ...{ start: node('sesame'), memory: 'filled' },
  },
  'express-constant': {
    ...{ group: 'express', label: 'Express, a constant', isConstant: true },
    start: node('express-constant'),
  },
  'express-lru': {
    ...{ group: 'express', label: 'Express, cookie + lru-cache', isQuick: true },
    start: node('express-lru'),
  },
  'express-redis': {
    ...{ group: 'express', label: 'Express, express-session with Redis', headerOf: signedHeaderOf },
    ...{ start: expressWithRedis, memory: 'told' },
  },
  'express-sesame': {
    ...{ group: 'express', label: 'Express, sesame-edge/express', isQuick: true },
    start: node('express-sesame'),
  },
  'express-handler': {
    ...{ group: 'express', label: 'Express, toNodeHandler' },
    start: node('express-handler'),
  },
  'hono-constant': {
    ...{ group: 'hono', label: 'Hono, a constant', isConstant: true, isQuick: true },
    start: node('hono-constant'),
  },
  'hono-floor': {
    ...{ group: 'hono', label: 'Hono, a constant that is parsed, a middleware and c.json' },
    ...{ start: node('hono-floor'), isConstant: true },
  },
  'hono-lru': { group: 'hono', label: 'Hono, cookie + lru-cache', start: node('hono-lru') },
  'hono-sesame': {
    ...{ group: 'hono', label: 'Hono, sesame-edge/hono', isQuick: true },
    start: node('hono-sesame'),
  },
  'nginx-cache': {
    ...{
      group: 'proxies',
      label: 'nginx, proxy_cache by the cookie',
      isQuick: true,
      forgets: true,
    },
    ...{ start: proxies.nginxKeeping, memory: 'filled' },
  },
  'nginx-auth': {
    ...{ group: 'proxies', label: 'nginx, auth_request + proxy_cache', forgets: true },
    start: (given) =>
      proxies.nginxAsking(given, {
        ...{ check: given.origin, checkPath: DOCUMENT_PATH, seconds: given.keptSeconds },
      }),
  },
  haproxy: {
    ...{ group: 'proxies', label: 'HAProxy, cache by the cookie', forgets: true },
    ...{ start: proxies.haproxy, memory: 'filled' },
  },
  varnish: {
    ...{ group: 'proxies', label: 'Varnish, hashing the cookie', forgets: true },
    ...{ start: proxies.varnish, memory: 'filled' },
  },
  serve: {
    ...{ group: 'proxies', label: 'sesame-edge serve', isQuick: true },
    ...{ start: serve([]), memory: 'filled' },
  },
  'nginx-sesame': {
    ...{ group: 'proxies', label: 'nginx, auth_request to Sesame' },
    start: nginxBeforeSesame,
  },
  'constant-one': {
    ...{ group: 'workers', label: 'node:http, a constant, two cores', isConstant: true },
    ...{ start: onBothCores(node('constant')), isQuick: true },
  },
  'constant-two': {
    ...{ group: 'workers', label: 'node:cluster, a constant, two workers', isConstant: true },
    ...{ start: onBothCores(node('constant', 2)), isQuick: true },
  },
  'serve-one': {
    ...{ group: 'workers', label: 'serve, one worker, two cores', isQuick: true },
    start: onBothCores(serve([])),
  },
  'serve-two': {
    ...{ group: 'workers', label: 'serve, two workers', isQuick: true },
    start: onBothCores(serve(['--workers', '2'])),
  },
  'serve-workerd': {
    ...{ group: 'workerd', label: 'sesame-edge serve --runtime workerd', isQuick: true },
    ...{ start: serve(['--runtime', 'workerd']), memory: 'filled' },
  },
  'workerd-constant': {
    ...{ group: 'workerd', label: 'workerd, a constant', isConstant: true, isQuick: true },
    start: constantWorker(false),
  },
  'workerd-reading': {
    ...{ group: 'workerd', label: 'workerd, a constant, once the request has been read' },
    ...{ start: constantWorker(true), isConstant: true },
  },
};

/** The bytes of files in a directory. @param {string} directory */
export function bytesIn(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((each) => each.isFile())
    .reduce(
      (sum, each) => sum + statSync(path.join(each.parentPath ?? each.path, each.name)).size,
      0,
    );
}
