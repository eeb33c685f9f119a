// One turn of lib/pairs.mjs: loads the package of the tree that is its first argument, by the files behind its public
// names, and prints nanoseconds per operation. The second says what is measured; the third is the URL of a Redis for that.
// What it does must be possible with every version that it is pointed at.
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [tree, sections, redisUrl] = process.argv.slice(2);
/** @param {string} file @returns {Promise<any>} */
const load = (file) => import(pathToFileURL(path.join(tree, 'js_bindings', file)).href);
const { SessionCache } = await load('index.node.js');

const SESSIONS = 20_000;
/** Of them, so many go through the store. */
const SHARED = 500;
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

/** @type {Record<string, number>} */
const figures = {};
const fetch = async (/** @type {any} */ _url, /** @type {any} */ { headers }) =>
  Response.json(documentOf(new Headers(headers).get('cookie')));

/** The quicker of two, after a quarter of one. @param {number} rounds @param {() => unknown} operation */
async function best(rounds, operation) {
  await nsOf(rounds / 4, operation);
  return Math.min(await nsOf(rounds, operation), await nsOf(rounds, operation));
}

async function measureChecks() {
  const sessions = new SessionCache({ origin: 'http://origin.example', memory: '64MB' }, { fetch });
  let filled = 0;
  figures.fill = await nsOf(SESSIONS, () =>
    sessions.getSession({ headers: { cookie: cookies[filled++] } }),
  );
  const handle = () =>
    sessions.handle(
      new Request('http://edge.example/api/auth/session', { headers: { cookie: next() } }),
    );
  figures.check = await best(400_000, () => sessions.check(next()));
  figures.has = await best(400_000, () => sessions.has(next()));
  figures.handle = await best(60_000, handle); // many: until then the host is still compiling
  sessions.dispose();
}

/** Two nodes on one Redis: what one has filled, what the other finds, a fresh hit, and a sign-out. */
async function measureSharing() {
  const { redis } = await load('stores/redis.js');
  const options = { origin: 'http://origin.example', memory: '16MB', secret: '5e'.repeat(16) };
  // A turn finds nothing that another has left.
  const prefix = `bench-${process.pid}`;
  const [one, other] = [1, 2].map(
    () => new SessionCache({ ...options, store: redis(redisUrl, { prefix }) }, { fetch }),
  );
  const some = cookies.slice(0, SHARED);
  const ask = (/** @type {any} */ node) => {
    let at = 0;
    return () => node.getSession({ headers: new Headers({ cookie: some[at++] }) });
  };
  figures['shared fill'] = await nsOf(SHARED, ask(one));
  // What it has left is in the store.
  while (one.statistics().originCalls < SHARED)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 200));
  figures['found in the store'] = await nsOf(SHARED, ask(other));
  if (other.statistics().originCalls > SHARED / 10) throw new Error('the store did not have them');
  let at = 0;
  const hit = () => other.check(some[at++ % SHARED]);
  figures['shared check'] = await best(200_000, hit);
  at = 0;
  figures['shared sign-out'] = await nsOf(SHARED, () =>
    one.revoke({ headers: new Headers({ cookie: some[at++] }) }),
  );
  for (const node of [one, other]) node.dispose();
}

if (sections.includes('checks')) await measureChecks();
if (sections.includes('sharing')) await measureSharing();
console.log(JSON.stringify(figures));
process.exit();
