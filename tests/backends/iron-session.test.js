// iron-session behind Sesame: its own example, and an application that seals the session anew with each answer, in one
// cookie and in several. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { startIronExample, startIronSession } from './npm/iron-session-server.js';

/** @typedef {import('./lib/device.js').Device} Device */

const EXAMPLE = '/api/session';
const DOCUMENT = '/api/user';

/** @param {Promise<Response>} sent */
async function expectOk(sent) {
  const answer = await sent;
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${text}`);
}

const who = (/** @type {any} */ document) => document.username || null;
const byExample = (/** @type {Device} */ device, /** @type {string} */ username) =>
  expectOk(device.json(EXAMPLE, { username }));
const signIn = (/** @type {Device} */ device, /** @type {string} */ username) =>
  expectOk(device.json('/api/login', { username }));

// What the cookie says is all that there is to a session: that a device is out is for its own browser alone.
const ofBrowser = { out: ['a'], stays: ['b', 'old a'] };

testJourneys({
  name: 'iron-session, its example',
  options: { backend: 'iron-session', cookie: 'iron_site' },
  documentPath: EXAMPLE,
  page: '/another',
  who,
  start: startIronExample,
  signUp: byExample,
  signIn: byExample,
  changes: [
    {
      name: 'PATCH',
      act: ({ a }) => expectOk(a.json(EXAMPLE, {}, {}, 'PATCH')),
      shows: (document) => document.counter,
      on: ['a'],
    },
  ],
  endings: [
    {
      name: 'DELETE',
      act: ({ a }) => expectOk(a.json(EXAMPLE, {}, {}, 'DELETE')),
      ...ofBrowser,
    },
  ],
});

const common = {
  options: { backend: 'iron-session', cookie: 'iron_site', documentPath: DOCUMENT },
  documentPath: DOCUMENT,
  page: '/api/another',
  who,
  signUp: signIn,
  signIn,
  changes: [
    {
      name: 'PATCH',
      act: (/** @type {{ a: Device }} */ { a }) =>
        expectOk(a.json(DOCUMENT, { name: 'Ada' }, {}, 'PATCH')),
      shows: (/** @type {any} */ document) => document.name,
      on: /** @type {('a' | 'b')[]} */ (['a', 'b']),
    },
  ],
  endings: [
    {
      name: 'logout',
      act: (/** @type {{ a: Device }} */ { a }) => expectOk(a.json('/api/logout')),
      ...ofBrowser,
    },
  ],
};

testJourneys({
  ...common,
  name: 'iron-session, saved with each answer',
  start: () => startIronSession(),
});

testJourneys({
  ...common,
  name: 'iron-session, in several cookies',
  start: () => startIronSession({ isLong: true }),
});
