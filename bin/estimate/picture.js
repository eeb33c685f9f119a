// An estimate as a picture: bars, on light and on dark. Plain SVG, written by hand.
import { count, duration, isOneVisitor, share } from './report.js';

const WIDTH = 760;
const LABELS = 190;
const VALUES = 170;
const ROW = 24;
const TITLE = 34;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .note { font-size: 11px; fill: #59636e; }
  .ground { fill: #ffffff; }
  .bar { fill: #afb8c1; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .note { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .bar { fill: #4b535d; }
    .ours { fill: #4493f8; }
  }`;

/**
 * @typedef {{ label: string, value: number, text: string, isOurs?: boolean }} Bar
 * @typedef {{ title: string, bars: Bar[] }} Panel
 */

/** @param {string} text */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** @param {import('./estimate.js').Estimate} estimate @returns {Panel[]} */
function panelsOf({ checks, originCalls, wait, policy }) {
  const kinds = /** @type {[string, number][]} */ ([
    ['fresh', checks.fresh],
    ['older, refreshed behind', checks.stale],
    ['a remembered "no"', checks.negative],
    ["with another's call", checks.joined],
    ['by the back end', checks.total - checks.answered],
  ]);
  return [
    {
      title: `Calls of the back end for GET ${policy.path}`,
      bars: [
        { label: 'today', value: originCalls.today, text: count(originCalls.today) },
        {
          label: 'with Sesame',
          value: originCalls.withSesame,
          text: `${count(originCalls.withSesame)} (${share(originCalls.withSesame, originCalls.today)})`,
          isOurs: true,
        },
      ],
    },
    {
      title: 'Time that users waited for them',
      bars: [
        { label: 'today', value: wait.todayMs, text: duration(wait.todayMs) },
        {
          label: 'with Sesame',
          value: wait.withSesameMs,
          text: duration(wait.withSesameMs),
          isOurs: true,
        },
      ],
    },
    {
      title: 'How Sesame would have answered',
      bars: kinds.map(([label, value], index) => ({
        label,
        value,
        text: `${count(value)} (${share(value, checks.total)})`,
        isOurs: index < kinds.length - 1,
      })),
    },
  ];
}

/** @param {Panel} panel @param {number} top */
function panelText({ title, bars }, top) {
  const greatest = Math.max(1, ...bars.map(({ value }) => value));
  const room = WIDTH - LABELS - VALUES - 30;
  const rows = bars.map(({ label, value, text, isOurs }, index) => {
    const y = top + TITLE + index * ROW;
    const width = Math.max(1, (room * value) / greatest).toFixed(1);
    return [
      `<text x="${LABELS}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${LABELS + 10}" y="${y + 2}" width="${width}" ` +
        `height="${ROW - 8}" rx="2"/>`,
      `<text x="${(LABELS + 18 + Number(width)).toFixed(1)}" y="${y + 14}">${escaped(text)}</text>`,
    ].join('\n');
  });
  return [`<text class="title" x="20" y="${top + 18}">${escaped(title)}</text>`, ...rows].join(
    '\n',
  );
}

/**
 * @param {import('./estimate.js').Estimate} estimate
 * @returns {string}
 */
export function pictureOf(estimate) {
  let top = 10;
  const isOne = isOneVisitor(estimate);
  const parts = (isOne ? [] : panelsOf(estimate)).map((panel) => {
    const text = panelText(panel, top);
    top += TITLE + panel.bars.length * ROW + 16;
    return text;
  });
  const { checks, from, to, wait } = estimate;
  const measured = wait.checksAssumed === 0 ? '' : `, ${wait.assumedMs} ms where the log is silent`;
  const told = isOne ? 'this log cannot tell visitors apart: ' : '';
  const note = `sesame-edge estimate: ${told}${count(checks.total)} checks${from ? `, ${from} to ${to}` : ''}${measured}`;
  const height = top + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t">
<title id="t">What Sesame would have answered</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
${parts.join('\n')}
<text class="note" x="20" y="${height - 12}">${escaped(note)}</text>
</svg>
`;
}
