// The table of rules by target, as text. It must not know how the results came about.
import { verdicts } from './suite.js';

/**
 * @param {Map<string, import('./suite.js').Result[]>} results by target
 * @returns {string}
 */
export function describeResults(results) {
  const columns = [...results].map(([name, of]) => {
    const byRule = new Map(verdicts(of).map((verdict) => [verdict.rule, verdict]));
    return { name, byRule };
  });
  const ids = new Set(columns.flatMap(({ byRule }) => [...byRule.keys()]));
  const rows = [...ids]
    .sort((one, other) => Number(one.slice(1)) - Number(other.slice(1)))
    .map((id) => [id, ...columns.map(({ byRule }) => cell(byRule.get(id)))]);
  const totals = columns.map(({ byRule }) => total([...byRule.values()]));
  const table = align([['rule', ...columns.map(({ name }) => name)], ...rows, ['', ...totals]]);
  return [...table, ...footnotes(columns)].join('\n');
}

/** @param {import('./suite.js').Verdict | undefined} verdict */
function cell(verdict) {
  if (!verdict) return '';
  const { passed, failed, skipped } = verdict;
  if (verdict.verdict === 'FAIL') return `FAIL  ${failed} of ${passed + failed}`;
  if (verdict.verdict === 'n.a.') return 'n.a.';
  return skipped > 0 ? `pass  ${passed}, ${skipped} n.a.` : `pass  ${passed}`;
}

/** @param {import('./suite.js').Verdict[]} all */
function total(all) {
  const count = (/** @type {string} */ name) =>
    all.filter(({ verdict }) => verdict === name).length;
  return `${count('pass')} pass, ${count('FAIL')} FAIL, ${count('n.a.')} n.a.`;
}

/** @param {string[][]} rows */
function align(rows) {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  return rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at]))
      .join('   ')
      .trimEnd(),
  );
}

/** Why cases do not apply. @param {{ name: string, byRule: Map<string, import('./suite.js').Verdict> }[]} columns */
function footnotes(columns) {
  return columns.flatMap(({ name, byRule }) => {
    /** @type {Map<string, string[]>} */
    const rulesOf = new Map();
    for (const { rule, reasons } of byRule.values()) {
      for (const reason of new Set(reasons))
        rulesOf.set(reason, [...(rulesOf.get(reason) ?? []), rule]);
    }
    return [...rulesOf].map(([reason, rules]) => `n.a. on ${name}, ${rules.join(' ')}: ${reason}`);
  });
}
