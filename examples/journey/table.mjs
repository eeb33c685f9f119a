// Lays two journeys out side by side, as text.
//
// It must not know how they were taken. Invariant: no line is longer than 90 columns.

const LABEL_WIDTH = 38;
const COLUMN_WIDTH = 24;

/** @typedef {import('./journey.mjs').Phase} Phase */

/** @param {number} ms */
function duration(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** @param {string} label @param {string | number} left @param {string | number} right */
function row(label, left, right) {
  const cells = [left, right].map((cell) => String(cell).padStart(COLUMN_WIDTH));
  return `${label.padEnd(LABEL_WIDTH)}${cells.join('')}`;
}

/**
 * How many per cent fewer calls, rounded down: a claim is never more than what was measured.
 * @param {number} before @param {number} after
 */
export function percentFewer(before, after) {
  return Math.floor(((before - after) / before) * 100);
}

/**
 * All phases of a journey as one.
 * @param {Phase[]} phases
 * @returns {Phase}
 */
export function total(phases) {
  const sum = (/** @type {(phase: Phase) => number} */ of) =>
    phases.reduce((before, phase) => before + of(phase), 0);
  return {
    name: 'the whole journey',
    checks: sum((phase) => phase.checks),
    calls: sum((phase) => phase.calls),
    waitMs: sum((phase) => phase.waitMs),
    slowestMs: Math.max(...phases.map((phase) => phase.slowestMs)),
  };
}

/**
 * @param {Phase[]} direct
 * @param {Phase[]} throughSesame
 * @param {(heading: string) => string} [emphasise]
 * @returns {string}
 */
export function table(direct, throughSesame, emphasise = (heading) => heading) {
  const lines = [row('', 'straight to the origin', 'through Sesame')];
  const rule = '─'.repeat(LABEL_WIDTH + 2 * COLUMN_WIDTH);
  const left = [...direct, total(direct)];
  const right = [...throughSesame, total(throughSesame)];
  left.forEach((phase, index) => {
    const other = /** @type {Phase} */ (right[index]);
    lines.push(
      rule,
      emphasise(`${phase.checks} checks: ${phase.name}`),
      row('  origin calls to GET /users/me', phase.calls, other.calls),
      row('  total wait for checks', duration(phase.waitMs), duration(other.waitMs)),
      row('  slowest check', duration(phase.slowestMs), duration(other.slowestMs)),
    );
  });
  return [...lines, rule].join('\n');
}
