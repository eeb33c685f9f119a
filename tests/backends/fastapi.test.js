// FastAPI behind Sesame: the bearer tokens of its tutorial, and the same token in a cookie, quoted and with its scheme; both
// with refresh tokens that are good for one use. Journeys are lib/journeys.js's.
import { startFastApi } from './fastapi-site/start.js';
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';

/** @typedef {import('./lib/device.js').Device} Device */

const PASSWORD = 'correct horse battery';
const DOCUMENT = '/users/me';

const register = async (/** @type {Device} */ device, /** @type {string} */ username) =>
  expectStatus(await device.json('/users', { username, password: PASSWORD }), 201);

const common = {
  documentPath: DOCUMENT,
  page: '/users/me/items/',
  options: { backend: 'fastapi' },
  // Sesame's clock is moved by 40 minutes, and its own is not.
  start: () => startFastApi({ ACCESS_TOKEN_EXPIRE_MINUTES: '60' }),
  who: (/** @type {any} */ document) => document.username ?? null,
  changes: [
    {
      name: 'PATCH',
      act: async (/** @type {{ a: Device }} */ { a }) =>
        expectStatus(await a.json(DOCUMENT, { full_name: 'Ada' }, {}, 'PATCH')),
      shows: (/** @type {any} */ document) => document.full_name,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
};

const logout = async (/** @type {{ a: Device }} */ { a }) => expectStatus(await a.json('/logout'));
const accountDeleted = {
  name: 'the account is deleted',
  act: async (/** @type {{ a: Device }} */ { a }) =>
    expectStatus(await a.json(DOCUMENT, {}, {}, 'DELETE'), 204),
  out: ['a', 'b', 'old a', 'old b'],
};

/** The refresh token of each device. @type {WeakMap<Device, string>} */
const refreshTokens = new WeakMap();

/** @param {Device} device @param {string} text */
function keepTokens(device, text) {
  const { access_token: token, refresh_token: refreshToken } = JSON.parse(text);
  device.sendAlways({ authorization: `Bearer ${token}` });
  refreshTokens.set(device, refreshToken);
}

/** @param {Device} device @param {string} username */
async function takeToken(device, username) {
  const form = { username, password: PASSWORD };
  keepTokens(device, await expectStatus(await device.form('/token', form)));
}

testJourneys({
  ...common,
  name: 'FastAPI, bearer tokens',
  async signUp(device, user) {
    await register(device, user);
    await takeToken(device, user);
  },
  signIn: takeToken,
  async renew(device) {
    const sent = { refresh_token: refreshTokens.get(device) };
    keepTokens(device, await expectStatus(await device.json('/token/refresh', sent)));
  },
  // The back end cannot end a token; Sesame does.
  endings: [
    { name: 'logout', act: logout, out: ['a', 'old a'], stays: ['b'], isEnd: true },
    accountDeleted,
  ],
});

const signIn = async (/** @type {Device} */ device, /** @type {string} */ username) =>
  expectStatus(await device.form('/login', { username, password: PASSWORD }));

testJourneys({
  ...common,
  name: 'FastAPI, tokens in a cookie',
  async signUp(device, user) {
    await register(device, user);
    await signIn(device, user);
  },
  signIn,
  renew: async (device) => expectStatus(await device.json('/refresh')),
  // A token lives until it runs out: that a device is out is for its own browser alone.
  endings: [{ name: 'logout', act: logout, out: ['a'], stays: ['b'] }, accountDeleted],
});
