// A Fastify application with @fastify/session, as the example that its documentation names signs users in and out: by
// default every answer sets the cookie, and whoever comes has a session. It knows nothing of Sesame.
import { once } from 'node:events';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import fastify from 'fastify';
import { IdleSessions } from './idle-sessions.js';

const DAY_MS = 86_400_000;

/**
 * @param {{ maxAge?: number, ttlMs?: number }} [how] `maxAge`: of the cookie, as @fastify/session has it; `ttlMs`: the
 *   store's
 * @returns {Promise<import('../lib/back-end.js').RunningBackEnd>}
 */
export async function startFastifySession({ maxAge, ttlMs = DAY_MS } = {}) {
  /** @type {Map<string, { id: number, username: string, name: string | null }>} */
  const users = new Map();
  const app = fastify({ forceCloseConnections: true });
  app.register(fastifyCookie);
  app.register(fastifySession, {
    secret: 'a secret with minimum length of 32 characters',
    cookie: { secure: false, ...(maxAge && { maxAge }) },
    store: new IdleSessions(ttlMs),
  });
  addForms(app, users);
  addUser(app, users);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = /** @type {import('node:net').AddressInfo} */ (app.server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(app.server, 'close');
      await app.close();
      await closed.catch(() => {});
    },
  };
}

/** @param {any} app @param {Map<string, any>} users */
function addForms(app, users) {
  app.get('/', (/** @type {any} */ _, /** @type {any} */ reply) =>
    reply.type('text/html').send('<h1>Welcome</h1>'),
  );
  app.get('/login', (/** @type {any} */ _, /** @type {any} */ reply) =>
    reply.type('text/html').send('<form action="/login" method="post"></form>'),
  );
  app.post('/login', (/** @type {any} */ request, /** @type {any} */ reply) => {
    const { username } = request.body;
    if (!users.has(username)) users.set(username, { id: users.size + 1, username, name: null });
    request.session.authenticated = true;
    request.session.username = username;
    reply.redirect('/');
  });
  app.get('/logout', (/** @type {any} */ request, /** @type {any} */ reply) => {
    if (!request.session.authenticated) return reply.redirect('/');
    request.session.destroy((/** @type {unknown} */ error) => {
      if (error) reply.status(500).send('Internal Server Error');
      else reply.redirect('/');
    });
  });
}

/** @param {any} app @param {Map<string, any>} users */
function addUser(app, users) {
  const answer = (/** @type {any} */ request, /** @type {any} */ reply) => {
    const user = request.session.authenticated && users.get(request.session.username);
    if (!user) return reply.status(401).send({ error: 'Unauthorized' });
    if (request.method === 'PATCH') user.name = request.body.name;
    reply.send(user);
  };
  app.get('/api/v1/users/me', answer);
  app.patch('/api/v1/users/me', answer);
}
