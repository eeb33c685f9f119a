// What users would pick instead, over real HTTP, every request a hit: servers in Node, proxies and workers, each on one core,
// asked by `wrk` on another. Requests a second, times, the memory for sessions, and how long after a sign-out the session is
// still served.
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createPrograms } from '../../tests/support/programs.js';
import { bytesIn, HOSTS } from '../hosts/catalog.mjs';
import { DOCUMENT_PATH, headerOf, LOGOUT_PATH } from '../hosts/sessions.mjs';
import { startOrigin } from '../hosts/start-origin.mjs';
import { fill, load, residentBytes } from '../hosts/wrk.mjs';

export { hasWrk } from '../hosts/wrk.mjs';

/** A sign-out that has not counted so long after what was kept is given up is said to be later. */
const LATER_MS = 5000;
const LOOK_EVERY_MS = 2;

/** @typedef {import('../hosts/catalog.mjs').Started} Started */

/** @typedef {import('../lib/host-ratios.mjs').Measured} Measured */

/**
 * @typedef {object} How
 * @property {number} sessions
 * @property {number} memoryAt so many sessions are held where memory is measured; 0: it is not
 * @property {number[]} connections
 * @property {number} seconds
 * @property {number} rounds
 * @property {number} warmUp seconds
 * @property {number} keptSeconds for which what keeps answers for a time does so
 * @property {boolean} isQuick only those hosts that goals are about
 * @property {string[]} [only] names of hosts
 */

/**
 * @param {How} how
 * @param {(line: string) => void} log
 */
export async function measureHosts(how, log) {
  const { sessions, memoryAt, keptSeconds, isQuick, only } = how;
  const wanted = Object.entries(HOSTS).filter(([name, host]) =>
    only ? only.includes(name) : !isQuick || host.isQuick,
  );
  const groups = [...new Set(wanted.map(([, { group }]) => group))];
  /** @type {Record<string, Measured>} */
  const found = {};
  for (const group of groups) {
    const names = wanted.filter(([, host]) => host.group === group).map(([name]) => name);
    Object.assign(found, await measureGroup(names, how, log));
  }
  return { sessions, memoryAt, keptSeconds, hosts: found };
}

/**
 * @param {string[]} names
 * @param {How} how
 * @param {(line: string) => void} log
 */
async function measureGroup(names, how, log) {
  const { sessions, memoryAt, keptSeconds } = how;
  const programs = createPrograms();
  /** @type {Record<string, Started>} */
  const started = {};
  /** @type {Record<string, Measured>} */
  const found = {};
  try {
    const origin = await startOrigin(Math.max(sessions, memoryAt) + names.length, programs);
    const file = cookieFiles(programs);
    for (const name of names) {
      const { label, group, start, memory } = HOSTS[name];
      try {
        const held = memory === 'told' && memoryAt > 0 ? memoryAt : sessions;
        const given = { origin, sessions: held + names.length, keptSeconds, programs, started };
        const before = name === 'express-redis' ? 0 : undefined;
        started[name] = await start(given);
        if (before !== undefined) started[name].heldBytes = redisBytes(started[name]);
        fill(started[name], file(name, sessions));
        load(started[name], file(name, sessions), { connections: 16, seconds: how.warmUp });
        found[name] = { label, group, loads: {} };
      } catch (error) {
        delete started[name];
        log(`  without ${label}: ${/** @type {Error} */ (error).message.split('\n')[0]}`);
      }
    }
    measureRounds(started, found, file, how);
    await measureSignOuts(started, found, how);
    if (memoryAt > 0) measureMemory(started, found, file, how);
  } finally {
    await programs.stop();
  }
  return found;
}

/** What Redis holds beside what it takes when it is empty. @param {Started} started */
function redisBytes({ pids }) {
  const EMPTY = 8 * 2 ** 20;
  return residentBytes([pids[1]]) - EMPTY;
}

