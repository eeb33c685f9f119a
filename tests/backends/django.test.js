// Django with its REST framework behind Sesame: sessions and their CSRF tokens as a browser has them, sessions that every
// answer renews, and tokens in `Authorization`. Journeys are lib/journeys.js's.
import { startDjango } from './django-site/start.js';
import { expectStatus } from './lib/expect.js';
import { testJourneys } from './lib/journeys.js';

/** @typedef {import('./lib/device.js').Device} Device */
/** @typedef {import('./lib/back-end.js').Pair} Pair */

const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'correct horse staple';
const WEBHOOK_SECRET = 'thirty-two characters, or more of them';
const DOCUMENT = '/api/users/me/';

/** @param {Record<string, string>} [settings] */
const startWith = (settings) => (/** @type {string} */ publicUrl) =>
  startDjango({ SESAME_URL: publicUrl, SESAME_WEBHOOK_SECRET: WEBHOOK_SECRET, ...settings });

/**
 * Fills in a form of Django's, as a browser does.
 * @param {Device} device
 * @param {string} path
 * @param {Record<string, string>} fields
 */
async function submit(device, path, fields) {
  const page = await expectStatus(await device.get(path, { accept: 'text/html' }), 200);
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1] ?? '';
  await expectStatus(await device.form(path, { csrfmiddlewaretoken: token, ...fields }), 302);
}

const register = async (/** @type {Device} */ device, /** @type {string} */ username) =>
  expectStatus(await device.json('/api/users/', { username, password: PASSWORD }), 201);
const signIn = (/** @type {Device} */ device, /** @type {string} */ username) =>
  submit(device, '/api-auth/login/', { username, password: PASSWORD, next: '/' });
async function signUp(/** @type {Device} */ device, /** @type {string} */ username) {
  await register(device, username);
  await signIn(device, username);
}

const idOf = async (/** @type {Device} */ device) => (await (await device.get(DOCUMENT)).json()).id;

const rename = async (/** @type {{ a: Device }} */ { a }) => {
  const headers = { 'x-csrftoken': a.cookies().csrftoken };
  await expectStatus(await a.json(DOCUMENT, { first_name: 'Ada' }, headers, 'PATCH'), 200);
};

/** @param {Pair} pair @param {string} action @param {Record<string, string>} fields */
async function byAdministrator({ a, user, signUp: signUpOther }, action, fields) {
  const admin = await signUpOther(`admin-of-${user}`);
  await submit(admin, `/admin/auth/user/${await idOf(a)}/${action}/`, fields);
}

const common = {
  documentPath: DOCUMENT,
  page: '/',
  who: (/** @type {any} */ document) => document.username ?? null,
  options: { backend: 'django', webhookSecret: WEBHOOK_SECRET },
  signUp,
  signIn,
};

/** @type {import('./lib/back-end.js').Ending[]} */
const endings = [
  {
    name: 'logout',
    act: async ({ a }) =>
      expectStatus(await a.get('/api-auth/logout/', { accept: 'text/html' }), 200),
    out: ['a', 'old a'],
    stays: ['b'],
  },
  {
    name: 'logout, the session on two devices',
    act: async ({ a }) =>
      expectStatus(await a.get('/api-auth/logout/', { accept: 'text/html' }), 200),
    second: async ({ a, copy }) => copy(a),
    out: ['b', 'a', 'old a'],
  },
  {
    name: 'password_change',
    act: ({ a }) =>
      submit(a, '/accounts/password_change/', {
        old_password: PASSWORD,
        new_password1: NEW_PASSWORD,
        new_password2: NEW_PASSWORD,
      }),
    out: ['b', 'old b', 'old a'],
    stays: ['a'],
  },
  {
    name: 'an administrator deletes the user',
    act: (pair) => byAdministrator(pair, 'delete', { post: 'yes' }),
    out: ['a', 'b', 'old a', 'old b'],
  },
  {
    name: 'an administrator sets a password',
    act: (pair) =>
      byAdministrator(pair, 'password', { password1: NEW_PASSWORD, password2: NEW_PASSWORD }),
    out: ['a', 'b', 'old a', 'old b'],
  },
];

testJourneys({
  ...common,
  name: 'Django, sessions',
  start: startWith(),
  changes: [
    { name: 'PATCH', act: rename, shows: (document) => document.first_name, on: ['a', 'b'] },
  ],
  endings,
});

testJourneys({
  ...common,
  name: 'Django, sessions that every answer renews',
  start: startWith({ SITE_SLIDING: '1' }),
  changes: [
    { name: 'PATCH', act: rename, shows: (document) => document.first_name, on: ['a', 'b'] },
  ],
  endings: endings.slice(0, 3),
});

/** A token of REST framework's own, in every request from now on. */
async function takeToken(/** @type {Device} */ device, /** @type {string} */ username) {
  const answer = await device.json('/api-token-auth/', { username, password: PASSWORD });
  const { token } = JSON.parse(await expectStatus(answer, 200));
  device.sendAlways({ authorization: `Token ${token}` });
}

testJourneys({
  ...common,
  name: 'Django, tokens',
  start: startWith(),
  async signUp(device, user) {
    await register(device, user);
    await takeToken(device, user);
  },
  signIn: takeToken,
  changes: [
    {
      name: 'PATCH',
      act: async ({ a }) =>
        expectStatus(await a.json(DOCUMENT, { first_name: 'Ada' }, {}, 'PATCH'), 200),
      shows: (document) => document.first_name,
      on: ['a', 'b'],
    },
  ],
  endings: [
    {
      // A user has one token, on all devices.
      name: 'token/logout',
      act: async ({ a }) => expectStatus(await a.json('/auth/token/logout/'), 204),
      out: ['a', 'b'],
      isEnd: true,
    },
  ],
});
