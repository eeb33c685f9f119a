// Single guards of what several nodes share: each test fails if its guard is taken out (scripts/mutants/shell.mjs).
// What they keep together is tested in tests/stores and in the simulation.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { afterEach, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { createClock, HOUR, MINUTE, SECOND } from '../support/clock.js';
import { ORIGIN, withCode } from '../support/fake-cache.js';
import { bearer, sourceOf } from '../support/http-case.js';
import { createGate, rest, until } from '../support/wait.js';

const DOCUMENT = '/api/v1/users/me';
const LOGIN = '/api/auth/login';
const SESSION = '/api/auth/session';
const ada = { headers: new Headers(bearer('ada')) };
const notShared = withCode('ERR_SESAME_STORE_UNAVAILABLE');

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/**
 * An origin that knows everybody who has a token, and issues some; what a test puts `before` a call is waited for.
 * @param {() => number} now
 */
function createOrigin(now) {
  let issued = 0;
  const origin = {
    /** @type {string[]} */
    calls: [],
    version: 1,
    refuses: false,
    /** @type {(call: string) => Promise<unknown> | void} */
    before: () => {},
    count: (/** @type {string} */ call) => origin.calls.filter((each) => each === call).length,
    async fetch(/** @type {any} */ input, /** @type {RequestInit} */ init = {}) {
      const call = `${init.method ?? 'GET'} ${new URL(input.url ?? input).pathname}`;
      origin.calls.push(call);
      const version = init.method === 'PATCH' ? ++origin.version : origin.version;
      await origin.before(call);
      if (origin.refuses) return Response.json({}, { status: 401 });
      if (/login|refresh/.test(call)) {
        issued += 1;
        const tokens = { access_token: `a${issued}`, refresh_token: `r${issued}` };
        return Response.json({ ...tokens, expires_in: 60, at: now() });
      }
      return Response.json({ id: 'ada', version });
    },
  };
  return origin;
}

/**
 * Nodes on one store, each with a link that a test can disturb.
 * @param {number} count
 * @param {object} [options]
 */
async function startNodes(count, options = {}) {
  const clock = createClock();
  const origin = createOrigin(clock.now);
  const store = new MemoryStore({ now: clock.now });
  const start = (host = {}) => {
    const link = {
      /** @type {string[]} */
      calls: [],
      offset: 0,
      isCut: false,
      /** @type {(name: string, args: any[]) => unknown} what comes first, and may fail */
      before: () => {},
      /** @type {(name: string, result: any, args: any[]) => any} */
      after: (_, result) => result,
    };
    const reached = new Proxy(store, {
      get(target, name) {
        const found = /** @type {any} */ (target)[name];
        if (name === 'close') return async () => {};
        if (name === 'subscribe') return async () => async () => {};
        if (typeof found !== 'function') return found;
        return async (/** @type {any[]} */ ...args) => {
          link.calls.push(String(name));
          await link.before(String(name), args);
          if (link.isCut) throw new StoreUnavailableError();
          return link.after(String(name), await found.apply(target, args), args);
        };
      },
    });
    const sessions = new SessionCache(
      { origin: ORIGIN, store: /** @type {any} */ (reached), secret: '0'.repeat(32), ...options },
      {
        ...{ fetch: origin.fetch, sleep: clock.sleep, ...host },
        ...{ now: () => clock.now() + link.offset, monotonic: clock.now },
      },
    );
    endings.push(() => sessions.dispose());
    const send = (/** @type {string} */ path, cookie = '', method = 'GET') =>
      sessions.handle(
        new Request(`https://site.test${path}`, {
          method,
          headers: cookie ? { cookie } : { authorization: 'Bearer ada' },
          ...(method === 'POST' && { body: '{}' }),
        }),
      );
    return { link, sessions, send };
  };
  const nodes = Array.from({ length: count }, () => start());
  await rest();
  const pass = async (/** @type {number} */ milliseconds) => {
    for (let left = milliseconds; left > 0; left -= SECOND) {
      clock.advance(Math.min(left, SECOND));
      await rest();
    }
  };
  /** Time goes by until something has ended. @template T @param {Promise<T>} work */
  const finish = async (work) => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    await until(async () => {
      clock.advance(100);
      await rest();
      return isDone;
    });
    return done;
  };
  return { clock, origin, store, nodes, pass, finish, start };
}

/** @param {Response} response */
const cookieOf = (response) => (response.headers.get('set-cookie') ?? '').split(';')[0];
const READ = `GET ${DOCUMENT}`;

