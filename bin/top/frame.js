// What `sesame-edge top` shows at one moment, as text. It must not know where counters come from, nor where text goes,
// and reads no clock.
// Invariant: a frame is made of counters and times alone, never of a credential or a document (rule R71).

/** @typedef {import('../../js_bindings/sessions/statistics.js').Statistics} Statistics */

/**
 * The counters of a node at one moment; null before its first request.
 * @typedef {{ time: number, stats: Statistics | null }} Sample
 */

/** The counters of checks that cost no origin call of their own. */
const HITS = /** @type {const} */ (['fresh', 'stale', 'negative', 'joined']);

const WIDTH = 14;

/**
 * @param {string} url of the node
 * @param {Sample} now
 * @param {Sample | null} before what rates are counted from; null: there are none yet
 * @returns {string} lines, each with its end
 */
export function frameOf(url, now, before) {
  const { stats } = now;
  const head = `sesame-edge top  ${url}  ${new Date(now.time).toISOString()}\n\n`;
  if (stats === null) return `${head}no request yet\n`;
  const isLater = before?.stats && now.time > before.time;
  const seconds = isLater ? (now.time - before.time) / 1000 : 0;
  /** @param {(each: Statistics) => number} count */
  const counted = (count) => {
    const total = count(stats);
    // A node that has started again counts from 0.
    const rate =
      isLater && before.stats ? Math.max(0, total - count(before.stats)) / seconds : null;
    return [whole(total), rate === null ? '' : `${rate.toFixed(1)}/s`];
  };
  const checks = counted((each) => each.checks);
  const hits = hitsOf(stats);
  return [
    head,
    row('checks', checks),
    row(
      'hits',
      counted(hitsOf),
      stats.checks === 0 ? '' : `${percent(hits / stats.checks)} of checks`,
    ),
    row(
      'origin calls',
      counted((each) => each.originCalls),
      `${whole(stats.originFailures)} failed`,
    ),
    row(
      'evictions',
      counted((each) => each.evictions),
    ),
    row('held', [whole(stats.entries), ''], `${(stats.bytes / 1024 ** 2).toFixed(1)} MB`),
    row('connections', [whole(stats.connections), ''], `${whole(stats.connectionsClosed)} closed`),
    row('store', [storeOf(stats), '']),
  ].join('');
}

/** @param {Statistics} stats */
function hitsOf(stats) {
  return HITS.reduce((sum, name) => sum + stats[name], 0);
}

/** @param {Statistics} stats */
function storeOf({ storeRefused, storeSilenceMs }) {
  if (storeRefused > 0) return 'refuses: sesame-edge inspect says why';
  return storeSilenceMs === 0
    ? 'heard, or none'
    : `last heard ${(storeSilenceMs / 1000).toFixed(1)} s ago`;
}

/** @param {string} name @param {string[]} cells @param {string} [note] */
function row(name, [total, rate], note = '') {
  const cells = `${name.padEnd(WIDTH)}${total.padStart(12)}${rate.padStart(12)}`;
  return `${`${cells}   ${note}`.trimEnd()}\n`;
}

/** @param {number} value */
const whole = (value) => value.toLocaleString('en-US');

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}%`;
