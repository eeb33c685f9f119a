// Express with express-session and passport-local behind Sesame, as a browser uses its forms: with a cookie that stays as
// it is, and with one that every answer renews. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startExpressSession } from './npm/express-session-server.js';

/** @typedef {import('./lib/device.js').Device} Device */

const DOCUMENT = '/api/v1/users/me';
const PASSWORD = 'correct horse battery';
const MINUTE = 60_000;

/** A form that is answered with a redirect. @param {Device} device @param {string} path @param {Record<string, string>} fields */
async function submit(device, path, fields = {}, to = '/') {
  const answer = await device.form(path, fields);
  const found = { status: answer.status, location: answer.headers.get('location') };
  if (found.status !== 302 || found.location !== to) {
    throw new Error(`${path}: ${found.status} ${found.location} ${await answer.text()}`);
  }
}

async function signIn(/** @type {Device} */ device, /** @type {string} */ username) {
  // A first attempt leaves a session of nobody's, which the sign-in replaces.
  await submit(device, '/login/password', { username, password: 'wrong' }, '/login');
  await submit(device, '/login/password', { username, password: PASSWORD });
}

const logout = {
  name: 'logout',
  act: (/** @type {{ a: Device }} */ { a }) => submit(a, '/logout'),
};

const common = {
  documentPath: DOCUMENT,
  page: '/',
  who: (/** @type {any} */ document) => document.username ?? null,
  signUp: (/** @type {Device} */ device, /** @type {string} */ username) =>
    submit(device, '/signup', { username, password: PASSWORD }),
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
};

testJourneys({
  ...common,
  name: 'express-session with passport',
  // What signs out a user's other devices is the application's own.
  options: {
    backend: 'express-session',
    effects: [{ method: 'POST', path: '/account/password', effect: 'endsOthers' }],
  },
  start: () => startExpressSession({ ttlMs: 30 * MINUTE }),
  endsIdleAfterMs: 30 * MINUTE,
  endings: [
    { ...logout, out: ['a', 'old a'], stays: ['b'] },
    {
      ...logout,
      name: 'logout, the session on two devices',
      second: async ({ a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
    {
      name: 'a new password, as the application does it',
      act: ({ a }) => submit(a, '/account/password', { password: `${PASSWORD} staple` }),
      out: ['b', 'old b'],
      stays: ['a'],
    },
  ],
});

testJourneys({
  ...common,
  name: 'express-session, rolling',
  options: { backend: 'express-session' },
  start: () => startExpressSession({ rolling: true, maxAge: 120 * MINUTE }),
  endsIdleAfterMs: 120 * MINUTE,
  endings: [{ ...logout, out: ['a', 'old a'], stays: ['b'] }],
});
