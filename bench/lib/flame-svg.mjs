// A profile as a picture: who calls whom from top to bottom, as wide as the share of the time. Plain SVG, on light and on dark.
import { PARTS } from './profile.mjs';

const WIDTH = 860;
const ROW = 17;
const TOP = 62;
const MAX_DEPTH = 17;
/** Narrower than this share nothing is drawn. */
const LEAST = 0.008;
const CHARACTER = 6.2;

const COLOURS = [
  '#cf8a00',
  '#8c959f',
  '#1a7f37',
  '#0969da',
  '#a475f9',
  '#d1569a',
  '#b6c2cf',
  '#d0d7de',
];

const STYLE = `
  text { font: 11px ui-monospace, monospace; fill: #1f2328; }
  .title { font: 600 13px system-ui, sans-serif; }
  .on { fill: #ffffff; }
  .ground { fill: #ffffff; }
  rect { stroke: #ffffff; stroke-width: .6; }
  @media (prefers-color-scheme: dark) { .free { fill: #f0f6fc; } .ground { fill: #0d1117; } rect { stroke: #0d1117; } }`;

/** Parts on which a dark text is hard to read. */
const IS_DARK = new Set([0, 1, 2, 3, 4, 5]);

/** @param {string} text */
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

/**
 * @param {string} title
 * @param {{ frames: import('./profile.mjs').Frame[], parts: Record<string, number> }} profile
 * @returns {string}
 */
export function flameSvg(title, { frames, parts }) {
  /** @type {string[]} */
  const shapes = [];
  let deepest = 0;
  /** @param {import('./profile.mjs').Frame[]} level @param {number} left @param {number} depth */
  const draw = (level, left, depth) => {
    let x = left;
    for (const { name, part, total, calls } of level) {
      if (total < LEAST || depth >= MAX_DEPTH) continue;
      deepest = Math.max(deepest, depth);
      const [width, y] = [total * WIDTH, TOP + depth * ROW];
      const at = PARTS.indexOf(part);
      const room = Math.floor((width - 4) / CHARACTER);
      const label = name.length <= room ? name : room > 5 ? `${name.slice(0, room - 1)}…` : '';
      shapes.push(
        `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${ROW}" fill="${COLOURS[at]}"/>`,
      );
      if (label) {
        const kind = IS_DARK.has(at) ? ' class="on"' : '';
        shapes.push(
          `<text x="${(x + 3).toFixed(1)}" y="${y + 12}"${kind}>${escaped(label)}</text>`,
        );
      }
      draw(calls, x, depth + 1);
      x += width;
    }
  };
  draw(frames, 0, 0);
  const legend = PARTS.filter((part) => parts[part] >= LEAST).map((part, place) => {
    const [x, y] = [(place % 4) * 215, 26 + Math.floor(place / 4) * 17];
    const text = `${part} ${(parts[part] * 100).toFixed(0)} %`;
    return (
      `<rect x="${x}" y="${y}" width="10" height="10" fill="${COLOURS[PARTS.indexOf(part)]}"/>` +
      `<text class="free" x="${x + 15}" y="${y + 9}">${escaped(text)}</text>`
    );
  });
  const height = TOP + (deepest + 1) * ROW + 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
<text class="title free" x="0" y="15">${escaped(title)}</text>
${[...legend, ...shapes].join('\n')}
</svg>
`;
}
