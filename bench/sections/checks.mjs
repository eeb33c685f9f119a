// Time of a check, and bytes a session: every structure in a process of its own, asked in turns, so that
// a ratio is always of two measurements made at the same time.
import { startChild } from '../lib/child.mjs';
import { median } from '../lib/statistics.mjs';
import { holders, loadStructure, stateless } from '../structures/index.mjs';

/** @typedef {'lookup' | 'body' | 'response'} Level */
/** @typedef {{ access: 'uniform' | 'zipf', levels: Level[] }} Plan */

/**
 * What was measured of one structure.
 * @typedef {object} Figures
 * @property {string} label
 * @property {number} sessions
 * @property {number} bytesPerSession 0: it holds nothing
 * @property {Record<string, number>} nanoseconds by `access level`, median of the rounds
 * @property {Record<string, number>} timesSesame how many times as long as Sesame takes, median of the
 *   rounds' ratios
 */

/** Opening a cookie takes so long that fewer do. */
const STATELESS_SHARE = 250;
const RESPONSE_SHARE = 4;

/**
 * @param {object} how
 * @param {number} how.count
 * @param {Plan[]} how.plans
 * @param {number} how.rounds
 * @param {number} how.iterations
 * @param {number} how.budgetPerSession what Sesame is expected to need
 * @param {boolean} how.withStateless
 * @param {string[]} how.without structures that are left out
 * @param {(line: string) => void} how.log
 * @returns {Promise<Record<string, Figures>>}
 */
export async function measureChecks(how) {
  const { plans, rounds, iterations, log } = how;
  const held = holders.filter((name) => !how.without.includes(name));
  const names = [...held, 'empty-call', ...(how.withStateless ? stateless : [])];
  /** @type {Map<string, import('../lib/child.mjs').Child>} */
  const children = new Map();
  /** @type {Record<string, Figures>} */
  const figures = {};
  try {
    for (const structure of names) {
      const { label, mostSessions } = await loadStructure(structure);
      const filled = await startFilled(structure, how, children);
      const child = /** @type {import('../lib/child.mjs').Child} */ (children.get(structure));
      const { checked } = await child.ask({ what: 'verify' });
      const isHolder = mostSessions === undefined && structure !== 'empty-call';
      const bytesPerSession = isHolder ? filled.bytes / filled.sessions : 0;
      const { sessions } = filled;
      figures[structure] = { label, sessions, bytesPerSession, nanoseconds: {}, timesSesame: {} };
      log(
        `  ${label}: ${sessions} sessions in ${filled.seconds.toFixed(1)} s, ${checked} bodies right`,
      );
    }
    for (const { access, levels } of plans) {
      for (const level of levels) {
        const rows = await measureLevel({ children, access, level, rounds, iterations });
        for (const [structure, { nanoseconds, timesSesame }] of rows) {
          figures[structure].nanoseconds[`${access} ${level}`] = nanoseconds;
          figures[structure].timesSesame[`${access} ${level}`] = timesSesame;
        }
      }
    }
  } finally {
    await Promise.all([...children.values()].map((child) => child.end().catch(() => {})));
  }
  return figures;
}

/** What Sesame takes however few sessions it holds: tables, buffers, shapes. */
const FIXED_BYTES = 3 << 20;

/**
 * A child that holds all of its sessions: one that had to let some go is given more room.
 * @param {string} structure
 * @param {{ count: number, budgetPerSession: number }} how
 * @param {Map<string, import('../lib/child.mjs').Child>} children where it goes
 */
async function startFilled(structure, { count, budgetPerSession }, children) {
  for (let slack = 1.05; ; slack *= 1.1) {
    const memory = Math.ceil(count * budgetPerSession * slack) + FIXED_BYTES;
    const child = startChild('measure.mjs', { structure, count, memory });
    children.set(structure, child);
    const filled = await child.ask({ what: 'fill' });
    if (!(filled.statistics?.evictions > 0)) return filled;
    await child.end();
    if (slack > 3) throw new Error(`${structure} does not hold ${count} sessions`);
  }
}

/**
 * @param {object} how
 * @param {Map<string, import('../lib/child.mjs').Child>} how.children
 * @param {'uniform' | 'zipf'} how.access
 * @param {Level} how.level
 * @param {number} how.rounds
 * @param {number} how.iterations
 */
async function measureLevel({ children, access, level, rounds, iterations }) {
  /** @type {Map<string, number[]>} */
  const times = new Map();
  for (let round = -1; round < rounds; ++round) {
    for (const [structure, child] of children) {
      const isStateless = stateless.includes(structure);
      if (isStateless && access !== 'uniform') continue;
      const share = isStateless ? STATELESS_SHARE : level === 'response' ? RESPONSE_SHARE : 1;
      const most = Math.max(50, Math.floor(iterations / share));
      const time = await child.ask({ what: 'round', level, access, iterations: most });
      if (time === null || round < 0) continue; // the first one warms up
      const list = times.get(structure) ?? [];
      list.push(time);
      times.set(structure, list);
    }
  }
  const sesame = times.get('sesame') ?? [];
  return [...times].map(([structure, list]) => {
    const ratios = list.map((time, index) => time / sesame[index]);
    return /** @type {const} */ ([
      structure,
      { nanoseconds: median(list), timesSesame: median(ratios) },
    ]);
  });
}
