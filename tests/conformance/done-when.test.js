// What the whole life of a session costs the origin, and what a slow identity provider costs its users, in Node and in
// workerd. These cases count calls over many rules, so they are not in the table of rules.
// Invariant: the number of origin calls is the one that the documentation promises.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { DOCUMENT, READ } from '../support/origin.js';
import { createContext, SECOND } from './context.js';
import {
  EXPIRED_MS,
  LOGINS,
  LOGOUT,
  LOGOUTS,
  MANAGED,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from './identity.js';
import { nodeTarget } from './targets/node.js';
import { workerdTarget } from './targets/workerd.js';

const IDP_TAKES = 9 * SECOND;

for (const adapter of [nodeTarget, workerdTarget]) {
  describe(adapter.name, () => {
    /** @type {import('./targets/target.js').OpenTarget} */
    let target;
    before(async () => {
      target = await adapter.open();
    });
    after(() => target?.close());

    test('R20, R22, R24, R25: a login, 17 checks, a change, a refresh, 5 checks and a logout cost 5 calls', async (test) => {
      const t = await createContext(target, adapter, { managed: MANAGED });
      test.after(() => t.close());
      const idp = signUsersIn(t);
      const { headers } = await idp.login('ann');
      for (let check = 0; check < 17; check += 1) {
        if (check % 3 === 0) assert.equal((await t.session(headers)).user.plan, 'free');
        else assert.deepEqual(await t.ask(headers), [200, idp.documentOf('ann')]);
      }
      assert.equal((await t.write(headers))[0], 200);
      assert.equal((await t.session(headers)).user.plan, 'paid');
      assert.equal((await post(t, REFRESH, headers)).status, 200);
      for (let check = 0; check < 5; check += 1) {
        assert.equal(JSON.parse((await t.ask(headers))[1]).plan, 'paid');
      }
      assert.equal((await post(t, LOGOUT, headers)).status, 200);
      await t.soon(t.origin.called(LOGOUTS));
      assert.equal(await t.session(headers), null);
      assert.deepEqual(
        t.origin.calls().map(({ key }) => key),
        [LOGINS, READ, `PATCH ${DOCUMENT}`, REDEMPTIONS, LOGOUTS],
      );
    });

    test('R24: 50 requests at once with an expired token and a provider that takes 9 s redeem it once', async (test) => {
      const t = await createContext(target, adapter, { managed: MANAGED });
      test.after(() => t.close());
      const idp = signUsersIn(t);
      const { headers } = await idp.login('ann');
      await t.advance(EXPIRED_MS);
      /** @type {() => void} */
      let answer = () => {};
      const answered = new Promise((resolve) => {
        answer = () => resolve(undefined);
      });
      t.origin.on(REDEMPTIONS, (call) => Object.assign(idp.redeem(call), { after: answered }));
      const paths = [THINGS, REFRESH, THINGS, THINGS, DOCUMENT];
      const asked = Array.from({ length: 50 }, (_, at) => {
        const path = paths[at % paths.length];
        const method = path === REFRESH ? 'POST' : 'GET';
        return t.fetchSlowly(path, { method, headers, ...(path === REFRESH && { body: '' }) });
      });
      await t.soon(t.origin.called(REDEMPTIONS));
      await t.turn();
      for (let second = 0; second < IDP_TAKES; second += SECOND) await t.advance(SECOND);
      await t.turn();
      answer();
      const statuses = (await t.soon(Promise.all(asked))).map(({ status }) => status);
      assert.deepEqual(statuses, Array(50).fill(200));
      assert.deepEqual([t.origin.count(REDEMPTIONS), t.origin.count()], [1, 1]);
      assert.equal((await t.session(headers)).user.name, 'ann');
    });
  });
}

// The suite moves the clock of workerd itself, so one test lets real time pass.
test('R24: in workerd, in real time, a provider that takes 9 s gets one redemption for 50 answers', async (test) => {
  const target = await workerdTarget.open();
  const t = await createContext(target, workerdTarget, { managed: MANAGED });
  test.after(async () => {
    await t.close();
    await target.close();
  });
  const idp = signUsersIn(t);
  const { headers } = await idp.login('ann');
  await t.advance(EXPIRED_MS);
  t.origin.on(REDEMPTIONS, (call) =>
    Object.assign(idp.redeem(call), {
      after: new Promise((resolve) => setTimeout(resolve, IDP_TAKES)),
    }),
  );
  const start = performance.now();
  const asked = Array.from({ length: 50 }, () => t.fetchSlowly(THINGS, { headers }));
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.ok(performance.now() - start >= IDP_TAKES - 100);
  assert.deepEqual(statuses, Array(50).fill(200));
  assert.equal(t.origin.count(REDEMPTIONS), 1);
  assert.equal((await t.session(headers)).user.name, 'ann');
});
