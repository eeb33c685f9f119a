// PHP's own sessions behind Sesame, as a browser uses them: a cookie that stays the same, and sessions that end when they
// are idle. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { startPhp } from './php-site/start.js';

/** @typedef {import('./lib/device.js').Device} Device */

/** @param {Device} device @param {string} path @param {Record<string, string>} [fields] */
async function submit(device, path, fields = {}, status = 303) {
  const answer = await device.form(path, fields);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${path}: ${answer.status} ${text}`);
}

testJourneys({
  name: 'PHP, sessions',
  options: { backend: 'php', effects: [{ path: '/password.php', effect: 'endsOthers' }] },
  documentPath: '/me.php',
  page: '/index.php',
  start: startPhp,
  endsIdleAfterMs: 24 * 60_000,
  signUp: (device, name) => submit(device, '/register.php', { name }),
  signIn: (device, name) => submit(device, '/login.php', { name }),
  who: (document) => document.name ?? null,
  changes: [
    {
      name: 'POST on the document',
      act: ({ a }) => submit(a, '/me.php', { motto: 'Onwards' }, 200),
      shows: (document) => document.motto,
      on: ['a', 'b'],
    },
  ],
  endings: [
    {
      name: 'session_destroy()',
      act: ({ a }) => submit(a, '/logout.php'),
      out: ['a', 'old a'],
      stays: ['b'],
    },
    {
      name: 'session_destroy(), the session on two devices',
      act: ({ a }) => submit(a, '/logout.php'),
      second: async ({ a, copy }) => copy(a),
      out: ['b', 'a', 'old a'],
    },
    {
      name: 'a new password, which ends the others',
      act: ({ a }) => submit(a, '/password.php'),
      out: ['b', 'old b', 'old a'],
      stays: ['a'],
    },
  ],
});
