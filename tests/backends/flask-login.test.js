// Flask with Flask-Login behind Sesame, as a browser uses it: a session in a signed cookie, one that every answer renews,
// and a site that sends whoever is not signed in to its sign-in page. Journeys are lib/journeys.js's.
import { startFlask } from './flask-site/start.js';
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';

/** @typedef {import('./lib/device.js').Device} Device */

/** @param {Device} device @param {string} path @param {Record<string, string>} [fields] */
async function submit(device, path, fields = {}) {
  await expectStatus(await device.form(path, fields), 302);
}

const common = {
  options: { backend: 'flask-login', effects: [{ path: '/password', effect: 'endsOthers' }] },
  documentPath: '/api/me',
  page: '/',
  signUp: (/** @type {Device} */ device, /** @type {string} */ name) =>
    submit(device, '/register', { name }),
  signIn: (/** @type {Device} */ device, /** @type {string} */ name) =>
    submit(device, '/login', { name }),
  who: (/** @type {any} */ document) => document.id ?? null,
  changes: [
    {
      name: 'PATCH',
      async act(/** @type {{ a: Device }} */ { a }) {
        await expectStatus(await a.json('/api/me', { motto: 'Onwards' }, {}, 'PATCH'));
      },
      shows: (/** @type {any} */ document) => document.motto,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
  endings: [
    {
      // What the cookie says is all that there is to a session: that a device is out is for its own browser alone.
      name: 'logout_user()',
      act: (/** @type {{ a: Device }} */ { a }) => submit(a, '/logout'),
      out: ['a'],
      stays: ['b'],
    },
    {
      name: 'a new alternative identifier',
      act: (/** @type {{ a: Device }} */ { a }) => submit(a, '/password'),
      out: ['b', 'old b', 'old a'],
      stays: ['a'],
    },
  ],
};

testJourneys({ ...common, name: 'Flask-Login', start: () => startFlask() });

testJourneys({
  ...common,
  name: 'Flask-Login, permanent sessions',
  start: () => startFlask({ SITE_PERMANENT: '1', SITE_LOGIN_VIEW: 'login' }),
});
