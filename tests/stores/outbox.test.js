// What a node could not publish waits in its outbox: one entry a key, bounded, and what it cannot keep fails (SPEC R25,
// R31, R33).
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { Outbox } from '../../js_bindings/shared/outbox.js';
import { createClock, SECOND } from '../support/clock.js';
import { ORIGIN, withCode } from '../support/fake-cache.js';
import { rest } from '../support/wait.js';

/** So many events are kept. */
const CAPACITY = 10_000;

const unavailable = withCode('ERR_SESAME_STORE_UNAVAILABLE');
const full = withCode('ERR_SESAME_OUTBOX_FULL');

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/**
 * An outbox, and a store that can be out of reach.
 * @param {number} [capacity]
 */
function createOutbox(capacity) {
  const outbox = new Outbox(capacity);
  /** @type {string[]} */
  const arrived = [];
  const link = { isCut: true };
  /** @param {string} name */
  const sender = (name) => async () => {
    if (link.isCut) throw new StoreUnavailableError();
    arrived.push(name);
  };
  /**
   * @param {string} key
   * @param {import('../../js_bindings/shared/outbox.js').EventKind} kind
   * @param {string} name
   */
  const fail = (key, kind, name) =>
    assert.rejects(outbox.publish(key, kind, sender(name)), unavailable);
  const flush = async () => {
    link.isCut = false;
    await outbox.flush();
    return arrived;
  };
  return { outbox, arrived, link, sender, fail, flush };
}

