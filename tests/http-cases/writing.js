// Writes on the document go to the origin first; what they changed is seen before their answer leaves
// (SPEC R22).
import assert from 'node:assert/strict';
import { ask, assertPrivate, attempt, bearer, cookie, httpCase } from '../support/http-case.js';
import { DOCUMENT, documentOf, READ } from '../support/origin.js';
import { createGate, until } from '../support/wait.js';

/** @typedef {import('../support/http-case.js').Target} Target */

/** Two sessions of one user and one of another, all of them held. @param {Target} t */
async function signIn(t) {
  const [name, other] = [t.user(), t.user()];
  const sessions = { phone: bearer(`${name}-phone`), laptop: cookie(`${name}-laptop`) };
  const user = { id: `id-${name}`, name, plan: 'free' };
  t.origin.on(READ, ({ headers }) =>
    `${headers.authorization}${headers.cookie}`.includes(`${name}-`)
      ? { body: JSON.stringify(user) }
      : { body: documentOf(other) },
  );
  const stranger = bearer(other);
  for (const headers of [sessions.phone, sessions.laptop, stranger]) await ask(t, headers);
  assert.equal(t.origin.count(), 3);
  return { ...sessions, stranger, user, held: JSON.stringify(user) };
}

/** @param {Target} t @param {Record<string, string>} headers @param {string} [method] */
const write = (t, headers, method = 'PATCH', body = '{"plan":"paid"}') =>
  t.fetch(DOCUMENT, { method, headers: { ...headers, 'content-type': 'application/json' }, body });

