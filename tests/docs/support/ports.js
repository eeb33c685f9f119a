// The ports that a page names, and free ones in their place: what the reader's machine has free, ours may not, and
// two pages run at once.
import { freePort } from '../../support/free-port.js';

const NAMED = [
  /(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{4,5})\b/g,
  /--port[ =](\d{4,5})\b/g,
  /\blisten\((\d{4,5})\b/g,
  /\bport: (\d{4,5})\b/g,
];

/**
 * @param {string[]} texts all that a page has
 * @returns {Promise<(text: string) => string>} puts a free port in the place of each that is named in them
 */
export async function replacePorts(texts) {
  const named = new Set(
    texts.flatMap((text) =>
      NAMED.flatMap((pattern) => [...text.matchAll(pattern)].map((m) => m[1])),
    ),
  );
  /** @type {Map<string, number>} */
  const ports = new Map();
  for (const port of named) ports.set(port, await freePort());
  if (ports.size === 0) return (text) => text;
  const any = RegExp(`(?<![\\w.])(?:${[...ports.keys()].join('|')})(?![\\w])`, 'g');
  return (text) => text.replace(any, (port) => String(ports.get(port)));
}
