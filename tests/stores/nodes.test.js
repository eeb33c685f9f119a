// Several nodes of one application on one store: what one does, the others know (SPEC R30-R33). Each node
// has a link of its own to the store, which can be cut.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { ConfigError, SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { createClock, MINUTE, SECOND } from '../support/clock.js';
import { ORIGIN, withCode } from '../support/fake-cache.js';
import { createFakeOrigin, documentOrRefusal } from '../support/fake-origin.js';
import { bearer } from '../support/http-case.js';
import { DOCUMENT } from '../support/origin.js';
import { createGate, rest, settle, until } from '../support/wait.js';

const BOUND = 5 * SECOND;

/** A token that some back ends accept with padding behind it, too. */
const TOKEN = ['{"alg":"HS256"}', '{"sub":"ada"}', 'signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/**
 * A store as one node reaches it: not at all while it is cut, and without its pushes while it is deaf.
 * @param {any} store
 */
function linkTo(store) {
  const link = {
    ...{ isCut: false, isDeaf: false, calls: 0, store: /** @type {any} */ (null) },
    /** What happens before a call arrives. @type {(name: string) => Promise<unknown>} */
    before: async () => {},
    /** And before its answer does. @type {(name: string) => Promise<unknown>} */
    after: async () => {},
  };
  link.store = new Proxy(store, {
    get(target, name) {
      const found = target[name];
      if (typeof found !== 'function') return found;
      if (name === 'close') return async () => {};
      if (name === 'subscribe') {
        return (/** @type {() => void} */ listener) =>
          target.subscribe(() => link.isCut || link.isDeaf || listener());
      }
      return async (/** @type {unknown[]} */ ...args) => {
        link.calls += 1;
        await link.before(String(name));
        if (link.isCut) throw new StoreUnavailableError();
        const answer = await found.apply(target, args);
        await link.after(String(name));
        return answer;
      };
    },
  });
  return link;
}

/**
 * @param {number} count
 * @param {{ answer?: Parameters<typeof createFakeOrigin>[0], options?: object }} [given]
 */
async function startNodes(count, { answer, options } = {}) {
  const clock = createClock();
  const origin = createFakeOrigin(answer);
  const store = new MemoryStore({ now: clock.now });
  const nodes = Array.from({ length: count }, () => {
    const link = linkTo(store);
    const sessions = new SessionCache(
      { origin: ORIGIN, store: link.store, secret: '0'.repeat(32), ...options },
      { fetch: origin.fetch, now: clock.now, monotonic: clock.now, sleep: clock.sleep },
    );
    endings.push(() => sessions.dispose());
    return { link, sessions };
  });
  await rest();
  /** Time goes by, a second at a time, and whoever sleeps wakes. @param {number} milliseconds */
  const pass = async (milliseconds) => {
    for (let left = milliseconds; left > 0; left -= SECOND) {
      clock.advance(Math.min(left, SECOND));
      await settle();
    }
    await rest();
  };
  /** Time goes by until something has ended. @template T @param {Promise<T>} work */
  const finish = async (work) => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    await until(async () => {
      clock.advance(10);
      await rest(); // what WebCrypto does takes no time of this clock
      return isDone;
    });
    return done;
  };
  return { clock, origin, store, nodes, pass, finish };
}

/**
 * A node that starts later.
 * @param {{ origin: ReturnType<typeof createFakeOrigin>, clock: ReturnType<typeof createClock>,
 *   store: MemoryStore, options?: object, now?: () => number }} given
 */
function startNode({ origin, clock, store, options, now = clock.now }) {
  const sessions = new SessionCache(
    { origin: ORIGIN, store: linkTo(store).store, secret: '0'.repeat(32), ...options },
    { fetch: origin.fetch, now, monotonic: clock.now, sleep: clock.sleep },
  );
  endings.push(() => sessions.dispose());
  return sessions;
}

const ada = { headers: new Headers(bearer('ada')) };

/** Asks a node, and lets it tell the others. @param {SessionCache} sessions */
async function ask(sessions) {
  const session = await sessions.getSession(ada);
  await rest();
  return session;
}