describe('outbox', () => {
  test('R31: what the store has not received is pending, and sent in its order when it can be', async () => {
    const { outbox, fail, flush } = createOutbox();
    await fail('a', 'end', 'end of a');
    await fail('b', 'drop', 'drop of b');
    await fail('c', 'end', 'end of c');
    await assert.rejects(outbox.flush(), unavailable);
    assert.deepEqual(
      ['a', 'b', 'c', 'd'].map((key) => outbox.isPending(key)),
      [...[true, true, true, false]],
    );
    assert.deepEqual(await flush(), ['end of a', 'drop of b', 'end of c']);
    assert.deepEqual([outbox.isPending('a'), outbox.size], [false, 0]);
  });

  test('R31: one entry a key: its newest event replaces the one before, in the place of the newest', async () => {
    const { outbox, fail, flush } = createOutbox();
    await fail('a', 'drop', 'first drop of a');
    await fail('b', 'end', 'end of b');
    await fail('a', 'drop', 'second drop of a');
    assert.equal(outbox.size, 2);
    assert.deepEqual(await flush(), ['end of b', 'second drop of a']);
  });

  test('R31: an end replaces a drop of its key, and no later drop replaces the end', async () => {
    const { outbox, fail, flush } = createOutbox(1);
    await fail('a', 'drop', 'drop of a');
    await fail('a', 'end', 'end of a');
    await fail('a', 'drop', 'later drop of a'); // and is not refused: the end says as much
    assert.equal(outbox.size, 1);
    assert.deepEqual(await flush(), ['end of a']);
  });

  test('R24, R31: tokens of a session wait beside its drop: neither stands for the other', async () => {
    const { outbox, fail, flush } = createOutbox();
    await fail('a', 'tokens', 'tokens of a');
    await fail('a', 'drop', 'drop of a');
    assert.deepEqual([outbox.size, outbox.isPending('a')], [2, true]);
    assert.deepEqual(await flush(), ['tokens of a', 'drop of a']);
  });

  test('R31: an event that arrives after it was replaced does not take the newer one with it', async () => {
    const { outbox, fail, flush } = createOutbox();
    /** @type {(value?: unknown) => void} */
    let arrive = () => {};
    const slow = outbox.publish('a', 'end', () => new Promise((resolve) => (arrive = resolve)));
    await fail('a', 'end', 'second end of a');
    arrive();
    await slow;
    assert.equal(outbox.isPending('a'), true);
    assert.deepEqual(await flush(), ['second end of a']);
  });

  test('R31: an end and a drop of a key that fail together leave the end alone', async () => {
    const { outbox, link, arrived } = createOutbox();
    /** @type {((error: Error) => void)[]} */
    const failures = [];
    const kinds = /** @type {const} */ (['end', 'drop']);
    const sent = kinds.map((kind) =>
      outbox.publish('a', kind, () =>
        link.isCut
          ? new Promise((_, reject) => failures.push(reject))
          : Promise.resolve(arrived.push(`${kind} of a`)),
      ),
    );
    assert.equal(outbox.size, 2);
    for (const reject of failures) reject(new StoreUnavailableError());
    await Promise.allSettled(sent);
    assert.equal(outbox.size, 1);
    link.isCut = false;
    await outbox.flush();
    assert.deepEqual(arrived, ['end of a']);
  });

  test('R33: a full outbox refuses the event of another key, and keeps a newer one of a key it has', async () => {
    const { outbox, sender, fail, flush } = createOutbox(2);
    await fail('a', 'drop', 'drop of a');
    await fail('b', 'end', 'end of b');
    assert.equal(outbox.isFull, true);
    await assert.rejects(outbox.publish('c', 'end', sender('end of c')), full);
    await fail('a', 'end', 'end of a');
    assert.deepEqual([outbox.isPending('c'), outbox.size], [false, 2]);
    assert.deepEqual(await flush(), ['end of b', 'end of a']);
  });

  test('R31, R53: a flood of drops that may concern nobody takes no room of the others; the first 1,000 are sent later, and whoever brings more is told to repeat it', async () => {
    const { outbox, arrived, sender, fail, flush } = createOutbox(1);
    const kept = Array.from({ length: 1000 }, (_, index) => `made-up ${index}`);
    for (const name of kept) {
      await assert.rejects(outbox.publishDoubtful(name, sender(name)), unavailable);
    }
    await assert.rejects(outbox.publishDoubtful('one more', sender('one more')), full);
    await assert.rejects(outbox.publishDoubtful(kept[0], sender(kept[0])), unavailable);
    assert.deepEqual([outbox.size, outbox.isFull], [0, false]);
    await fail('a', 'end', 'end of a');
    assert.deepEqual(await flush(), ['end of a', ...kept]);
    await flush();
    assert.equal(arrived.length, 1001, 'what has arrived is not sent again');
  });

  test('R31: what may concern nobody and arrives at once does not wait', async () => {
    const { outbox, arrived, link, sender } = createOutbox();
    link.isCut = false;
    await outbox.publishDoubtful('a', sender('drop of a'));
    await outbox.flush();
    assert.deepEqual(arrived, ['drop of a']);
  });

  test('R33: a full outbox stands in the way of nothing that the store receives at once', async () => {
    const { outbox, link, arrived, sender, fail } = createOutbox(1);
    await fail('a', 'end', 'end of a');
    link.isCut = false;
    await outbox.publish('b', 'end', sender('end of b'));
    assert.deepEqual(arrived, ['end of b']);
  });
});

/** Managed sessions on two nodes, of which the first can be cut off the store. */
async function startManaged() {
  const clock = createClock();
  const store = new MemoryStore({ now: clock.now, mostEvents: 2 * CAPACITY });
  const link = { isCut: false };
  /** Without pushes, of which there would be one an event. @param {() => boolean} isCut */
  const linkTo = (isCut) =>
    new Proxy(store, {
      get(target, name) {
        const found = /** @type {any} */ (target)[name];
        if (name === 'subscribe') return undefined;
        if (typeof found !== 'function' || name === 'close') return found;
        return async (/** @type {unknown[]} */ ...args) => {
          if (isCut()) throw new StoreUnavailableError();
          return found.apply(target, args);
        };
      },
    });
  /** @type {string[]} */
  const asked = [];
  const fetch = async (/** @type {any} */ input) => {
    const { pathname } = new URL(typeof input === 'string' ? input : input.url);
    asked.push(pathname);
    if (pathname === '/api/v1/auth/login') return Response.json({ access_token: 'token' });
    return Response.json({ id: 'id-ada', name: 'ada' });
  };
  const links = [linkTo(() => link.isCut), linkTo(() => false)];
  const [one, other] = links.map((each) => {
    const options = { origin: ORIGIN, store: each, secret: '0'.repeat(32), managed: {} };
    const sessions = new SessionCache(options, {
      ...{ fetch, now: clock.now, monotonic: clock.now, sleep: clock.sleep },
    });
    endings.push(() => sessions.dispose());
    return sessions;
  });
  await rest();
  return { clock, link, asked, one, other };
}

