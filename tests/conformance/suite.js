// The suite's own machinery: what a case is, how one is run against a target, and what the cases of a
// rule amount to. It knows no target and no rule.
// Invariant: a case ends in one of three ways: it passes, it fails, or it does not apply, with a reason.
import { createContext } from './context.js';

/** Time that a case may take, on the wall: what hangs has failed. A slow target has three times its `soonMs`. */
const CASE_LIMIT_MS = 15_000;

/** A target cannot do what a case needs: that is no failure. */
export class NotApplicable extends Error {}

/**
 * - `nodes`: several caches on one store; they share what is in it where the option `shared` is the same
 * - `revoke`: its API ends sessions of its own accord: `revoke()`, `revokeUser()`, `invalidateUser()`
 * - `cookies`: it is told each request's own cookies
 * - `wire`: the suite sees what the wire does, both ways: `Set-Cookie`, hop-by-hop fields, redirects
 * - `between`: requests that are none of the session's go through it
 * - `browser`: it is in a browser, with tabs, a disk and times without a network
 * @typedef {'api' | 'statistics' | 'prometheus' | 'logs' | 'managed' | 'webhook' | 'websocket'
 * | 'browserCache' | 'fields' | 'nodes' | 'revoke' | 'cookies' | 'wire' | 'between' | 'browser'} Feature
 */

/**
 * @typedef {object} Case
 * @property {string} rule its identifier: `R5`
 * @property {string} title
 * @property {(t: import('./context.js').Context) => Promise<void>} run
 * @property {Record<string, unknown>} options the cache's, named and valued as in SPEC, beside its origin
 * @property {Feature[]} needs
 */

/** @typedef {{ options?: Record<string, unknown>, needs?: Feature[] }} Needs */
/** @typedef {{ case: Case, outcome: 'pass' | 'fail' | 'n.a.', reason: string, error?: Error }} Result */

/**
 * @param {string} id of the rule
 * @param {string} title what is expected
 * @param {(t: import('./context.js').Context) => Promise<void>} run
 * @param {Needs} [more]
 * @returns {Case}
 */
export const rule = (id, title, run, { options = {}, needs = [] } = {}) => ({
  rule: id,
  title,
  run,
  options,
  needs,
});

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
    const limitMs = Math.max(CASE_LIMIT_MS, 3 * (adapter.soonMs ?? 0));
    await within(limitMs, each.run(context));
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
 * What the cases of each rule amount to: it fails if one does, and is not applicable if all are not.
 * @param {Result[]} results
 * @returns {Verdict[]} in the order of their numbers
 */
export function verdicts(results) {
  /** @type {Map<string, Result[]>} */
  const byRule = new Map();
  for (const result of results) {
    const of = byRule.get(result.case.rule) ?? [];
    byRule.set(result.case.rule, [...of, result]);
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
