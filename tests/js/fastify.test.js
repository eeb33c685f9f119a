// The plugin in the real Fastify, over real HTTP, with the origin's calls counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { endSession, requireUser, sesame } from 'sesame-edge/fastify';
import { createClient } from '../support/client.js';
import { cookie } from '../support/http-case.js';
import { READ } from '../support/origin.js';
import { startsForTests } from '../support/started.js';

const { ends, createSessions } = startsForTests();

/** @param {any} [options] of the cache */
async function startApplication(options) {
  const { origin, sessions } = await createSessions(options);
  const app = Fastify();
  await app.register(sesame, { sessions });
  app.addHook('preHandler', async (/** @type {any} */ { sesame: identity }, reply) => {
    if (identity.user) reply.header('x-user', identity.user.name);
  });
  app.get('/account', { preHandler: requireUser }, async (/** @type {any} */ request) => {
    return request.sesame.user.id;
  });
  app.post('/leave', async (request, reply) => {
    await endSession(sessions, request, reply);
    return reply.code(204).send();
  });
  app.get('/varied', async (_request, reply) => reply.header('vary', 'Accept').send('varied'));
  app.get('/*', async (/** @type {any} */ request) => request.sesame.user?.name ?? 'unknown');
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient(url);
  ends(() => app.close());
  ends(() => client.close());
  /** @param {string} path @param {string} [user] @param {string} [method] */
  const send = async (path, user, method) => {
    const headers = user ? cookie(user) : {};
    const answer = await client.fetch(path, { headers, method });
    return { answer, status: answer.status, text: await answer.text() };
  };
  return { origin, sessions, send };
}

test('R5: ten requests with a hook and a handler each cost one call of the origin in Fastify', async () => {
  const { origin, send } = await startApplication();
  for (let round = 0; round < 10; round += 1) {
    const { answer, text } = await send(`/page/${round}`, 'ada');
    assert.deepEqual([text, answer.headers.get('x-user')], ['ada', 'ada']);
    assert.equal(answer.headers.get('vary'), 'Cookie, Authorization');
  }
  assert.equal(origin.count(), 1);
  const { status, text } = await send('/', undefined);
  assert.deepEqual([status, text, origin.count()], [200, 'unknown', 1]);
});

test('R8: after endSession in a Fastify handler the ended cookie is refused, and other sessions are not', async () => {
  const { origin, send } = await startApplication();
  assert.equal((await send('/', 'ada')).text, 'ada');
  assert.equal((await send('/', 'omar')).text, 'omar');
  const left = await send('/leave', 'ada', 'POST');
  assert.equal(left.status, 204);
  assert.equal(left.answer.headers.get('cache-control'), 'private, no-store');
  assert.equal((await send('/', 'ada')).text, 'unknown');
  const { answer, status } = await send('/account', 'ada');
  assert.deepEqual([status, answer.headers.get('www-authenticate')], [401, 'Bearer']);
  assert.equal((await send('/account', 'omar')).text, 'id-omar');
  assert.equal(origin.count(), 2);
});

test('R13: an origin that is down is 503 with Retry-After in Fastify, and not a sign-out', async () => {
  const { origin, send } = await startApplication();
  assert.equal((await send('/', 'ada')).text, 'ada');
  origin.on(READ, { status: 500 });
  const { answer, status } = await send('/account', 'omar');
  assert.equal(status, 503);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  assert.equal((await send('/account', 'ada')).text, 'id-ada');
});

test('R40, R87: cookies of the origin are passed on one by one in Fastify, in a private answer', async () => {
  const { origin, send } = await startApplication();
  const lines = ['a=1; Path=/', 'b=2; Path=/'];
  origin.on(READ, { body: { id: '1', name: 'ada' }, headers: { 'set-cookie': lines } });
  const { answer } = await send('/', 'ada');
  assert.deepEqual(answer.headers.getSetCookie(), lines);
  assert.equal(answer.headers.get('cache-control'), 'private, no-store');
});

test('R44: a header over the limit is 431 in Fastify', async () => {
  const { send } = await startApplication({ maxCredential: 4096 });
  assert.equal((await send('/', 'x'.repeat(9 * 1024))).status, 431);
});