describe('several nodes', () => {
  for (const lost of ['get', 'every call', 'the record']) {
    test(`R31: revoke() of what the node does not know and the origin refuses reaches the node that holds it (without ${lost})`, async () => {
      let isSignedOut = false;
      const answer = () =>
        isSignedOut ? new Response(null, { status: 401 }) : Response.json({ id: 'ada' });
      const { finish, nodes, pass } = await startNodes(2, { answer });
      const [one, other] = nodes;
      let isLost = true;
      one.link.before = async (name) => {
        if (lost === 'the record' && name === 'putIfNewer') throw new StoreUnavailableError();
      };
      assert.notEqual(await ask(one.sessions), null);
      isSignedOut = true;
      other.link.before = async (name) => {
        if (isLost && (name === lost || lost === 'every call')) throw new StoreUnavailableError();
      };
      const revoking = finish(other.sessions.revoke(ada));
      if (lost === 'every call') {
        await assert.rejects(revoking, withCode('ERR_SESAME_STORE_UNAVAILABLE'));
        assert.equal(one.sessions.has('', 'Bearer ada'), true, 'it cannot know yet');
      } else await revoking;
      isLost = false;
      await pass(5 * SECOND);
      assert.equal(one.sessions.has('', 'Bearer ada'), false);
    });
  }

  test('R4, R31: revoke() on a node with other options ends what the origin refuses already', async () => {
    let isSignedOut = false;
    const answer = () =>
      isSignedOut ? new Response(null, { status: 401 }) : Response.json({ id: 'ada', name: 'ada' });
    const { clock, finish, nodes, origin, pass, store } = await startNodes(1, { answer });
    const other = startNode({ clock, origin, store, options: { fields: ['/id'] } });
    await rest();
    assert.notEqual(await ask(nodes[0].sessions), null);
    isSignedOut = true;
    await finish(other.revoke(ada));
    await pass(5 * SECOND);
    assert.equal(nodes[0].sessions.has('', 'Bearer ada'), false);
  });

  for (const [effect, row, body] of /** @type {[string, object, string?][]} */ ([
    ['endsOthers', { method: 'POST', path: '/auth/revoke-others' }],
    ['changes', { method: 'POST', path: '/auth/set-active' }],
    ['endsUser', { method: 'POST', path: '/admin/ban', user: '/user/id' }, '{"user":{"id":"a"}}'],
  ])) {
    test(`R31, R82: a request with the effect ${effect} has the other node ask again for that user alone`, async () => {
      const answer = (/** @type {Headers} */ headers) => {
        const id = /\b(a|b)-/.exec(headers.get('authorization') ?? '')?.[1];
        return Response.json({ id });
      };
      const options = { userId: '/id', effects: [{ ...row, effect }] };
      const { nodes, origin, pass } = await startNodes(2, { answer, options });
      const [one, other] = nodes.map(({ sessions }) => sessions);
      const of = (/** @type {string} */ token) => ({ headers: new Headers(bearer(token)) });
      for (const token of ['a-laptop', 'b-phone']) await other.getSession(of(token));
      await one.getSession(of('a-phone'));
      await pass(SECOND);
      const { path } = /** @type {{ path: string }} */ (row);
      const sender = body === undefined ? 'a-phone' : 'b-phone';
      const length = { 'content-length': `${body?.length ?? 0}` };
      const headers = { ...bearer(sender), ...length, 'content-type': 'application/json' };
      const request = new Request(ORIGIN + path, { method: 'POST', headers, body });
      assert.equal((await one.handle(request)).status, 200);
      await pass(BOUND);
      const before = origin.calls.length;
      await other.getSession(of('b-phone'));
      assert.equal(origin.calls.length, before, 'another user’s is held');
      await other.getSession(of('a-laptop'));
      assert.equal(origin.calls.length, before + 1);
    });
  }

  test('R30: a node finds what another has had from the origin', async () => {
    const { origin, nodes } = await startNodes(2);
    const [one, other] = nodes;
    const first = await ask(one.sessions);
    assert.deepEqual(await other.sessions.getSession(ada), first);
    assert.equal(origin.calls.length, 1);
    const { sharedFills, originCalls, checks, miss } = other.sessions.statistics();
    assert.deepEqual(
      { sharedFills, originCalls, checks, miss },
      { sharedFills: 1, originCalls: 0, checks: 1, miss: 1 },
    );
  });

  test('R70: a check that still looks in the store is not counted as one that cost no origin call', async () => {
    const { nodes } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    /** @type {() => void} */
    let goOn = () => {};
    const held = new Promise((resolve) => {
      goOn = () => resolve(undefined);
    });
    link.before = async (name) => void (name === 'acquire' && (await held));
    const asking = sessions.getSession(ada);
    await rest();
    const { checks, originCalls, originCallsAvoided } = sessions.statistics();
    assert.deepEqual(
      { checks, originCalls, originCallsAvoided },
      { checks: 1, originCalls: 0, originCallsAvoided: 0 },
    );
    goOn();
    await asking;
    const after = sessions.statistics();
    assert.deepEqual([after.originCalls, after.originCallsAvoided], [1, 0]);
  });

  test('R5: what is fresh is answered without a word from the store', async () => {
    const { nodes } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    await ask(sessions);
    const before = link.calls;
    for (let i = 0; i < 100; i += 1) await ask(sessions);
    assert.ok(sessions.has('', bearer('ada').authorization));
    assert.equal(link.calls, before);
  });

  test('R6, R7: it is as old as it was there', async () => {
    const { origin, nodes, pass } = await startNodes(2);
    const [one, other] = nodes;
    await ask(one.sessions);
    await pass(29 * MINUTE);
    await ask(other.sessions);
    assert.equal(origin.calls.length, 1);
    await pass(2 * MINUTE);
    await ask(other.sessions);
    await rest();
    assert.equal(origin.calls.length, 2);
    assert.equal(other.sessions.statistics().stale, 1);
    // And the other need not ask again.
    await ask(one.sessions);
    await rest();
    assert.equal(origin.calls.length, 2);
  });

  test('R31: what is ended on one node is ended on all', async () => {
    const { origin, nodes } = await startNodes(3);
    for (const { sessions } of nodes) await ask(sessions);
    assert.equal(origin.calls.length, 1);
    await nodes[1].sessions.revoke(ada);
    await rest();
    for (const { sessions } of nodes) {
      assert.equal(sessions.check('', bearer('ada').authorization), null);
      assert.equal(await sessions.getSession(ada), null);
    }
    assert.equal(origin.calls.length, 1);
  });

  test('R4, R31: a credential that is dropped or ended under one value of varyOn is so on all nodes and under all', async () => {
    const { origin, nodes } = await startNodes(2, { options: { varyOn: 'x-org' } });
    const [one, other] = nodes.map(({ sessions }) => sessions);
    const of = (/** @type {string} */ org) => ({
      headers: new Headers({ ...bearer('ada'), 'x-org': org }),
    });
    const sourceOf = async (/** @type {SessionCache} */ node, /** @type {string} */ org) => {
      const { source } = await node.identify(of(org));
      await rest();
      return source;
    };
    assert.equal(await sourceOf(one, 'a'), 'origin');
    assert.equal(
      await sourceOf(other, 'b'),
      'origin',
      'another value is another record in the store',
    );
    assert.equal(origin.calls.length, 2);
    await sourceOf(other, 'a');
    assert.equal(origin.calls.length, 2, 'one node finds what the other has had');
    await one.forget(of('a'));
    await rest();
    await sourceOf(other, 'b');
    assert.equal(origin.calls.length, 3);
    await one.revoke(of('a'));
    await rest();
    for (const node of [one, other]) {
      for (const org of ['a', 'b', 'c']) assert.equal(await node.getSession(of(org)), null);
    }
    assert.equal(origin.calls.length, 3);
  });

  test('R23, R31: and so is what happens to users', async () => {
    const { origin, nodes } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await ask(sessions);
    await one.sessions.invalidateUser('id-ada');
    await rest();
    await ask(other.sessions);
    assert.equal(origin.calls.length, 2);
    await other.sessions.revokeUser('id-ada');
    await rest();
    assert.equal(await one.sessions.getSession(ada), null);
    assert.equal(origin.calls.length, 2);
  });

  test('R23: who signs in after a sign-out elsewhere stays signed in, however late that is heard of', async () => {
    const { origin, nodes, pass } = await startNodes(2, {
      answer: () => Response.json({ id: 'id-ada' }),
    });
    const [one, other] = nodes;
    await ask(other.sessions);
    other.link.isDeaf = true;
    await one.sessions.revokeUser('id-ada');
    const again = { headers: new Headers(bearer('ada-again')) };
    assert.equal((await other.sessions.getSession(again))?.user.id, 'id-ada');
    await pass(BOUND);
    assert.equal((await other.sessions.getSession(again))?.user.id, 'id-ada');
    assert.equal(await other.sessions.getSession(ada), null);
    assert.equal(origin.calls.length, 2);
  });

  test('R23: a revocation that is heard of late ends a session from just before it, and none from just after', async () => {
    const { clock, nodes, pass } = await startNodes(2, {
      answer: () => Response.json({ id: 'id-ada' }),
    });
    const [one, other] = nodes;
    await ask(other.sessions);
    one.link.isCut = true;
    clock.advance(40);
    await assert.rejects(one.sessions.revokeUser('id-ada'));
    clock.advance(40);
    const again = { headers: new Headers(bearer('ada-again')) };
    assert.equal((await other.sessions.getSession(again))?.user.id, 'id-ada');
    await pass(4 * BOUND);
    one.link.isCut = false;
    await pass(BOUND);
    assert.equal(await other.sessions.getSession(ada), null);
    assert.equal((await other.sessions.getSession(again))?.user.id, 'id-ada');
  });

  test('R23: a session that begins on a node which has not heard of a revocation lives on every node', async () => {
    const { clock, nodes, pass } = await startNodes(2, {
      answer: () => Response.json({ id: 'id-ada' }),
    });
    const [one, other] = nodes;
    other.link.isDeaf = true;
    other.link.before = async (name) => {
      if (name === 'changes') throw new StoreUnavailableError();
    };
    await one.sessions.revokeUser('id-ada');
    clock.advance(40);
    await ask(other.sessions);
    other.link.before = async () => {};
    await pass(BOUND);
    for (const { sessions } of nodes) assert.equal((await ask(sessions))?.user.id, 'id-ada');
  });

  test('R23, R32: a clock that is set forward moves no birth that its node knows, or writes into the store', async () => {
    const world = await startNodes(1, { answer: () => Response.json({ id: 'id-ada' }) });
    const { clock, nodes, origin, pass } = world;
    const [one] = nodes;
    let ahead = 0;
    const other = startNode({ ...world, now: () => clock.now() + ahead });
    await rest();
    one.link.isCut = true;
    await assert.rejects(one.sessions.revokeUser('id-ada'));
    await pass(SECOND);
    await ask(other);
    await pass(SECOND);
    ahead = 60 * MINUTE;
    await other.getSession(ada, { fresh: true });
    await rest();
    assert.equal(origin.calls.length, 2);
    one.link.isCut = false;
    await pass(BOUND);
    for (const node of [one.sessions, other, startNode(world)]) {
      await rest();
      assert.equal((await ask(node))?.user.id, 'id-ada');
    }
    assert.equal(origin.calls.length, 2);
  });

  test('R23, R31: a node that has not heard of the store yet revokes at the store’s time, not at its own', async () => {
    const { origin, nodes, store, clock } = await startNodes(1);
    await ask(nodes[0].sessions);
    const now = () => clock.now() - MINUTE;
    const edge = new SessionCache(
      { origin: ORIGIN, store, secret: '0'.repeat(32) },
      { fetch: origin.fetch, now, monotonic: clock.now, sleep: clock.sleep, sharesPromises: false },
    );
    endings.push(() => edge.dispose());
    await edge.revokeUser('id-ada');
    await rest();
    assert.equal(await nodes[0].sessions.getSession(ada), null);
    assert.equal(await edge.getSession(ada), null);
  });

  test('R23, R31: an answer of the store that was long on its way does not make a node’s revocation an earlier one', async () => {
    const { clock, nodes, pass } = await startNodes(2);
    const [one, other] = nodes;
    let isSlow = true;
    one.link.after = async (name) => {
      if (name === 'changes' && isSlow) await clock.sleep(3 * SECOND, new AbortController().signal);
    };
    await pass(2 * SECOND); // its reading has begun
    await ask(other.sessions);
    await pass(SECOND);
    isSlow = false;
    await pass(SECOND);
    await one.sessions.revokeUser('id-ada');
    await rest();
    assert.equal(await other.sessions.getSession(ada), null);
  });

  test('R31, R54: what there is no room to remember does not come back from the store while its end is told', async () => {
    const { nodes, finish } = await startNodes(2, {
      answer: () => Response.json({ id: 'ada' }),
      options: { userId: '/id', endsPerUser: 1 },
    });
    const [one, other] = nodes;
    const [first, second] = ['first', 'second'].map((name) => ({ headers: bearer(name) }));
    for (const request of [first, second]) {
      await one.sessions.getSession(request);
      await rest();
      await other.sessions.getSession(request);
    }
    await one.sessions.revoke(first);
    const { open, opened } = createGate();
    one.link.before = async (name) => {
      if (name === 'end') await opened;
    };
    const ending = one.sessions.revoke(second);
    const asked = one.sessions.getSession(second);
    await rest();
    open();
    await finish(ending);
    await finish(asked);
    await rest();
    for (const { sessions } of nodes) {
      assert.equal(sessions.has('', bearer('second').authorization), false);
      assert.equal(await sessions.getSession(second), null);
    }
  });

  test('R30, R31: a node that starts later does not bring back what was ended before', async () => {
    let isGone = false;
    const answer = (/** @type {Headers} */ headers) =>
      isGone ? new Response(null, { status: 401 }) : documentOrRefusal(headers);
    const { origin, store, clock, nodes } = await startNodes(1, { answer });
    await ask(nodes[0].sessions);
    await nodes[0].sessions.revokeUser('id-ada');
    isGone = true;
    const late = startNode({ origin, clock, store });
    await rest();
    assert.equal(await ask(late), null);
    assert.equal(origin.calls.length, 1, 'the store knows that it has ended');
  });

  for (const { count, fresh } of [
    { count: 1, fresh: false },
    { count: 1, fresh: true },
    { count: 1001, fresh: false },
  ]) {
    const how = `${count} at once, ${fresh ? '' : 'not '}fresh`;
    test(`R31: a node that starts later, and that the store does not answer for sessions which have ended, notices when it can (${how})`, async () => {
      const { origin, store, clock, nodes, pass, finish } = await startNodes(1);
      const requests = Array.from({ length: count }, (_, each) => ({
        headers: new Headers(bearer(`user-${each}`)),
      }));
      const last = requests[count - 1];
      const [{ sessions }] = nodes;
      await finish(sessions.getSession(last));
      await finish(sessions.revoke(last));
      const link = linkTo(store);
      link.before = async (name) => {
        if (['get', 'putIfNewer'].includes(name)) throw new StoreUnavailableError();
      };
      const late = startNode({ origin, clock, store: link.store });
      await rest();
      const found = await finish(
        Promise.all(requests.map((request) => late.getSession(request, { fresh }))),
      );
      assert.ok(
        found.every((session) => session !== null),
        'the origin’s word is taken (R32)',
      );
      await pass(2 * SECOND);
      assert.notEqual(await finish(late.getSession(last)), null);
      const before = origin.calls.length;
      link.before = async () => {};
      await pass(2 * SECOND);
      assert.equal(await finish(late.getSession(last)), null);
      assert.equal(origin.calls.length, before);
    });
  }

  test('R31, R52: a snapshot does not bring back what was ended on another node since', async () => {
    let isGone = false;
    const { store, clock, origin, nodes } = await startNodes(2, {
      answer: (headers) =>
        isGone ? new Response(null, { status: 401 }) : documentOrRefusal(headers),
    });
    for (const { sessions } of nodes) await ask(sessions);
    const snapshot = await new Response(nodes[0].sessions.snapshot()).arrayBuffer();
    await nodes[1].sessions.revoke(ada);
    isGone = true;
    clock.advance(2 * MINUTE);
    const late = startNode({ origin, clock, store });
    await rest(); // it has read the log to its end: nothing of before comes again
    assert.equal(await late.restore(snapshot), 1);
    assert.equal(late.has('', bearer('ada').authorization), false);
    assert.equal(await ask(late), null);
    assert.equal(origin.calls.length, 1, 'the store knows that it has ended');
  });

  test('R14: a node that keeps some fields takes no document from one that keeps all', async () => {
    const { store, clock, origin, nodes } = await startNodes(1);
    await ask(nodes[0].sessions);
    const narrow = startNode({ origin, clock, store, options: { fields: ['id'] } });
    await rest();
    assert.deepEqual((await ask(narrow))?.user, { id: 'id-ada' });
    assert.deepEqual([origin.calls.length, narrow.statistics().sharedFills], [2, 0]);
    // One that keeps the same takes what that one has left.
    const other = startNode({ origin, clock, store, options: { fields: ['id'] } });
    await rest();
    assert.deepEqual((await ask(other))?.user, { id: 'id-ada' });
    assert.deepEqual([origin.calls.length, other.statistics().sharedFills], [2, 1]);
  });

  test('R4: one credential at two origins is two sessions, in one store too', async () => {
    const { store, clock, origin, nodes } = await startNodes(1);
    await ask(nodes[0].sessions);
    const elsewhere = createFakeOrigin(() => Response.json({ id: 'of-another-origin' }));
    const options = { origin: 'http://elsewhere.test' };
    const other = startNode({ origin: elsewhere, clock, store, options });
    await rest();
    assert.equal((await ask(other))?.user.id, 'of-another-origin');
    assert.deepEqual([origin.calls.length, elsewhere.calls.length], [1, 1]);
  });

  test('R23: a message of the webhook is good once, whichever node it comes to', async () => {
    const webhookSecret = 'w'.repeat(32);
    const { clock, nodes } = await startNodes(2, { options: { webhookSecret } });
    const message = (/** @type {string} */ user) => {
      const body = JSON.stringify({ action: 'revoke', user });
      const time = Math.floor(clock.now() / SECOND);
      const mac = createHmac('sha256', webhookSecret).update(`${time}.${body}`).digest('hex');
      const headers = { 'sesame-signature': `t=${time},v1=${mac}` };
      return () =>
        new Request('http://edge.test/api/auth/revoke', { method: 'POST', headers, body });
    };
    const send = async (/** @type {number} */ node, /** @type {() => Request} */ request) =>
      (await nodes[node].sessions.handle(request())).status;
    const first = message('id-ada');
    assert.deepEqual([await send(0, first), await send(1, first)], [204, 409]);
    // Where nobody can tell, it takes effect, and whoever sent it is asked to send another.
    nodes[1].link.isCut = true;
    assert.equal(await send(1, message('id-mia')), 503);
  });

  test('R22: an update on one node is seen on all, and costs no further call', async () => {
    let name = 'ada';
    const { origin, nodes } = await startNodes(2, {
      answer: () => Response.json({ id: 'id-ada', name }),
    });
    const [one, other] = nodes;
    for (const { sessions } of nodes) await ask(sessions);
    name = 'grace';
    assert.equal((await one.sessions.updateUser(ada, { name }))?.user.name, 'grace');
    await rest();
    assert.equal((await ask(other.sessions))?.user.name, 'grace');
    const reads = origin.calls.filter(({ method }) => method === 'GET');
    assert.equal(reads.length, 1);
  });

  test('R6, R7: what is stale there as well is asked of the origin, whatever the clock', async () => {
    const { clock, origin, nodes, pass } = await startNodes(2);
    const [one, other] = nodes;
    clock.advance(511);
    await ask(one.sessions);
    await ask(other.sessions);
    await pass(31 * MINUTE);
    await ask(other.sessions);
    assert.equal(origin.calls.length, 2);
    await pass(62 * MINUTE);
    assert.equal((await ask(one.sessions))?.user.name, 'ada');
    assert.equal(origin.calls.length, 3);
  });

  test('R31: after the store came back empty, what others have had since is taken at once', async () => {
    const { clock, store, nodes } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await ask(sessions);
    clock.advance(511);
    store.clear();
    await one.sessions.invalidateUser('id-grace'); // wakes the others
    await rest();
    await ask(one.sessions);
    assert.equal((await ask(other.sessions))?.user.name, 'ada');
  });

  test('R22: an update on a node that held nothing is seen at once on those that do', async () => {
    let name = 'ada';
    const { nodes } = await startNodes(2, { answer: () => Response.json({ id: 'id-ada', name }) });
    const [one, other] = nodes;
    await ask(other.sessions);
    name = 'grace';
    await one.sessions.updateUser(ada, { name });
    await rest();
    assert.equal((await ask(other.sessions))?.user.name, 'grace');
  });

  test('R22: of two updates at once, the one that is told last is not taken for the newer', async () => {
    /** @type {((response: Response) => void)[]} */
    const writes = [];
    let version = 1;
    const { nodes } = await startNodes(2, {
      answer: (_, call) =>
        call === 2 || call === 3
          ? new Promise((resolve) => writes.push(resolve))
          : Response.json({ id: 'id-ada', version }),
    });
    for (const { sessions } of nodes) await ask(sessions);
    const updates = nodes.map(({ sessions }) => sessions.updateUser(ada, {}));
    await rest();
    version = 3;
    nodes[0].link.isCut = true; // it does not hear of the other's
    writes[1](Response.json({ id: 'id-ada', version: 3 }));
    await updates[1];
    nodes[0].link.isCut = false;
    writes[0](Response.json({ id: 'id-ada', version: 2 }));
    await updates[0];
    await rest();
    for (const { sessions } of nodes) assert.equal((await ask(sessions))?.user.version, 3);
  });

  test('R30: what another node has left since it was looked for is found under the lock', async () => {
    const { origin, nodes } = await startNodes(2);
    const [one, other] = nodes;
    let isFirst = true;
    other.link.before = async (name) => {
      if (name !== 'acquire' || !isFirst) return;
      isFirst = false;
      await ask(one.sessions);
    };
    assert.equal((await ask(other.sessions))?.user.id, 'id-ada');
    assert.equal(origin.calls.length, 1);
    // The lock is nobody's any more: the next who needs it does not wait.
    await other.sessions.invalidateUser('id-ada');
    await rest();
    await ask(one.sessions);
    assert.equal(origin.calls.length, 2);
  });

  test('R9, R23: of twenty nodes with five requests each, one asks for what has changed', async () => {
    const { origin, nodes, finish } = await startNodes(20);
    for (const { sessions } of nodes) await ask(sessions);
    assert.equal(origin.calls.length, 1);
    await nodes[3].sessions.invalidateUser('id-ada');
    await rest();
    const asking = nodes.flatMap(({ sessions }) =>
      Array.from({ length: 5 }, () => sessions.getSession(ada)),
    );
    const answers = await finish(Promise.all(asking));
    assert.equal(answers.filter((session) => session?.user.name === 'ada').length, 100);
    assert.equal(origin.calls.length, 2);
  });

  test('R70: how long the store has not been heard is told', async () => {
    const { nodes, pass } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    const silence = () => sessions.statistics().storeSilenceMs;
    await pass(MINUTE);
    assert.ok(silence() < BOUND / 2, `${silence()} ms`);
    link.isCut = true;
    const before = silence();
    await pass(MINUTE);
    assert.equal(silence(), before + MINUTE);
    assert.match(sessions.prometheusText(), /^sesame_store_silence_seconds 6\d(\.\d+)?$/m);
    link.isCut = false;
    await pass(2 * SECOND);
    assert.ok(silence() < BOUND / 2, `${silence()} ms`);
  });

  test('R31, R32: a node whose link is cut serves nothing older than the bound', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await ask(sessions);
    other.link.isCut = true;
    await pass(SECOND);
    await finish(ask(other.sessions));
    assert.equal(origin.calls.length, 1);
    await one.sessions.revoke(ada);
    await pass(BOUND);
    assert.equal(other.sessions.check('', bearer('ada').authorization), null);
    assert.equal(other.sessions.has('', bearer('ada').authorization), false);
    await finish(ask(other.sessions));
    assert.equal(origin.calls.length, 2);
    // What the origin has just said counts until the bound again.
    await finish(ask(other.sessions));
    assert.equal(origin.calls.length, 2);
    // The link is back, and with it what was missed.
    other.link.isCut = false;
    await pass(2 * SECOND);
    assert.equal(await finish(other.sessions.getSession(ada)), null);
    assert.equal(origin.calls.length, 2);
  });

  test('R31, R32: behind a cut link an answer of the origin is as old as its question, and asked for again', async () => {
    /** @type {((response: Response) => void)[]} */
    const answers = [];
    const { clock, origin, nodes, pass, finish } = await startNodes(1, {
      answer: (headers, call) =>
        call === 1
          ? new Promise((resolve) => answers.push(() => resolve(documentOrRefusal(headers))))
          : new Response(null, { status: 401 }),
    });
    const [{ link, sessions }] = nodes;
    link.isCut = true;
    await pass(BOUND);
    const slow = sessions.getSession(ada);
    await until(async () => {
      clock.advance(10);
      await rest();
      return origin.calls.length === 1;
    });
    await pass(BOUND); // meanwhile it is ended elsewhere
    answers[0](new Response());
    assert.equal(await finish(slow), null);
    assert.equal(origin.calls.length, 2);
  });

  test('R32: a link that comes back brings trust back, without a call', async () => {
    const { origin, nodes, pass } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    await ask(sessions);
    link.isCut = true;
    await pass(2 * BOUND);
    assert.equal(sessions.has('', bearer('ada').authorization), false);
    link.isCut = false;
    await pass(2 * SECOND);
    assert.ok(sessions.has('', bearer('ada').authorization));
    await ask(sessions);
    assert.equal(origin.calls.length, 1);
  });

  test('R31: a store that comes back empty is not believed', async () => {
    const { origin, store, nodes, pass } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await ask(sessions);
    other.link.isCut = true;
    await one.sessions.revoke(ada);
    store.clear();
    other.link.isCut = false;
    await pass(2 * SECOND);
    assert.equal(other.sessions.has('', bearer('ada').authorization), false);
    // The node that has ended it has told the store again.
    assert.equal(await ask(other.sessions), null);
    assert.equal(origin.calls.length, 1);
  });

  for (const [what, headers, asked = headers] of /** @type {Record<string, string>[][]} */ ([
    ['a bearer', { authorization: 'Bearer ada' }],
    ['a cookie', { cookie: 'session=ada' }],
    ['a token', { authorization: `Bearer ${TOKEN}` }, { authorization: `Bearer ${TOKEN}=` }],
  ])) {
    test(`R8, R31: of a store that came back empty, a node that starts later hears that ${what} has ended`, async () => {
      const started = await startNodes(2, { answer: () => Response.json({ id: 'ada' }) });
      const { store, nodes, pass, finish } = started;
      const [one, other] = nodes;
      for (const { sessions } of nodes) await finish(sessions.getSession({ headers }));
      other.link.isCut = true; // it could tell, too
      await finish(one.sessions.revoke({ headers }));
      store.clear();
      await pass(2 * SECOND);
      const late = startNode(started);
      await rest();
      assert.equal(await finish(late.getSession({ headers: asked })), null);
    });
  }

  test('R33: without the store, nobody is signed out, and the others are told when it is back', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2);
    const [one, other] = nodes;
    for (const { link } of nodes) link.isCut = true;
    for (const { sessions } of nodes) {
      assert.equal((await finish(sessions.getSession(ada)))?.user.name, 'ada');
    }
    assert.equal(origin.calls.length, 2);
    await assert.rejects(one.sessions.revoke(ada), withCode('ERR_SESAME_STORE_UNAVAILABLE'));
    assert.equal(await one.sessions.getSession(ada), null);
    for (const { link } of nodes) link.isCut = false;
    await pass(3 * SECOND);
    assert.equal(await other.sessions.getSession(ada), null);
  });

  test('R10, R31: an answer that is late changes nothing of what was ended meanwhile', async () => {
    /** @type {(response: Response) => void} */
    let release = () => {};
    let calls = 0;
    const { nodes, pass, finish } = await startNodes(2, {
      answer: (headers) => {
        calls += 1;
        if (calls === 1) return documentOrRefusal(headers);
        if (calls > 2) return new Response(null, { status: 401 });
        return new Promise((resolve) => {
          release = () => resolve(documentOrRefusal(headers));
        });
      },
    });
    const [one, other] = nodes;
    await ask(other.sessions);
    const late = one.sessions.getSession(ada, { fresh: true });
    await rest();
    one.link.isCut = true; // it does not hear of it
    await finish(other.sessions.revoke(ada));
    release(new Response());
    await late;
    one.link.isCut = false;
    await pass(2 * SECOND);
    for (const { sessions } of nodes) assert.equal(await sessions.getSession(ada), null);
  });

  test('a store needs a secret, and cannot know when a managed session was used', () => {
    const store = new MemoryStore();
    for (const wrong of [
      { store },
      { store: {}, secret: '0'.repeat(32) },
      { store, secret: '0'.repeat(32), managed: {}, idleFor: '10m' },
      { store, secret: '0'.repeat(32), revocationBound: 'soon' },
    ]) {
      assert.throws(
        () => new SessionCache(/** @type {any} */ ({ origin: ORIGIN, ...wrong })),
        ConfigError,
      );
    }
    assert.equal(DOCUMENT.length > 0, true);
  });
});
