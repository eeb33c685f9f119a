// Profiles of a hit in each host: `node bench/profiles.mjs [HOST…]` writes docs/profile-HOST.svg, and prints what each part of
// a request costs. The hosts are those of hosts/catalog.mjs that run in V8.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrograms } from '../tests/support/programs.js';
import { HOSTS } from './hosts/catalog.mjs';
import { headerOf } from './hosts/sessions.mjs';
import { startOrigin } from './hosts/start-origin.mjs';
import { fill, load, ON_SERVER_CORE } from './hosts/wrk.mjs';
import { flameSvg } from './lib/flame-svg.mjs';
import { PARTS, readProfile } from './lib/profile.mjs';
import { bundle } from './workerd/bundle.mjs';
import { startWorkerd } from './workerd/start.mjs';

const SESSIONS = 1000;
const WARM_UP_SECONDS = 3;
const SECONDS = 5;
const INTERVAL_MICROS = 200;

const docs = fileURLToPath(new URL('../docs/', import.meta.url));

/** @typedef {import('./lib/profile.mjs').CpuProfile} CpuProfile */
/** @typedef {ReturnType<typeof createPrograms>} Programs */

/** @type {Record<string, string>} */
const TITLES = {
  constant: 'node:http, a constant',
  sesame: 'sesame-edge/node, a hit',
  'express-sesame': 'sesame-edge/express, a hit',
  'hono-sesame': 'sesame-edge/hono, a hit',
  'serve-workerd': 'the worker in workerd, a hit',
};

/**
 * @param {string} name
 * @param {string} origin
 * @param {Programs} programs
 * @param {string} cookies
 */
async function profileNode(name, origin, programs, cookies) {
  const directory = path.join(programs.directory, name);
  mkdirSync(directory);
  const flags = ['--cpu-prof', '--cpu-prof-dir', directory];
  const nodeFlags = [...flags, '--cpu-prof-interval', String(INTERVAL_MICROS)];
  const given = { origin, sessions: SESSIONS, keptSeconds: 10, programs, started: {}, nodeFlags };
  const server = await HOSTS[name].start(given);
  const result = loadIt(server, cookies);
  await server.stop?.();
  const [file] = readdirSync(directory);
  return { ...result, profile: JSON.parse(readFileSync(path.join(directory, file), 'utf8')) };
}

/** @param {import('./hosts/wrk.mjs').Target} server @param {string} cookies */
function loadIt(server, cookies) {
  fill(server, cookies);
  load(server, cookies, { connections: 16, seconds: WARM_UP_SECONDS });
  return load(server, cookies, { connections: 16, seconds: SECONDS });
}

/** @param {string} origin @param {Programs} programs @param {string} cookies */
async function profileWorkerd(origin, programs, cookies) {
  const directory = path.join(programs.directory, 'worker');
  const wasm = await bundle(['edge.js'], directory);
  const services = [{ name: 'edge', entry: 'edge.js', bindings: { OPTIONS: { origin } } }];
  const how = { inspect: true, under: [...ON_SERVER_CORE] };
  const workerd = await startWorkerd(directory, services, wasm, how);
  programs.onStop(() => workerd.close());
  const server = { port: workerd.ports.edge, pids: [workerd.pid] };
  fill(server, cookies);
  load(server, cookies, { connections: 16, seconds: WARM_UP_SECONDS });
  const { WebSocket } = createRequire(import.meta.url)('ws');
  const inspector = await inspect(WebSocket, `ws://127.0.0.1:${workerd.inspectorPort}/edge`);
  await inspector.ask('Profiler.enable');
  await inspector.ask('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS });
  await inspector.ask('Profiler.start');
  const result = load(server, cookies, { connections: 16, seconds: SECONDS });
  const { profile } = await inspector.ask('Profiler.stop');
  inspector.end();
  return { ...result, profile };
}

/** @param {any} WebSocket @param {string} url */
function inspect(WebSocket, url) {
  const socket = new WebSocket(url);
  /** @type {Map<number, (result: any) => void>} */
  const waiting = new Map();
  let last = 0;
  socket.on('message', (/** @type {Buffer} */ data) => {
    const { id, result } = JSON.parse(data.toString());
    waiting.get(id)?.(result);
  });
  const inspector = {
    /** @param {string} method @param {object} [params] @returns {Promise<any>} */
    ask(method, params = {}) {
      const id = ++last;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((resolve) => waiting.set(id, resolve));
    },
    end: () => socket.terminate(),
  };
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve(inspector));
    socket.on('error', reject);
  });
}

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(TITLES);
const programs = createPrograms();
/** @type {string[][]} */
const rows = [];
try {
  const origin = await startOrigin(SESSIONS, programs);
  const all = Array.from({ length: SESSIONS }, (_, index) => `${headerOf(index)}\n`);
  const cookies = programs.write('cookies', all.join(''));
  for (const name of names) {
    const { micros, profile } =
      name === 'serve-workerd'
        ? await profileWorkerd(origin, programs, cookies)
        : await profileNode(name, origin, programs, cookies);
    const read = readProfile(profile, SECONDS);
    writeFileSync(path.join(docs, `profile-${name}.svg`), flameSvg(TITLES[name] ?? name, read));
    const cells = PARTS.map((part) => (read.parts[part] ?? 0) * (micros ?? Number.NaN));
    rows.push([
      TITLES[name] ?? name,
      ...[micros ?? Number.NaN, ...cells].map((each) => each.toFixed(1)),
    ]);
  }
} finally {
  await programs.stop();
}
const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
console.log(line(['µs a request, profiled', 'all', ...PARTS]));
console.log(line(['---', ...PARTS.map(() => '---'), '---']));
for (const row of rows) console.log(line(row));