export const writing = [
  ...['PUT', 'PATCH'].map((method) =>
    httpCase(
      `R22: ${method} that answers the document: every session of the user has it`,
      async (t) => {
        const { phone, laptop, stranger, user } = await signIn(t);
        const changed = `${JSON.stringify({ ...user, plan: 'paid', more: 'é' }, null, 1)}\n`;
        t.origin.on(`${method} ${DOCUMENT}`, { body: changed });
        const response = await write(t, phone, method);
        assert.deepEqual([response.status, await response.text()], [200, changed]);
        assertPrivate(response);
        assert.deepEqual(await ask(t, laptop), ['fresh', changed]);
        assert.deepEqual(await ask(t, phone), ['fresh', changed]);
        assert.equal((await ask(t, stranger))[0], 'fresh');
        assert.equal(t.origin.count(), 3);
        const [call] = t.origin.calls(`${method} ${DOCUMENT}`);
        assert.equal(call.body.toString(), '{"plan":"paid"}');
        assert.equal(call.headers['content-type'], 'application/json');
        assert.equal(call.headers.authorization, phone.authorization);
      },
    ),
  ),

  ...Object.entries({
    '{"ok":true}': { body: '{"ok":true}' },
    'a part of the document': { body: '{"id":"ID","plan":"paid"}' },
    "another user's document": { body: '{"id":"x","name":"x","plan":"x"}' },
    'no JSON': { body: 'done' },
    'nothing, 204': { status: 204 },
    'nothing, 202': { status: 202 },
    'more than fits': { body: `{"id":"ID","name":"x","plan":"${'p'.repeat(300_000)}"}` },
  }).map(([kind, answer]) =>
    httpCase(`R22: PATCH that answers ${kind}: the user's documents are dropped`, async (t) => {
      const { phone, laptop, stranger, user, held } = await signIn(t);
      const body = answer.body?.replace('ID', user.id) ?? '';
      t.origin.on(`PATCH ${DOCUMENT}`, { ...answer, body });
      const response = await write(t, phone);
      assert.deepEqual([response.status, await response.text()], [answer.status ?? 200, body]);
      assert.deepEqual(await ask(t, laptop), ['origin', held]);
      assert.deepEqual(await ask(t, phone), ['origin', held]);
      assert.equal((await ask(t, stranger))[0], 'fresh');
      assert.equal(t.origin.count(), 5);
    }),
  ),

  httpCase("R22: DELETE drops the user's documents, whatever it answers", async (t) => {
    const { phone, laptop, stranger, held } = await signIn(t);
    t.origin.on(`DELETE ${DOCUMENT}`, { body: held });
    const response = await t.fetch(DOCUMENT, { method: 'DELETE', headers: laptop });
    assert.deepEqual([response.status, await response.text()], [200, held]);
    assertPrivate(response);
    assert.equal((await ask(t, phone))[0], 'origin');
    assert.equal((await ask(t, laptop))[0], 'origin');
    assert.equal((await ask(t, stranger))[0], 'fresh');
  }),

  httpCase('R22: a write that fails changes nothing', async (t) => {
    const { phone, laptop, held } = await signIn(t);
    const other = JSON.stringify({ ...JSON.parse(held), plan: 'never' });
    for (const status of [302, 400, 401, 403, 409, 422, 429, 500, 503]) {
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        t.origin.on(`${method} ${DOCUMENT}`, { status, body: other, headers: { 'x-why': 'no' } });
        const response = await write(t, phone, method);
        assert.deepEqual([response.status, await response.text()], [status, other]);
        assert.equal(response.headers.get('x-why'), 'no');
      }
    }
    assert.deepEqual(await ask(t, phone), ['fresh', held]);
    assert.deepEqual(await ask(t, laptop), ['fresh', held]);
    assert.equal(t.origin.count(), 3);
  }),

  httpCase(
    'R22: a write of which nobody knows how it ended: held on to, and asked about',
    async (t) => {
      const { phone, laptop, held } = await signIn(t);
      t.origin.on(`PATCH ${DOCUMENT}`, { fault: 'reset' });
      const response = await write(t, phone);
      assert.deepEqual(
        [response.status, await response.json()],
        [503, { error: 'origin_unavailable' }],
      );
      assert.deepEqual(await ask(t, laptop), ['stale', held]);
      await t.origin.called(READ, 4);
      assert.equal(t.origin.count(`PATCH ${DOCUMENT}`), 1);
      assert.deepEqual(await ask(t, phone), ['stale', held]);
      await t.origin.called(READ, 5);
    },
  ),

  httpCase("R22: a write by a session that is not held reaches the user's others", async (t) => {
    const { phone, laptop, stranger, user } = await signIn(t);
    const tablet = bearer(phone.authorization.slice(7).replace('phone', 'tablet'));
    const changed = JSON.stringify({ ...user, plan: 'paid' });
    t.origin.on(`PATCH ${DOCUMENT}`, { status: 204 });
    t.origin.on(READ, { body: changed });
    assert.equal((await write(t, tablet)).status, 204);
    assert.deepEqual(await ask(t, laptop), ['fresh', changed]);
    assert.deepEqual(await ask(t, tablet), ['fresh', changed]);
    assert.equal((await ask(t, stranger))[0], 'fresh');
    assert.equal(t.origin.count(), 4);
    const { updates, originWrite } = await t.stats();
    assert.deepEqual([updates, originWrite], [1, 1]);
  }),

  httpCase('R22: the same, named by its own answer', async (t) => {
    const { phone, laptop, user, held } = await signIn(t);
    const tablet = bearer(phone.authorization.slice(7).replace('phone', 'tablet'));
    t.origin.on(`PUT ${DOCUMENT}`, { body: JSON.stringify({ ...user, plan: 'paid' }) });
    await write(t, tablet, 'PUT');
    assert.deepEqual(await ask(t, laptop), ['origin', held]);
    assert.equal(t.origin.count(), 4);
  }),

  httpCase('R22: it is applied even if the client has gone when the origin answers', async (t) => {
    const { phone, laptop, user } = await signIn(t);
    const changed = JSON.stringify({ ...user, plan: 'paid' });
    const [gate, client] = [createGate(), new AbortController()];
    t.origin.on(`PATCH ${DOCUMENT}`, { body: changed, after: gate.opened });
    const { signal } = client;
    const headers = { ...phone, 'content-length': '2' };
    const writing = t.fetch(DOCUMENT, { method: 'PATCH', headers, body: '{}', signal });
    const gone = writing.then(undefined, () => {});
    await t.origin.called(`PATCH ${DOCUMENT}`);
    client.abort();
    if (t.kind === 'workerd') await gone;
    // By the time that these are through, it has been noticed.
    for (let round = 0; round < 5; round += 1) await attempt(t, {}, { path: '/elsewhere' });
    gate.open();
    await until(async () => (await t.stats()).updates === 1);
    assert.deepEqual(await ask(t, laptop), ['fresh', changed]);
    assert.equal(t.origin.count(), 3);
  }),

  httpCase('R10, R22: an answer from before a write does not undo it', async (t) => {
    const { user } = await signIn(t);
    const [early, gate] = [bearer(`${user.name}-early`), createGate()];
    const [before, changed] = ['free', 'paid'].map((plan) => JSON.stringify({ ...user, plan }));
    t.origin.on(READ, { body: before, after: gate.opened }, { body: changed });
    t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
    const asked = ask(t, early);
    await t.origin.called(READ, 4);
    await write(t, early);
    gate.open();
    assert.deepEqual(await asked, ['origin', changed]);
    assert.deepEqual(await ask(t, early), ['fresh', changed]);
    assert.equal((await t.stats()).fillsRefused, 1);
  }),

  httpCase('R40: a write passes unchanged, its cookies and status too', async (t) => {
    const { phone, held } = await signIn(t);
    const headers = {
      'set-cookie': ['a=1', 'b=2'],
      'x-y': 'z',
      'cache-control': 'public',
      vary: 'Accept',
    };
    t.origin.on(`PUT ${DOCUMENT}`, { status: 201, statusText: 'Made', headers, body: held });
    const response = await write(t, phone, 'PUT');
    assert.deepEqual([response.status, response.statusText], [201, 'Made']);
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
    assert.equal(response.headers.get('x-y'), 'z');
    assert.match(response.headers.get('vary') ?? '', /^Accept, /);
    assertPrivate(response);
    assert.equal(await response.text(), held);
  }),

  httpCase('R22: an answer of many megabytes arrives whole', async (t) => {
    const { phone, laptop } = await signIn(t);
    const long = Buffer.alloc(8 * 1024 ** 2, '0123456789abcdef');
    t.origin.on(`PATCH ${DOCUMENT}`, { body: long });
    const response = await write(t, phone);
    assert.ok(long.equals(Buffer.from(await response.arrayBuffer())));
    assert.equal((await ask(t, laptop))[0], 'origin');
  }),

  httpCase('R44: a write over maxBody is refused with 413, and changes nothing', async (t) => {
    const { phone, laptop, held } = await signIn(t);
    const body = Buffer.alloc(1024 ** 2 + 1, ' ');
    const headers = { ...phone, 'content-length': String(body.length) };
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST']) {
      const response = await t.fetch(DOCUMENT, { method, headers, body });
      assert.deepEqual(
        [response.status, await response.text()],
        [413, '{"error":"body_too_large"}'],
      );
      assertPrivate(response);
      assert.equal(t.origin.count(`${method} ${DOCUMENT}`), 0);
    }
    assert.deepEqual(await ask(t, laptop), ['fresh', held]);
    assert.deepEqual(await ask(t, phone), ['fresh', held]);
  }),

  httpCase('R44: the same if its length was not announced', async (t) => {
    const { phone, laptop, held } = await signIn(t);
    t.origin.on(`PUT ${DOCUMENT}`, { body: 'too late' });
    async function* body() {
      for (let part = 0; part < 20; part += 1) yield Buffer.alloc(64 * 1024, ' ');
    }
    const response = await t.fetch(DOCUMENT, { method: 'PUT', headers: phone, body: body() });
    assert.deepEqual([response.status, await response.text()], [413, '{"error":"body_too_large"}']);
    assert.deepEqual(await ask(t, laptop), ['fresh', held]);
  }),

  httpCase('a body of exactly maxBody passes, announced or not', async (t) => {
    const { phone } = await signIn(t);
    const body = Buffer.alloc(1024 ** 2, ' ');
    async function* parts() {
      yield body.subarray(0, 1000);
      yield body.subarray(1000);
    }
    t.origin.on(`PUT ${DOCUMENT}`, (call) => ({ body: String(call.headers['transfer-encoding']) }));
    const announced = { ...phone, 'content-length': String(body.length) };
    assert.equal(
      (await t.fetch(DOCUMENT, { method: 'PUT', headers: announced, body })).status,
      200,
    );
    assert.equal(
      (await t.fetch(DOCUMENT, { method: 'PUT', headers: phone, body: parts() })).status,
      200,
    );
    const lengths = t.origin.calls(`PUT ${DOCUMENT}`).map((call) => call.body.length);
    assert.deepEqual(lengths, [body.length, body.length]);
  }),

  httpCase('R1, R22: a write with an ambiguous credential passes, and drops nothing', async (t) => {
    const { phone, laptop } = await signIn(t);
    t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":1}' });
    assert.equal((await write(t, { ...phone, ...laptop })).status, 200);
    assert.deepEqual(await attempt(t, {}, { method: 'PATCH', body: '{}' }), [200, '{"id":1}']);
    assert.equal((await ask(t, phone))[0], 'fresh');
  }),
];
