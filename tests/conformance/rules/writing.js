// Events of a user that come from the application, from the origin, or from a write on the user's path (R23, R26).
import assert from 'node:assert/strict';
import { DOCUMENT, READ } from '../../support/origin.js';
import { MARGIN, MINUTE, SECOND } from '../context.js';
import { post } from '../identity.js';
import { rule } from '../suite.js';
import { signIn } from '../two-users.js';

const SECRET = 'a secret of at least thirty-two characters';
const withWebhook = {
  options: { webhookSecret: SECRET },
  needs: [/** @type {const} */ ('webhook')],
};

/** @param {import('../context.js').Cache} t @param {object} message @param {number} [timeMs] */
async function send(t, message, timeMs = t.now()) {
  const body = JSON.stringify(message);
  const { path, headers } = t.dialect.signWebhook({ secret: SECRET, body, timeMs });
  return { path, headers, body, status: (await post(t, path, headers, body)).status };
}

export const writing = [
  rule(
    'R23',
    'invalidateUser() drops the documents of every session of the user, and of no other user',
    async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      await t.api.invalidateUser('ann-1');
      assert.deepEqual(await t.ask(phone), [200, changed]);
      assert.deepEqual(await t.ask(laptop), [200, changed]);
      assert.deepEqual(await t.ask(stranger), [200, other]);
      assert.equal(t.origin.count(), 5);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R23',
    'revokeUser() ends every session of the user, and of no other user',
    async (t) => {
      const { phone, laptop, stranger, other } = await signIn(t);
      await t.api.revokeUser('ann-1');
      assert.equal((await t.ask(phone))[0], 401);
      assert.equal(await t.session(laptop), null);
      assert.deepEqual(await t.ask(stranger), [200, other]);
      assert.equal(t.origin.count(), 3);
      await t.advance(20 * MINUTE);
      assert.equal((await t.ask(phone))[0], 401);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R23',
    'a user is named by a number or a string, as in the document',
    async (t) => {
      const { phone, laptop } = await signIn(t, 70);
      await t.api.invalidateUser(7);
      await t.ask(phone);
      assert.equal(t.origin.count(), 3);
      await t.api.invalidateUser(70);
      await t.ask(phone);
      await t.ask(laptop);
      assert.equal(t.origin.count(), 5);
      await t.api.revokeUser(70);
      assert.equal((await t.ask(laptop))[0], 401);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R23',
    'a signed webhook message invalidates or revokes a user',
    async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      assert.equal((await send(t, { action: 'invalidate', user: 'ann-1' })).status, 204);
      assert.deepEqual(await t.ask(phone), [200, changed]);
      assert.equal((await send(t, { action: 'revoke', user: 'ann-1' })).status, 204);
      assert.equal((await t.ask(phone))[0], 401);
      assert.equal((await t.ask(laptop))[0], 401);
      assert.deepEqual(await t.ask(stranger), [200, other]);
      assert.equal(
        t.origin.calls().every(({ key }) => key === READ),
        true,
      );
    },
    withWebhook,
  ),

  rule(
    'R23',
    'a webhook message that is not signed, signed with another secret, or altered does nothing',
    async (t) => {
      const { phone, held } = await signIn(t);
      const [body, timeMs] = [JSON.stringify({ action: 'revoke', user: 'ann-1' }), t.now()];
      const { path, headers } = t.dialect.signWebhook({ secret: SECRET, body, timeMs });
      const other = t.dialect.signWebhook({ secret: SECRET.toUpperCase(), body, timeMs });
      const empty = t.dialect.signWebhook({ secret: SECRET, body: '', timeMs });
      for (const [sent, what] of /** @type {[Record<string, string>, string][]} */ ([
        [{}, body],
        [other.headers, body],
        [empty.headers, body],
        [headers, body.replace('ann', 'bob')],
        [headers, `${body} `],
        [headers, ''],
      ])) {
        const { status } = await post(t, path, sent, what);
        assert.ok(status >= 400 && status < 500, `${status} for ${what}`);
      }
      assert.deepEqual(await t.ask(phone), [200, held]);
      assert.equal((await post(t, path, headers, body)).status, 204);
    },
    withWebhook,
  ),

  rule(
    'R23',
    'a webhook message more than five minutes old does nothing',
    async (t) => {
      const { phone, held } = await signIn(t);
      const message = { action: 'revoke', user: 'ann-1' };
      for (const timeMs of [
        t.now() - 5 * MINUTE - 2 * MARGIN,
        t.now() + 5 * MINUTE + 2 * MARGIN,
        0,
      ]) {
        assert.equal((await send(t, message, timeMs)).status, 401);
      }
      assert.deepEqual(await t.ask(phone), [200, held]);
      assert.equal((await send(t, message, t.now() - 5 * MINUTE + 2 * MARGIN)).status, 204);
      assert.equal((await t.ask(phone))[0], 401);
    },
    withWebhook,
  ),

  rule(
    'R23',
    'a webhook message is used once, however often and whenever it arrives',
    async (t) => {
      const { phone } = await signIn(t);
      const first = await send(t, { action: 'invalidate', user: 'ann-1' });
      assert.equal(first.status, 204);
      await t.ask(phone);
      const calls = t.origin.count();
      for (const wait of [0, SECOND, 4 * MINUTE]) {
        await t.advance(wait);
        const { status } = await post(t, first.path, first.headers, first.body);
        assert.ok(status >= 400 && status < 500, String(status));
      }
      await t.ask(phone);
      assert.equal(t.origin.count(), calls);
      const body = JSON.stringify({ action: 'invalidate', user: 'bob' });
      const { path, headers } = t.dialect.signWebhook({ secret: SECRET, body, timeMs: t.now() });
      const answers = await Promise.all([1, 2, 3, 4].map(() => post(t, path, headers, body)));
      assert.equal(answers.filter(({ status }) => status === 204).length, 1);
    },
    // Two nodes that receive one at the same moment carry it out at the same moment.
    { ...withWebhook, needs: [...withWebhook.needs, 'alone'] },
  ),

  rule('R26', 'a write on the path of a user drops the documents of that user', async (t) => {
    for (const method of ['PATCH', 'PUT', 'DELETE']) {
      const id = `${method}-1`;
      const cache = await t.another();
      const { phone, laptop, stranger, changed, other } = await signIn(cache, id);
      cache.origin.on(`${method} /api/v1/users/${id}`, { body: '{}' });
      assert.equal((await cache.write(stranger, method, `/api/v1/users/${id}`))[0], 200);
      assert.deepEqual(await cache.ask(phone), [200, changed]);
      assert.deepEqual(await cache.ask(laptop), [200, changed]);
      assert.deepEqual(await cache.ask(stranger), [200, other]);
      assert.equal(cache.origin.count(), 5);
    }
  }),

  rule(
    'R26',
    'a user whose identifier is a number or percent-encoded in the path is found',
    async (t) => {
      for (const [id, path] of /** @type {[string | number, string][]} */ ([
        [42, '/api/v1/users/42'],
        ['a b/é', '/api/v1/users/a%20b%2F%C3%A9'],
      ])) {
        const cache = await t.another();
        const { phone, laptop, changed } = await signIn(cache, id);
        cache.origin.on(`PATCH ${path}`, { status: 204 });
        assert.equal((await cache.write(phone, 'PATCH', path))[0], 204);
        assert.deepEqual(await cache.ask(laptop), [200, changed]);
      }
    },
  ),

  rule('R26', 'a path with invalid percent escapes is passed on, and drops nothing', async (t) => {
    const { phone, held } = await signIn(t);
    for (const path of ['/api/v1/users/%zz', '/api/v1/users/%zz%E0%A4%A']) {
      t.origin.on(`PATCH ${path}`, { body: 'done' });
      assert.deepEqual(await t.write(phone, 'PATCH', path), [200, 'done']);
    }
    assert.deepEqual(await t.ask(phone), [200, held]);
  }),

  rule(
    'R26',
    'a request on the path of a user that fails or only reads drops nothing',
    async (t) => {
      const { phone, held } = await signIn(t);
      t.origin.on('PATCH /api/v1/users/ann-1', { status: 403 });
      t.origin.on('GET /api/v1/users/ann-1', { body: '{}' });
      await t.write(phone, 'PATCH', '/api/v1/users/ann-1');
      await t.ask(phone, '/api/v1/users/ann-1');
      assert.deepEqual(await t.ask(phone), [200, held]);
      assert.equal(t.origin.count(), 3);
    },
  ),

  rule(
    'R26',
    'a write below the document’s path drops the documents of the user who makes it',
    async (t) => {
      for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
        const cache = await t.another();
        const { phone, laptop, stranger, changed, other } = await signIn(cache);
        cache.origin.on(`${method} ${DOCUMENT}/password`, { status: 204 });
        assert.equal((await cache.write(phone, method, `${DOCUMENT}/password`))[0], 204);
        assert.deepEqual(await cache.ask(phone), [200, changed]);
        assert.deepEqual(await cache.ask(laptop), [200, changed]);
        assert.deepEqual(await cache.ask(stranger), [200, other]);
      }
    },
  ),

  rule(
    'R26',
    'userPaths says on which paths a write drops a user’s documents',
    async (t) => {
      const { phone, laptop, changed } = await signIn(t);
      t.origin.on('PUT /admin/people/ann-1/role', { status: 204 });
      await t.write(phone, 'PUT', '/admin/people/ann-1/role');
      assert.deepEqual(await t.ask(laptop), [200, changed]);
    },
    { options: { userPaths: ['/admin/people/{id}/role'] } },
  ),
];
