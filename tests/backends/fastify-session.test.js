// Fastify with @fastify/session behind Sesame: every answer sets the cookie, of whoever is not signed in too, and a user
// who signs in goes on with it. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { startFastifySession } from './npm/fastify-session-server.js';

/** @typedef {import('./lib/device.js').Device} Device */

const DOCUMENT = '/api/v1/users/me';
const MINUTE = 60_000;

async function signIn(/** @type {Device} */ device, /** @type {string} */ username) {
  // Whoever looks at the site has a session of nobody's, of which Sesame remembers that.
  const before = await device.get(DOCUMENT);
  if (before.status !== 401) throw new Error(`${before.status} ${await before.text()}`);
  const answer = await device.json('/login', { username });
  if (answer.status !== 302) throw new Error(`${answer.status} ${await answer.text()}`);
}

async function signOut(/** @type {{ a: Device }} */ { a }) {
  const answer = await a.get('/logout', { accept: 'text/html' });
  if (answer.status !== 302) throw new Error(`${answer.status} ${await answer.text()}`);
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
        const answer = await a.json(DOCUMENT, { name: 'Ada' }, {}, 'PATCH');
        if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
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
