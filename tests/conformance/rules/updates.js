// Updates: the origin first, then every session of the user (SPEC R22).
import assert from 'node:assert/strict';
import { DOCUMENT, READ } from '../../support/origin.js';
import { MARGIN, MINUTE } from '../context.js';
import { rule } from '../suite.js';
import { signIn } from '../two-users.js';

export const updates = [
  ...['PUT', 'PATCH'].map((method) =>
    rule(
      'R22',
      `${method}: every session of the user holds the new document before it is answered`,
      async (t) => {
        const { phone, laptop, stranger, changed, other } = await signIn(t);
        t.origin.on(`${method} ${DOCUMENT}`, { body: changed });
        assert.deepEqual(await t.write(phone, method), [200, changed]);
        assert.deepEqual(await t.ask(phone), [200, changed]);
        assert.deepEqual(await t.ask(laptop), [200, changed]);
        assert.deepEqual(await t.ask(stranger), [200, other]);
        assert.equal(t.origin.count(), 3);
      },
    ),
  ),

  rule(
    'R22',
    'the new document is fresh from then on, and ends with its session',
    async (t) => {
      const { phone, laptop, changed } = await signIn(t);
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
      await t.advance(20 * MINUTE);
      await t.write(phone);
      await t.advance(20 * MINUTE);
      assert.deepEqual(await t.ask(laptop), [200, changed]);
      assert.deepEqual(await t.ask(phone), [200, changed]);
      assert.equal(t.origin.count(), 3);
      t.origin.on(READ, { status: 401 });
      await t.advance(10 * MINUTE + MARGIN);
      assert.equal((await t.ask(laptop))[0], 401);
      assert.equal((await t.ask(phone))[0], 401);
    },
    { options: { expiresIn: '50m' } },
  ),

  ...Object.entries({
    'no JSON': { body: 'done' },
    nothing: { status: 204 },
    'some other object': { body: '{"ok":true}' },
    'a list': { body: '[1]' },
  }).map(([kind, answer]) =>
    rule('R22', `an answer that is ${kind} drops the user's documents`, async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      t.origin.on(`PATCH ${DOCUMENT}`, answer);
      await t.write(phone);
      assert.deepEqual(await t.ask(laptop), [200, changed]);
      assert.deepEqual(await t.ask(phone), [200, changed]);
      assert.deepEqual(await t.ask(stranger), [200, other]);
    }),
  ),

  rule('R22', 'an update that fails changes nothing, and is passed on', async (t) => {
    const { phone, laptop, held, changed } = await signIn(t);
    for (const status of [400, 403, 409, 422, 500, 503]) {
      t.origin.on(`PATCH ${DOCUMENT}`, { status, body: changed });
      assert.deepEqual(await t.write(phone), [status, changed]);
    }
    assert.deepEqual(await t.ask(phone), [200, held]);
    assert.deepEqual(await t.ask(laptop), [200, held]);
    assert.equal(t.origin.count(), 3);
  }),

  rule(
    'R22',
    'updateUser() does the same, and answers the session as it is now',
    async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
      assert.equal((await t.api.updateUser(phone, { plan: 'paid' }))?.user.plan, 'paid');
      const [call] = t.origin.calls(`PATCH ${DOCUMENT}`);
      assert.deepEqual(JSON.parse(call.body.toString()), { plan: 'paid' });
      assert.equal(call.headers.authorization, phone.authorization);
      assert.deepEqual(await t.ask(laptop), [200, changed]);
      assert.deepEqual(await t.ask(stranger), [200, other]);
      assert.equal(t.origin.count(), 3);
    },
    { needs: ['api'] },
  ),

  rule(
    'R22',
    'updateUser() rejects if the origin does not accept it, and nothing has changed',
    async (t) => {
      const { phone, held } = await signIn(t);
      for (const behaviour of [{ status: 422 }, { status: 401 }, { status: 500 }]) {
        t.origin.on(`PATCH ${DOCUMENT}`, behaviour);
        await assert.rejects(t.api.updateUser(phone, { plan: 'paid' }));
      }
      assert.deepEqual(await t.ask(phone), [200, held]);
    },
    { needs: ['api'] },
  ),

  rule(
    'R22',
    'updateUser() is the application’s own call, whatever page asked the application',
    async (t) => {
      const { phone, changed } = await signIn(t);
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
      const page = { ...phone, origin: 'https://elsewhere.test', 'sec-fetch-site': 'cross-site' };
      const encoded = { 'content-encoding': 'gzip', 'content-length': '7', 'if-match': '"1"' };
      assert.equal(
        (await t.api.updateUser({ ...page, ...encoded }, { plan: 'paid' }))?.user.plan,
        'paid',
      );
      const [{ headers, body }] = t.origin.calls(`PATCH ${DOCUMENT}`);
      assert.deepEqual(JSON.parse(body.toString()), { plan: 'paid' });
      assert.equal(headers['content-encoding'], undefined);
    },
    { needs: ['api', 'wire'] },
  ),
];
