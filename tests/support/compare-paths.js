// Of every request that Node's short path answers, what the full path answers to the same request, on the same cache and in
// the same turn. Counters and lines of the log are those of the short path alone.
// Invariant: whoever has a cache compared sees of it what he would see without.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequest } from '../../js_bindings/dist/node-messages.js';
import { shortPathOf } from '../../js_bindings/http/short-path.node.js';

/** @typedef {Record<string, any>} Counters */

/**
 * @param {import('sesame-edge').SessionCache} sessions
 * @param {unknown[]} [lines] its log
 * @returns {{ count: () => number, settled: () => Promise<void> }} how many answers were compared; `settled` rejects where
 *   one differs
 */
export function comparePaths(sessions, lines = []) {
  const path = shortPathOf(sessions);
  assert.ok(path !== null);
  const answerTo = path.answerTo.bind(path);
  const statistics = sessions.statistics.bind(sessions);
  /** @type {Counters} what the full path has counted */
  let own = {};
  /** @type {Promise<void>[]} */
  const comparisons = [];
  sessions.statistics = () => /** @type {any} */ (combined(statistics(), own, -1));

  path.answerTo = (incoming, context) => {
    const given = answerTo(incoming, context);
    if (given === null) return null;
    const answer = { ...given, fields: { ...given.fields } }; // the next hit changes them
    const before = statistics();
    const known = lines.length;
    const request = createRequest(incoming, /** @type {any} */ (new EventEmitter()), context);
    const wanted = sessions.handle(request, { waitUntil: context.waitUntil });
    own = combined(own, combined(statistics(), before, -1), 1);
    lines.splice(known);
    const comparison = compare(answer, wanted, `${incoming.method} ${incoming.url}`);
    comparison.catch(() => {}); // it is told by `settled`
    comparisons.push(comparison);
    return given;
  };

  return {
    count: () => comparisons.length,
    async settled() {
      await Promise.all(comparisons);
    },
  };
}

/**
 * @param {import('../../js_bindings/http/short-path.node.js').ShortAnswer} given
 * @param {Promise<Response>} wanted
 * @param {string} what
 */
async function compare({ status, fields, body }, wanted, what) {
  const response = await wanted;
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  assert.deepEqual(
    { status, fields: Object.entries(fields), body },
    { status: response.status, fields: [...response.headers], body: text },
    `the short path answers ${what} as the full one`,
  );
}

/**
 * Counters with others added to them, or taken from them.
 * @param {any} counters
 * @param {any} others
 * @param {1 | -1} sign
 * @returns {any}
 */
function combined(counters, others, sign) {
  if (typeof counters === 'number' || typeof others === 'number') {
    return (counters ?? 0) + sign * (others ?? 0);
  }
  if (typeof (counters ?? others) !== 'object' || (counters ?? others) === null) return counters;
  const list = Array.isArray(counters ?? others);
  const names = new Set([...Object.keys(counters ?? {}), ...Object.keys(others ?? {})]);
  const pairs = [...names].map((name) => [name, combined(counters?.[name], others?.[name], sign)]);
  return list ? pairs.map(([, value]) => value) : Object.fromEntries(pairs);
}
