// The formats of logs: how each is read, and which of them a log is in.
import { combinedReader } from './combined-log.js';
import { harReader } from './har-log.js';
import { jsonReader } from './json-log.js';
import { albReader, envoyReader, haproxyReader } from './proxy-logs.js';
import { w3cReader } from './w3c-log.js';

/** Readers of lines, and `har`'s of the entries of its one object. */
export const FORMATS = Object.freeze({
  combined: combinedReader,
  json: jsonReader,
  har: harReader,
  w3c: w3cReader,
  alb: albReader,
  haproxy: haproxyReader,
  envoy: envoyReader,
});

/** @typedef {keyof typeof FORMATS} Format */

export const FORMAT_NAMES = /** @type {Format[]} */ (Object.keys(FORMATS));

/**
 * The format whose reader makes something of most of the first lines: some may be broken.
 * @param {string} start of a log
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {Format | null} null: it is empty
 */
export function formatOf(start, how) {
  const text = start.trimStart();
  if (text === '') return null;
  if (/^\{\s*"log"\s*:\s*\{/.test(text)) return 'har';
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  let best = isMostlyObjects(lines) ? 'json' : 'combined';
  let most = 0;
  for (const name of FORMAT_NAMES) {
    if (name === 'har') continue;
    const read = FORMATS[name](how);
    const count = lines.filter((line) => read(line) !== null).length;
    if (count > most) {
      best = name;
      most = count;
    }
  }
  return /** @type {Format} */ (best);
}

/** @param {string[]} lines */
function isMostlyObjects(lines) {
  return lines.filter((line) => line.trimStart().startsWith('{')).length * 2 > lines.length;
}
