// The core answers once: the shell asks it nothing that a decision has just told, and says on the log why a
// request was decided as it was.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { Core } from '../../js_bindings/core/abi.js';
import { CheckFlag } from '../../js_bindings/core/abi-constants.js';
import { createClock, MINUTE } from '../support/clock.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { until } from '../support/wait.js';

const ORIGIN = 'http://origin.test';
const DOCUMENT_URL = `${ORIGIN}/api/v1/users/me`;
const ada = { headers: new Headers({ cookie: 'session=ada' }) };

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** @param {{ answer?: Parameters<typeof createFakeOrigin>[0], options?: object }} [given] */
function start({ answer, options } = {}) {
  const { now, sleep, advance } = createClock();
  const origin = createFakeOrigin(answer);
  const sessions = new SessionCache(
    { origin: ORIGIN, ...options },
    { fetch: origin.fetch, now, sleep },
  );
  endings.push(() => sessions.dispose());
  /** @type {(string | undefined)[]} */
  const reasons = [];
  sessions.observe(({ event, reason }) => {
    if (event === 'check') reasons.push(reason);
  });
  return { sessions, origin, advance, reasons };
}

describe('the core answers once', () => {
  test('R30: a fill that is left to other nodes asks the core for the document no more', async (t) => {
    const store = new MemoryStore();
    const { sessions } = start({ options: { store, secret: '0'.repeat(32) } });
    const check = t.mock.method(Core.prototype, 'check');
    const complete = t.mock.method(Core.prototype, 'completeFill');
    const put = t.mock.method(store, 'putIfNewer');
    await sessions.getSession(ada);
    await until(async () => put.mock.callCount() === 1);
    assert.equal(complete.mock.callCount(), 1);
    // The decision to fill. No check follows the fill, so no document that is held is read.
    assert.equal(check.mock.callCount(), 1);
  });

  test('R22: a write that is told to other nodes asks the core for the document no more', async (t) => {
    const store = new MemoryStore();
    const { sessions } = start({ options: { store, secret: '0'.repeat(32) } });
    await sessions.getSession(ada);
    const check = t.mock.method(Core.prototype, 'check');
    const tell = t.mock.method(store, 'userEvent');
    const put = t.mock.method(store, 'putIfNewer');
    const body = JSON.stringify({ id: 'id-ada', name: 'Ada' });
    await sessions.handle(new Request(DOCUMENT_URL, { ...ada, method: 'PUT', body }));
    assert.equal(tell.mock.callCount(), 1);
    await until(async () => put.mock.callCount() >= 1);
    // Whether the session has ended is asked before the write goes to the origin, without the document.
    const flags = check.mock.calls.map((call) => call.arguments[3]);
    assert.ok(flags.every((each) => (each & CheckFlag.DECISION) !== 0));
  });

  test('R70: an answer of the store is no origin call, before, while or after it is found', async () => {
    const store = new MemoryStore();
    const options = { store, secret: '0'.repeat(32) };
    const one = start({ options });
    await one.sessions.getSession(ada);
    const other = start({ options });
    /** @type {number[]} */
    const seen = [];
    const asked = other.sessions.getSession(ada);
    let isAnswered = false;
    asked.then(() => {
      isAnswered = true;
    });
    await until(async () => {
      seen.push(other.sessions.statistics().originCalls);
      other.advance(10);
      return isAnswered;
    });
    seen.push(other.sessions.statistics().originCalls);
    assert.deepEqual(new Set(seen), new Set([0]));
    assert.equal(other.origin.calls.length, 0);
  });

  test('R71: the log says why a request was decided so', async () => {
    const { sessions, advance, reasons } = start();
    await sessions.getSession(ada);
    await sessions.getSession(ada);
    await sessions.getSession(ada, { fresh: true });
    advance(31 * MINUTE);
    await sessions.getSession(ada);
    sessions.revoke(ada);
    await sessions.getSession(ada);
    await sessions.getSession({ headers: new Headers() });
    await sessions.handle(
      new Request(DOCUMENT_URL, { headers: { cookie: 'session=a; session=b' } }),
    );
    assert.deepEqual(reasons.slice(0, 5), ['absent', 'fresh', 'insisted', 'stale', 'tombstone']);
    assert.deepEqual(reasons.slice(5), ['anonymous', 'cookies-differ']);
  });

  test('R13, R71: the log says that the origin has failed', async () => {
    const { sessions, reasons } = start({ answer: () => new Response('', { status: 500 }) });
    await assert.rejects(sessions.getSession(ada));
    assert.deepEqual(reasons, ['origin-failed']);
  });
});
