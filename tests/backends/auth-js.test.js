// Auth.js for Express behind Sesame, as its own client asks it: sessions in a JWT that every answer renews, in a JWT
// that needs several cookies, and in a database; and next-auth 4 in Next.js. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { startAuthJs } from './npm/auth-js-server.js';
import { startNextAuth } from './npm/next-auth-server.js';

const DOCUMENT = '/auth/session';

/** @typedef {import('./lib/device.js').Device} Device */

/**
 * What a form of Auth.js sends.
 * @param {Device} device
 * @param {string} path below `base`
 * @param {Record<string, string>} fields
 */
async function post(device, path, fields, base = '/auth') {
  const { csrfToken } = await (await device.get(`${base}/csrf`)).json();
  const answer = await device.form(base + path, { csrfToken, ...fields });
  await answer.text();
  if (answer.status !== 302) throw new Error(`${path}: ${answer.status}`);
}

/** @type {Map<string, Awaited<ReturnType<typeof startAuthJs>>>} by what browsers take for the site */
const running = new Map();

/** @param {Parameters<typeof startAuthJs>[0]} how */
const startWith = (how) => async (/** @type {string} */ publicUrl) => {
  const server = await startAuthJs(how);
  running.set(publicUrl, server);
  return server;
};

const byPassword = (/** @type {Device} */ device, /** @type {string} */ user) =>
  post(device, '/callback/credentials', { name: user });

async function byMail(/** @type {Device} */ device, /** @type {string} */ user) {
  const email = `${user}@example.com`;
  await post(device, '/signin/email', { email });
  const token = running.get(device.site)?.mailed(email) ?? '';
  const link = `/auth/callback/email?${new URLSearchParams({ email, token })}`;
  const answer = await device.get(link, { accept: 'text/html' });
  if (answer.status !== 302) throw new Error(`${link}: ${answer.status}`);
}

const signOut = (/** @type {{ a: Device }} */ { a }) => post(a, '/signout', {});

const common = {
  options: { backend: 'auth.js', documentPath: DOCUMENT },
  documentPath: DOCUMENT,
  page: '/auth/providers',
  who: (/** @type {any} */ document) => document?.user?.name ?? null,
  changes: [],
};

// A JWT lives until it runs out, whoever has signed out: that a device is out is for its own browser alone.
const ofToken = [{ name: 'signOut', act: signOut, out: ['a'], stays: ['b'] }];

testJourneys({
  ...common,
  name: 'Auth.js, JWT',
  start: startWith({ strategy: 'jwt' }),
  signUp: byPassword,
  signIn: byPassword,
  endings: ofToken,
});

testJourneys({
  ...common,
  name: 'Auth.js, JWT in several cookies',
  start: startWith({ strategy: 'jwt', isLong: true }),
  signUp: byPassword,
  signIn: byPassword,
  endings: ofToken,
});

testJourneys({
  ...common,
  name: 'Auth.js, database',
  start: startWith({ strategy: 'database' }),
  signUp: byMail,
  signIn: byMail,
  endings: [
    { name: 'signOut', act: signOut, out: ['a', 'old a'], stays: ['b'] },
    {
      name: 'signOut, the session on two devices',
      act: signOut,
      out: ['a', 'old a', 'b'],
      second: async ({ a, copy }) => copy(a),
    },
  ],
});

const inNext = (/** @type {Device} */ device, /** @type {string} */ user) =>
  post(device, '/callback/credentials', { name: user }, '/api/auth');

testJourneys({
  ...common,
  name: 'next-auth 4, JWT',
  options: { backend: 'auth.js' },
  documentPath: '/api/auth/session',
  page: '/api/auth/providers',
  start: startNextAuth,
  signUp: inNext,
  signIn: inNext,
  endings: [
    {
      name: 'signOut',
      act: ({ a }) => post(a, '/signout', {}, '/api/auth'),
      out: ['a'],
      stays: ['b'],
    },
  ],
});