/**
 * Files of `Cookie` headers, a line each.
 * @param {ReturnType<typeof createPrograms>} programs
 */
function cookieFiles(programs) {
  /** @type {Map<string, string>} */
  const files = new Map();
  return (/** @type {string} */ name, /** @type {number} */ count) => {
    const of = HOSTS[name].headerOf ?? headerOf;
    const key = `${of.name}-${count}`;
    const known = files.get(key) ?? path.join(programs.directory, key);
    if (!files.has(key)) {
      writeFileSync(known, Array.from({ length: count }, (_, at) => `${of(at)}\n`).join(''));
      files.set(key, known);
    }
    return known;
  };
}

/**
 * @param {Record<string, Started>} started
 * @param {Record<string, Measured>} found
 * @param {ReturnType<typeof cookieFiles>} file
 * @param {How} how
 */
function measureRounds(started, found, file, { sessions, connections, rounds, seconds }) {
  for (const count of connections) {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, server] of Object.entries(started)) {
        const cookies = file(name, sessions);
        if (HOSTS[name].forgets) fill(server, cookies); // the others' turns took longer than it keeps answers
        const done = loadTwice(server, cookies, { connections: count, seconds });
        found[name].loads[count] ??= [];
        found[name].loads[count].push(done);
      }
    }
  }
}

/** On a busy machine many connections may have no answer within a short time. @type {typeof load} */
function loadTwice(server, cookies, how) {
  try {
    return load(server, cookies, how);
  } catch {
    return load(server, cookies, { ...how, seconds: how.seconds * 3 });
  }
}

/**
 * @param {number} port
 * @param {string} method
 * @param {string} target
 * @param {string} cookie
 * @returns {Promise<number>} the status
 */
function statusOf(port, method, target, cookie) {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method, path: target, headers: { cookie } };
    const request = http.request(options, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', reject).end();
  });
}

/**
 * A session that is held signs out through the server, all servers at the same time.
 * @param {Record<string, Started>} started
 * @param {Record<string, Measured>} found
 * @param {How} how
 */
async function measureSignOuts(started, found, { sessions, keptSeconds }) {
  const names = Object.keys(started).filter((name) => !HOSTS[name].isConstant);
  await Promise.all(
    names.map(async (name, at) => {
      const { port } = started[name];
      // The origin is everybody's: each signs another out.
      const cookie = (HOSTS[name].headerOf ?? headerOf)(sessions + at);
      for (let time = 0; time < 2; time += 1) {
        const status = await statusOf(port, 'GET', DOCUMENT_PATH, cookie);
        if (status !== 200) throw new Error(`${name} answers ${status} to a session`);
      }
      const start = performance.now();
      await statusOf(port, 'POST', LOGOUT_PATH, cookie);
      const end = start + keptSeconds * 1000 + LATER_MS;
      while ((await statusOf(port, 'GET', DOCUMENT_PATH, cookie)) === 200) {
        if (performance.now() > end) {
          found[name].signOutSeconds = null;
          return;
        }
        await wait(LOOK_EVERY_MS);
      }
      found[name].signOutSeconds = (performance.now() - start) / 1000;
    }),
  );
}

/**
 * @param {Record<string, Started>} started
 * @param {Record<string, Measured>} found
 * @param {ReturnType<typeof cookieFiles>} file
 * @param {How} how
 */
function measureMemory(started, found, file, { sessions, memoryAt }) {
  for (const [name, server] of Object.entries(started)) {
    const { memory } = HOSTS[name];
    if (memory === 'told') found[name].bytes = server.heldBytes;
    if (memory !== 'filled') continue;
    const bytes = () =>
      residentBytes(server.pids) + (server.directory ? bytesIn(server.directory) : 0);
    const before = bytes();
    fill(server, file(name, memoryAt));
    found[name].bytes = ((bytes() - before) * memoryAt) / (memoryAt - sessions);
  }
}