/**
 * @param {SessionCache} sessions
 * @param {'login' | 'logout'} action
 * @param {string} [cookie]
 */
async function post(sessions, action, cookie = '') {
  const headers = { cookie, 'content-type': 'application/json' };
  const url = `http://edge.test/api/auth/${action}`;
  const response = await sessions.handle(new Request(url, { method: 'POST', headers, body: '{}' }));
  const { status } = response;
  const [setCookie = ''] = response.headers.getSetCookie();
  return { status, setCookie, headers: response.headers, answer: await response.json() };
}

/** Cuts the first node off, and fills its outbox. @param {Awaited<ReturnType<typeof startManaged>>} nodes */
async function fillOutbox({ link, one }) {
  link.isCut = true;
  const others = Array.from({ length: CAPACITY }, (_, index) => one.revokeUser(`other-${index}`));
  const results = await Promise.allSettled(others);
  const codes = results.map((each) => each.status === 'rejected' && each.reason.code);
  assert.deepEqual([...new Set(codes)], ['ERR_SESAME_STORE_UNAVAILABLE']);
}

describe('a node whose outbox is full', () => {
  test('R25, R31: a logout is 503 and moves the cookie, so that it can be repeated when the store is back', async () => {
    const nodes = await startManaged();
    const { clock, link, one, other } = nodes;
    const [cookie] = (await post(one, 'login')).setCookie.split(';');
    const request = { headers: { cookie } };
    assert.equal((await other.getSession(request))?.user.name, 'ada');
    await fillOutbox(nodes);

    const refused = await post(one, 'logout', cookie);
    assert.deepEqual([refused.status, refused.answer], [503, { error: 'outbox_full' }]);
    assert.equal(refused.headers.get('retry-after'), '1');
    const [cleared, moved] = refused.headers.getSetCookie();
    assert.match(cleared, /^__Host-session=;.*Max-Age=0/);
    assert.match(moved, /^__Secure-session-ending=[^;]+; Path=\/api\/auth\/logout;/);
    const [ending] = moved.split(';');
    assert.equal(other.has(ending), false, 'it opens nothing');
    assert.equal(one.has(cookie), false, 'it is over on the node that knows of it');
    assert.equal(other.has(cookie), true, 'and the other has not heard of it');

    link.isCut = false;
    const repeated = await post(one, 'logout', ending);
    assert.deepEqual([repeated.status, repeated.answer], [200, null]);
    const ends = repeated.headers.getSetCookie().map((line) => line.split(';')[0]);
    assert.deepEqual(ends, ['__Host-session=', '__Secure-session-ending=']);
    clock.advance(2 * SECOND);
    await rest();
    assert.equal(await other.getSession(request), null);
  });

  test('R33: a login is 503 before the origin is asked, and possible when the store is back', async () => {
    const nodes = await startManaged();
    const { link, asked, one } = nodes;
    await fillOutbox(nodes);
    const refused = await post(one, 'login');
    assert.deepEqual([refused.status, refused.answer], [503, { error: 'outbox_full' }]);
    assert.deepEqual([refused.setCookie, asked], ['', []]);
    link.isCut = false;
    assert.equal((await post(one, 'login')).status, 200);
  });

  test('R31: revoke, forget and their like reject with ERR_SESAME_OUTBOX_FULL', async () => {
    const nodes = await startManaged();
    const { one } = nodes;
    const [cookie] = (await post(one, 'login')).setCookie.split(';');
    await fillOutbox(nodes);
    const request = { headers: { cookie } };
    await assert.rejects(one.forget(request), full);
    await assert.rejects(one.revoke(request), full);
    await assert.rejects(one.revokeUser('id-ada'), full);
    await assert.rejects(one.invalidateUser('id-ada'), full);
    await assert.rejects(one.revokeUser('other-1'), unavailable, 'its key is in it already');
  });
});