describe('the log', () => {
  test('R31: an answer that was asked for before the log was lost is asked for once more', async () => {
    const { origin, store, nodes, pass, finish } = await startNodes(1);
    const gate = createGate();
    origin.before = () => (origin.calls.length === 1 ? gate.opened : undefined);
    const asked = nodes[0].sessions.getSession(ada);
    await rest();
    store.clear();
    await pass(2 * SECOND);
    gate.open();
    assert.equal((await finish(asked))?.user.id, 'ada');
    assert.equal(origin.count(READ), 2);
  });

  test('R31: what one node drops is dropped on the others', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await finish(sessions.getSession(ada));
    origin.version += 1;
    await finish(Promise.resolve(one.sessions.forget(ada)));
    await pass(2 * SECOND);
    assert.equal((await finish(other.sessions.getSession(ada)))?.user.version, 2);
  });

  test('R31: a node that holds nothing of a session ends what another node holds, though the origin refuses it by now', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2);
    const [one, other] = nodes;
    await finish(one.sessions.getSession(ada));
    origin.refuses = true;
    await finish(Promise.resolve(other.sessions.revoke(ada)));
    await pass(2 * SECOND);
    origin.refuses = false;
    assert.equal(await finish(one.sessions.getSession(ada)), null);
  });

  test('R31: nor does it take the session from the store while the others cannot be told', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2);
    const [one, other] = nodes;
    await finish(one.sessions.getSession(ada));
    await rest();
    origin.refuses = true;
    other.link.before = () => {
      throw new StoreUnavailableError();
    };
    await assert.rejects(finish(Promise.resolve(other.sessions.revoke(ada))), notShared);
    other.link.before = (name) => {
      if (name === 'forget') throw new StoreUnavailableError();
    };
    assert.equal(await finish(other.sessions.getSession(ada)), null);
    other.link.before = () => {};
    await pass(5 * SECOND);
    for (const { sessions } of nodes) assert.equal(sessions.has('', 'Bearer ada'), false);
  });

  test('R8, R54: where there is no room to remember it, a session that has ended is refused at the store’s word', async () => {
    const small = { memory: 250_000, maxDocument: 4096 };
    const { origin, store, nodes, pass, finish } = await startNodes(2, small);
    const [{ link, sessions, send }, other] = nodes;
    const since = await store.changes(null);
    await finish(other.sessions.revoke({ headers: new Headers(bearer('bob')) }));
    const { events = [] } = (await store.changes(since?.position ?? null)) ?? {};
    const [{ writer }] = events;
    for (let count = 1; count <= 400; ++count) {
      const key = count.toString(16).padStart(32, '0');
      await store.end(`made-up-${key}`, key, writer, HOUR);
    }
    await pass(2 * SECOND); // it has read of more ends than there is room for, just now
    await finish(sessions.revoke(ada));
    for (const how of [{}, { fresh: true }]) {
      const calls = origin.calls.length;
      link.calls.length = 0;
      assert.equal(await finish(sessions.getSession(ada, how)), null);
      assert.equal(origin.calls.length, calls);
      assert.ok(link.calls.filter((name) => name === 'get').length <= 2, `${link.calls}`);
    }
    assert.equal((await finish(send(SESSION))).status, 401);
  });

  test('R34: what is held from before the store came back empty is asked for again', async () => {
    const { origin, store, nodes, pass, finish } = await startNodes(1);
    await finish(nodes[0].sessions.getSession(ada));
    await rest();
    store.clear();
    await pass(2 * SECOND);
    await finish(nodes[0].sessions.getSession(ada));
    assert.equal(origin.count(READ), 2);
  });

  for (const back of [10 * SECOND, HOUR]) {
    test(`R32: a clock that is set back by ${back / SECOND} s makes nothing count for longer`, async () => {
      const { origin, nodes, pass, finish } = await startNodes(1);
      const [{ link, sessions }] = nodes;
      await sessions.getSession(ada);
      link.offset = -back;
      await pass(6 * SECOND);
      assert.equal((await finish(sessions.getSession(ada)))?.user.id, 'ada');
      assert.equal(origin.count(READ), 1, 'the store is heard: what is held counts');
      link.isCut = true;
      await pass(6 * SECOND);
      await finish(sessions.getSession(ada));
      assert.equal(origin.count(READ), 2, 'it has not been heard for longer than the bound');
    });
  }

  test('R32: nor does a clock that was set back by as long as an edge isolate has been idle', async () => {
    const { clock, origin, start, finish } = await startNodes(0);
    const { link, sessions } = start({ sharesPromises: false });
    await finish(sessions.getSession(ada));
    await finish(sessions.getSession(ada));
    assert.equal(origin.count(READ), 1);
    link.isCut = true;
    clock.advance(10 * SECOND);
    link.offset = -10 * SECOND;
    assert.equal((await finish(sessions.getSession(ada)))?.user.id, 'ada');
    assert.equal(origin.count(READ), 2);
  });

  for (const sharesPromises of [true, false]) {
    const host = sharesPromises ? 'a server' : 'an edge isolate';
    test(`R10, R31: an answer that is older than the bound does not undo a revocation, in ${host}`, async () => {
      const { origin, nodes, start, pass, finish } = await startNodes(1);
      const { sessions } = start({ sharesPromises });
      await finish(nodes[0].sessions.getSession(ada));
      const gate = createGate();
      origin.before = () => (origin.count(READ) === 2 ? gate.opened : undefined);
      const asked = sessions.getSession(ada, { fresh: true });
      await rest();
      await finish(Promise.resolve(nodes[0].sessions.revoke(ada)));
      await pass(7 * SECOND);
      gate.open();
      assert.equal(await finish(asked), null);
    });
  }

  test('R31: an answer that is older than the bound is not given while the store is silent: the origin is asked again', async () => {
    const { origin, nodes, pass, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    const gate = createGate();
    origin.before = () => (origin.count(READ) === 1 ? gate.opened : undefined);
    const asked = sessions.getSession(ada);
    await rest();
    link.isCut = true;
    await pass(7 * SECOND);
    gate.open();
    assert.equal((await finish(asked))?.user.id, 'ada');
    assert.equal(origin.count(READ), 2);
  });

  test('R31: while the store is silent an answer that took three seconds counts for as much less', async () => {
    const { origin, nodes, pass, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    link.isCut = true;
    await pass(6 * SECOND);
    const gate = createGate();
    origin.before = () => gate.opened;
    const asked = sessions.getSession(ada);
    await pass(3 * SECOND);
    gate.open();
    assert.equal((await finish(asked))?.user.id, 'ada');
    await pass(2 * SECOND);
    await finish(sessions.getSession(ada));
    assert.equal(origin.count(READ), 2);
  });

  test('R32: who has waited for another check is told what is confirmed, if the node has stood still meanwhile', async () => {
    const { clock, origin, nodes, start, pass, finish } = await startNodes(1);
    const thawed = createGate();
    let isStill = false;
    /** @param {number} ms @param {AbortSignal} signal */
    const sleep = async (ms, signal) => {
      const stops = isStill;
      await clock.sleep(ms, signal);
      if (stops) await thawed.opened;
    };
    const { sessions } = start({ sharesPromises: false, sleep });
    const gate = createGate();
    origin.before = () => gate.opened;
    const first = sessions.getSession(ada);
    await rest();
    isStill = true;
    const second = sessions.getSession(ada);
    await rest();
    isStill = false;
    gate.open();
    assert.equal((await finish(first))?.user.id, 'ada');
    await finish(Promise.resolve(nodes[0].sessions.revoke(ada)));
    await pass(7 * SECOND);
    thawed.open();
    assert.equal(await finish(second), null);
  });

  test('R32: what is held is trusted from when the store was asked, not from when it answered', async () => {
    const { clock, origin, nodes, pass, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    await sessions.getSession(ada);
    await rest();
    const gate = createGate();
    link.before = (name) => (name === 'changes' ? gate.opened : undefined);
    const before = link.calls.length;
    while (!link.calls.slice(before).includes('changes')) await pass(SECOND);
    await pass(3 * SECOND);
    gate.open();
    await rest();
    link.isCut = true;
    clock.advance(2 * SECOND);
    await finish(sessions.getSession(ada));
    assert.equal(origin.count(READ), 2);
  });

  test('R32: nor is it answered over HTTP once that time is over', async () => {
    const { clock, origin, nodes, finish } = await startNodes(1);
    const [{ link, sessions, send }] = nodes;
    await sessions.getSession(ada);
    assert.equal(sourceOf(await send(DOCUMENT)), 'fresh');
    link.isCut = true;
    clock.advance(6 * SECOND);
    await finish(send(DOCUMENT));
    assert.equal(origin.count(READ), 2);
  });
});

describe('documents', () => {
  test('R31: a record does not stand on the node whose drop of it waits to be published', async () => {
    const { origin, nodes, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    await finish(sessions.getSession(ada));
    await rest();
    link.before = (name) => {
      if (name === 'forget') throw new StoreUnavailableError();
    };
    await assert.rejects(Promise.resolve(sessions.forget(ada)), notShared);
    await finish(sessions.getSession(ada));
    assert.equal(origin.count(READ), 2);
  });

  test('R11: a fresh question is asked past what another node has left', async () => {
    const { origin, nodes, finish } = await startNodes(2);
    const [one, other] = nodes;
    await finish(one.sessions.getSession(ada));
    await rest();
    origin.version += 1;
    const session = await finish(other.sessions.getSession(ada, { fresh: true }));
    assert.deepEqual([session?.user.version, origin.count(READ)], [2, 2]);
  });

  test('R53: of drops that may concern nobody, no more than 1,000 wait for a store that is away', async () => {
    const { nodes, pass, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    link.before = refusesWrites;
    const madeUp = Array.from({ length: 1001 }, (_, index) => ({ headers: bearer(`m-${index}`) }));
    const forgotten = madeUp.map((each) => Promise.resolve(sessions.forget(each)));
    const results = await finish(Promise.allSettled(forgotten));
    assert.deepEqual([...new Set(results.map(({ status }) => status))], ['rejected']);
    link.before = () => {};
    const before = link.calls.length;
    await pass(5 * SECOND);
    assert.equal(link.calls.slice(before).filter((name) => name === 'forget').length, 1000);
  });

  test('R12: what another node has left is dropped with the origin’s refusal', async () => {
    const { clock, origin, nodes, finish } = await startNodes(2);
    const [one, other] = nodes;
    await finish(one.sessions.getSession(ada));
    await rest();
    clock.advance(62 * MINUTE);
    await rest();
    origin.refuses = true;
    assert.equal(await finish(other.sessions.getSession(ada)), null);
    assert.ok(other.link.calls.includes('forget'));
  });

  test('R9: a node whose question to the origin has failed gives the store’s lock back', async () => {
    const { origin, nodes, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    origin.before = () => Promise.reject(new TypeError('network'));
    await assert.rejects(finish(sessions.getSession(ada)));
    assert.ok(link.calls.includes('release'));
  });

  test('R34: a record from before the store was emptied does not stand, should it come back', async () => {
    const { origin, store, nodes, start, finish } = await startNodes(1);
    /** @type {Map<string, any>} */
    const kept = new Map();
    nodes[0].link.after = (name, result, [record, value]) => {
      if (name === 'putIfNewer') kept.set(record, value);
      return result;
    };
    await nodes[0].sessions.getSession(ada);
    await rest();
    store.clear();
    const late = start();
    late.link.after = (name, result, [record]) =>
      name === 'get' ? (kept.get(record) ?? null) : result;
    await finish(late.sessions.getSession(ada));
    assert.deepEqual([kept.size, origin.count(READ)], [1, 2]);
  });

  test('R31: a node leaves nothing in the store of a user whose change it could not publish yet', async () => {
    const { nodes, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    link.before = (name) => {
      if (name === 'userEvent') throw new StoreUnavailableError();
    };
    await assert.rejects(sessions.invalidateUser('ada'), notShared);
    assert.equal((await finish(sessions.getSession(ada)))?.user.id, 'ada');
    await rest();
    assert.equal(link.calls.includes('putIfNewer'), false);
  });

  test('R9: a document that another node has left just before the lock was had is found', async () => {
    const { origin, nodes, finish } = await startNodes(2);
    const [one, other] = nodes;
    let isFirst = true;
    other.link.before = async (name) => {
      if (name !== 'acquire' || !isFirst) return;
      isFirst = false;
      await one.sessions.getSession(ada);
      await rest();
    };
    assert.equal((await finish(other.sessions.getSession(ada)))?.user.id, 'ada');
    assert.equal(origin.count(READ), 1);
  });

  test('R9: who has waited for the store past the end of a lease does not ask the origin any more', async () => {
    const { origin, nodes, pass, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    const gate = createGate();
    let isFirst = true;
    link.before = (name) => {
      if (name === 'putIfNewer') throw new StoreUnavailableError();
      if (name !== 'acquire' || !isFirst) return;
      isFirst = false;
      return gate.opened;
    };
    const late = sessions.getSession(ada);
    await pass(11 * SECOND);
    assert.equal((await finish(sessions.getSession(ada)))?.user.id, 'ada');
    gate.open();
    assert.equal((await finish(late))?.user.id, 'ada');
    assert.equal(origin.count(READ), 1);
  });

  test('R22: of two writes at once on two nodes neither leaves its answer to the others', async () => {
    const { origin, nodes, start, finish } = await startNodes(2);
    const [one, other] = nodes;
    for (const { sessions } of nodes) await finish(sessions.getSession(ada));
    const gate = createGate();
    let isFirst = true;
    origin.before = (call) => {
      if (!call.startsWith('PATCH') || !isFirst) return;
      isFirst = false;
      return gate.opened;
    };
    const slow = one.sessions.updateUser(ada, {});
    await rest();
    await finish(other.sessions.updateUser(ada, {}));
    gate.open();
    await finish(slow);
    await rest();
    const before = origin.count(READ);
    const session = await finish(start().sessions.getSession(ada));
    assert.deepEqual([session?.user.version, origin.count(READ) - before], [3, 1]);
  });
});

describe('managed sessions', () => {
  const options = { managed: { logoutPath: '/api/v1/auth/logout' } };
  const REDEEM = 'POST /api/v1/auth/refresh';

  test('R24: without the store nobody redeems a refresh token, and nobody is signed out', async () => {
    const { origin, nodes, pass, finish } = await startNodes(1, options);
    const [{ link, send }] = nodes;
    const cookie = cookieOf(await finish(send(LOGIN, '', 'POST')));
    await pass(61 * SECOND);
    link.before = (name) => {
      if (name === 'putIfNewer') throw new StoreUnavailableError();
    };
    const refused = await finish(send('/api/auth/refresh', cookie, 'POST'));
    assert.deepEqual([refused.status, origin.count(REDEEM)], [503, 0]);
    link.before = () => {};
    await pass(2 * SECOND);
    assert.equal((await finish(send('/api/auth/refresh', cookie, 'POST'))).status, 200);
  });

  test('R30: a session that began on another node is found there, by a check over HTTP, too', async () => {
    const { nodes, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    await rest();
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
  });

  test('R54: the oldest session of a user that is one too many ends on all nodes, and on those that start later', async () => {
    const limited = { ...options, userId: ['/id'], sessionsPerUser: 2 };
    const { nodes, start, pass, finish } = await startNodes(2, limited);
    const [one, other] = nodes;
    const cookies = [];
    for (let count = 0; count < 2; ++count) {
      cookies.push(cookieOf(await finish(one.send(LOGIN, '', 'POST'))));
      await pass(2 * SECOND);
    }
    assert.equal((await finish(other.send(DOCUMENT, cookies[0]))).status, 200);
    cookies.push(cookieOf(await finish(one.send(LOGIN, '', 'POST'))));
    await pass(2 * SECOND);
    const late = start();
    await rest();
    for (const { send } of [one, other, late]) {
      const statuses = [];
      for (const cookie of cookies) statuses.push((await finish(send(DOCUMENT, cookie))).status);
      assert.deepEqual(statuses, [401, 200, 200]);
    }
  });

  test('R54: the oldest session ends everywhere where a node finds that its user has one too many', async () => {
    const limited = { ...options, userId: ['/id'], sessionsPerUser: 1 };
    const { nodes, start, pass, finish } = await startNodes(2, limited);
    const [one, other] = nodes;
    const first = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    await pass(2 * SECOND);
    const second = cookieOf(await finish(other.send(LOGIN, '', 'POST')));
    assert.equal((await finish(one.send(DOCUMENT, second))).status, 200); // it knows of two now
    await pass(2 * SECOND);
    const late = start();
    await rest();
    assert.equal((await finish(late.send(DOCUMENT, first))).status, 401);
    assert.equal((await finish(late.send(DOCUMENT, second))).status, 200);
  });

  test('R24: tokens that another node has exchanged are taken over', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send('/api/v1/things', cookie))).status, 200);
    await pass(61 * SECOND);
    for (const { send } of nodes)
      assert.equal((await finish(send('/api/v1/things', cookie))).status, 200);
    assert.equal(origin.count(REDEEM), 1);
  });

  test('R33: a store that comes back empty is filled again by who holds a session, though nobody asks for it', async () => {
    const { store, nodes, start, pass, finish } = await startNodes(1, options);
    const [{ sessions, send }] = nodes;
    const cookie = cookieOf(await finish(send(LOGIN, '', 'POST')));
    store.clear();
    await pass(20 * SECOND);
    sessions.dispose();
    const late = start();
    await rest();
    assert.equal((await finish(late.send(DOCUMENT, cookie))).status, 200);
  });

  test('R24, R33: exchanged tokens are written again if their record changes while they are written', async () => {
    const { origin, store, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    await pass(61 * SECOND);
    let hasChanged = false;
    one.link.before = async (name, [record, , given]) => {
      if (hasChanged || origin.count(REDEEM) === 0 || name !== 'putIfNewer') return;
      hasChanged = true;
      const replaces = await store.get(record);
      await store.putIfNewer(record, Uint8Array.of(1), { ...given, replaces });
    };
    const refreshed = [];
    for (const { link, send } of nodes) {
      refreshed.push((await finish(send('/api/auth/refresh', cookie, 'POST'))).status);
      link.isCut = true;
    }
    assert.deepEqual([refreshed, origin.count(REDEEM), hasChanged], [[200, 200], 1, true]);
  });

  test('R24: a node whose intent does not get into the store, since the record has changed, redeems nothing', async () => {
    const { origin, store, nodes, pass, finish } = await startNodes(1, options);
    const [{ link, send }] = nodes;
    const cookie = cookieOf(await finish(send(LOGIN, '', 'POST')));
    await pass(61 * SECOND);
    let changes = 0;
    link.before = async (name, [record, , given]) => {
      if (name !== 'putIfNewer' || !given.replaces) return;
      changes += 1;
      const other = Uint8Array.of(changes);
      const replaces = await store.get(record);
      await store.putIfNewer(record, other, { ...given, replaces });
    };
    const { status } = await finish(send('/api/auth/refresh', cookie, 'POST'));
    assert.deepEqual([status, origin.count(REDEEM)], [503, 0]);
    assert.ok(changes > 1);
  });

  test('R33: a node leaves in the store what it holds of a session that another asks for', async () => {
    const { store, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    let isLost = false;
    one.link.after = async (name, result, [record, , given]) => {
      if (name !== 'putIfNewer' || isLost || !('replaces' in given)) return result;
      isLost = true; // the store has evicted its tokens
      const replaces = await store.get(record);
      await store.putIfNewer(record, Uint8Array.of(1), { ...given, replaces });
      return result;
    };
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send('/api/auth/refresh', cookie, 'POST'))).status, 503);
    await pass(2 * SECOND);
    assert.equal((await finish(other.send('/api/auth/refresh', cookie, 'POST'))).status, 200);
    assert.equal(isLost, true);
  });

  test('R24: who tries a refresh token that another has redeemed takes that one’s tokens, and signs nobody out', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    await pass(61 * SECOND);
    origin.before = (call) => {
      one.link.isCut ||= call === REDEEM; // it has the only good tokens, and cannot say so
    };
    assert.equal((await finish(one.send('/api/auth/refresh', cookie, 'POST'))).status, 200);
    await pass(13 * MINUTE);
    origin.before = (call) => {
      if (call !== REDEEM) return;
      origin.refuses = origin.count(REDEEM) === 2;
      one.link.isCut = false;
    };
    assert.equal((await finish(other.send('/api/auth/refresh', cookie, 'POST'))).status, 200);
    assert.equal(origin.count(REDEEM), 2);
  });

  test('R31, R33: of a session that an empty store has lost, a node that has missed its end says unknown until the others have told it again', async () => {
    const { store, nodes, start, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    other.link.isCut = true;
    await finish(one.send('/api/auth/logout', cookie, 'POST'));
    await pass(20 * SECOND);
    one.link.isCut = true;
    store.clear();
    other.link.isCut = false;
    await pass(2 * SECOND);
    const late = start();
    await rest();
    const statuses = [];
    const asked = [other, late].map(({ send }) => send('/api/auth/refresh', cookie, 'POST'));
    for (const each of asked) statuses.push((await finish(each)).status);
    one.link.isCut = false;
    await pass(10 * SECOND);
    for (const { send } of [other, late]) {
      statuses.push((await finish(send('/api/auth/refresh', cookie, 'POST'))).status);
    }
    assert.deepEqual(statuses, [503, 503, 401, 401]);
  });

  test('R24: a node that has stood still since it announced to redeem a token does not, if another has meanwhile', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    await pass(61 * SECOND);
    const thawed = createGate();
    let isFirst = true;
    one.link.after = async (name, result, [, , given]) => {
      if (!isFirst || name !== 'putIfNewer' || !given.replaces) return result;
      isFirst = false;
      await thawed.opened;
      return result;
    };
    const late = one.send('/api/auth/refresh', cookie, 'POST');
    await pass(13 * MINUTE);
    assert.equal((await finish(other.send('/api/auth/refresh', cookie, 'POST'))).status, 200);
    thawed.open();
    await finish(late);
    assert.deepEqual([isFirst, origin.count(REDEEM)], [false, 1]);
  });

  test('R23: a revocation that is published late ends what began before it was called, and nothing since', async () => {
    const { nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const before = cookieOf(await finish(other.send(LOGIN, '', 'POST')));
    await pass(2 * SECOND);
    one.link.before = refusesWrites;
    await assert.rejects(finish(Promise.resolve(one.sessions.revokeUser('ada'))), notShared);
    await pass(2 * SECOND);
    const since = cookieOf(await finish(other.send(LOGIN, '', 'POST')));
    one.link.before = () => {};
    await pass(10 * SECOND);
    for (const { send } of nodes) {
      assert.equal((await finish(send('/api/auth/refresh', before, 'POST'))).status, 401);
      assert.equal((await finish(send('/api/auth/refresh', since, 'POST'))).status, 200);
    }
  });

  test('R24: a refresh token that the origin has refused is tried by no other node', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    await pass(61 * SECOND);
    origin.refuses = true;
    for (const { send } of nodes) {
      assert.equal((await finish(send('/api/auth/refresh', cookie, 'POST'))).status, 401);
    }
    assert.equal(origin.count(REDEEM), 1);
  });

  test('R23: a session that begins after its user was revoked elsewhere lives on, though that is heard of later', async () => {
    const { nodes, start, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const before = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    other.sessions.revokeUser('ada');
    await rest();
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    await pass(5 * SECOND);
    for (const { send } of [one, other, start()]) {
      assert.equal((await finish(send('/api/auth/refresh', before, 'POST'))).status, 401);
      assert.equal((await finish(send('/api/auth/refresh', cookie, 'POST'))).status, 200);
    }
  });

  test('R20, R23: nor is the document of such a session asked for again, on any node', async () => {
    const { nodes, origin, start, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    other.sessions.revokeUser('ada');
    await rest();
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    const asked = origin.count(READ);
    await pass(5 * SECOND);
    for (const { send } of [one, other, start()]) {
      assert.equal((await finish(send(DOCUMENT, cookie))).status, 200);
    }
    assert.equal(origin.count(READ), asked);
  });

  test('R23: a session of a user who was revoked does not come from the store, on a node that starts later', async () => {
    const { nodes, start, finish } = await startNodes(1, options);
    const [{ sessions, send }] = nodes;
    const cookie = cookieOf(await finish(send(LOGIN, '', 'POST')));
    await finish(Promise.resolve(sessions.revokeUser('ada')));
    const late = start();
    const refreshed = await finish(late.send('/api/auth/refresh', cookie, 'POST'));
    const read = await finish(late.send(DOCUMENT, cookie));
    assert.deepEqual([refreshed.status, read.status], [401, 401]);
  });

  test('R23: nor on a node that has revoked the user, before the store knows', async () => {
    const { nodes, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    await rest();
    other.link.before = (name) => {
      if (name === 'userEvent') throw new StoreUnavailableError();
    };
    await assert.rejects(finish(Promise.resolve(other.sessions.revokeUser('ada'))), notShared);
    const { status } = await finish(other.send(DOCUMENT, cookie));
    assert.notEqual(status, 200);
  });

  test('R25: a session that was logged out does not come from the store, on a node that starts later', async () => {
    const { store, nodes, start, finish } = await startNodes(1, options);
    const [{ link, send }] = nodes;
    const written = new Set();
    link.before = (name, [record]) => {
      if (name === 'putIfNewer') written.add(record);
    };
    const cookie = cookieOf(await finish(send(LOGIN, '', 'POST')));
    assert.equal((await finish(send('/api/auth/logout', cookie, 'POST'))).status, 200);
    const left = await Promise.all([...written].map((record) => store.get(record)));
    assert.ok(left.length > 1);
    assert.deepEqual(
      new Set(left),
      new Set(['ended']),
      'neither its document nor its tokens are there',
    );
    const later = start();
    assert.equal(await (await finish(later.send(SESSION, cookie))).text(), 'null');
    assert.equal((await finish(later.send(DOCUMENT, cookie))).status, 401);
  });

  test('R21, R25: a login whose answer ends another session says so where the others do not know yet', async () => {
    const { nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const before = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, before))).status, 200);
    one.link.before = (name) => name === 'end' && refusesWrites(name);
    const again = await finish(one.send(LOGIN, before, 'POST'));
    assert.deepEqual([again.status, again.headers.get('sesame-pending')], [200, '1']);
    one.link.before = () => {};
    await pass(2 * SECOND);
    assert.equal((await finish(other.send(DOCUMENT, before))).status, 401);
    const third = await finish(one.send(LOGIN, cookieOf(again), 'POST'));
    assert.deepEqual([third.status, third.headers.get('sesame-pending')], [200, null]);
  });

  test('R25: a logout that the store does not take is 202, in effect here, and published when it does', async () => {
    const { nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    one.link.before = refusesWrites;
    const out = await finish(one.send('/api/auth/logout', cookie, 'POST'));
    assert.deepEqual([out.status, out.headers.get('sesame-pending')], [202, '1']);
    assert.match(`${out.headers.get('set-cookie')}`, /^__Host-session=;.*Max-Age=0/);
    assert.equal((await finish(one.send(DOCUMENT, cookie))).status, 401);
    one.link.before = () => {};
    await pass(10 * SECOND);
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 401);
  });

  test('R25: where nothing durable keeps a logout it is 503, and repeated with the cookie that was moved', async () => {
    const { nodes, start, pass, finish } = await startNodes(1, options);
    const [one] = nodes;
    const edge = start({ sharesPromises: false });
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(edge.send(DOCUMENT, cookie))).status, 200);
    edge.link.before = refusesWrites;
    const out = await finish(edge.send('/api/auth/logout', cookie, 'POST'));
    assert.deepEqual([out.status, out.headers.get('retry-after')], [503, '1']);
    const [cleared, moved] = out.headers.getSetCookie();
    assert.match(cleared, /^__Host-session=;.*Max-Age=0/);
    const [ending] = moved.split(';');
    assert.match(moved, /; Path=\/api\/auth\/logout;/);
    assert.notEqual(
      (await finish(one.send(DOCUMENT, ending))).status,
      401,
      'it names no session: the origin is asked',
    );
    edge.link.before = () => {};
    const again = await finish(
      start({ sharesPromises: false }).send('/api/auth/logout', ending, 'POST'),
    );
    assert.equal(again.status, 200);
    await pass(2 * SECOND);
    assert.equal((await finish(one.send(DOCUMENT, cookie))).status, 401);
  });

  test('R25: a logout that has to be repeated once more keeps the cookie that it is repeated with', async () => {
    const { nodes, start, finish } = await startNodes(1, options);
    const edge = start({ sharesPromises: false });
    const cookie = cookieOf(await finish(nodes[0].send(LOGIN, '', 'POST')));
    assert.equal((await finish(edge.send(DOCUMENT, cookie))).status, 200);
    edge.link.before = refusesWrites;
    const moved = [];
    let sent = cookie;
    for (let turn = 0; turn < 3; turn += 1) {
      const out = await finish(edge.send('/api/auth/logout', sent, 'POST'));
      assert.equal(out.status, 503);
      sent = out.headers.getSetCookie()[1].split(';')[0];
      moved.push(sent);
    }
    const [, value] = cookie.split('=');
    assert.deepEqual(new Set(moved), new Set([`__Secure-session-ending=${value}`]));
  });

  test('R25: tokens that a node has exchanged while another ended their session are ended at the origin', async () => {
    const { origin, nodes, pass, finish } = await startNodes(2, options);
    const [one, other] = nodes;
    const cookie = cookieOf(await finish(one.send(LOGIN, '', 'POST')));
    assert.equal((await finish(other.send(DOCUMENT, cookie))).status, 200);
    await pass(61 * SECOND);
    const gate = createGate();
    origin.before = (call) => (call === REDEEM ? gate.opened : undefined);
    const refreshed = one.send('/api/auth/refresh', cookie, 'POST');
    await rest();
    const out = other.send('/api/auth/logout', cookie, 'POST');
    await rest(); // the one has not read the log since
    gate.open();
    assert.equal((await finish(out)).status, 200);
    await finish(refreshed);
    await rest();
    assert.deepEqual([origin.count(REDEEM), origin.count('POST /api/v1/auth/logout')], [1, 1]);
  });

  test('R82: a write about another user that the others do not know of yet says so', async () => {
    const { nodes, finish } = await startNodes(1);
    const [{ link, send }] = nodes;
    for (const isAway of [false, true]) {
      link.before = isAway ? refusesWrites : () => {};
      const { headers } = await finish(send('/api/v1/users/bob', '', 'DELETE'));
      assert.equal(headers.get('sesame-pending'), isAway ? '1' : null);
    }
  });

  test('R25, R82: an observed sign-out that the others do not know of yet says so', async () => {
    const { nodes, finish } = await startNodes(1);
    const [{ link, sessions, send }] = nodes;
    await finish(sessions.getSession(ada));
    assert.equal((await finish(send('/logout', '', 'POST'))).headers.get('sesame-pending'), null);
    await finish(sessions.getSession(ada));
    link.before = refusesWrites;
    assert.equal((await finish(send('/logout', '', 'POST'))).headers.get('sesame-pending'), '1');
  });

  test('R22: a write that the others do not know of yet says so', async () => {
    const { nodes, finish } = await startNodes(1);
    const [{ link, sessions }] = nodes;
    await finish(sessions.getSession(ada));
    const put = () => {
      const headers = { authorization: 'Bearer ada' };
      const url = `https://site.test${DOCUMENT}`;
      return finish(sessions.handle(new Request(url, { method: 'PATCH', headers, body: '{}' })));
    };
    assert.equal((await put()).headers.get('sesame-pending'), null);
    link.before = refusesWrites;
    const late = await put();
    assert.deepEqual([late.status, late.headers.get('sesame-pending')], [200, '1']);
  });

  test('R23: a message whose change could not be published is taken again, and counts once when it was', async () => {
    const secret = 'a secret that the origin knows as well';
    const { clock, nodes, finish } = await startNodes(1, { webhookSecret: secret });
    const [{ link, sessions }] = nodes;
    const body = JSON.stringify({ action: 'invalidate', user: 'ada' });
    const seconds = Math.floor(clock.now() / 1000);
    const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    const headers = { 'sesame-signature': `t=${seconds},v1=${hex}` };
    const url = 'https://site.test/api/auth/revoke';
    const statuses = [];
    for (const fails of [true, true, false, false]) {
      link.before = fails ? refusesWrites : () => {};
      const message = new Request(url, { method: 'POST', headers, body });
      statuses.push((await finish(sessions.handle(message))).status);
    }
    assert.deepEqual(statuses, [503, 503, 204, 409]);
  });
});

/** @param {string} name of a call to the store */
function refusesWrites(name) {
  if (['end', 'forget', 'userEvent', 'putIfNewer'].includes(name))
    throw new StoreUnavailableError();
}
