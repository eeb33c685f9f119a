// Rails with Devise behind Sesame, as a browser uses its forms: sessions in an encrypted cookie that every answer writes
// anew. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { startRails } from './rails-site/start.js';

/** @typedef {import('./lib/device.js').Device} Device */

const PASSWORD = 'correct horse battery';
const NEW_PASSWORD = 'correct horse staple';
const DOCUMENT = '/api/v1/users/me';

const emailOf = (/** @type {string} */ user) => `${user}@example.com`;

/** What a page says the CSRF token is. @param {Device} device */
async function tokenOf(device, path = '/') {
  const page = await (await device.get(path, { accept: 'text/html' })).text();
  const token = /(?:authenticity_token" value|csrf-token" content)="([^"]+)"/.exec(page)?.[1];
  if (!token) throw new Error(`${path}: no token: ${page}`);
  return token;
}

/**
 * A form, as Turbo sends it.
 * @param {Device} device
 * @param {string} path
 * @param {Record<string, string>} fields
 */
async function submit(device, path, fields, method = 'POST') {
  const headers = {
    accept: 'text/vnd.turbo-stream.html, text/html',
    'x-csrf-token': await tokenOf(device),
  };
  const sent = method === 'POST' ? fields : { ...fields, _method: method.toLowerCase() };
  const answer = await device.form(path, sent, headers);
  const text = await answer.text();
  if (![302, 303].includes(answer.status)) throw new Error(`${path}: ${answer.status} ${text}`);
}

const PASSWORDS = { 'user[password]': PASSWORD, 'user[password_confirmation]': PASSWORD };

testJourneys({
  name: 'Rails with Devise',
  options: { backend: 'rails', cookie: '_site_session' },
  documentPath: DOCUMENT,
  page: '/',
  start: startRails,
  signUp: (device, user) =>
    submit(device, '/users', { 'user[email]': emailOf(user), ...PASSWORDS }),
  signIn: (device, user) =>
    submit(device, '/users/sign_in', { 'user[email]': emailOf(user), 'user[password]': PASSWORD }),
  who: (document) => document.email?.split('@')[0] ?? null,
  changes: [
    {
      name: 'PATCH, answered by 303',
      async act({ a }) {
        const headers = { 'x-csrf-token': await tokenOf(a) };
        const answer = await a.json(DOCUMENT, { name: 'Ada' }, headers, 'PATCH');
        if (answer.status !== 303) throw new Error(`${answer.status} ${await answer.text()}`);
      },
      shows: (document) => document.name,
      on: ['a', 'b'],
    },
  ],
  endings: [
    {
      // What the cookie says is all that there is to a session: that a device is out is for its own browser alone.
      name: 'users/sign_out',
      act: ({ a }) => submit(a, '/users/sign_out', {}, 'DELETE'),
      out: ['a'],
      stays: ['b'],
    },
    {
      name: 'a new password',
      act: ({ a }) =>
        submit(
          a,
          '/users',
          {
            'user[password]': NEW_PASSWORD,
            'user[password_confirmation]': NEW_PASSWORD,
            'user[current_password]': PASSWORD,
          },
          'PUT',
        ),
      out: ['b', 'old b', 'old a'],
      stays: ['a'],
    },
    {
      name: 'the account is cancelled',
      act: ({ a }) => submit(a, '/users', {}, 'DELETE'),
      out: ['a', 'b', 'old a', 'old b'],
    },
  ],
});
