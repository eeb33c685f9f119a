// Crowds, clients that leave and an origin that stops, with the ready-made worker in the real workerd: there one request
// may not await what another has begun (R9). The conformance suite checks the rules themselves in workerd.
// Invariant: each case has a workerd and an origin of its own.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ask, assertPrivate, attempt, bearer, cookie } from '../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../support/origin.js';
import { createWorkerdTarget } from '../support/targets.js';
import { createGate, until } from '../support/wait.js';

const CROWD = 200;
const USERS = 500;

/** @type {Awaited<ReturnType<typeof createWorkerdTarget>>} */
let t;
beforeEach(async () => {
  t = await createWorkerdTarget();
});
afterEach(() => t.close());

/** @template T @param {number} count @param {(index: number) => T} make @returns {T[]} */
const many = (count, make) => Array.from({ length: count }, (_, index) => make(index));

describe('in workerd', { timeout: 30_000 }, () => {
  test('R9: the ready-made worker answers 200 cold checks of one user with 1 origin call', async () => {
    const gate = createGate();
    const body = documentOf('shared');
    t.origin.on(READ, { body, after: gate.opened });
    const crowd = many(CROWD, () => attempt(t, bearer('shared')));
    await until(async () => (await t.stats()).joined === CROWD - 1, 'all but one wait');
    await t.origin.called(READ);
    gate.open();
    for (const answer of await Promise.all(crowd)) assert.deepEqual(answer, [200, body]);
    assert.equal(t.origin.count(), 1);
    const { checks, miss, joined, originCalls, leases } = await t.stats();
    assert.deepEqual([checks, miss, joined, originCalls, leases], [CROWD, 1, CROWD - 1, 1, 0]);
  });

  test('R9: the ready-made worker answers 200 cold checks with 1 origin call also if the origin answers at once', async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = t.user();
      const crowd = many(CROWD, () => attempt(t, cookie(name)));
      for (const answer of await Promise.all(crowd))
        assert.deepEqual(answer, [200, documentOf(name)]);
      assert.equal(t.origin.count(), round + 1);
    }
    assert.equal((await t.stats()).leases, 0);
  });

  test("R1, R3, R4: 500 users at once never see each other's document", async () => {
    const names = many(USERS, () => t.user());
    for (let round = 0; round < 3; round += 1) {
      const answers = names.map(async (name, index) => {
        const credential = index % 2 ? bearer(name) : cookie(name);
        const path = (index + round) % 3 ? DOCUMENT : SESSION;
        const [status, body] = await attempt(t, credential, { path });
        assert.equal(status, 200);
        const { user = JSON.parse(body) } = JSON.parse(body);
        assert.deepEqual(user, JSON.parse(documentOf(name)));
      });
      await Promise.all(answers);
    }
    assert.equal(t.origin.count(), USERS);
    const { fresh, miss, entries } = await t.stats();
    assert.deepEqual([fresh, miss, entries], [2 * USERS, USERS, USERS]);
  });

  test('R9: 199 followers of a leader whose client has left are answered by 1 call', async () => {
    const [gate, client] = [createGate(), new AbortController()];
    t.origin.on(READ, { body: '{"id":1}', after: gate.opened });
    const leader = attempt(t, bearer('shared'), { signal: client.signal });
    await t.origin.called(READ);
    const followers = many(CROWD - 1, () => attempt(t, bearer('shared')));
    await until(async () => (await t.stats()).joined === CROWD - 1, 'all followers wait');
    client.abort();
    await assert.rejects(leader, { name: 'AbortError' });
    // By the time that these are through, the client's end has been noticed.
    for (let round = 0; round < 5; round += 1) await attempt(t, {}, { path: '/elsewhere' });
    gate.open();
    for (const answer of await Promise.all(followers)) assert.deepEqual(answer, [200, '{"id":1}']);
    assert.equal(t.origin.count(), 1);
    assert.equal((await t.stats()).takeovers, 0);
  });

  test('R9: the answer to a crowd that has left is kept, and leaves no lease', async () => {
    const gate = createGate();
    t.origin.on(READ, { body: '{"id":1}', after: gate.opened });
    const clients = many(20, () => new AbortController());
    const crowd = clients.map(({ signal }) => attempt(t, bearer('shared'), { signal }));
    await until(async () => (await t.stats()).joined === 19, 'all but one wait');
    for (const client of clients) client.abort();
    await Promise.allSettled(crowd);
    gate.open();
    await until(async () => (await t.stats()).entries === 1, 'the document is kept');
    assert.deepEqual(await ask(t, bearer('shared')), ['fresh', '{"id":1}']);
    assert.equal(t.origin.count(), 1);
  });

  test('R10: a crowd that waits during a logout is not answered with the document from before', async () => {
    const gate = createGate();
    t.origin.on(READ, { body: '{"id":1}', after: gate.opened }, { status: 401, body: 'out' });
    t.origin.on('POST /logout', { status: 204 });
    const crowd = many(50, () => attempt(t, cookie('shared')));
    await until(async () => (await t.stats()).joined === 49, 'all but one wait');
    await attempt(t, cookie('shared'), { path: '/logout', method: 'POST' });
    gate.open();
    for (const answer of await Promise.all(crowd)) assert.deepEqual(answer, [401, 'out']);
    assert.equal(t.origin.count(), 2);
  });

  test('R13: while the origin is down 20 held users are answered, 20 others get 503, and no session ends', async () => {
    const [warm, cold] = [many(20, () => t.user()), many(20, () => t.user())];
    for (const name of warm) await ask(t, bearer(name));
    const before = t.origin.count();
    await t.origin.stop();
    for (const name of warm) {
      assert.deepEqual(await ask(t, bearer(name)), ['fresh', documentOf(name)]);
      const [status, session] = await attempt(t, bearer(name), { path: SESSION });
      assert.deepEqual([status, JSON.parse(session).user.name], [200, name]);
    }
    const responses = cold.map((name) => t.fetch(DOCUMENT, { headers: cookie(name) }));
    for (const response of await Promise.all(responses)) {
      assert.deepEqual(
        [response.status, await response.json()],
        [503, { error: 'origin_unavailable' }],
      );
      assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.equal(response.headers.get('clear-site-data'), null);
      assertPrivate(response);
    }
    await t.origin.restart();
    for (const name of cold)
      assert.deepEqual(await ask(t, cookie(name)), ['origin', documentOf(name)]);
    for (const name of warm) assert.equal((await ask(t, bearer(name)))[0], 'fresh');
    assert.equal(t.origin.count(), before + cold.length);
    assert.equal((await attempt(t, {}, { path: '/elsewhere' }))[0], 404);
  });
});
