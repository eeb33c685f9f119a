// A stand-in for ASP.NET Core Identity behind Sesame: its cookie, also where that is in chunks, lives for an hour and
// slides, and whoever is not signed in is sent to a page, and its bearer tokens. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startAspNet } from './stand-ins/aspnet.js';

/** @typedef {import('./lib/device.js').Device} Device */

const password = 'correct horse battery';
const emailOf = (/** @type {string} */ user) => `${user}@example.com`;

const register = async (/** @type {Device} */ device, /** @type {string} */ user) =>
  expectStatus(await device.json('/register', { email: emailOf(user), password }));
const signIn = async (/** @type {Device} */ device, /** @type {string} */ user) =>
  expectStatus(await device.json('/login?useCookies=true', { email: emailOf(user), password }));

const common = {
  options: { backend: 'aspnet' },
  documentPath: '/manage/info',
  page: '/weatherforecast',
  who: (/** @type {any} */ document) => document.email?.split('@')[0] ?? null,
  async signUp(/** @type {Device} */ device, /** @type {string} */ user) {
    await register(device, user);
    await signIn(device, user);
  },
  signIn,
  changes: [
    {
      name: 'confirmEmail',
      act: async (/** @type {import('./lib/back-end.js').Pair} */ { a, user }) =>
        expectStatus(await a.get(`/confirmEmail?userId=1&code=code-of-${emailOf(user)}`)),
      shows: (/** @type {any} */ document) => document.isEmailConfirmed,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
  endings: [
    {
      // What the cookie says is all that there is to a session: that a device is out is for its own browser alone.
      name: 'logout',
      act: async (/** @type {{ a: Device }} */ { a }) => expectStatus(await a.json('/logout')),
      out: ['a'],
      stays: ['b'],
    },
  ],
};

testJourneys({ ...common, name: 'ASP.NET, cookies (stand-in)', start: () => startAspNet() });

testJourneys({
  ...common,
  name: 'ASP.NET, cookies in chunks for an hour, with pages (stand-in)',
  start: () => startAspNet({ expireTimeSpanS: 3600, hasPages: true, isLong: true }),
  endsIdleAfterMs: 60 * 60_000,
});

/** The refresh token of each device. @type {WeakMap<Device, string>} */
const refreshTokens = new WeakMap();

/** @param {Device} device @param {string} path @param {object} fields */
async function takeTokens(device, path, fields) {
  const text = await expectStatus(await device.json(path, fields));
  const { accessToken, refreshToken } = JSON.parse(text);
  device.sendAlways({ authorization: `Bearer ${accessToken}` });
  refreshTokens.set(device, refreshToken);
}

testJourneys({
  ...common,
  name: 'ASP.NET, bearer tokens (stand-in)',
  start: () => startAspNet(),
  async signUp(device, user) {
    await register(device, user);
    await takeTokens(device, '/login', { email: emailOf(user), password });
  },
  signIn: (device, user) => takeTokens(device, '/login', { email: emailOf(user), password }),
  renew: (device) => takeTokens(device, '/refresh', { refreshToken: refreshTokens.get(device) }),
  endings: [],
});
