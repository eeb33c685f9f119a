// A stand-in for Keycloak behind Sesame: access tokens that live for five minutes, refresh tokens that are good for one use,
// sign-outs that name a session by its refresh token alone, and what an administrator does. Journeys are lib/journeys.js's.
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { startKeycloak } from './stand-ins/keycloak.js';

/** @typedef {import('./lib/device.js').Device} Device */
/** @typedef {import('./lib/back-end.js').Pair} Pair */

const OIDC = '/realms/app/protocol/openid-connect';
const USERS = '/admin/realms/app/users';
const CLIENT = { client_id: 'spa' };

/** The refresh token of each device. @type {WeakMap<Device, string>} */
const refreshTokens = new WeakMap();

/** @param {Device} device @param {Record<string, string>} fields */
async function takeTokens(device, fields) {
  const answer = await device.form(`${OIDC}/token`, { ...CLIENT, ...fields });
  const { access_token: token, refresh_token: refreshToken } = JSON.parse(
    await expectStatus(answer),
  );
  device.sendAlways({ authorization: `Bearer ${token}` });
  refreshTokens.set(device, refreshToken);
}

const signIn = (/** @type {Device} */ device, /** @type {string} */ username) =>
  takeTokens(device, { grant_type: 'password', username, password: 'password' });

/** A request without the access token: its body says which session. @param {string} path */
const named =
  (path, /** @type {string} */ field) =>
  (/** @type {Pair} */ { a, url }) =>
    fetch(`${url}${OIDC}/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ ...CLIENT, [field]: refreshTokens.get(a) ?? '' }),
    });

/** @param {string} below @param {string} method @param {object} [change] */
const byAdministrator = (below, method, change) => async (/** @type {Pair} */ pair) => {
  const { sub } = await (await pair.a.get(`${OIDC}/userinfo`)).json();
  const admin = await pair.signUp(`admin-of-${pair.user}`);
  await expectStatus(await admin.json(`${USERS}/${sub}${below}`, change, {}, method), 204);
};

testJourneys({
  name: 'Keycloak (stand-in)',
  options: { backend: 'keycloak', documentPath: `${OIDC}/userinfo` },
  documentPath: `${OIDC}/userinfo`,
  page: '/realms/app',
  start: startKeycloak,
  who: (document) => document.preferred_username ?? null,
  async signUp(device, username) {
    await expectStatus(await device.json(USERS, { username, firstName: '' }), 201);
    await signIn(device, username);
  },
  signIn,
  renew: (device) =>
    takeTokens(device, {
      grant_type: 'refresh_token',
      refresh_token: refreshTokens.get(device) ?? '',
    }),
  endsIdleAfterMs: 30 * 60_000,
  changes: [
    {
      name: 'an administrator writes the user',
      act: byAdministrator('', 'PUT', { firstName: 'Ada' }),
      shows: (document) => document.given_name,
      on: ['a', 'b'],
    },
  ],
  endings: [
    {
      name: 'logout with the refresh token',
      act: async (pair) => expectStatus(await named('logout', 'refresh_token')(pair), 204),
      out: ['a', 'old a'],
      stays: ['b'],
    },
    {
      name: 'revoke',
      act: async (pair) => expectStatus(await named('revoke', 'token')(pair)),
      out: ['a', 'old a'],
      stays: ['b'],
    },
    {
      name: 'an administrator signs the user out',
      act: byAdministrator('/logout', 'POST'),
      out: ['a', 'b', 'old a', 'old b'],
    },
    {
      name: 'an administrator deletes the user',
      act: byAdministrator('', 'DELETE'),
      out: ['a', 'b', 'old a', 'old b'],
    },
  ],
});
