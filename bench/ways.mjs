// Two ways to use two cores, one against the other, with a hit: each worker has its own cache and hears of sign-outs
// (`serve --workers`), or each request is answered by the worker that its credential hashes to. `node bench/ways.mjs`, on
// Linux with `wrk`. A third, sessions in memory that all workers share, is not built: a hit touches no other process as it
// is, and would take a lock there.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPrograms } from '../tests/support/programs.js';
import { HOSTS, startNode } from './hosts/catalog.mjs';
import { headerOf } from './hosts/sessions.mjs';
import { startOrigin } from './hosts/start-origin.mjs';
import { fill, load, ON_BOTH_CORES } from './hosts/wrk.mjs';
import { median } from './lib/statistics.mjs';

const SELF = fileURLToPath(import.meta.url);
const WORKERS = 2;
const [SESSIONS, CONNECTIONS, SECONDS, ROUNDS] = [1000, 16, 5, 5];

const [role, origin, directory] = process.argv.slice(2);
if (role === undefined) await compare();
else if (cluster.isPrimary) await startWorkers();
else await serveOwn();

/** The processes of the second way. */
async function startWorkers() {
  const workers = Array.from({ length: WORKERS }, (_, at) => cluster.fork({ WAY_WORKER: at }));
  const listening = workers.map(
    (worker) =>
      new Promise((resolve) => {
        worker.on('listening', ({ port }) => Number(port) > 0 && resolve(port));
      }),
  );
  const [port] = await Promise.all(listening);
  process.on('SIGTERM', () => process.exit());
  console.log(JSON.stringify({ port }));
}

/** A worker that answers for its own credentials, and asks the other for the rest. */
async function serveOwn() {
  const { toNodeHandler } = await import('../adapters/node.js');
  const { SessionCache } = await import('../js_bindings/index.node.js');
  const own = Number(process.env.WAY_WORKER);
  const socketOf = (/** @type {number} */ worker) => path.join(directory, `worker-${worker}.sock`);
  const answer = toNodeHandler(new SessionCache({ origin }));
  const agent = new http.Agent({ keepAlive: true });
  const inside = http.createServer(answer);
  inside.listen({ path: socketOf(own), exclusive: true });
  await once(inside, 'listening');
  const server = http.createServer((request, response) => {
    const owner = hashOf(request.headers.cookie ?? '') % WORKERS;
    if (owner === own) {
      void answer(request, response);
      return;
    }
    const { method, url, headers } = request;
    const hop = http.request(
      { socketPath: socketOf(owner), agent, method, path: url, headers },
      (answered) => {
        response.writeHead(answered.statusCode ?? 502, answered.headers);
        answered.pipe(response);
      },
    );
    hop.on('error', () => response.destroy());
    request.pipe(hop);
  });
  server.listen(0, '127.0.0.1');
}

/** FNV-1a, which costs little. @param {string} text */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

async function compare() {
  const programs = createPrograms();
  const work = mkdtempSync(path.join(tmpdir(), 'sesame-ways-'));
  try {
    const url = await startOrigin(SESSIONS, programs);
    const given = { origin: url, sessions: SESSIONS, keptSeconds: 0, programs, started: {} };
    const own = await HOSTS['serve-two'].start(given);
    const words = [SELF, 'hashed', url, work];
    const child = await startNode({ ...given, under: ON_BOTH_CORES }, words, /^{/);
    const hashed = { port: JSON.parse(child.line).port, pids: [child.pid] };
    const ways = { 'a cache on each worker': own, 'the worker of the hash': hashed };
    const cookies = path.join(work, 'cookies');
    writeFileSync(
      cookies,
      Array.from({ length: SESSIONS }, (_, at) => `${headerOf(at)}\n`).join(''),
    );
    /** @type {Record<string, import('./hosts/wrk.mjs').Load[]>} */
    const found = {};
    for (const way of Object.values(ways)) {
      for (let time = 0; time < 2; time += 1) fill(way, cookies); // on each worker
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, way] of Object.entries(ways)) {
        found[name] ??= [];
        found[name].push(load(way, cookies, { connections: CONNECTIONS, seconds: SECONDS }));
      }
    }
    for (const [name, loads] of Object.entries(found)) {
      const rate = median(loads.map((each) => each.rate));
      const micros = median(loads.map((each) => Number(each.micros)));
      console.log(`${name}: ${Math.round(rate)} requests/s, ${micros.toFixed(0)} µs each`);
    }
  } finally {
    await programs.stop();
    rmSync(work, { recursive: true, force: true });
  }
}
