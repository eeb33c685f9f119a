// A node whose host has no work but what a request brings listens for what the store pushes, behind a request (R31): what is
// pushed comes sooner, and what is lost, late, twice or from elsewhere changes nothing that the log would not say.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { generator } from '../simulation/choices.js';
import { createClock, SECOND } from '../support/clock.js';
import { ORIGIN } from '../support/fake-cache.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { bearer } from '../support/http-case.js';
import { rest, until } from '../support/wait.js';

const ada = { headers: new Headers(bearer('ada')) };

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/**
 * An edge isolate and a server on one store. What the isolate is told the test tells it.
 * @param {{ refuses?: boolean, sharesPromises?: boolean, sleep?: import('../../js_bindings/host.js').Host['sleep'] }} [given]
 */
async function start({ refuses = false, sharesPromises = false, sleep } = {}) {
  const clock = createClock();
  const origin = createFakeOrigin();
  const memory = new MemoryStore({ now: clock.now });
  /** Those who have listened. @type {{ since: any, tell: (pushed: any) => void | Promise<void>, end: () => void }[]} */
  const listens = [];
  const link = { changes: 0, isCut: false, before: async () => {} };
  const store = new Proxy(memory, {
    get(target, name) {
      if (name === 'listen') {
        return (/** @type {any} */ since, /** @type {any} */ tell) => {
          let end = () => {};
          const ended = new Promise((resolve) => (end = () => resolve(undefined)));
          listens.push({ since, tell, end });
          return refuses ? Promise.reject(new StoreUnavailableError()) : ended;
        };
      }
      const found = /** @type {any} */ (target)[name];
      if (typeof found !== 'function') return found;
      return async (/** @type {any[]} */ ...args) => {
        if (name === 'changes') link.changes += 1;
        if (link.isCut) throw new StoreUnavailableError();
        const answer = await found.apply(target, args);
        if (name === 'changes') await link.before();
        return answer;
      };
    },
  });
  const options = { origin: ORIGIN, secret: '0'.repeat(32) };
  const host = { fetch: origin.fetch, now: clock.now, monotonic: clock.now, sleep: clock.sleep };
  const edge = new SessionCache(
    { ...options, store },
    { ...host, sharesPromises, ...(sleep && { sleep }) },
  );
  const server = new SessionCache({ ...options, store: memory }, host);
  endings.push(
    () => edge.dispose(),
    () => server.dispose(),
  );
  await rest();
  /** @param {{ headers: Headers }} request */
  const ask = async (request = ada) => {
    let isDone = false;
    const asked = edge.getSession(request).finally(() => {
      isDone = true;
    });
    await until(async () => {
      await rest();
      if (!isDone) clock.advance(10);
      return isDone;
    });
    await rest();
    return asked;
  };
  /** What has happened since, as the store pushes it. @param {any} since */
  const pushedSince = async (since) => {
    const { events, position } = /** @type {any} */ (await memory.changes(since));
    return { from: since.at, events, position };
  };
  const isHeld = () => edge.has('', bearer('ada').authorization);
  return { clock, edge, server, memory, link, listens, origin, ask, pushedSince, isHeld };
}

