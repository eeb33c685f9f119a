// What ends sessions, or drops what is held for them, where a Node program says so.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { DAY, HOUR } from '../support/clock.js';
import { createCache, withCode } from '../support/fake-cache.js';
import { bearer, cookie } from '../support/http-case.js';
import { createGate, settle } from '../support/wait.js';

describe('what ends sessions', () => {
  test('R8: revoke ends a session, for good', async () => {
    const { clock, origin, sessions } = createCache();
    const [ended, other] = [{ headers: bearer('ada') }, { headers: bearer('grace') }];
    await sessions.getSession(ended);
    await sessions.getSession(other);
    sessions.revoke(ended);
    for (const wait of [0, HOUR, DAY]) {
      clock.advance(wait);
      assert.equal(await sessions.getSession(ended), null);
      assert.equal(await sessions.getSession(ended, { fresh: true }), null);
    }
    assert.equal(origin.calls.length, 2);
    assert.notEqual(await sessions.getSession(other), null);
    assert.equal(sessions.statistics().revocations, 1);
  });

  test('R10: revoke wins over an answer that is under way', async () => {
    const gate = createGate();
    const { sessions } = createCache(async () => {
      await gate.opened;
      return Response.json({ id: 1 });
    });
    const request = { headers: cookie('ada') };
    const asked = [sessions.getSession(request), sessions.getSession(request)];
    await settle();
    sessions.revoke(request);
    gate.open();
    assert.deepEqual(await Promise.all(asked), [null, null]);
    assert.equal(await sessions.getSession(request), null);
    assert.equal(sessions.statistics().fillsRefused, 1);
  });

  test('forget drops what is held, and no more', async () => {
    const { origin, sessions } = createCache();
    const request = { headers: cookie('ada') };
    await sessions.getSession(request);
    sessions.forget(request);
    assert.equal((await sessions.getSession(request))?.user.name, 'ada');
    assert.equal(origin.calls.length, 2);
  });

  test('R23: invalidateUser drops the documents of all sessions of a user', async () => {
    for (const id of ['u-1', 7, 'ünï "\\ \u0000 \ud83d\ude00', -0.5]) {
      const { origin, sessions } = createCache((headers) =>
        Response.json({ id: headers.get('authorization') === 'Bearer other' ? 'other' : id }),
      );
      const requests = ['phone', 'laptop', 'other'].map((name) => ({ headers: bearer(name) }));
      for (const request of requests) await sessions.getSession(request);
      sessions.invalidateUser(id);
      for (const request of requests) await sessions.getSession(request);
      assert.equal(origin.calls.length, 5, String(id));
    }
  });

  test('R23: revokeUser ends them all, and those under way', async () => {
    const gate = createGate();
    const { origin, sessions } = createCache(async (_, call) => {
      if (call === 3) await gate.opened;
      return Response.json({ id: 7 });
    });
    const [phone, laptop, late] = ['phone', 'laptop', 'late'].map((name) => ({
      headers: bearer(name),
    }));
    await sessions.getSession(phone);
    await sessions.getSession(laptop);
    const asked = sessions.getSession(late);
    await settle();
    sessions.revokeUser(7);
    gate.open();
    assert.deepEqual(
      [await sessions.getSession(phone), await sessions.getSession(laptop)],
      [null, null],
    );
    // The origin is asked anew about the one under way, and its word counts.
    assert.deepEqual((await asked)?.user, { id: 7 });
    assert.equal(origin.calls.length, 4);
  });

  test('R23: a user whose number JavaScript cannot hold is named by its digits, and only so', async () => {
    const webhookSecret = 'w'.repeat(32);
    const { clock, sessions } = createCache(() => new Response('{"id":9007199254740993}'), {
      webhookSecret,
    });
    const send = async (/** @type {string} */ body) => {
      const time = Math.floor(clock.now() / 1000);
      const mac = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest('hex');
      const headers = { 'sesame-signature': `t=${time},v1=${mac}` };
      const url = 'http://edge.test/api/auth/revoke';
      return (await sessions.handle(new Request(url, { method: 'POST', headers, body }))).status;
    };
    await sessions.getSession({ headers: cookie('ada') });
    // Not 204: nobody would notice that the session goes on.
    assert.equal(await send('{"action":"revoke","user":9007199254740993}'), 400);
    assert.equal(await send('{"action":"revoke","user":1e999}'), 400);
    assert.equal(await send('{"action":"revoke","user":""}'), 400);
    assert.ok(sessions.has('session=ada'));
    assert.equal(await send('{"action":"revoke","user":"9007199254740993"}'), 204);
    assert.equal(sessions.has('session=ada'), false);
    assert.equal(await sessions.getSession({ headers: cookie('ada') }), null);
  });

  test('a user that is none is an error with its code', () => {
    const { sessions } = createCache();
    for (const wrong of [
      '',
      null,
      undefined,
      {},
      [],
      true,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53, // as likely another user's: it has lost its last digits
      1n,
    ]) {
      for (const method of /** @type {const} */ (['invalidateUser', 'revokeUser'])) {
        const call = () => sessions[method](/** @type {any} */ (wrong));
        assert.throws(call, withCode('ERR_SESAME_BAD_USER_ID'), String(wrong));
      }
    }
  });
});
