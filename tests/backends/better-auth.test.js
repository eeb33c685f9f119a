// better-auth in its current release behind Sesame, driven by its own client. Journeys are lib/journeys.js's.
import assert from 'node:assert/strict';
import { testJourneys } from './lib/journeys.js';
import { clientOf } from './npm/better-auth-client.js';
import { startBetterAuth } from './npm/better-auth-server.js';

const PASSWORD = 'correct horse battery';
const emailOf = (/** @type {string} */ user) => `${user}@example.com`;

/** @type {Map<string, Awaited<ReturnType<typeof startBetterAuth>>>} by what browsers take for the site */
const running = new Map();

/** Makes a device's user an administrator, as better-auth's documentation says: in the database. */
function promote(/** @type {string} */ url, /** @type {string} */ user) {
  const { database } = /** @type {any} */ (running.get(url));
  database.user.find((/** @type {any} */ each) => each.email === emailOf(user)).role = 'admin';
}

/** An administrator's client. @param {import('./lib/back-end.js').Pair} pair */
async function adminOf({ url, user, signUp }) {
  const name = `admin-of-${user}`;
  const device = await signUp(name);
  promote(url, name);
  return { client: clientOf(device), device };
}

const idOf = async (/** @type {import('./lib/device.js').Device} */ device) =>
  (await clientOf(device).getSession()).user.id;

testJourneys({
  name: 'better-auth',
  options: { backend: 'better-auth' },
  documentPath: '/api/auth/get-session',
  page: '/api/auth/list-sessions',
  async start(publicUrl) {
    const server = await startBetterAuth({ publicUrl });
    running.set(publicUrl, server);
    return server;
  },
  signUp: (device, user) =>
    clientOf(device).signUp.email({ email: emailOf(user), password: PASSWORD, name: user }),
  signIn: (device, user) =>
    clientOf(device).signIn.email({ email: emailOf(user), password: PASSWORD }),
  who: (document) => document?.user.email.split('@')[0] ?? null,
  changes: [
    {
      name: 'updateUser',
      act: ({ a, user }) => clientOf(a).updateUser({ image: `https://example.com/${user}.png` }),
      shows: (document) => document.user.image,
      on: ['a', 'b'],
    },
    {
      name: 'organization.create and setActive',
      async act({ a, user }) {
        const client = clientOf(a);
        const { id } = await client.organization.create({ name: user, slug: user });
        await client.organization.setActive({ organizationId: id });
      },
      shows: (document) => document.session.activeOrganizationId ?? null,
      on: ['a'],
    },
    {
      name: 'admin.setRole',
      async act(pair) {
        const { client } = await adminOf(pair);
        await client.admin.setRole({ userId: await idOf(pair.a), role: 'admin' });
      },
      shows: (document) => document.user.role,
      on: ['a', 'b'],
    },
    {
      name: 'admin.impersonateUser and stopImpersonating',
      async act(pair) {
        const { client, device } = await adminOf(pair);
        const own = await idOf(device);
        const userId = await idOf(pair.a);
        await client.admin.impersonateUser({ userId });
        assert.equal(await idOf(device), userId);
        await client.admin.stopImpersonating();
        assert.equal(await idOf(device), own);
        await clientOf(pair.a).updateUser({ image: 'https://example.com/seen.png' });
      },
      shows: (document) => document.user.image,
      on: ['a', 'b'],
    },
  ],
  endings: [
    {
      name: 'signOut',
      act: ({ a }) => clientOf(a).signOut(),
      out: ['a', 'old a'],
      stays: ['b'],
    },
    {
      name: 'revokeSession of the other device',
      async act({ a, b }) {
        const { session } = await clientOf(b).getSession();
        await clientOf(a).revokeSession({ token: session.token });
      },
      out: ['b', 'old b'],
      stays: ['a'],
    },
    {
      name: 'revokeOtherSessions',
      act: ({ a }) => clientOf(a).revokeOtherSessions(),
      out: ['b', 'old b'],
      stays: ['a'],
    },
    {
      name: 'revokeSessions',
      act: ({ a }) => clientOf(a).revokeSessions(),
      out: ['a', 'b', 'old a', 'old b'],
    },
    {
      name: 'changePassword, revoking the others',
      act: ({ a }) =>
        clientOf(a).changePassword({
          currentPassword: PASSWORD,
          newPassword: `${PASSWORD} staple`,
          revokeOtherSessions: true,
        }),
      out: ['b', 'old b', 'old a'],
      stays: ['a'],
    },
    {
      name: 'deleteUser',
      act: ({ a }) => clientOf(a).deleteUser({ password: PASSWORD }),
      out: ['a', 'b', 'old a', 'old b'],
    },
    {
      name: 'admin.banUser',
      async act(pair) {
        const { client } = await adminOf(pair);
        await client.admin.banUser({ userId: await idOf(pair.a) });
      },
      out: ['a', 'b', 'old a', 'old b'],
    },
    {
      name: 'admin.revokeUserSessions',
      async act(pair) {
        const { client } = await adminOf(pair);
        await client.admin.revokeUserSessions({ userId: await idOf(pair.a) });
      },
      out: ['a', 'b', 'old a', 'old b'],
    },
  ],
});
