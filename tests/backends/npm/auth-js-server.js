// Auth.js for Express as its documentation starts it: with sessions in a JWT, or in a database, which is a small adapter
// in memory. It knows nothing of Sesame.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { ExpressAuth } from '@auth/express';
import Credentials from '@auth/express/providers/credentials';
import express from 'express';

/** What is more than one cookie can hold (4 kB). */
const LONG = 6000;

/**
 * @param {{ strategy: 'jwt' | 'database', isLong?: boolean }} how `isLong`: the token does not fit into one cookie
 */
export async function startAuthJs({ strategy, isLong = false }) {
  const { adapter, tokens } = memoryAdapter();
  const app = express();
  app.set('trust proxy', true);
  app.use(
    '/auth',
    ExpressAuth(/** @type {any} */ (configOf({ strategy, isLong, adapter, tokens }))),
  );
  const server = http.createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** The token of the link in the last mail to an address. @param {string} email */
    mailed: (email) => tokens.get(email) ?? '',
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** @param {{ strategy: string, isLong: boolean, adapter: object, tokens: Map<string, string> }} how */
function configOf({ strategy, isLong, adapter, tokens }) {
  const common = {
    secret: 'a secret that is long enough for a test',
    trustHost: true,
    session: { strategy },
    logger: { error() {}, warn() {}, debug() {} },
  };
  if (strategy === 'jwt') {
    const credentials = Credentials({
      credentials: { name: {} },
      authorize: (/** @type {{ name: unknown }} */ { name }) => ({
        id: `${name}`,
        name: `${name}`,
        email: `${name}@example.com`,
      }),
    });
    const callbacks = {
      jwt: (/** @type {{ token: object }} */ { token }) =>
        isLong ? { ...token, claims: 'c'.repeat(LONG) } : token,
    };
    return { ...common, providers: [credentials], callbacks };
  }
  const email = {
    ...{ id: 'email', type: 'email', name: 'Email', from: 'auth@example.com', maxAge: 3600 },
    sendVerificationRequest: (/** @type {Record<string, string>} */ { identifier, token }) =>
      void tokens.set(identifier, token),
  };
  return { ...common, providers: [email], adapter };
}

/** The part of an adapter that signing in by mail needs. */
function memoryAdapter() {
  /** @type {Map<string, any>} */
  const users = new Map();
  /** @type {Map<string, any>} */
  const sessions = new Map();
  /** @type {Map<string, any>} */
  const verifications = new Map();
  /** @type {Map<string, string>} */
  const tokens = new Map();
  const find = (/** @type {(user: any) => boolean} */ is) => [...users.values()].find(is) ?? null;
  /** @type {Record<string, (given: any) => Promise<any>>} */
  const adapter = {
    async createUser(user) {
      const created = { ...user, id: randomUUID(), name: user.email.split('@')[0] };
      users.set(created.id, created);
      return created;
    },
    getUser: async (id) => users.get(id) ?? null,
    getUserByEmail: async (email) => find((user) => user.email === email),
    getUserByAccount: async () => null,
    async updateUser(user) {
      const updated = { ...users.get(user.id), ...user };
      users.set(user.id, updated);
      return updated;
    },
    linkAccount: async (account) => account,
    async createSession(session) {
      sessions.set(session.sessionToken, session);
      return session;
    },
    async getSessionAndUser(token) {
      const session = sessions.get(token);
      return session ? { session, user: users.get(session.userId) } : null;
    },
    async updateSession(session) {
      const updated = { ...sessions.get(session.sessionToken), ...session };
      sessions.set(session.sessionToken, updated);
      return updated;
    },
    async deleteSession(token) {
      sessions.delete(token);
    },
    async createVerificationToken(verification) {
      verifications.set(verification.identifier, verification);
      return verification;
    },
    async useVerificationToken({ identifier, token }) {
      const found = verifications.get(identifier);
      if (found?.token !== token) return null;
      verifications.delete(identifier);
      return found;
    },
  };
  return { adapter, tokens };
}
