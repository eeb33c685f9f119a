// The ports that a page names, and free ones in their place: what the reader's machine has free, ours may not, and
// two pages run at once.
import { once } from 'node:events';
import net from 'node:net';

const NAMED = [
  /(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):(\d{4,5})\b/g,
  /--port[ =](\d{4,5})\b/g,
  /\blisten\((\d{4,5})\b/g,
  /\bport: (\d{4,5})\b/g,
];

/** Below what the system gives out by itself. */
const FIRST = 20_000;
const COUNT = 10_000;
/** @type {Set<number>} */
const taken = new Set();

async function freePort() {
  for (let tries = 0; tries < COUNT; tries += 1) {
    const port = FIRST + ((process.pid * 64 + taken.size + tries) % COUNT);
    if (taken.has(port)) continue;
    const server = net.createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    taken.add(port);
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error('there is no free port');
}

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
