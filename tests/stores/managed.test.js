// Managed sessions on several nodes, when something fails: nobody is signed out by it, and nobody who has signed out is
// served (R24, R32, R33). The order in which tokens are written and redeemed is explored in tests/js/token-model.test.js.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { StoreUnavailableError } from 'sesame-edge/stores';
import { MINUTE, SECOND } from '../support/clock.js';
import {
  LOGOUT,
  ME,
  REFRESH,
  startManagedNodes,
  THINGS,
  TOKEN_MS,
} from '../support/managed-nodes.js';
import { createGate, settle } from '../support/wait.js';

const EXPIRED_MS = TOKEN_MS + 10 * SECOND;
const PAST_BOUND = 6 * SECOND;
/** So long after the store is well again, everything is told. */
const SOON = 30 * SECOND;

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** @param {Parameters<typeof startManagedNodes>} args */
async function startNodes(...args) {
  const world = await startManagedNodes(...args);
  endings.push(world.stop);
  return world;
}

/** Two nodes that hold a session whose access token has expired. */
async function expired() {
  const world = await startNodes(2, { options: { freshFor: '1m' } });
  const [a, b] = world.nodes;
  const cookie = await world.login(a);
  assert.equal(await world.status(b, ME, cookie), 200);
  await world.pass(EXPIRED_MS);
  return { ...world, a, b, cookie };
}

/**
 * The same when one has exchanged the tokens, and the store has forgotten them: the other, which has the old ones, is heard
 * first, a long after the bound.
 */
async function forgotten() {
  const { store, ...world } = await expired();
  const { a, b, cookie, status, pass } = world;
  assert.equal(await status(a, ME, cookie), 200);
  b.link.isCut = true;
  await pass(EXPIRED_MS);
  store.clear();
  a.link.isCut = true;
  b.link.isCut = false;
  await pass(3 * SECOND);
  return world;
}

/** @param {number} status */
const isLater = (status) => assert.ok([200, 503].includes(status), `${status}`);
/** @param {number} status */
const isOver = (status) => assert.ok([401, 503].includes(status), `${status}`);

