// A stand-in for Spring Security behind Sesame: form login with its CSRF tokens and a session that ends when it is idle,
// where whoever is not signed in is sent to a page, and where he gets 401. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startSpring } from './stand-ins/spring.js';

/** @typedef {import('./lib/device.js').Device} Device */

const password = 'correct horse battery';

const tokenOf = async (/** @type {Device} */ device) =>
  (await (await device.get('/api/csrf')).json()).token;

/** @param {Device} device @param {string} path @param {Record<string, string>} [fields] */
async function submit(device, path, fields = {}) {
  await expectStatus(await device.form(path, { _csrf: await tokenOf(device), ...fields }), 302);
}

const common = {
  options: { backend: 'spring' },
  documentPath: '/api/me',
  page: '/login',
  endsIdleAfterMs: 30 * 60_000,
  signUp: (/** @type {Device} */ device, /** @type {string} */ username) =>
    submit(device, '/register', { username, password }),
  signIn: (/** @type {Device} */ device, /** @type {string} */ username) =>
    submit(device, '/login', { username, password }),
  who: (/** @type {any} */ document) => document.username ?? null,
  changes: [
    {
      name: 'PATCH',
      async act(/** @type {{ a: Device }} */ { a }) {
        const headers = { 'x-csrf-token': await tokenOf(a) };
        await expectStatus(await a.json('/api/me', { motto: 'Onwards' }, headers, 'PATCH'));
      },
      shows: (/** @type {any} */ document) => document.motto,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
  endings: [
    {
      name: 'logout',
      act: (/** @type {{ a: Device }} */ { a }) => submit(a, '/logout'),
      out: ['a', 'old a'],
      stays: ['b'],
    },
    {
      name: 'logout, the session on two devices',
      act: (/** @type {{ a: Device }} */ { a }) => submit(a, '/logout'),
      second: async (/** @type {import('./lib/back-end.js').Pair} */ { a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
  ],
};

testJourneys({
  ...common,
  name: 'Spring Security, form login (stand-in)',
  start: () => startSpring(),
});

testJourneys({
  ...common,
  name: 'Spring Security, 401 (stand-in)',
  start: () => startSpring({ entryPoint: 401 }),
});
