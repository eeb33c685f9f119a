// Updates: the origin first, then every session of the user (R22).
// Invariant: before the response of a write leaves, no session of the user holds the old document.
import assert from 'node:assert/strict';
import { assertPrivate, attempt } from '../../support/http-case.js';
import { DOCUMENT, READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, MARGIN, MINUTE } from '../context.js';
import { hostRule, rule } from '../suite.js';
import { signIn } from '../two-users.js';

export const updates = [
  ...['PUT', 'PATCH'].map((method) =>
    rule(
      'R22',
      `after a ${method} that answers the document every session of the user has it before the response leaves`,
      async (t) => {
        const { phone, laptop, stranger, changed, other } = await signIn(t);
        t.origin.on(`${method} ${DOCUMENT}`, { body: changed });
        assert.deepEqual(await t.write(phone, method), [200, changed]);
        for (const each of [laptop, phone]) {
          assert.deepEqual(await t.ask(each, DOCUMENT, 'fresh'), [200, changed]);
        }
        assert.deepEqual(await t.ask(stranger, DOCUMENT, 'fresh'), [200, other]);
        assert.equal(t.origin.count(), 3);
        const [call] = t.origin.calls(`${method} ${DOCUMENT}`);
        assert.equal(call.body.toString(), '{"plan":"paid"}');
        assert.equal(call.headers['content-type'], 'application/json');
        assert.equal(call.headers.authorization, phone.authorization);
      },
    ),
  ),

  rule(
    'R22',
    'an updated document is fresh from the update on, and ends with its session',
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
    'text that is no JSON': { body: 'done' },
    'nothing, with 204': { status: 204 },
    'nothing, with 202': { status: 202 },
    'another object': { body: '{"ok":true}' },
    'a part of the document': { body: '{"id":"ann-1"}' },
    'another user’s document': { body: '{"id":"x","plan":"x"}' },
    'a list': { body: '[1]' },
    'a document over the limit': { body: `{"id":"ann-1","plan":"${'p'.repeat(300_000)}"}` },
  }).map(([kind, answer]) =>
    rule('R22', `a PATCH that answers ${kind} drops the user’s documents`, async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      const { status = 200, body = '' } = /** @type {any} */ (answer);
      t.origin.on(`PATCH ${DOCUMENT}`, answer);
      assert.deepEqual(await t.write(phone), [status, body]);
      assert.deepEqual(await t.ask(laptop, DOCUMENT, 'origin'), [200, changed]);
      // Whom an answer names that is not the writer the origin is asked at once, before it counts (R54).
      const from = kind === 'another user’s document' ? undefined : 'origin';
      assert.deepEqual(await t.ask(phone, DOCUMENT, from), [200, changed]);
      assert.deepEqual(await t.ask(stranger, DOCUMENT, 'fresh'), [200, other]);
      assert.equal(t.origin.count(), 5);
    }),
  ),

  rule('R22', 'a DELETE drops the user’s documents, whatever it answers', async (t) => {
    const { phone, laptop, stranger, held, changed } = await signIn(t);
    t.origin.on(`DELETE ${DOCUMENT}`, { body: held });
    const response = await t.fetch(DOCUMENT, { method: 'DELETE', headers: laptop });
    assert.deepEqual([response.status, await response.text()], [200, held]);
    for (const each of [phone, laptop]) {
      assert.deepEqual(await t.ask(each, DOCUMENT, 'origin'), [200, changed]);
    }
    assert.equal((await t.ask(stranger, DOCUMENT, 'fresh'))[0], 200);
  }),

  rule('R22', 'an update that fails is passed on and changes nothing', async (t) => {
    const { phone, laptop, held, changed } = await signIn(t);
    for (const status of [400, 401, 403, 409, 422, 429, 500, 503]) {
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        t.origin.on(`${method} ${DOCUMENT}`, { status, body: changed, headers: { 'x-why': 'no' } });
        const response = await t.fetch(DOCUMENT, { method, headers: phone, body: '{}' });
        assert.deepEqual([response.status, await response.text()], [status, changed]);
        assert.equal(response.headers.get('x-why'), 'no');
      }
    }
    for (const each of [phone, laptop]) {
      assert.deepEqual(await t.ask(each, DOCUMENT, 'fresh'), [200, held]);
    }
    assert.equal(t.origin.count(), 3);
  }),

  rule(
    'R22',
    'updateUser() updates every session of the user, and resolves to the session with the new document',
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
    'updateUser() rejects if the origin refuses the update, and changes nothing',
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
    'updateUser() sends its own body and headers, whatever the request that it is called for came with',
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

  hostRule(
    'R22',
    'an update that is answered with a redirect to a sign-in page changes nothing',
    async (t) => {
      const { phone, laptop, held, changed } = await signIn(t);
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const headers = { 'x-why': 'no', location: '/login?next=%2Fprofile' };
        t.origin.on(`${method} ${DOCUMENT}`, { status: 302, body: changed, headers });
        const response = await t.fetch(DOCUMENT, { method, headers: phone, body: '{}' });
        assert.deepEqual([response.status, await response.text()], [302, changed]);
        assert.equal(response.headers.get('x-why'), 'no');
      }
      for (const each of [phone, laptop]) {
        assert.deepEqual(await t.ask(each, DOCUMENT, 'fresh'), [200, held]);
      }
      assert.equal(t.origin.count(), 3);
    },
  ),

  ...[`PUT ${DOCUMENT}`, `POST ${DOCUMENT}/avatar`, `DELETE ${DOCUMENT}`].map((request) =>
    hostRule(
      'R22',
      `${request} that is answered with a redirect, as forms are, succeeded`,
      async (t) => {
        const { phone, laptop, changed } = await signIn(t);
        const [method, path] = request.split(' ');
        t.origin.on(request, { status: 303, headers: { location: '/profile' } });
        const response = await t.fetch(path, { method, headers: phone });
        assert.equal(response.status, 303);
        for (const each of [phone, laptop]) assert.deepEqual(await t.ask(each), [200, changed]);
      },
    ),
  ),

  ...['PUT', 'PATCH'].map((method) =>
    hostRule('R22', `the document that a ${method} answers is kept byte for byte`, async (t) => {
      const { phone, laptop, held } = await signIn(t);
      const changed = `${JSON.stringify({ ...JSON.parse(held), plan: 'é' }, null, 1)}\n`;
      t.origin.on(`${method} ${DOCUMENT}`, { body: changed });
      const response = await t.fetch(DOCUMENT, { method, headers: phone, body: '{}' });
      assert.deepEqual([response.status, await response.text()], [200, changed]);
      assertPrivate(response);
      for (const each of [laptop, phone]) {
        assert.deepEqual(await t.ask(each, DOCUMENT, 'fresh'), [200, changed]);
      }
      assert.equal(t.origin.count(), 3);
    }),
  ),

  hostRule(
    'R22',
    'after a write whose outcome is unknown the held document is stale, and asked for behind each check',
    async (t) => {
      const { phone, laptop, held } = await signIn(t);
      t.origin.on(READ, { body: held });
      t.origin.on(`PATCH ${DOCUMENT}`, { fault: 'reset' });
      assert.deepEqual(await t.write(phone), [503, '{"error":"origin_unavailable"}']);
      assert.deepEqual(await t.ask(laptop, DOCUMENT, 'stale'), [200, held]);
      await t.origin.called(READ, 4);
      assert.equal(t.origin.count(`PATCH ${DOCUMENT}`), 1);
      assert.deepEqual(await t.ask(phone, DOCUMENT, 'stale'), [200, held]);
      await t.origin.called(READ, 5);
    },
  ),

  hostRule(
    'R22, R70',
    'a write by a session that is not held drops the documents of its user’s other sessions, and is counted',
    async (t) => {
      const { laptop, stranger, changed } = await signIn(t);
      const tablet = bearer(t.user());
      t.origin.on(`PATCH ${DOCUMENT}`, { status: 204 });
      assert.equal((await t.write(tablet))[0], 204);
      assert.deepEqual(await t.ask(laptop, DOCUMENT, 'origin'), [200, changed]);
      assert.deepEqual(await t.ask(tablet, DOCUMENT, 'fresh'), [200, changed]);
      assert.equal((await t.ask(stranger, DOCUMENT, 'fresh'))[0], 200);
      assert.equal(t.origin.count(), 5);
      const { updates, originWrite } = await t.statistics();
      assert.deepEqual([updates, originWrite], [1, 1]);
    },
  ),

  hostRule(
    'R22, R53',
    'whose write it was, of a session that is not held, is what the origin says when it is asked, not the write’s answer',
    async (t) => {
      const { laptop, stranger, changed, other } = await signIn(t);
      t.origin.on(`PUT ${DOCUMENT}`, { body: other });
      await t.write(bearer(t.user()), 'PUT');
      assert.deepEqual(await t.ask(stranger, DOCUMENT, 'fresh'), [200, other]);
      assert.deepEqual(await t.ask(laptop, DOCUMENT, 'origin'), [200, changed]);
      assert.equal(t.origin.count(), 5);
    },
  ),

  hostRule(
    'R22',
    'an update is applied even if the client has left when the origin answers',
    async (t) => {
      const { phone, laptop, changed } = await signIn(t);
      const [gate, client] = [createGate(), new AbortController()];
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed, after: gate.opened });
      const headers = { ...phone, 'content-length': '2' };
      const init = { method: 'PATCH', headers, body: '{}', signal: client.signal };
      const gone = t.fetch(DOCUMENT, init).then(undefined, () => {});
      await t.origin.called(`PATCH ${DOCUMENT}`);
      client.abort();
      await gone;
      // By the time that these are answered the cache has noticed.
      await t.turn();
      gate.open();
      await t.until(async () => (await t.statistics()).updates === 1);
      assert.deepEqual(await t.ask(laptop, DOCUMENT, 'fresh'), [200, changed]);
      assert.equal(t.origin.count(), 3);
    },
  ),

  hostRule(
    'R10, R22',
    'a check that was under way during an update is answered with the new document, and its fill refused',
    async (t) => {
      const { held, changed } = await signIn(t);
      const [early, gate] = [bearer(t.user()), createGate()];
      t.origin.on(READ, { body: held, after: gate.opened }, { body: changed });
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
      const asked = t.ask(early);
      await t.origin.called(READ, 4);
      await t.write(early);
      gate.open();
      assert.deepEqual(await asked, [200, changed]);
      assert.deepEqual(await t.ask(early, DOCUMENT, 'fresh'), [200, changed]);
      assert.equal((await t.statistics()).fillsRefused, 1);
    },
  ),

  hostRule(
    'R22',
    'the answer to an update may have many megabytes, and arrives whole',
    async (t) => {
      const { phone, laptop } = await signIn(t);
      const long = Buffer.alloc(8 * 1024 ** 2, '0123456789abcdef');
      t.origin.on(`PATCH ${DOCUMENT}`, { body: long });
      const response = await t.fetch(DOCUMENT, { method: 'PATCH', headers: phone, body: '{}' });
      assert.ok(long.equals(Buffer.from(await response.arrayBuffer())));
      assert.equal((await t.ask(laptop, DOCUMENT, 'origin'))[0], 200);
    },
  ),

  hostRule(
    'R1, R22',
    'a write with two credentials drops the documents of both their users, and one with none drops nothing',
    async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      const third = cookie(t.user());
      t.origin.on(READ, { body: '{"id":"eve"}' });
      await t.ask(third);
      t.origin.on(READ, { body: changed });
      t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":1}' });
      assert.deepEqual(await attempt(t, {}, { method: 'PATCH', body: '{}' }), [200, '{"id":1}']);
      for (const each of [phone, laptop, stranger, third]) await t.ask(each, DOCUMENT, 'fresh');
      assert.equal((await t.write({ ...phone, ...third }))[0], 200);
      for (const each of [phone, laptop, third]) {
        assert.deepEqual(await t.ask(each, DOCUMENT, 'origin'), [200, changed]);
      }
      assert.deepEqual(await t.ask(stranger, DOCUMENT, 'fresh'), [200, other]);
    },
  ),
];
