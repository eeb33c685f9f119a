// The results of one run as a picture: bars, on light and on dark. Plain SVG, written by hand.

import { stateless } from './structures/index.mjs';

const WIDTH = 760;
const LABELS = 310;
const VALUES = 90;
const ROW = 22;
const TITLE = 34;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .note { font-size: 11px; fill: #59636e; }
  .value { font-variant-numeric: tabular-nums; }
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
 * @typedef {object} Panel
 * @property {string} title
 * @property {{ label: string, value: number, text: string, isOurs: boolean }[]} bars
 * @property {(value: number) => number} [scale] to 0 … 1; else in proportion to the greatest
 */

/** @param {string} text */
function escaped(text) {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** @param {Panel} panel @param {number} top */
function panelText({ title, bars, scale }, top) {
  const greatest = Math.max(...bars.map(({ value }) => value));
  const share = scale ?? ((/** @type {number} */ value) => value / greatest);
  const room = WIDTH - LABELS - VALUES - 40;
  const rows = bars.map(({ label, value, text, isOurs }, index) => {
    const y = top + TITLE + index * ROW;
    const width = Math.max(2, room * share(value)).toFixed(1);
    return [
      `<text x="${LABELS}" y="${y + 13}" text-anchor="end">${escaped(label)}</text>`,
      `<rect class="${isOurs ? 'ours' : 'bar'}" x="${LABELS + 10}" y="${y + 2}" width="${width}" ` +
        `height="${ROW - 7}" rx="2"/>`,
      `<text class="value" x="${(LABELS + 16 + Number(width)).toFixed(1)}" y="${y + 13}">${escaped(text)}</text>`,
    ].join('\n');
  });
  return [`<text class="title" x="20" y="${top + 18}">${escaped(title)}</text>`, ...rows].join(
    '\n',
  );
}

/** @param {number} nanoseconds */
function time(nanoseconds) {
  const micros = nanoseconds / 1000;
  if (micros >= 1000) return `${(micros / 1000).toPrecision(2)} ms`;
  return `${micros >= 100 ? Math.round(micros) : micros.toPrecision(2)} µs`;
}

/** @param {any} results @returns {Panel[]} */
function panels({ checks, hits, workerd, capacity }) {
  const sizes = Object.keys(checks).map(Number);
  const largest = Math.max(...sizes);
  const middle = sizes.includes(100_000) ? 100_000 : largest;
  const isOurs = (/** @type {string} */ name) => name === 'sesame';
  const inWords = (/** @type {number} */ size) => size.toLocaleString('en');
  const exact = largest === 1_000_000 ? capacity?.million?.bytesPerSession : undefined;
  const timed = Object.entries(checks[middle]).filter(
    ([, { nanoseconds }]) => nanoseconds['uniform body'],
  );
  /** @param {(name: string) => boolean} isShown */
  const timeBars = (isShown) =>
    timed
      .filter(([name]) => isOurs(name) || isShown(name))
      .map(([name, { label, nanoseconds }]) => ({
        label,
        value: nanoseconds['uniform body'],
        text: time(nanoseconds['uniform body']),
        isOurs: isOurs(name),
      }));
  /** @type {Panel[]} */
  const list = [
    {
      title: `Time from a Cookie header to the body, ${inWords(middle)} sessions`,
      bars: timeBars((name) => !stateless.includes(name)),
    },
    {
      title: 'The same where the cookie itself holds the session, opened at every check',
      bars: timeBars((name) => stateless.includes(name)),
    },
    {
      title: `Bytes a session, everything included, ${inWords(largest)} sessions`,
      bars: Object.entries(checks[largest])
        .filter(([name, { bytesPerSession }]) => bytesPerSession && name !== 'map-tuned-pool')
        .map(([name, { label, bytesPerSession }]) => {
          // Ours in a budget that is just enough, if that was measured.
          const value = isOurs(name) ? (exact ?? bytesPerSession) : bytesPerSession;
          return { label, value, text: Math.round(value).toString(), isOurs: isOurs(name) };
        }),
    },
  ].filter(({ bars }) => bars.length > 1);
  if (hits?.bytes) {
    const { bytes } = hits;
    const megabytes = Number((bytes.memory / 2 ** 20).toFixed(1));
    const others = Object.entries(bytes.lru).map(([host, { ratio }]) => ({
      label: `lru-cache, objects of ${host}`,
      value: ratio,
      text: `${(ratio * 100).toFixed(1)} %`,
      isOurs: false,
    }));
    const { ratio } = bytes.sesame;
    const ours = {
      label: 'Sesame',
      value: ratio,
      text: `${(ratio * 100).toFixed(1)} %`,
      isOurs: true,
    };
    list.push({
      title: `Answered without the origin: ${megabytes} MB, ${inWords(bytes.users)} users, Zipf(0.9)`,
      scale: (value) => value,
      bars: [ours, ...others],
    });
  }
  if (workerd?.checks) {
    const { nanoseconds, count } = workerd.checks;
    const labels = { sesame: 'Sesame', lru: 'lru-cache with objects', tuned: 'hand-tuned Map' };
    list.push({
      title: `In workerd: a check with its Response, ${inWords(count)} sessions`,
      bars: Object.entries(labels).map(([name, label]) => ({
        label,
        value: nanoseconds[name],
        text: time(nanoseconds[name]),
        isOurs: isOurs(name),
      })),
    });
  }
  return list;
}

/** @param {any} results @returns {string} */
export function svgOf(results) {
  const { machine } = results;
  let top = 10;
  const parts = panels(results).map((panel) => {
    const text = panelText(panel, top);
    top += TITLE + panel.bars.length * ROW + 16;
    return text;
  });
  const note = `One run: Node ${machine.node}, ${machine.cores} × ${machine.processor}. Shorter is better, except for the share.`;
  const height = top + 24;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t">
<title id="t">Sesame beside other ways to keep sessions: time, memory and hit ratio</title>
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
${parts.join('\n')}
<text class="note" x="20" y="${height - 12}">${escaped(note)}</text>
</svg>
`;
}