describe('tokens that several nodes share', () => {
  test('R13, R33: a session that a node has not seen yet is served while it publishes a change of the user', async () => {
    const { nodes, login, send, finish } = await startNodes(2);
    const [a, b] = nodes;
    const cookie = await login(a);
    Object.assign(b.link, { delayMs: 50, writeDelayMs: 300 });
    const change = b.sessions.invalidateUser('ada');
    assert.equal((await finish(send(b, ME, cookie))).status, 200);
    await finish(change);
  });

  test('R24: a node that publishes a change of the user finds the tokens that another has exchanged', async () => {
    const { a, b, cookie, status, finish, origin } = await expired();
    assert.equal(await status(a, THINGS, cookie), 200);
    Object.assign(b.link, { delayMs: 20, writeDelayMs: 200 });
    const change = b.sessions.invalidateUser('ada');
    await settle();
    b.link.writeDelayMs = 20; // of the calls after it
    assert.equal(await status(b, THINGS, cookie), 200);
    await finish(change);
    assert.deepEqual(origin.twice(), []);
  });

  for (const [what, writes, seconds] of /** @type {const} */ ([
    ['one write fails', 1, 1],
    [
      'writes fail for two minutes, longer than an exchange may take',
      Number.POSITIVE_INFINITY,
      120,
    ],
  ])) {
    test(`R24, R33: exchanged tokens that could not be saved are saved later: ${what}`, async () => {
      const { a, b, cookie, status, pass, origin } = await expired();
      a.onAnswer = (path) => {
        if (path === REFRESH) a.link.refusesWrites = writes;
      };
      isLater(await status(a, THINGS, cookie));
      a.onAnswer = () => {};
      for (let second = 0; second < seconds; second += 10) {
        isLater(await status(b, THINGS, cookie));
        await pass(10 * SECOND);
      }
      a.link.refusesWrites = 0;
      await pass(SOON);
      assert.deepEqual(
        [await status(b, THINGS, cookie), await status(a, THINGS, cookie)],
        [200, 200],
      );
      assert.deepEqual(origin.twice(), []);
    });
  }

  test('R24, R33: a store that forgets everything in an exchange costs no tokens, and no second redemption', async () => {
    const { a, b, cookie, store, send, status, finish, pass, origin } = await expired();
    const gate = createGate();
    origin.before = (path) => (path === REFRESH ? gate.opened : undefined);
    const first = send(a, THINGS, cookie);
    await pass(SECOND);
    store.clear();
    const meanwhile = send(b, THINGS, cookie); // it fills the store, with tokens that are being redeemed
    await pass(8 * SECOND);
    origin.before = () => {};
    gate.open();
    isLater((await finish(first)).status);
    isLater((await finish(meanwhile)).status);
    await pass(SOON);
    assert.deepEqual(
      [await status(a, THINGS, cookie), await status(b, THINGS, cookie)],
      [200, 200],
    );
    assert.deepEqual(origin.twice(), []);
  });

  test('R24, R33: an exchange that is under way is announced to a store that has forgotten it', async () => {
    const { a, b, cookie, store, send, status, finish, pass, origin } = await expired();
    const gate = createGate();
    a.onSend = (path) => (path === REFRESH ? gate.opened : undefined);
    const first = send(a, THINGS, cookie);
    await pass(SECOND);
    store.clear();
    await pass(20 * SECOND);
    assert.equal(await status(b, THINGS, cookie), 503);
    gate.open();
    isLater((await finish(first)).status);
    await pass(SOON);
    assert.deepEqual(
      [await status(a, THINGS, cookie), await status(b, THINGS, cookie)],
      [200, 200],
    );
    assert.deepEqual([origin.redeemed.length, origin.twice()], [1, []]);
  });

  test('R24: an exchange may take as long as refreshTimeout, after another that took as long', async () => {
    const { a, b, cookie, clock, send, status, finish, pass, origin } = await expired();
    let call = 0;
    const later = (/** @type {number} */ ms) => clock.sleep(ms, new AbortController().signal);
    origin.before = async (path) => {
      if (path !== REFRESH) return;
      call += 1;
      await later(call === 1 ? 50 * SECOND : 40 * SECOND);
      if (call === 1) throw new TypeError('the connection was reset');
    };
    const onB = send(b, THINGS, cookie);
    await pass(100);
    const begun = clock.now();
    for (const waiting of [send(a, THINGS, cookie), send(b, THINGS, cookie)]) {
      assert.equal((await finish(waiting)).status, 503);
    }
    assert.ok(clock.now() - begun <= 11 * SECOND, 'nobody waits longer than leaseFor');
    assert.equal((await finish(onB)).status, 503);
    assert.equal(await status(a, THINGS, cookie), 200);
    assert.equal(await status(b, THINGS, cookie), 200);
    assert.deepEqual(origin.twice(), []);
  });

  for (const [when, seconds] of /** @type {const} */ ([
    ['onSend', 9],
    ['onAnswer', 9],
    ['onSend', 90],
    ['onAnswer', 90],
  ])) {
    test(`R24, R33: a node stands still for ${seconds} s in an exchange (${when}), and no token is redeemed twice or lost`, async () => {
      const { a, b, cookie, send, status, standStill, pass, finish, origin } = await expired();
      let isFirst = true;
      a[when] = (path) => {
        if (path === REFRESH && isFirst) standStill(a, seconds * SECOND);
        isFirst &&= path !== REFRESH;
      };
      const onA = send(a, THINGS, cookie);
      for (let second = 0; second < seconds; second += 10) {
        await pass(SECOND);
        isLater(await status(b, THINGS, cookie));
        await pass(9 * SECOND);
      }
      isLater((await finish(onA)).status);
      await pass(SOON);
      assert.deepEqual(
        [await status(a, THINGS, cookie), await status(b, THINGS, cookie)],
        [200, 200],
      );
      assert.deepEqual(origin.twice(), []);
    });
  }

  test('R24: the token of a node that died in an exchange is redeemed by another after ten minutes, not before', async () => {
    const { a, b, cookie, send, status, pass, origin } = await expired();
    a.onSend = (path) => {
      if (path === REFRESH) a.isStill = true; // for good
    };
    send(a, THINGS, cookie);
    await pass(SECOND);
    assert.equal(await status(b, THINGS, cookie), 503);
    await pass(9 * MINUTE);
    assert.equal(await status(b, THINGS, cookie), 503);
    assert.deepEqual(origin.redeemed, []);
    await pass(3 * MINUTE);
    assert.equal(await status(b, THINGS, cookie), 200);
    assert.equal(origin.redeemed.length, 1);
  });

  test('R24: a node that dies before it redeems tokens which only it had has left them to the others', async () => {
    const { a, b, cookie, send, status, pass, origin } = await expired();
    a.onAnswer = (path) => {
      if (path === REFRESH) a.link.refusesWrites = Number.POSITIVE_INFINITY;
    };
    isLater(await status(a, THINGS, cookie));
    await pass(EXPIRED_MS);
    assert.equal(origin.redeemed.length, 1);
    a.onSend = (path) => {
      if (path === REFRESH) a.isStill = true; // for good
    };
    a.link.refusesWrites = 0;
    send(a, THINGS, cookie);
    await settle();
    await pass(12 * MINUTE);
    assert.equal(await status(b, THINGS, cookie), 200);
    assert.deepEqual([origin.redeemed.length, origin.twice()], [2, []]);
  });

  test('R24: at the edge, an exchange whose leader is dropped by its host is taken over, and nobody waits for longer than leaseFor', async () => {
    const world = await startNodes(0, { options: { freshFor: '1m' } });
    const { clock, start, login, send, status, finish, pass } = world;
    let isDropping = false;
    /** Of a request that is dropped nothing goes on. */
    const never = new Promise(() => {});
    const sleep = async (/** @type {number} */ ms, /** @type {AbortSignal} */ signal) => {
      const isDropped = isDropping;
      await clock.sleep(ms, signal);
      if (isDropped) await never;
    };
    const edge = start({ sharesPromises: false, sleep });
    await settle();
    const cookie = await login(edge);
    await pass(EXPIRED_MS);
    edge.onSend = (path) => {
      if (path !== REFRESH) return undefined;
      edge.onSend = () => {};
      return never;
    };
    isDropping = true;
    send(edge, THINGS, cookie);
    await settle();
    isDropping = false;
    assert.deepEqual(world.origin.redeemed, []);
    const begun = clock.now();
    const answers = await finish(
      Promise.all(Array.from({ length: 5 }, () => send(edge, THINGS, cookie))),
    );
    assert.ok(clock.now() - begun <= 10 * SECOND + 100, `${clock.now() - begun} ms`);
    for (const answer of answers) isLater(answer.status);
    assert.equal(await status(edge, THINGS, cookie), 200);
  });

  test('R25: a logout on a node with older tokens ends the newest ones at the origin, and redeems none', async () => {
    const world = await startNodes(2, {
      options: { freshFor: '1m' },
      managed: { logoutPath: LOGOUT },
    });
    const { nodes, login, logout, status, pass, origin } = world;
    const [a, b] = nodes;
    const cookie = await login(a);
    await status(b, ME, cookie);
    await pass(EXPIRED_MS);
    assert.equal(await status(b, THINGS, cookie), 200);
    assert.equal(await logout(a, cookie), 200);
    await pass(SECOND);
    assert.deepEqual(origin.live(), []);
    assert.equal(origin.redeemed.length, 1);
    assert.ok(origin.calls.includes(`POST ${LOGOUT} 200`));
  });

  test('R25: tokens that a node has exchanged and could not save end at the origin with their session', async () => {
    const world = await startNodes(2, {
      options: { freshFor: '1m' },
      managed: { logoutPath: LOGOUT },
    });
    const { nodes, login, logout, status, pass, origin } = world;
    const [a, b] = nodes;
    const cookie = await login(a);
    await status(b, ME, cookie);
    await pass(EXPIRED_MS);
    a.onAnswer = (path) => {
      if (path === REFRESH) a.link.isCut = true;
    };
    assert.equal(await status(a, THINGS, cookie), 200);
    assert.equal(await logout(b, cookie), 200);
    assert.notDeepEqual(origin.live(), [], 'nobody else has them');
    await pass(SECOND);
    a.link.isCut = false;
    await pass(SOON);
    assert.deepEqual(origin.live(), []);
    assert.equal(await status(a, ME, cookie), 401);
  });
});

