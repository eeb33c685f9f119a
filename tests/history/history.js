// One run of the history check: users, a stranger and faults for so long, then peace, and every session is looked at once
// more on every node and on one that starts then. What happens when follows from the seed as far as real processes let it.
import { setTimeout as wait } from 'node:timers/promises';
import { generator } from '../simulation/choices.js';
import { check } from './checker.js';
import { runStranger, runUser } from './clients.js';
import { FAULTS } from './faults.js';
import { storyOf } from './story.js';
import { startWorld } from './world.js';

const BOUND_MS = 5000;
/** After the last fault, what was pending is known everywhere within this. */
const SETTLE_MS = 10_000;
/** What has been found so far is told this often. */
const TOLD_EVERY_MS = 2 * 60_000;
/** So many users look once more at the same time. */
const AT_ONCE = 20;
/** The first entries are without faults. */
const PEACE_MS = 3000;

/** @typedef {{ documents: number, reads: number }} Cost */

/**
 * @param {object} given
 * @param {number} given.seed
 * @param {number} given.lastsMs
 * @param {number} [given.users]
 * @param {number} [given.nodes]
 * @param {number} [given.pauseMs] of a user between two things, on average
 * @param {string[]} [given.faults] names; default: all
 * @param {boolean} [given.isPlain] no managed sessions
 * @param {string[]} [given.redis] settings of the store
 * @param {(line: string) => void} [given.log]
 */
export async function runHistory(given) {
  const {
    seed,
    lastsMs,
    users = 200,
    nodes = 3,
    pauseMs = 2000,
    redis = [],
    log = () => {},
  } = given;
  const { faults: names = Object.keys(FAULTS), isPlain = false } = given;
  const number = generator(seed);
  const random = () => number() / 2 ** 32;
  const between = (/** @type {number} */ least, /** @type {number} */ most) =>
    least + random() * (most - least);
  /** @template T @param {readonly T[]} values @returns {T} */
  const oneOf = (values) => values[Math.floor(random() * values.length)];
  const now = () => performance.now();

  const options = {
    ...{ secret: '5e'.repeat(16), revocationBound: BOUND_MS, freshFor: 5000, memory: '16MB' },
    ...(!isPlain && { managed: { logoutPath: '/api/v1/auth/logout' } }),
  };
  const world = await startWorld({ nodes, options, redis, random, now });
  /** @type {import('./checker.js').Entry[]} */
  const entries = [];
  /** @type {import('./checker.js').History['faults']} */
  const faults = [];
  /** What the origin was asked for and what was read, from each fault on until the next. @type {Map<string, Cost>} */
  const costs = new Map();
  let isOver = false;
  const shared = { world, now, between, oneOf, pauseMs, isOver: () => isOver };
  let reads = 0;
  const note = (/** @type {import('./checker.js').Entry} */ entry) => {
    entries.push(entry);
    if (entry.what === 'read' && entry.status === 200) reads += 1;
  };
  let counted = { name: 'none yet', documents: 0, reads: 0 };
  /** @param {string} next the fault that begins */
  function count(next) {
    const { name } = counted;
    const { documents } = world.origin;
    const before = costs.get(name) ?? { documents: 0, reads: 0 };
    costs.set(name, {
      documents: before.documents + documents - counted.documents,
      reads: before.reads + reads - counted.reads,
    });
    counted = { name: next, documents, reads };
  }
  const begunAt = now();

  async function disturb() {
    await wait(PEACE_MS);
    while (!isOver && names.length > 0) {
      const fault = { name: oneOf(names), about: '', from: now(), to: Number.POSITIVE_INFINITY };
      faults.push(fault);
      count(fault.name);
      const tell = (/** @type {string} */ about) => {
        fault.about = about;
      };
      await FAULTS[fault.name]({ world, between, oneOf, tell });
      log(`${Math.round((fault.from - begunAt) / 1000)} s: ${fault.name} ${fault.about}`);
      fault.to = now();
      await wait(between(500, 4000));
    }
  }

  function historySoFar() {
    entries.sort((one, other) => one.sent - other.sent);
    const { redemptions } = world.origin;
    const deaths = world.nodes.flatMap((node) =>
      node.deaths.map((death) => ({ node: node.name, ...death })),
    );
    return { entries, redemptions, deaths, faults, boundMs: BOUND_MS, settleMs: SETTLE_MS };
  }

  const told = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let telling;
  try {
    telling = setInterval(() => {
      const { findings, excused } = check(historySoFar());
      log(
        `so far: ${entries.length} entries, ${findings.length} findings; excused: ${JSON.stringify(excused)}`,
      );
      for (const finding of findings) {
        const name = `${finding.fault}: ${finding.about}`;
        if (told.has(name)) continue;
        told.add(name);
        log(`  ${name}`);
        for (const line of storyOf(finding, historySoFar())) log(`    ${line}`);
      }
    }, TOLD_EVERY_MS);
    const working = Array.from({ length: users }, (_, index) =>
      runUser({ ...shared, user: `u${index}`, isManaged: !isPlain && index % 4 !== 3, note }),
    );
    const stranger = runStranger({ ...shared, pauseMs: 25 });
    const disturbing = disturb();
    await wait(lastsMs);
    isOver = true;
    await disturbing;
    const ends = await Promise.all(working);
    count('the end');
    const served = await stranger;
    await wait(BOUND_MS + SETTLE_MS);
    const late = await world.addNode();
    const lookOnceMore = async (/** @type {Awaited<ReturnType<typeof runUser>>} */ user) => {
      const { session, ended, read } = user;
      for (const node of world.up) {
        for (const each of ended) await read(each, node);
        // One that is told to come again does so.
        for (let tries = 0; session !== null && tries < 3; tries += 1) {
          if ((await read(session, node)).status !== 503) break;
          await wait(500);
        }
      }
    };
    for (let from = 0; from < ends.length; from += AT_ONCE) {
      await Promise.all(ends.slice(from, from + AT_ONCE).map(lookOnceMore));
    }
    await late.kill();
    const history = historySoFar();
    const { calls, documents, redemptions } = world.origin;
    const counts = { redemptions: redemptions.length, originCalls: calls, documents, served };
    const totals = { entries: entries.length, ...counts };
    return { ...check(history), faults, totals, costs, history };
  } finally {
    clearInterval(telling);
    isOver = true;
    await world.stop();
  }
}
