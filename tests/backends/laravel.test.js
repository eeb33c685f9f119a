// A stand-in for Laravel with Sanctum behind Sesame: a single-page application with its CSRF token and a session cookie that
// every answer encrypts anew, and API tokens. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startLaravel } from './stand-ins/laravel.js';

/** @typedef {import('./lib/device.js').Device} Device */

const PASSWORD = 'correct horse battery';

/** As axios does it. @param {Device} device @param {string} path @param {object} fields */
async function send(device, path, fields, method = 'POST', status = 204) {
  device.sendAlways({ referer: `${device.site}/` });
  if (device.cookies()['XSRF-TOKEN'] === undefined) await device.get('/sanctum/csrf-cookie');
  const token = decodeURIComponent(device.cookies()['XSRF-TOKEN']);
  await expectStatus(await device.json(path, fields, { 'x-xsrf-token': token }, method), status);
}

const common = {
  options: { backend: 'laravel' },
  documentPath: '/api/user',
  page: '/',
  start: startLaravel,
  who: (/** @type {any} */ document) => document.name ?? null,
};

testJourneys({
  ...common,
  name: 'Laravel Sanctum, a session (stand-in)',
  endsIdleAfterMs: 120 * 60_000,
  signUp: (device, name) => send(device, '/register', { name, password: PASSWORD }),
  signIn: (device, name) => send(device, '/login', { name, password: PASSWORD }),
  changes: [
    {
      name: 'PUT /user/profile-information',
      act: ({ a }) => send(a, '/user/profile-information', { motto: 'Onwards' }, 'PUT', 200),
      shows: (document) => document.motto,
      on: ['a', 'b'],
    },
  ],
  endings: [
    { name: 'logout', act: ({ a }) => send(a, '/logout', {}), out: ['a', 'old a'], stays: ['b'] },
    {
      name: 'logout, the session on two devices',
      act: ({ a }) => send(a, '/logout', {}),
      second: async ({ a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
    {
      name: 'PUT /user/password',
      act: ({ a }) => send(a, '/user/password', { password: 'another' }, 'PUT', 200),
      out: ['b', 'old b'],
      stays: ['a'],
    },
  ],
});

/** @param {Device} device @param {string} name */
async function takeToken(device, name) {
  const answer = await device.json('/sanctum/token', { name, password: PASSWORD });
  device.sendAlways({ authorization: `Bearer ${await expectStatus(answer)}` });
}

testJourneys({
  ...common,
  name: 'Laravel Sanctum, API tokens (stand-in)',
  async signUp(device, name) {
    await send(device, '/register', { name, password: PASSWORD });
    await send(device, '/logout', {});
    device.forgetCookies();
    device.sendAlways({ referer: '' });
    await takeToken(device, name);
  },
  signIn: takeToken,
  changes: [],
  endings: [
    {
      name: 'the token is deleted',
      act: async ({ a }) => expectStatus(await a.json('/api/token', {}, {}, 'DELETE'), 204),
      out: ['a', 'old a'],
      stays: ['b'],
    },
  ],
});
