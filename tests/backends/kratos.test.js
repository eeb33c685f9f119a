// A stand-in for Ory Kratos behind Sesame, as a single-page application uses it: a session cookie, and the session token of
// other clients. Journeys are lib/journeys.js's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';
import { openScene } from './lib/scene.js';
import { startKratos } from './stand-ins/kratos.js';

/** @typedef {import('./lib/device.js').Device} Device */
/** @typedef {import('./lib/back-end.js').Pair} Pair */

const PASSWORD = 'correct horse battery';
const emailOf = (/** @type {string} */ user) => `${user}@example.com`;
const pathOf = (/** @type {string} */ url) => new URL(url, 'http://host').pathname;

/** Begins a flow and submits it. @param {Device} device @param {string} kind @param {object} fields */
async function submit(device, kind, fields, type = 'browser') {
  const flow = JSON.parse(await expectStatus(await device.get(`/self-service/${kind}/${type}`)));
  return JSON.parse(await expectStatus(await device.json(flow.ui.action, fields)));
}

const registration = (/** @type {string} */ user) => ({
  ...{ method: 'password', password: PASSWORD, traits: { email: emailOf(user) } },
});
const login = (/** @type {string} */ user) => ({
  ...{ method: 'password', password: PASSWORD, identifier: emailOf(user) },
});

async function logout(/** @type {Pair} */ { a }) {
  const answer = await expectStatus(await a.get('/self-service/logout/browser'));
  const { logout_url: url, logout_token: token } = JSON.parse(answer);
  await expectStatus(await a.get(`${pathOf(url)}?token=${token}`), 204);
}

const common = {
  options: { backend: 'kratos' },
  documentPath: '/sessions/whoami',
  page: '/sessions',
  start: startKratos,
  who: (/** @type {any} */ document) => document.identity?.traits.email.split('@')[0] ?? null,
};

/** @type {import('./lib/back-end.js').BackEnd} */
const browser = {
  ...common,
  name: 'Ory Kratos, a browser (stand-in)',
  signUp: (device, user) => submit(device, 'registration', registration(user)),
  signIn: (device, user) => submit(device, 'login', login(user)),
  changes: [
    {
      name: 'settings, profile',
      act: ({ a, user }) =>
        submit(a, 'settings', {
          method: 'profile',
          traits: { email: emailOf(user), motto: 'Onwards' },
        }),
      shows: (document) => document.identity.traits.motto,
      on: ['a', 'b'],
    },
  ],
  endings: [
    { name: 'logout', act: logout, out: ['a', 'old a'], stays: ['b'] },
    {
      name: 'logout, the session on two devices',
      act: logout,
      second: async ({ a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
    {
      name: 'DELETE /sessions',
      act: async ({ a }) => expectStatus(await a.json('/sessions', {}, {}, 'DELETE')),
      out: ['b', 'old b'],
      stays: ['a'],
    },
    {
      name: 'settings, a new password that revokes the others',
      act: ({ a }) => submit(a, 'settings', { method: 'password', password: 'another' }),
      out: ['b', 'old b'],
      stays: ['a'],
    },
  ],
};

testJourneys(browser);

/** The session token of each device. @type {WeakMap<Device, string>} */
const tokens = new WeakMap();

/** @param {Device} device @param {string} kind @param {object} fields */
async function takeToken(device, kind, fields) {
  const { session_token: token } = await submit(device, kind, fields, 'api');
  tokens.set(device, token);
  device.sendAlways({ authorization: `Bearer ${token}` });
}

testJourneys({
  ...common,
  name: 'Ory Kratos, session tokens (stand-in)',
  signUp: (device, user) => takeToken(device, 'registration', registration(user)),
  signIn: (device, user) => takeToken(device, 'login', login(user)),
  changes: [],
  endings: [
    {
      // It names the session in its body alone.
      name: 'logout/api',
      async act({ a, url }) {
        const body = JSON.stringify({ session_token: tokens.get(a) });
        const headers = { 'content-type': 'application/json' };
        const to = `${url}/self-service/logout/api`;
        await expectStatus(await fetch(to, { method: 'DELETE', headers, body }), 204);
      },
      out: ['a', 'old a'],
      stays: ['b'],
    },
  ],
});

test('R4: a session token beside the cookie counts before it, and neither user is taken for the other', async () => {
  const scene = await openScene(browser, 'Node');
  try {
    const [one, other] = [scene.newUser(), scene.newUser()];
    const device = await scene.signUp(one);
    const native = scene.copy(device);
    await takeToken(native, 'registration', registration(other));
    const both = scene.copy(device);
    both.sendAlways({ 'x-session-token': tokens.get(native) ?? '' });
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await scene.check(both)).user, other);
      assert.equal((await scene.check(device)).user, one);
    }
  } finally {
    await scene.close();
  }
});
