// Origin calls under way: one per key (R9), and refused if the session or user has changed meanwhile (R10).
import assert from 'node:assert/strict';
import { DOCUMENT, documentOf, READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { LOGOUT, MANAGED, post, signUsersIn } from '../identity.js';
import { hostRule, rule } from '../suite.js';

const FOLLOWERS = 20;

/**
 * A leader whose call to the origin waits for the gate, and followers that wait for the leader.
 * @param {import('../context.js').Context} t
 * @param {import('../../support/origin.js').Behaviour} behaviour
 */
async function queueUp(t, behaviour) {
  const [credential, gate, client] = [bearer(t.user()), createGate(), new AbortController()];
  t.origin.on(READ, { ...behaviour, after: gate.opened }, { body: documentOf('later') });
  const leader = t.fetch(DOCUMENT, { headers: credential, signal: client.signal });
  await t.origin.called(READ);
  const followers = Array.from({ length: FOLLOWERS }, () => t.ask(credential));
  await t.until(async () => (await t.statistics()).joined === FOLLOWERS);
  const answers = async () => {
    const response = await leader;
    return [[response.status, await response.text()], ...(await Promise.all(followers))];
  };
  return { credential, gate, client, leader, followers, answers };
}

/** @param {string} plan */
const userWith = (plan) => JSON.stringify({ id: 'a', plan });

export const flight = [
  rule(
    'R9',
    '200 simultaneous checks of one user cost one call, and all get its answer',
    async (t) => {
      const name = t.user();
      const gate = createGate();
      t.origin.on(READ, { body: documentOf(name), after: gate.opened });
      const asked = Array.from({ length: 200 }, () => t.ask(bearer(name)));
      await t.soon(t.origin.called(READ));
      await t.turn();
      gate.open();
      for (const answer of await Promise.all(asked))
        assert.deepEqual(answer, [200, documentOf(name)]);
      assert.equal(t.origin.count(), 1);
    },
  ),

  rule('R9', 'the slow origin call of one user holds up no other user', async (t) => {
    const [slow, quick] = [t.user(), t.user()];
    const gate = createGate();
    t.origin.on(READ, ({ headers }) =>
      headers.authorization === `Bearer ${slow}`
        ? { body: documentOf(slow), after: gate.opened }
        : { body: documentOf(quick) },
    );
    const waiting = t.ask(bearer(slow));
    await t.soon(t.origin.called(READ));
    assert.deepEqual(await t.ask(bearer(quick), DOCUMENT, 'origin'), [200, documentOf(quick)]);
    gate.open();
    assert.deepEqual(await waiting, [200, documentOf(slow)]);
  }),

  ...Object.entries({
    'a 401': { behaviour: { status: 401, body: 'no' }, answer: [401, 'no'] },
    'a 403': { behaviour: { status: 403, body: 'no' }, answer: [403, 'no'] },
  }).map(([kind, { behaviour, answer }]) =>
    rule('R9', `followers share ${kind}: 20 simultaneous checks cost one call`, async (t) => {
      const gate = createGate();
      t.origin.on(READ, { ...behaviour, after: gate.opened });
      const credential = cookie(t.user());
      const asked = Array.from({ length: FOLLOWERS }, () => t.ask(credential));
      await t.soon(t.origin.called(READ));
      await t.turn();
      gate.open();
      for (const each of await Promise.all(asked)) assert.deepEqual(each, answer);
      assert.equal(t.origin.count(), 1);
    }),
  ),

  rule('R9', 'a leader whose client goes away leaves every follower answered', async (t) => {
    const name = t.user();
    const gate = createGate();
    t.origin.on(READ, { body: documentOf(name), after: gate.opened });
    const client = new AbortController();
    const { signal } = client;
    const leader = t.fetch(DOCUMENT, { headers: bearer(name), signal }).then(
      () => 'answered',
      () => 'gone',
    );
    await t.soon(t.origin.called(READ));
    const followers = Array.from({ length: 10 }, () => t.ask(bearer(name)));
    client.abort();
    assert.equal(await leader, 'gone');
    await t.turn();
    gate.open();
    for (const answer of await Promise.all(followers))
      assert.deepEqual(answer, [200, documentOf(name)]);
    assert.ok(t.origin.count() <= 2, `${t.origin.count()} calls`);
  }),

  rule('R9', 'a leader that fails leaves every follower answered', async (t) => {
    const gate = createGate();
    t.origin.on(READ, { status: 500, after: gate.opened }, { body: documentOf('x') });
    const credential = bearer(t.user());
    const asked = Array.from({ length: 10 }, () => t.ask(credential));
    await t.soon(t.origin.called(READ));
    await t.turn();
    gate.open();
    for (const [status] of await Promise.all(asked))
      assert.ok([200, 503].includes(status), `${status}`);
    assert.deepEqual(await t.ask(credential), [200, documentOf('x')]);
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R9',
    'a leader that hangs: followers finish within leaseFor, and one takes over',
    async (t) => {
      t.origin.on(READ, { fault: 'hang' }, { body: documentOf('x') });
      const credential = bearer(t.user());
      const asked = Array.from({ length: 10 }, () => t.ask(credential));
      await t.soon(t.origin.called(READ));
      await t.turn();
      await t.advance(9 * SECOND);
      await t.advance(SECOND + 500);
      for (const [status] of await t.soon(Promise.all(asked)))
        assert.ok([200, 503].includes(status), `${status}`);
      assert.deepEqual(await t.ask(credential), [200, documentOf('x')]);
    },
  ),

  hostRule(
    'R9, R70',
    'a leader and its followers are counted as one miss and as joined, and leave no lease',
    async (t) => {
      const body = documentOf('shared');
      const { gate, answers } = await queueUp(t, { body });
      gate.open();
      for (const answer of await answers()) assert.deepEqual(answer, [200, body]);
      assert.equal(t.origin.count(), 1);
      const { miss, joined, originCalls, originCallsAvoided, leases } = await t.statistics();
      const counters = [miss, joined, originCalls, originCallsAvoided, leases];
      assert.deepEqual(counters, [1, FOLLOWERS, 1, FOLLOWERS, 0]);
    },
  ),

  ...Object.entries({
    'a document that is not to be kept': {
      behaviour: { body: '{"id":1}', headers: { 'cache-control': 'no-store' } },
      answer: [200, '{"id":1}'],
    },
    'a 404': { behaviour: { status: 404, body: 'no' }, answer: [404, 'no'] },
    'a failure': { behaviour: { status: 500 }, answer: [503, '{"error":"origin_unavailable"}'] },
  }).map(([kind, { behaviour, answer }]) =>
    hostRule('R9', `followers share ${kind}, which costs one call`, async (t) => {
      const { gate, answers } = await queueUp(t, behaviour);
      gate.open();
      for (const each of await answers()) assert.deepEqual(each, answer);
      assert.equal(t.origin.count(), 1);
    }),
  ),

  hostRule(
    'R9',
    'followers are answered by the call of a leader whose client has left, without another',
    async (t) => {
      const body = documentOf('shared');
      const { gate, client, leader, followers } = await queueUp(t, { body });
      client.abort();
      await assert.rejects(leader, { name: 'AbortError' });
      // By the time that these are answered the cache has noticed.
      await t.turn();
      gate.open();
      for (const answer of await Promise.all(followers)) assert.deepEqual(answer, [200, body]);
      assert.equal(t.origin.count(), 1);
    },
  ),

  hostRule('R9', 'a follower whose client leaves leaves no lease behind', async (t) => {
    const { credential, gate, answers } = await queueUp(t, { body: '{"id":1}' });
    const client = new AbortController();
    const leaving = t.fetch(DOCUMENT, { headers: credential, signal: client.signal });
    await t.until(async () => (await t.statistics()).joined === FOLLOWERS + 1);
    client.abort();
    gate.open();
    await answers();
    await leaving.catch(() => {});
    assert.equal((await t.statistics()).leases, 0);
    assert.deepEqual(await t.ask(credential, DOCUMENT, 'fresh'), [200, '{"id":1}']);
  }),

  hostRule('R9', 'the session path and HEAD join a call that is under way', async (t) => {
    const [name, gate] = [t.user(), createGate()];
    t.origin.on(READ, { body: documentOf(name), after: gate.opened });
    const leader = t.fetch(DOCUMENT, { method: 'HEAD', headers: cookie(name) });
    await t.origin.called(READ);
    const follower = t.session(cookie(name));
    await t.until(async () => (await t.statistics()).joined === 1);
    gate.open();
    const head = await leader;
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.deepEqual((await follower).user, JSON.parse(documentOf(name)));
    assert.equal(t.origin.count(), 1);
  }),

  rule(
    'R10',
    'revoking a session wins over an answer that is under way',
    async (t) => {
      for (const credential of [bearer(t.user()), cookie(t.user())]) {
        const gate = createGate();
        t.origin.on(READ, { body: userWith('free'), after: gate.opened });
        const calls = t.origin.count();
        const asked = t.ask(credential);
        await t.soon(t.origin.called(READ, calls + 1));
        const revoked = t.api.revoke(credential);
        await t.soon(t.origin.called(READ, calls + 2)); // whether it is anybody's is not known here yet (R53)
        gate.open();
        await t.soon(revoked);
        assert.equal((await t.soon(asked))[0], 401);
        assert.equal((await t.ask(credential))[0], 401);
        await t.advance(MINUTE);
        assert.equal((await t.ask(credential))[0], 401);
      }
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R10',
    'revoking a session wins over a refresh behind a stale answer',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: userWith('free') }, { body: userWith('paid'), after: gate.opened });
      const credential = bearer(t.user());
      await t.ask(credential);
      await t.advance(30 * MINUTE + MARGIN);
      await t.ask(credential);
      await t.soon(t.origin.called(READ, 2));
      await t.api.revoke(credential);
      gate.open();
      await t.idle();
      assert.equal((await t.ask(credential))[0], 401);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R10',
    'revoking the user wins over answers that are under way',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: userWith('free'), after: gate.opened }, { status: 401 });
      const credential = bearer(t.user());
      const asked = t.ask(credential);
      await t.soon(t.origin.called(READ));
      await t.api.revokeUser('a');
      gate.open();
      assert.equal((await t.soon(asked))[0], 401);
      assert.equal((await t.ask(credential))[0], 401);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R10',
    'invalidating the user wins over an answer from before it, which is not kept',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: userWith('free'), after: gate.opened }, { body: userWith('paid') });
      const credential = bearer(t.user());
      const asked = t.ask(credential);
      await t.soon(t.origin.called(READ));
      await t.api.invalidateUser('a');
      gate.open();
      await t.soon(asked);
      assert.deepEqual(await t.ask(credential), [200, userWith('paid')]);
    },
    { needs: ['api', 'revoke'] },
  ),

  rule('R10', 'an update wins over an answer from before it', async (t) => {
    const gate = createGate();
    t.origin.on(READ, { body: userWith('free'), after: gate.opened }, { body: userWith('paid') });
    t.origin.on(`PATCH ${DOCUMENT}`, { body: userWith('paid') });
    const credential = bearer(t.user());
    const asked = t.ask(credential);
    await t.soon(t.origin.called(READ));
    assert.equal((await t.write(credential))[0], 200);
    gate.open();
    await t.soon(asked);
    assert.deepEqual(await t.ask(credential), [200, userWith('paid')]);
  }),

  rule('R10', 'a logout that the origin answers wins over a check that is under way', async (t) => {
    const gate = createGate();
    t.origin.on(READ, { body: userWith('free'), after: gate.opened }, { status: 401 });
    t.origin.on('POST /api/v1/auth/logout', { status: 204 });
    const credential = cookie(t.user());
    const asked = t.ask(credential);
    await t.soon(t.origin.called(READ));
    assert.equal((await post(t, '/api/v1/auth/logout', credential)).status, 204);
    gate.open();
    await t.soon(asked);
    assert.equal((await t.ask(credential))[0], 401);
  }),

  rule(
    'R10',
    'a logout of a managed session wins over a check that is under way',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(60 * MINUTE + MARGIN);
      const gate = createGate();
      t.origin.on(READ, { body: userWith('free'), after: gate.opened });
      const calls = t.origin.count();
      const asked = t.ask(headers);
      await t.soon(t.origin.called(READ, calls + 1));
      assert.equal((await post(t, LOGOUT, headers)).status, 200);
      gate.open();
      assert.equal((await t.soon(asked))[0], 401);
      assert.equal(await t.session(headers), null);
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule(
    'R10',
    'a session that ended does not come back with tokens that were being exchanged',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(6 * MINUTE);
      const gate = createGate();
      t.origin.on(`POST ${MANAGED.refreshPath}`, (call) =>
        Object.assign(idp.redeem(call), { after: gate.opened }),
      );
      const asked = t.ask(headers, '/api/v1/things');
      await t.soon(t.origin.called(`POST ${MANAGED.refreshPath}`));
      assert.equal((await post(t, LOGOUT, headers)).status, 200);
      gate.open();
      assert.equal((await t.soon(asked))[0], 401);
      assert.equal(await t.session(headers), null);
      assert.equal((await t.ask(headers, '/api/v1/things'))[0], 401);
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule(
    'R10',
    'of slow answers that overtake each other the newest is kept',
    async (t) => {
      const gates = [createGate(), createGate()];
      t.origin.on(
        READ,
        { body: userWith('one'), after: gates[0].opened },
        { body: userWith('two'), after: gates[1].opened },
        { body: userWith('three') },
      );
      const credential = bearer(t.user());
      const first = t.api.getSession(credential, { fresh: true });
      await t.soon(t.origin.called(READ, 1));
      await t.api.invalidateUser('a');
      const second = t.api.getSession(credential, { fresh: true });
      gates[0].open();
      gates[1].open();
      await t.soon(Promise.all([first, second]));
      const [status, body] = await t.ask(credential);
      assert.equal(status, 200);
      assert.notEqual(body, userWith('one'));
    },
    { needs: ['api', 'revoke'] },
  ),
];