describe('an edge isolate that is told by its store', () => {
  test('R31: what is pushed is known at once, and the log is not read for it', async () => {
    const { server, link, listens, ask, pushedSince, isHeld } = await start();
    await ask();
    await ask();
    assert.equal(isHeld(), true);
    assert.equal(listens.length, 1, 'one request listens for all');
    await server.revoke(ada);
    await rest();
    assert.equal(isHeld(), true, 'it has not been told yet');
    const before = link.changes;
    await listens[0].tell(await pushedSince(listens[0].since));
    assert.equal(isHeld(), false);
    assert.equal(link.changes, before);
  });

  test('R31: a push that comes after one that was lost has the log read', async () => {
    const { server, link, listens, ask, pushedSince, isHeld, memory } = await start();
    await ask();
    await server.revoke(ada);
    const { position } = /** @type {any} */ (await memory.changes(null));
    await server.invalidateUser('someone');
    const before = link.changes;
    await listens[0].tell(await pushedSince(position));
    assert.equal(isHeld(), false);
    assert.equal(link.changes, before + 1);
  });

  test('R31: a push from another history has the log read, and is not believed', async () => {
    const { listens, link, ask, isHeld } = await start();
    await ask();
    const before = link.changes;
    const position = { history: 'another', at: '100', time: 0 };
    const events = [{ at: '100', kind: 'revoke', key: 'ff', writer: 'another' }];
    await listens[0].tell({ from: '0', events, position });
    assert.ok(link.changes > before);
    assert.equal(isHeld(), true);
  });

  test('R31: what is pushed late or twice ends nothing that began since', async () => {
    const { server, listens, ask, pushedSince, isHeld, origin, clock } = await start();
    await ask();
    await server.invalidateUser('someone');
    await rest();
    const early = await pushedSince(listens[0].since);
    const request = new Request(`${ORIGIN}/api/logout`, { method: 'POST', headers: ada.headers });
    await server.handle(request);
    await rest();
    const pushed = await pushedSince(listens[0].since);
    assert.equal(pushed.events.length > 0, true);
    await listens[0].tell(pushed);
    assert.equal(isHeld(), false);
    await ask();
    assert.equal(isHeld(), true);
    const calls = origin.calls.length;
    await listens[0].tell(pushed);
    await listens[0].tell(early);
    assert.equal(isHeld(), true);
    clock.advance(2.5 * SECOND);
    await ask(); // it reads, from where it has come to
    assert.equal(isHeld(), true);
    assert.equal(origin.calls.length, calls);
  });

  test('R31: what is read is not read again because something is pushed meanwhile', async () => {
    const { server, link, listens, ask, pushedSince, clock, isHeld } = await start();
    await ask();
    const { since } = listens[0];
    clock.advance(3 * SECOND);
    link.before = async () => {
      await server.invalidateUser('someone'); // each time that it is read
      await listens[0].tell(await pushedSince(since));
    };
    const before = link.changes;
    await ask();
    assert.equal(link.changes, before + 1);
    link.before = async () => {};
    await server.revoke(ada);
    await rest();
    await listens[0].tell(await pushedSince(since));
    assert.equal(isHeld(), false);
  });

  test('R31, R33: a store that cannot be listened to is asked for that every five seconds at most, and is read', async () => {
    const { server, listens, ask, clock, isHeld } = await start({ refuses: true });
    await ask();
    for (let request = 0; request < 10; request += 1) await ask();
    assert.equal(listens.length, 1);
    await server.revoke(ada);
    await rest();
    assert.equal(isHeld(), true);
    clock.advance(2.5 * SECOND);
    await ask();
    assert.equal(isHeld(), false, 'within the bound it is known all the same');
    clock.advance(3 * SECOND);
    await ask();
    assert.equal(listens.length, 2);
  });

  test('R31: before the time behind one request is over, another listens on', async () => {
    const { listens, ask, clock } = await start();
    await ask();
    for (let second = 0; second < 19; second += 1) {
      clock.advance(SECOND);
      await ask();
    }
    assert.equal(listens.length, 1);
    clock.advance(SECOND);
    await ask();
    await ask();
    assert.equal(listens.length, 2, 'the first listens still');
    clock.advance(5 * SECOND);
    listens[0].end();
    await rest();
    await ask();
    assert.equal(listens.length, 2, 'the second listens still');
    listens[1].end();
    await rest();
    clock.advance(5 * SECOND);
    await ask();
    assert.equal(listens.length, 3);
  });

  test('R31: another request listens where the host has ended the one that did', async () => {
    // It does not even wake any more.
    const sleep = () => new Promise(() => {});
    const { listens, ask, clock } = await start({ sleep: /** @type {any} */ (sleep) });
    await ask();
    clock.advance(4 * SECOND);
    await ask();
    assert.equal(listens.length, 1);
    clock.advance(2 * SECOND);
    await ask();
    assert.equal(listens.length, 2);
  });

  test('R31, R33: a node whose connection has died reads within the bound, and listens again', async () => {
    const { server, listens, ask, clock, isHeld, pushedSince } = await start();
    await ask();
    clock.advance(SECOND);
    await ask();
    listens[0].end();
    await rest();
    await server.revoke(ada);
    await rest();
    assert.equal(isHeld(), true, 'nobody has told it');
    clock.advance(1.5 * SECOND);
    await ask({ headers: new Headers(bearer('someone')) });
    assert.equal(isHeld(), false, 'it has read');
    assert.equal(listens.length, 1);
    clock.advance(5 * SECOND);
    await ask();
    assert.equal(listens.length, 2, 'it listens again, from where it has read to');
    await server.revoke(ada);
    await listens[1].tell(await pushedSince(listens[1].since));
    assert.equal(isHeld(), false);
  });

  test('R31: pushes do not make up for a log that cannot be read: what is held counts no longer for them', async () => {
    const { server, link, listens, ask, clock, origin, pushedSince } = await start();
    await ask();
    const { since } = listens[0];
    const calls = origin.calls.length;
    link.isCut = true;
    for (let second = 0; second < 4; second += 1) {
      await ask();
      assert.equal(origin.calls.length, calls, `it is trusted ${second} seconds after it was read`);
      await server.invalidateUser('someone');
      await listens[0].tell(await pushedSince(since));
      clock.advance(SECOND);
    }
    clock.advance(0.9 * SECOND);
    await ask();
    assert.equal(origin.calls.length, calls + 1, 'it is asked for before the bound is over');
  });

  for (let seed = 1; seed <= 20; seed += 1) {
    test(`R31: whatever pushes are lost, late, twice or out of order, a reading finds all of it (seed ${seed})`, async () => {
      const number = generator(seed);
      const chance = (/** @type {number} */ share) => number() / 2 ** 32 < share;
      const { server, memory, listens, ask, clock, edge, pushedSince } = await start();
      const names = Array.from({ length: 12 }, (_, index) => `user-${index}`);
      const requestOf = (/** @type {string} */ name) => ({ headers: new Headers(bearer(name)) });
      for (const name of names) await ask(requestOf(name));
      /** @type {any[]} */
      const underWay = [];
      for (const name of names.slice(1)) {
        const { position } = /** @type {any} */ (await memory.changes(null));
        await server.revoke(requestOf(name));
        if (chance(0.8)) underWay.push(await pushedSince(position));
        if (chance(0.2)) clock.advance(2.5 * SECOND);
        if (chance(0.2)) await ask(requestOf(names[0]));
        while (underWay.length > 0 && chance(0.6)) {
          const index = number() % underWay.length;
          await listens[0].tell(underWay[index]);
          if (chance(0.8)) underWay.splice(index, 1);
        }
      }
      clock.advance(2.5 * SECOND);
      await ask(requestOf(names[0]));
      const held = names.filter((name) => edge.has('', bearer(name).authorization));
      assert.deepEqual(held, names.slice(0, 1));
    });
  }

  test('R31: where the log is followed, no request listens', async () => {
    const { ask, listens } = await start({ sharesPromises: true });
    await ask();
    await ask();
    assert.equal(listens.length, 0);
  });
});
