// One turn of bench/pairs.mjs: loads the package of the tree that is its argument, by the file behind its public name, and
// prints nanoseconds per operation. What it does must be possible with every version that it is pointed at.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const tree = process.argv[2];
const { SessionCache } = await import(
  pathToFileURL(path.join(tree, 'js_bindings/index.node.js')).href
);

const SESSIONS = 20_000;
const cookieOf = (/** @type {number} */ index) =>
  `theme=dark; session=${String(index).padStart(8, '0')}-Zm9ydHktdGhyZWUtY2hhcmFjdGVycw; lang=en`;
const documentOf = (/** @type {string | null} */ cookie) => {
  const id = /session=(\d+)/.exec(cookie ?? '')?.[1] ?? '0';
  return {
    id,
    email: `user${id}@example.com`,
    name: `User ${id}`,
    roles: ['member', Number(id) % 7 === 0 ? 'editor' : 'reader'],
    organization: { id: `org-${Number(id) % 500}`, plan: 'team', seats: Number(id) % 90 },
    createdAt: '2026-03-01T10:00:00.000Z',
    settings: { theme: 'dark', language: 'en', notifications: { email: true, push: false } },
  };
};
const sessions = new SessionCache(
  { origin: 'http://origin.example', memory: '64MB' },
  {
    fetch: async (/** @type {any} */ _url, /** @type {any} */ { headers }) =>
      Response.json(documentOf(new Headers(headers).get('cookie'))),
  },
);

const cookies = Array.from({ length: SESSIONS }, (_, index) => cookieOf(index));
let seed = 1;
const next = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return cookies[seed % SESSIONS];
};
/**
 * @param {number} rounds
 * @param {() => unknown} operation
 */
async function nsOf(rounds, operation) {
  const start = process.hrtime.bigint();
  for (let round = 0; round < rounds; round += 1) {
    const result = operation();
    if (result instanceof Promise) await result;
  }
  return Number(process.hrtime.bigint() - start) / rounds;
}

let filled = 0;
const fill = await nsOf(SESSIONS, () =>
  sessions.getSession({ headers: { cookie: cookies[filled++] } }),
);
const handle = () =>
  sessions.handle(
    new Request('http://edge.example/api/auth/session', { headers: { cookie: next() } }),
  );
const measures = {
  check: [400_000, () => sessions.check(next())],
  has: [400_000, () => sessions.has(next())],
  handle: [15_000, handle],
};
/** @type {Record<string, number>} */
const figures = { fill };
for (const [name, [rounds, operation]] of Object.entries(measures)) {
  const run = /** @type {() => unknown} */ (operation);
  await nsOf(Number(rounds) / 4, run);
  figures[name] = Math.min(await nsOf(Number(rounds), run), await nsOf(Number(rounds), run));
}
console.log(JSON.stringify(figures));
