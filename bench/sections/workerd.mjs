// Inside the real edge runtime: requests through the worker beside one that answers a constant, and
// checks in a loop with the `Response` made.
import http from 'node:http';
import { createRequire } from 'node:module';
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { startChild } from '../lib/child.mjs';
import { median } from '../lib/statistics.mjs';
import { bundle } from '../workerd/bundle.mjs';
import { startWorkerd, withDirectory } from '../workerd/start.mjs';

const DOCUMENT_PATH = '/api/v1/users/me';
const FILL_AT_ONCE = 10_000;
const holders = ['sesame', 'lru', 'tuned'];

/** Whether the runtime is installed for this machine. */
export function hasWorkerd() {
  try {
    return Boolean(createRequire(import.meta.url)('workerd').default);
  } catch {
    return false;
  }
}

/**
 * @param {number} port
 * @param {object} question
 */
export async function ask(port, question) {
  const body = JSON.stringify(question);
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body });
  const { error, value } = /** @type {any} */ (await response.json());
  if (error) throw new Error(`in workerd: ${error}`);
  return value;
}

/**
 * @param {number} port
 * @param {{ count: number, budgetPerSession: number }} how
 */
export async function fill(port, { count, budgetPerSession }) {
  for (let until = 0; until < count; ) {
    until = Math.min(count, until + FILL_AT_ONCE);
    await ask(port, { what: 'fill', count, until, budgetPerSession });
  }
}

/**
 * Nanoseconds a check with its `Response`, the loop's own time taken off, and the same in relation.
 * @param {object} how
 * @param {number} how.count
 * @param {number} how.iterations
 * @param {number} how.rounds
 * @param {number} how.budgetPerSession
 * @returns {Promise<{ nanoseconds: Record<string, number>, timesSesame: Record<string, number> }>}
 */
export function measureWorkerdChecks({ count, iterations, rounds, budgetPerSession }) {
  return withDirectory(async (directory) => {
    const wasm = await bundle(['checks.js'], directory);
    const names = ['empty', ...holders, 'response'];
    const services = names.map((name) => ({
      name,
      entry: 'checks.js',
      bindings: { SUBJECT: name },
    }));
    const workerd = await startWorkerd(directory, services, wasm);
    try {
      for (const name of names) {
        const port = workerd.ports[name];
        await fill(port, { count, budgetPerSession });
        if (holders.includes(name)) await ask(port, { what: 'verify', count });
        await ask(port, { what: 'prepare', count, iterations });
      }
      return await timeRounds(workerd.ports, { names, rounds, iterations });
    } finally {
      await workerd.close();
    }
  });
}

/**
 * @param {Record<string, number>} ports
 * @param {{ names: string[], rounds: number, iterations: number }} how
 */
async function timeRounds(ports, { names, rounds, iterations }) {
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -1; round < rounds; ++round) {
    for (const name of names) {
      const start = performance.now();
      await ask(ports[name], { what: 'run' });
      const nanoseconds = ((performance.now() - start) / iterations) * 1e6;
      if (round >= 0) times[name].push(nanoseconds);
    }
  }
  const own = (/** @type {string} */ name, /** @type {number} */ round) =>
    times[name][round] - times.empty[round];
  /** @type {Record<string, number>} */
  const nanoseconds = {};
  /** @type {Record<string, number>} */
  const timesSesame = {};
  for (const name of names.slice(1)) {
    const indices = times[name].map((_, round) => round);
    nanoseconds[name] = median(indices.map((round) => own(name, round)));
    timesSesame[name] = median(indices.map((round) => own(name, round) / own('sesame', round)));
  }
  return { nanoseconds, timesSesame };
}

/**
 * Requests a second through the worker, every one a hit, beside a worker that answers a constant.
 * @param {{ sessions: number, connections: number, seconds: number, rounds: number }} how
 */
