// Many requests at once: one call to the origin, and an answer for everybody (SPEC R9, R10).
import assert from 'node:assert/strict';
import { ask, attempt, bearer, clockCase, cookie, httpCase } from '../support/http-case.js';
import { documentOf, READ, SESSION } from '../support/origin.js';
import { createGate, until } from '../support/wait.js';

/** @typedef {import('../support/http-case.js').Target} Target */

const FOLLOWERS = 20;

/**
 * A leader whose call to the origin waits for the gate, and followers who wait for the leader.
 * @param {Target} t
 * @param {import('../support/origin.js').Behaviour} behaviour
 */
async function queueUp(t, { ...behaviour }) {
  const [name, gate, client] = [t.user(), createGate(), new AbortController()];
  t.origin.on(READ, { ...behaviour, after: gate.opened }, { body: documentOf(name) });
  const { signal } = client;
  const leader = attempt(t, bearer(name), { signal });
  leader.catch(() => {});
  await t.origin.called(READ);
  const followers = Array.from({ length: FOLLOWERS }, () => attempt(t, bearer(name)));
  await until(async () => (await t.stats()).joined === FOLLOWERS, 'all followers wait');
  return { name, gate, client, leader, followers };
}

export const flights = [
  httpCase('R9: who asks while the origin is being asked gets the same answer', async (t) => {
    const body = documentOf('shared');
    const { gate, leader, followers } = await queueUp(t, { body });
    gate.open();
    for (const answer of await Promise.all([leader, ...followers])) {
      assert.deepEqual(answer, [200, body]);
    }
    assert.equal(t.origin.count(), 1);
    const { miss, joined, originCalls, originCallsAvoided, leases } = await t.stats();
    const counters = [miss, joined, originCalls, originCallsAvoided];
    assert.deepEqual(counters, [1, FOLLOWERS, 1, FOLLOWERS]);
    if (t.kind === 'node') assert.equal(leases, 0);
  }),

  ...Object.entries({
    'a document that is not to be kept': {
      behaviour: { body: '{"id":1}', headers: { 'cache-control': 'no-store' } },
      answer: [200, '{"id":1}'],
    },
    'a clear "no"': { behaviour: { status: 401, body: 'no' }, answer: [401, 'no'] },
    'another 4xx': { behaviour: { status: 404, body: 'no' }, answer: [404, 'no'] },
    'a failure': { behaviour: { status: 500 }, answer: [503, '{"error":"origin_unavailable"}'] },
  }).map(([kind, { behaviour, answer }]) =>
    httpCase(`R9: they share ${kind} as well`, async (t) => {
      const { gate, leader, followers } = await queueUp(t, behaviour);
      gate.open();
      for (const each of await Promise.all([leader, ...followers])) assert.deepEqual(each, answer);
      assert.equal(t.origin.count(), 1);
    }),
  ),

  httpCase('R9: the leader goes away: every follower is answered, by the same call', async (t) => {
    const body = documentOf('shared');
    const { gate, client, leader, followers } = await queueUp(t, { body });
    client.abort();
    if (t.kind === 'workerd') await assert.rejects(leader, { name: 'AbortError' });
    // By the time that these are through, it has been noticed.
    for (let round = 0; round < 5; round += 1) await attempt(t, {}, { path: '/elsewhere' });
    gate.open();
    for (const answer of await Promise.all(followers)) assert.deepEqual(answer, [200, body]);
    assert.equal(t.origin.count(), 1);
  }),

  httpCase('R9: a follower that goes away leaves nothing behind', async (t) => {
    const { name, gate, leader, followers } = await queueUp(t, { body: '{"id":1}' });
    const client = new AbortController();
    const leaving = attempt(t, bearer(name), { signal: client.signal });
    leaving.catch(() => {});
    await until(async () => (await t.stats()).joined === FOLLOWERS + 1);
    client.abort();
    gate.open();
    await Promise.all([leader, ...followers]);
    await leaving.catch(() => {});
    if (t.kind === 'node') assert.equal((await t.stats()).leases, 0);
    assert.deepEqual(await ask(t, bearer(name)), ['fresh', '{"id":1}']);
  }),

  httpCase('R9: the session path and HEAD join the same call', async (t) => {
    const [name, gate] = [t.user(), createGate()];
    t.origin.on(READ, { body: documentOf(name), after: gate.opened });
    const leader = attempt(t, cookie(name), { method: 'HEAD' });
    await t.origin.called(READ);
    const follower = attempt(t, cookie(name), { path: SESSION });
    await until(async () => (await t.stats()).joined === 1);
    gate.open();
    assert.deepEqual(await leader, [200, '']);
    assert.deepEqual(JSON.parse((await follower)[1]).user, JSON.parse(documentOf(name)));
    assert.equal(t.origin.count(), 1);
  }),

  httpCase('R9: one user’s call holds nobody else up', async (t) => {
    const [slow, gate] = [t.user(), createGate()];
    t.origin.on(READ, { body: documentOf(slow), after: gate.opened }, { body: '{"id":2}' });
    const asked = ask(t, bearer(slow));
    await t.origin.called(READ);
    assert.deepEqual(await ask(t, bearer(t.user())), ['origin', '{"id":2}']);
    gate.open();
    assert.deepEqual(await asked, ['origin', documentOf(slow)]);
  }),

  clockCase(
    'R9: a leader that hangs: followers finish within leaseFor, one takes over',
    async (t) => {
      const { clock } = t;
      const { name, leader, followers } = await queueUp(t, { fault: 'hang' });
      // The leader gives up first, and tells them.
      clock.advance(8000);
      assert.equal((await leader)[0], 503);
      for (const [status] of await Promise.all(followers)) assert.equal(status, 503);
      assert.deepEqual(await ask(t, bearer(name)), ['origin', documentOf(name)]);
      assert.equal(t.origin.count(), 2);
    },
  ),

  httpCase(
    'R9: a stale document is served while its refresh is under way, to everybody',
    async (t) => {
      const [name, gate] = [t.user(), createGate()];
      t.origin.on(READ, { body: '{"id":1}' }, { body: '{"id":1,"v":2}', after: gate.opened });
      await ask(t, bearer(name));
      const crowd = Array.from({ length: FOLLOWERS }, () => ask(t, bearer(name)));
      for (const answer of await Promise.all(crowd))
        assert.deepEqual(answer, ['stale', '{"id":1}']);
      await t.origin.called(READ, 2);
      assert.equal(t.origin.count(), 2);
      gate.open();
      await until(async () => (await t.stats()).leases === 0);
      assert.deepEqual(await ask(t, bearer(name)), ['stale', '{"id":1,"v":2}']);
    },
    { freshFor: 0 },
  ),
];
