// The suite's own machinery: what a case is, how one is run against a target, and the verdict on each rule.
// It must not know any target or any rule.
// Invariant: a case ends in one of three ways: it passes, it fails, or it does not apply, with a reason.
import { createContext, SOON_MS } from './context.js';

/** A case that takes so many times what should happen at once, in real time, hangs and has failed. */
const CASE_LIMIT = 10;

/** The target cannot do what the case needs. That is not a failure. */
export class NotApplicable extends Error {}

/**
 * - `nodes`: several caches share one store; those with the same option `shared` share what is in it
 * - `link`: the way from a node to that store can be disturbed
 * - `revoke`: its API ends sessions: `revoke()`, `revokeUser()`, `invalidateUser()`
 * - `cookies`: it receives the cookies of each request
 * - `wire`: the suite sees what is on the wire in both directions: `Set-Cookie`, hop-by-hop fields, redirects
 * - `between`: requests that do not concern the session go through it
 * - `browser`: it runs in a browser, with tabs, a disk and times without a network
 * - `alone`: all requests of a case come to one node: what that counts and remembers by itself
 * - `source`: it names where each session answer came from. Without it, what `ask` expects there is not checked
 * @typedef {'api' | 'statistics' | 'prometheus' | 'logs' | 'managed' | 'webhook' | 'websocket' | 'browserCache'
 * | 'fields' | 'nodes' | 'link' | 'revoke' | 'cookies' | 'wire' | 'between' | 'browser' | 'source'
 * | 'alone'} Feature
 */

/**
 * @typedef {object} Case
 * @property {string[]} rules their identifiers: `R5`
 * @property {string} name the rules and the title: `R5: 17 checks cost one call`
 * @property {(t: import('./context.js').Context) => Promise<void>} run
 * @property {Record<string, unknown>} options the cache's, named and valued as in the rules, beside its origin
 * @property {Feature[]} needs features without which the case does not apply
 * @property {string[] | null} targets names of the targets that it is about; null: every target
 */

/** @typedef {{ options?: Record<string, unknown>, needs?: Feature[], targets?: string[] }} Needs */
/** @typedef {{ case: Case, outcome: 'pass' | 'fail' | 'n.a.', reason: string, error?: Error }} Result */

/**
 * @param {string} ids of the rule, or of several: `R10, R22`
 * @param {string} title what is expected, as a sentence that can be understood alone
 * @param {(t: import('./context.js').Context) => Promise<void>} run
 * @param {Needs} [more]
 * @returns {Case}
 */
export const rule = (ids, title, run, { options = {}, needs = [], targets } = {}) => ({
  rules: ids.split(', '),
  name: `${ids}: ${title}`,
  run,
  options,
  needs,
  targets: targets ?? null,
});

/** Sesame in a process of its own application: the targets on which its HTTP is checked to the last byte. */
export const HOSTS = ['Node', 'serve, Node', 'workerd'];

/**
 * A case about what Sesame adds to the rules over HTTP: its bodies, its counters, its limits, its options.
 * @param {string} ids
 * @param {string} title
 * @param {(t: import('./context.js').Context) => Promise<void>} run
 * @param {Record<string, unknown>} [options] the cache's
 * @param {string[]} [targets] the hosts that it is about
 */
export const hostRule = (ids, title, run, options = {}, targets = HOSTS) =>
  rule(ids, title, run, { options, targets });

/**
 * The cases that are about a target. One that needs what the target lacks is among them, with its reason.
 * @param {Case[]} cases
 * @param {import('./targets/target.js').Adapter} adapter
 */
export const casesFor = (cases, { name }) =>
  cases.filter(({ targets }) => targets === null || targets.includes(name));

/**
 * @param {import('./targets/target.js').OpenTarget} target
 * @param {import('./targets/target.js').Adapter} adapter
 * @param {Case} each
 * @returns {Promise<Result>}
 */
export async function runCase(target, adapter, each) {
  for (const feature of each.needs) {
    const reason = adapter.lacks?.[feature];
    if (reason) return { case: each, outcome: 'n.a.', reason };
  }
  /** @type {import('./context.js').Context | undefined} */
  let context;
  try {
    context = await createContext(target, adapter, each.options);
    await within(CASE_LIMIT * (adapter.soonMs ?? SOON_MS), each.run(context));
    return { case: each, outcome: 'pass', reason: '' };
  } catch (thrown) {
    const error = /** @type {Error} */ (thrown);
    const outcome = error instanceof NotApplicable ? 'n.a.' : 'fail';
    return { case: each, outcome, reason: error.message, error };
  } finally {
    await context?.close();
  }
}

/**
 * Runs cases, several at once: each has a cache, an origin and a clock of its own.
 * @param {import('./targets/target.js').OpenTarget} target
 * @param {import('./targets/target.js').Adapter} adapter
 * @param {Case[]} cases
 * @param {number} atOnce
 * @returns {Promise<Result[]>}
 */
export async function runCases(target, adapter, cases, atOnce) {
  /** @type {Result[]} */
  const results = [];
  const left = cases.entries();
  const work = async () => {
    for (const [at, each] of left) results[at] = await runCase(target, adapter, each);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

/**
 * @template T
 * @param {number} milliseconds of real time
 * @param {Promise<T>} promise
 * @param {string} [what]
 * @returns {Promise<T>}
 */
export async function within(milliseconds, promise, what = 'the case') {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const tooLate = new Promise((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not end within ${milliseconds} ms`)),
      milliseconds,
    );
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, tooLate]));
  } finally {
    clearTimeout(timer);
  }
}

/** @typedef {{ rule: string, verdict: 'pass' | 'FAIL' | 'n.a.', passed: number, failed: number,
 *   skipped: number, reasons: string[] }} Verdict */

/**
 * The verdict on each rule: it fails if one of its cases fails, and does not apply if none of them applies.
 * @param {Result[]} results
 * @returns {Verdict[]} in the order of their numbers
 */
export function verdicts(results) {
  /** @type {Map<string, Result[]>} */
  const byRule = new Map();
  for (const result of results) {
    for (const id of result.case.rules) byRule.set(id, [...(byRule.get(id) ?? []), result]);
  }
  const count = (/** @type {Result[]} */ of, /** @type {string} */ outcome) =>
    of.filter((result) => result.outcome === outcome).length;
  return [...byRule]
    .map(([id, of]) => {
      const [passed, failed, skipped] = ['pass', 'fail', 'n.a.'].map((name) => count(of, name));
      const verdict = failed > 0 ? 'FAIL' : passed > 0 ? 'pass' : 'n.a.';
      const reasons = of.filter(({ outcome }) => outcome === 'n.a.').map(({ reason }) => reason);
      return /** @type {Verdict} */ ({ rule: id, verdict, passed, failed, skipped, reasons });
    })
    .sort((one, other) => Number(one.rule.slice(1)) - Number(other.rule.slice(1)));
}