describe('managed sessions in doubt', () => {
  test('R23, R33: a revocation whose answer was lost is not told again, and ends no session that began since', async () => {
    const { nodes, store, login, status, finish, pass } = await startNodes(2);
    const [a, b] = nodes;
    const before = await login(b);
    const { userEvent } = store;
    store.userEvent = async (...args) => {
      await userEvent.apply(store, args);
      a.link.isCut = true;
      throw new StoreUnavailableError();
    };
    await assert.rejects(finish(a.sessions.revokeUser('ada')));
    store.userEvent = userEvent;
    const after = await login(b);
    assert.equal(await status(b, ME, after), 200);
    await pass(20 * SECOND);
    a.link.isCut = false;
    await pass(SOON);
    for (const node of [a, b]) {
      assert.deepEqual([await status(node, ME, before), await status(node, ME, after)], [401, 200]);
    }
  });

  test('R23, R33: a revocation is told again, though an earlier one of the same user is found in the log', async () => {
    const { nodes, store, login, status, finish, pass } = await startNodes(2);
    const [a, b] = nodes;
    const { userEvent } = store;
    for (const isLost of [false, true]) {
      const cookie = await login(b);
      store.userEvent = async (...args) => {
        if (!isLost) await userEvent.apply(store, args);
        a.link.isCut = true;
        throw new StoreUnavailableError();
      };
      await assert.rejects(finish(a.sessions.revokeUser('ada')));
      store.userEvent = userEvent;
      await pass(SECOND);
      a.link.isCut = false;
      await pass(SOON);
      for (const node of nodes) assert.equal(await status(node, ME, cookie), 401);
    }
  });

  test('R23, R33: a revocation that reaches the store late ends what began before it was called, and nothing since', async () => {
    const { nodes, login, status, finish, pass, start } = await startNodes(2);
    const [a, b] = nodes;
    const before = await login(b);
    a.link.isCut = true;
    await pass(SECOND);
    await assert.rejects(finish(a.sessions.revokeUser('ada')));
    await pass(SECOND);
    const after = await login(b);
    await pass(20 * SECOND);
    assert.deepEqual([await status(b, ME, before), await status(b, ME, after)], [200, 200]);
    a.link.isCut = false;
    await pass(SOON);
    for (const node of [a, b, await start()]) {
      assert.deepEqual([await status(node, ME, before), await status(node, ME, after)], [401, 200]);
    }
  });

  test('R23, R31: a revocation of a node that hears the store late ends what began just before it', async () => {
    const { nodes, start, login, status, finish, pass } = await startNodes(1);
    const [b] = nodes;
    const a = start();
    a.link.answerDelayMs = 400;
    await status(a, ME, ''); // it has heard of the store, and takes its clock for slower than it is
    const cookie = await login(b);
    await pass(50);
    a.link.writeDelayMs = 200;
    await finish(a.sessions.revokeUser('ada'));
    await pass(SECOND);
    for (const node of [b, a]) assert.equal(await status(node, ME, cookie), 401);
  });

  test('R23, R31: a node that knows the store’s clock better by and by takes no session for younger than it is', async () => {
    const { nodes, start, login, status, finish, pass } = await startNodes(1);
    const [a] = nodes;
    const b = start();
    b.link.answerDelayMs = 25;
    await status(b, ME, '');
    b.link.answerDelayMs = 6;
    const cookie = await login(a);
    assert.equal(await status(b, ME, cookie), 200);
    b.link.answerDelayMs = 0;
    await finish(a.sessions.revokeUser('ada'));
    await pass(SECOND);
    for (const node of [a, b]) assert.equal(await status(node, ME, cookie), 401);
  });

  test('R23, R33: who signs in on a node that is cut off, after a revocation of his that it has not heard of, stays signed in', async () => {
    const { nodes, login, status, finish, pass, start } = await startNodes(3);
    const [a, b, c] = nodes;
    const before = await login(b);
    assert.equal(await status(c, ME, before), 200);
    b.link.isCut = true;
    await pass(SECOND);
    await finish(a.sessions.revokeUser('ada'));
    await pass(2 * SECOND);
    const after = await login(b);
    assert.notEqual(after, '');
    b.link.isCut = false;
    await pass(SOON);
    for (const node of [a, b, c, start()]) {
      for (const path of [ME, THINGS]) {
        const statuses = [await status(node, path, before), await status(node, path, after)];
        assert.deepEqual(statuses, [401, 200]);
      }
    }
  });

  test('R23, R31, R34: a user who was revoked before the store came back empty stays so, on a node that was cut off and on a later one', async () => {
    const { nodes, store, login, status, finish, pass, start } = await startNodes(2);
    const [a, b] = nodes;
    const before = await login(a);
    assert.equal(await status(b, ME, before), 200);
    b.link.isCut = true;
    await finish(a.sessions.revokeUser('ada'));
    await pass(3 * SECOND);
    const after = await login(a);
    store.clear();
    await pass(2 * SECOND);
    b.link.isCut = false;
    await pass(SOON);
    const late = start();
    await settle();
    for (const node of [a, b, late]) {
      isOver(await status(node, ME, before));
      assert.equal(await status(node, ME, after), 200);
    }
  });

  test('R24, R33: of a store that forgot, no node redeems tokens before all who live were asked for newer ones', async () => {
    const { a, b, cookie, origin, status, finish, pass, send } = await forgotten();
    const asking = send(b, ME, cookie);
    await pass(3 * SECOND);
    a.link.isCut = false;
    isLater((await finish(asking)).status);
    await pass(SOON);
    for (const node of [a, b]) assert.equal(await status(node, ME, cookie), 200);
    assert.deepEqual(origin.twice(), []);
  });

  test('R24, R33: nor before the store has taken answers for as long as they may need', async () => {
    const { a, b, cookie, origin, status, finish, pass, send } = await forgotten();
    const asking = send(b, ME, cookie);
    await pass(SECOND);
    for (const { link } of [a, b]) link.refusesWrites = Number.POSITIVE_INFINITY;
    a.link.isCut = false;
    isLater((await finish(asking)).status);
    await pass(3 * SECOND);
    for (const { link } of [a, b]) link.refusesWrites = 0;
    await finish(send(b, ME, cookie));
    await pass(SOON);
    for (const node of [a, b]) assert.equal(await status(node, ME, cookie), 200);
    assert.deepEqual(origin.twice(), []);
  });

  test('R23, R34: who signs in right after a revocation of his stays signed in when the store comes back empty', async () => {
    const { nodes, store, login, status, finish, pass, start } = await startNodes(2);
    const [a, b] = nodes;
    await pass(100);
    const before = await login(a);
    await finish(a.sessions.revokeUser('ada'));
    await pass(300); // within the second
    const after = await login(a);
    for (let times = 0; times < 2; times += 1) {
      for (const node of [a, b]) assert.equal(await status(node, ME, after), 200);
      store.clear();
      await pass(SOON);
    }
    for (const node of [a, b, start()]) {
      isOver(await status(node, ME, before));
      assert.equal(await status(node, ME, after), 200);
    }
  });

  test('R33: a clock that is set forward makes no ten minutes of a session that nobody knows', async () => {
    const { nodes, clock, store, login, status, pass, start } = await startNodes(1);
    const [a] = nodes;
    const cookie = await login(a);
    let ahead = 0;
    const b = start({ now: () => clock.now() + ahead });
    await settle();
    a.link.isCut = true;
    store.clear();
    await pass(PAST_BOUND);
    assert.equal(await status(b, ME, cookie), 503);
    ahead = 60 * MINUTE;
    assert.equal(await status(b, ME, cookie), 503);
    a.link.isCut = false;
    await pass(SOON);
    assert.equal(await status(b, ME, cookie), 200);
  });

  test('R23, R32, R33: a revocation that a node tells late, with its clock set forward, ends no session that began since', async () => {
    const { nodes, clock, login, status, finish, pass, start } = await startNodes(1);
    const [b] = nodes;
    let ahead = 0;
    const a = start({ now: () => clock.now() + ahead });
    await settle();
    const before = await login(b);
    a.link.isCut = true;
    await pass(SECOND);
    await assert.rejects(finish(a.sessions.revokeUser('ada')));
    await pass(2 * SECOND);
    const after = await login(b);
    await pass(2 * SECOND);
    ahead = MINUTE;
    a.link.isCut = false;
    await pass(SOON);
    for (const node of [a, b]) {
      assert.deepEqual([await status(node, ME, before), await status(node, ME, after)], [401, 200]);
    }
  });

  test('R24, R33, R34: an empty store is filled again by the nodes that hold sessions, and says unknown until then', async () => {
    const { nodes, store, login, send, status, finish, pass, start } = await startNodes(3);
    const [a, b, c] = nodes;
    const cookie = await login(a);
    assert.equal(await status(b, ME, cookie), 200);
    store.clear();
    isLater((await finish(send(c, ME, cookie))).status);
    await pass(SOON);
    for (const node of [a, b, c, start()]) assert.equal(await status(node, ME, cookie), 200);
    // And without a question for it.
    store.clear();
    await pass(SOON);
    for (const { link } of [a, b, c]) link.isCut = true;
    assert.equal(await status(start(), ME, cookie), 200);
  });

  test('R31, R34: what was signed out before the store came back empty stays so, on a node that was cut off and on a later one', async () => {
    const { nodes, store, login, logout, status, pass, start } = await startNodes(2);
    const [a, b] = nodes;
    const [cookie, other] = [await login(a), await login(a, 'bob')];
    for (const each of [cookie, other]) assert.equal(await status(b, ME, each), 200);
    b.link.isCut = true;
    await logout(a, cookie);
    await pass(20 * SECOND);
    store.clear();
    await pass(2 * SECOND);
    b.link.isCut = false;
    await pass(PAST_BOUND);
    for (const path of [ME, THINGS]) isOver(await status(b, path, cookie));
    await pass(SOON);
    const late = start();
    await settle();
    for (const node of [a, b, late]) {
      isOver(await status(node, ME, cookie));
      assert.equal(await status(node, ME, other), 200);
    }
  });

  for (const seconds of [20, 70, 700]) {
    test(`R30, R33: a login in an outage of ${seconds} s is shared when it is over, and unknown elsewhere until then`, async () => {
      const { nodes, login, status, send, finish, pass, start } = await startNodes(2);
      const [a, b] = nodes;
      a.link.isCut = true;
      await pass(SECOND);
      const cookie = await login(a);
      assert.notEqual(cookie, '');
      const meanwhile = await finish(send(b, ME, cookie));
      assert.deepEqual([meanwhile.status, meanwhile.headers.get('set-cookie')], [503, null]);
      assert.ok(meanwhile.headers.has('retry-after'));
      await pass(seconds * SECOND);
      a.link.isCut = false;
      await pass(SOON);
      for (const node of [b, a, start()]) assert.equal(await status(node, ME, cookie), 200);
    });
  }

  test('R33: a session that nobody knows is 503 for ten minutes, then 401; a made-up cookie is 401 at once, without a look', async () => {
    const { nodes, store, login, status, pass } = await startNodes(2);
    const [a, b] = nodes;
    const cookie = await login(a);
    a.sessions.dispose();
    store.clear();
    await pass(PAST_BOUND);
    assert.equal(await status(b, ME, cookie), 503);
    await pass(9 * MINUTE);
    assert.equal(await status(b, ME, cookie), 503);
    await pass(2 * MINUTE);
    assert.equal(await status(b, ME, cookie), 401);
    const before = b.link.calls.length;
    assert.equal(
      await status(b, ME, `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`),
      401,
    );
    assert.deepEqual(b.link.calls.slice(before).includes('get'), false);
  });

  test('R13, R33: a node whose vault is full serves the sessions that are good in the store', async () => {
    const options = { memory: '256kB', maxDocument: '1kB', maxCredential: '512B' };
    const { nodes, login, status } = await startNodes(2, { options });
    const [a, b] = nodes;
    const cookies = [];
    for (let n = 0; n < 1000 && cookies.at(-1) !== ''; n += 1) {
      cookies.push(await login(a, `user-${n}`));
    }
    for (let n = 0; n < 100; n += 1) await login(b, `guest-${n}`);
    const statuses = new Set();
    for (const cookie of cookies.filter(Boolean)) statuses.add(await status(b, ME, cookie));
    assert.ok(cookies.length > 100);
    assert.deepEqual([...statuses], [200]);
  });

  test('R10, R31: a node that has missed more of the log than is kept confirms each session in the store', async () => {
    const storeOptions = { mostEvents: 50 };
    const world = await startNodes(2, { options: { freshFor: '1m' }, storeOptions });
    const { nodes, login, logout, status, pass } = world;
    const [a, b] = nodes;
    const [cookie, other] = [await login(a), await login(a, 'bob')];
    for (const each of [cookie, other]) assert.equal(await status(b, ME, each), 200);
    b.link.isCut = true;
    await logout(a, cookie);
    for (let n = 0; n < 60; n += 1) await a.sessions.invalidateUser(`somebody ${n}`);
    await pass(70 * SECOND);
    b.link.isCut = false;
    await pass(SOON);
    for (const path of [THINGS, ME]) assert.equal(await status(b, path, cookie), 401);
    for (const path of [THINGS, ME]) assert.equal(await status(b, path, other), 200);
  });

  test('R32: a node that is cut off answers 503 past the bound, and serveUnconfirmedFor says for how much longer it serves', async () => {
    for (const seconds of [0, 60]) {
      const options = { freshFor: '1m', serveUnconfirmedFor: seconds * SECOND };
      const { nodes, login, logout, status, pass } = await startNodes(2, { options });
      const [a, b] = nodes;
      const [cookie, other] = [await login(a), await login(a, 'bob')];
      for (const each of [cookie, other]) assert.equal(await status(b, THINGS, each), 200);
      b.link.isCut = true;
      await logout(a, cookie);
      await pass(PAST_BOUND);
      assert.equal(await status(b, THINGS, cookie), seconds === 0 ? 503 : 200);
      await pass(seconds * SECOND);
      for (const path of [ME, THINGS]) assert.equal(await status(b, path, cookie), 503);
      b.link.isCut = false;
      await pass(SOON);
      for (const path of [ME, THINGS]) {
        assert.deepEqual([await status(b, path, cookie), await status(b, path, other)], [401, 200]);
      }
    }
  });

  test('R5: a request for a session that is held costs no call of the store', async () => {
    const { nodes, login, status } = await startNodes(1);
    const [a] = nodes;
    const cookie = await login(a);
    await status(a, THINGS, cookie);
    const calls = () => a.link.calls.filter((name) => name !== 'changes'); // the log is followed
    const before = calls().length;
    for (let n = 0; n < 5; n += 1) {
      assert.deepEqual([await status(a, THINGS, cookie), await status(a, ME, cookie)], [200, 200]);
    }
    assert.equal(calls().length, before);
  });
});
