// Which parts of a document may be kept, and for how long it is fresh (R14, R15).
import assert from 'node:assert/strict';
import { DOCUMENT, READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { rule } from '../suite.js';

/** @param {number} version */
const versionOf = (version) => JSON.stringify({ id: 'a', version });

export const keeping = [
  rule(
    'R14',
    'only allow-listed fields are kept and answered',
    async (t) => {
      t.origin.on(READ, { body: '{"id":"a", "ssn":"123", "name":"é", "more":{"ssn":"4"}}' });
      const credential = bearer(t.user());
      for (let time = 0; time < 2; time += 1) {
        const [status, body] = await t.ask(credential);
        assert.deepEqual([status, JSON.parse(body)], [200, { id: 'a', name: 'é' }]);
      }
      assert.deepEqual((await t.session(credential)).user, { id: 'a', name: 'é' });
      assert.equal(t.origin.count(), 1);
    },
    { options: { fields: ['id', 'name', 'absent'] }, needs: ['fields'] },
  ),

  rule(
    'R14',
    'an update keeps no field that is not allow-listed',
    async (t) => {
      t.origin.on(READ, { body: '{"id":"a","name":"b","ssn":"1"}' });
      t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":"a","name":"c","ssn":"2"}' });
      const credential = bearer(t.user());
      await t.ask(credential);
      assert.equal((await t.write(credential))[0], 200);
      t.origin.on(READ, { body: '{"id":"a","name":"c","ssn":"2"}' });
      assert.deepEqual(JSON.parse((await t.ask(credential))[1]), { id: 'a', name: 'c' });
    },
    { options: { fields: ['id', 'name'] }, needs: ['fields'] },
  ),

  rule(
    'R15',
    'a document with no-store answers the requests that wait for it, and is not kept',
    async (t) => {
      const credential = cookie(t.user());
      const gate = createGate();
      const headers = { 'cache-control': 'private, No-Store' };
      t.origin.on(READ, { body: versionOf(1), headers, after: gate.opened });
      const asked = Array.from({ length: 10 }, () => t.ask(credential));
      await t.soon(t.origin.called(READ));
      await t.turn(); // the others have arrived
      gate.open();
      for (const answer of await Promise.all(asked)) assert.deepEqual(answer, [200, versionOf(1)]);
      const before = t.origin.count();
      assert.ok(before < 10, `${before} calls`);
      for (let time = 0; time < 2; time += 1) {
        assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, versionOf(1)]);
      }
      assert.equal(t.origin.count(), before + 2);
    },
  ),

  rule('R15', 'an answer with no-store removes the document that was held', async (t) => {
    const credential = cookie(t.user());
    const noStore = { body: versionOf(2), headers: { 'cache-control': 'no-store' } };
    t.origin.on(READ, { body: versionOf(1) }, noStore, { status: 500 });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    await t.ask(credential);
    await t.until(async () => (await t.ask(credential))[0] === 503);
  }),

  rule('R15', 'max-age shortens freshFor', async (t) => {
    const credential = bearer(t.user());
    const headers = { 'cache-control': 'private, max-age=60' };
    t.origin.on(READ, { body: versionOf(1), headers }, { body: versionOf(2) });
    await t.ask(credential);
    await t.advance(60 * SECOND - MARGIN);
    await t.ask(credential);
    assert.equal(t.origin.count(), 1);
    await t.advance(2 * MARGIN);
    assert.deepEqual(await t.ask(credential), [200, versionOf(1)]);
    await t.soon(t.origin.called(READ, 2));
  }),

  rule('R15', 'max-age never lengthens freshFor', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: versionOf(1), headers: { 'cache-control': 'max-age=86400' } });
    await t.ask(credential);
    await t.advance(30 * MINUTE + MARGIN);
    await t.ask(credential);
    await t.soon(t.origin.called(READ, 2));
  }),

  rule('R15', 'an ETag revalidates: 304 makes the entry fresh again', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { body: versionOf(1), headers: { etag: 'W/"v1"' } }, { status: 304 });
    await t.ask(credential);
    assert.equal(t.origin.calls(READ)[0]?.headers['if-none-match'], undefined);
    await t.advance(30 * MINUTE + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, versionOf(1)]);
    const call = await t.soon(t.origin.called(READ, 2));
    assert.equal(call.headers['if-none-match'], 'W/"v1"');
    await t.idle();
    const calls = t.origin.count();
    await t.advance(20 * MINUTE);
    assert.deepEqual(await t.ask(credential), [200, versionOf(1)]);
    assert.equal(t.origin.count(), calls);
  }),

  rule('R15', 'an ETag of one user is never sent for another', async (t) => {
    t.origin.on(READ, ({ headers }) =>
      headers['if-none-match']
        ? { status: 304 }
        : { body: versionOf(1), headers: { etag: '"v1"' } },
    );
    for (const name of [t.user(), t.user()]) {
      assert.deepEqual(await t.ask(bearer(name)), [200, versionOf(1)]);
    }
    assert.deepEqual(
      t.origin.calls(READ).map(({ headers }) => headers['if-none-match']),
      [undefined, undefined],
    );
  }),
];