export function measureWorkerdRequests({ sessions, connections, seconds, rounds }) {
  const document = documentsOf('reference');
  const cookies = Array.from({ length: sessions }, (_, index) => headerOf(index));
  const indices = new Map(cookies.map((cookie, index) => [cookie, index]));
  let originCalls = 0;
  const origin = http.createServer((request, response) => {
    originCalls += 1;
    const index = indices.get(request.headers.cookie ?? '') ?? 0;
    response.setHeader('content-type', 'application/json');
    response.end(document(index));
  });
  return withDirectory(async (directory) => {
    await new Promise((resolve) => origin.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (origin.address());
    const options = { origin: `http://127.0.0.1:${port}` };
    try {
      const wasm = await bundle(['edge.js', 'constant.js'], directory);
      const answer = await sampleAnswer(directory, wasm, options, cookies[0]);
      const workerd = await startWorkerd(
        directory,
        [
          { name: 'edge', entry: 'edge.js', bindings: { OPTIONS: options } },
          { name: 'constant', entry: 'constant.js', bindings: { ANSWER: answer } },
          { name: 'reading', entry: 'constant.js', bindings: { ANSWER: answer, READS: true } },
        ],
        wasm,
      );
      try {
        for (const cookie of cookies) await get(workerd.ports.edge, cookie);
        const before = originCalls;
        const how = { cookies, connections, seconds, path: DOCUMENT_PATH };
        const result = await loadRounds(workerd, how, rounds);
        if (originCalls !== before) throw new Error('a request was not a hit');
        return result;
      } finally {
        await workerd.close();
      }
    } finally {
      origin.close();
      origin.closeAllConnections();
    }
  });
}

/** @param {number} port @param {string} cookie */
async function get(port, cookie) {
  const response = await fetch(`http://127.0.0.1:${port}${DOCUMENT_PATH}`, { headers: { cookie } });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`the worker answered ${response.status}: ${body}`);
  return { body, headers: Object.fromEntries(response.headers) };
}

/**
 * What the edge worker answers a hit with, for the constant worker to answer the same.
 * @param {string} directory
 * @param {string[]} wasm
 * @param {object} options
 * @param {string} cookie
 */
async function sampleAnswer(directory, wasm, options, cookie) {
  const services = [{ name: 'edge', entry: 'edge.js', bindings: { OPTIONS: options } }];
  const workerd = await startWorkerd(directory, services, wasm);
  try {
    await get(workerd.ports.edge, cookie);
    const { body, headers } = await get(workerd.ports.edge, cookie);
    const { 'content-length': _length, date: _date, connection: _c, ...kept } = headers;
    return { body, headers: kept };
  } finally {
    await workerd.close();
  }
}

/**
 * @param {import('../workerd/start.mjs').Workerd} workerd
 * @param {object} how
 * @param {number} rounds
 */
async function loadRounds({ ports, processorSeconds }, how, rounds) {
  /** @type {Record<string, { rate: number, processor: number | null }[]>} */
  const measured = { edge: [], constant: [], reading: [] };
  const child = startChild('workerd/load.mjs', {});
  try {
    for (let round = -1; round < rounds; ++round) {
      for (const name of Object.keys(measured)) {
        const before = processorSeconds();
        const { requests, seconds } = await child.ask({ what: 'load', ...how, port: ports[name] });
        const after = processorSeconds();
        if (round < 0) continue;
        const processor =
          before === null || after === null ? null : ((after - before) / requests) * 1e6;
        measured[name].push({ rate: requests / seconds, processor });
      }
    }
  } finally {
    await child.end();
  }
  const { edge, constant, reading } = measured;
  const micros = (/** @type {typeof edge} */ list) =>
    list.some(({ processor }) => processor === null)
      ? null
      : median(list.map(({ processor }) => processor ?? 0));
  return {
    edgePerSecond: median(edge.map(({ rate }) => rate)),
    constantPerSecond: median(constant.map(({ rate }) => rate)),
    readingPerSecond: median(reading.map(({ rate }) => rate)),
    ratio: median(edge.map(({ rate }, round) => rate / constant[round].rate)),
    edgeProcessorMicros: micros(edge),
    constantProcessorMicros: micros(constant),
    readingProcessorMicros: micros(reading),
  };
}
