// A stand-in for Supabase's Auth behind Sesame, as its JavaScript client asks it: bearer tokens beside the project's key,
// refresh tokens that are good for one use, and three kinds of sign-out. Journeys are lib/journeys.js's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { openScene } from './lib/scene.js';
import { API_KEY, startSupabase } from './stand-ins/supabase.js';

/** @typedef {import('./lib/device.js').Device} Device */
/** @typedef {import('./lib/back-end.js').Pair} Pair */

const PASSWORD = 'correct horse battery';
const emailOf = (/** @type {string} */ user) => `${user}@example.com`;

/** The refresh token of each device. @type {WeakMap<Device, string>} */
const refreshTokens = new WeakMap();

/** @param {Device} device @param {string} path @param {object} fields */
async function takeTokens(device, path, fields) {
  device.sendAlways({ apikey: API_KEY, 'x-supabase-api-version': '2024-01-01' });
  const text = await expectStatus(await device.json(path, fields));
  const { access_token: token, refresh_token: refreshToken } = JSON.parse(text);
  device.sendAlways({ authorization: `Bearer ${token}` });
  refreshTokens.set(device, refreshToken);
}

/** @param {string} scope */
const signOut =
  (scope) =>
  async (/** @type {Pair} */ { a }) =>
    expectStatus(await a.json(`/auth/v1/logout?scope=${scope}`), 204);

const update =
  (/** @type {object} */ change) =>
  async (/** @type {Pair} */ { a }) =>
    expectStatus(await a.json('/auth/v1/user', change, {}, 'PUT'));

/** @type {import('./lib/back-end.js').BackEnd} */
const supabase = {
  name: 'Supabase (stand-in)',
  options: { backend: 'supabase' },
  documentPath: '/auth/v1/user',
  page: '/auth/v1/settings',
  start: startSupabase,
  who: (document) => document.email?.split('@')[0] ?? null,
  signUp: (device, user) =>
    takeTokens(device, '/auth/v1/signup', { email: emailOf(user), password: PASSWORD }),
  signIn: (device, user) =>
    takeTokens(device, '/auth/v1/token?grant_type=password', {
      ...{ email: emailOf(user), password: PASSWORD },
    }),
  renew: (device) =>
    takeTokens(device, '/auth/v1/token?grant_type=refresh_token', {
      refresh_token: refreshTokens.get(device),
    }),
  changes: [
    {
      name: 'updateUser',
      act: update({ data: { motto: 'Onwards' } }),
      shows: (document) => document.user_metadata.motto,
      on: ['a', 'b'],
    },
  ],
  endings: [
    { name: 'signOut', act: signOut('global'), out: ['a', 'b', 'old a', 'old b'] },
    { name: 'signOut, local', act: signOut('local'), out: ['a', 'old a'], stays: ['b'] },
    { name: 'signOut, others', act: signOut('others'), out: ['b', 'old b'], stays: ['a'] },
    {
      name: 'updateUser, a new password',
      act: update({ password: 'another' }),
      out: ['b', 'old b'],
      stays: ['a'],
    },
  ],
};

testJourneys(supabase);

test('R4: a request without the project’s key gets the gateway’s answer, and signs nobody out', async () => {
  const scene = await openScene(supabase, 'Node');
  try {
    const user = scene.newUser();
    const device = await scene.signUp(user);
    const keyless = scene.copy(device);
    keyless.sendAlways({ apikey: 'another' });
    assert.equal((await scene.check(device)).user, user);
    scene.begin();
    const { status, text } = await scene.check(keyless);
    assert.equal(status, 401);
    assert.match(text, /No API key found/);
    const calls = scene.line.calls();
    assert.equal((await scene.check(device)).user, user);
    assert.equal(scene.line.calls(), calls);
  } finally {
    await scene.close();
  }
});
