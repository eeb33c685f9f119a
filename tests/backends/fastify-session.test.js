// Fastify with @fastify/session behind Sesame: every answer sets the cookie, of whoever is not signed in too, and a user
// who signs in goes on with it. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startFastifySession } from './npm/fastify-session-server.js';

/** @typedef {import('./lib/device.js').Device} Device */

const DOCUMENT = '/api/v1/users/me';
const MINUTE = 60_000;

async function signIn(/** @type {Device} */ device, /** @type {string} */ username) {
  // Whoever looks at the site has a session of nobody's, of which Sesame remembers that.
  const before = await device.get(DOCUMENT);
  if (before.status !== 401) throw new Error(`${before.status} ${await before.text()}`);
  await expectStatus(await device.json('/login', { username }), 302);
}

async function signOut(/** @type {{ a: Device }} */ { a }) {
  await expectStatus(await a.get('/logout', { accept: 'text/html' }), 302);
}

const common = {
  options: { backend: '@fastify/session' },
  documentPath: DOCUMENT,
  page: '/',
  who: (/** @type {any} */ document) => document.username ?? null,
  signUp: signIn,
  signIn,
  changes: [
    {
      name: 'PATCH',
      async act(/** @type {{ a: Device }} */ { a }) {
        await expectStatus(await a.json(DOCUMENT, { name: 'Ada' }, {}, 'PATCH'));
      },
      shows: (/** @type {any} */ document) => document.name,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
  endings: [
    { name: 'logout', act: signOut, out: ['a', 'old a'], stays: ['b'] },
    {
      name: 'logout, the session on two devices',
      act: signOut,
      second: async (/** @type {any} */ { a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
  ],
};

testJourneys({
  ...common,
  name: '@fastify/session',
  start: () => startFastifySession({ ttlMs: 30 * MINUTE }),
  endsIdleAfterMs: 30 * MINUTE,
});

testJourneys({
  ...common,
  name: '@fastify/session, a cookie with an end',
  start: () => startFastifySession({ maxAge: 120 * MINUTE }),
  endsIdleAfterMs: 120 * MINUTE,
  endings: common.endings.slice(0, 1),
});
