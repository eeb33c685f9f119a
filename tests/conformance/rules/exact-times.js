// Limits of time to the millisecond. Only a cache whose clock stands still between two calls can be asked this
// closely; the same limits are checked on every target, with a margin, beside their rules (R5, R6, R8, R12, R13, R15).
// Invariant: no case waits for real time.
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { bearer, HOUR, MINUTE, SECOND } from '../context.js';
import { hostRule } from '../suite.js';

/** The targets whose clock only a case moves. */
const STILL_CLOCKS = ['Node'];
const FOLLOWERS = 20;

/**
 * @param {string} ids
 * @param {string} title
 * @param {(t: import('../context.js').Context) => Promise<void>} run
 * @param {Record<string, unknown>} [options]
 */
const exactRule = (ids, title, run, options = {}) =>
  hostRule(ids, title, run, options, STILL_CLOCKS);

/** Until no origin call is under way. @param {import('../context.js').Context} t */
const quiet = (t) => t.until(async () => (await t.statistics()).leases === 0);

export const exactTimes = [
  exactRule(
    'R5, R6',
    'a document is fresh until 30 minutes and stale until 60, to the millisecond',
    async (t) => {
      const credential = bearer(t.user());
      const ask = async (/** @type {import('../context.js').Source} */ from) =>
        assert.equal((await t.ask(credential, undefined, from))[0], 200);
      await ask('origin');
      await t.advance(30 * MINUTE - 1);
      await ask('fresh');
      await t.advance(1);
      await ask('stale');
      await quiet(t);
      await ask('fresh');
      await t.advance(60 * MINUTE);
      await ask('origin');
      assert.equal(t.origin.count(), 3);
    },
  ),

  exactRule(
    'R8',
    'a session ends at the expiresAt that its first answer names, to the millisecond',
    async (t) => {
      const credential = bearer(t.user());
      const { expiresAt } = await t.session(credential);
      assert.equal(Date.parse(expiresAt), t.now() + 2 * HOUR);
      for (let step = 0; step < 4; step += 1) {
        await t.advance(HOUR / 2 - 1);
        assert.equal((await t.session(credential)).expiresAt, expiresAt);
        await quiet(t);
      }
      await t.advance(Date.parse(expiresAt) - t.now());
      const calls = t.origin.count();
      assert.equal((await t.ask(credential, undefined, 'origin'))[0], 200);
      assert.equal(t.origin.count(), calls + 1);
    },
    { expiresIn: '2h' },
  ),

  exactRule(
    'R9',
    'when the leader gives up a hanging call after 8 seconds, its followers get 503 at once',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { fault: 'hang' }, { body: '{"id":1}' });
      const leader = t.ask(credential);
      await t.origin.called(READ);
      const followers = Array.from({ length: FOLLOWERS }, () => t.ask(credential));
      await t.until(async () => (await t.statistics()).joined === FOLLOWERS);
      await t.advance(8 * SECOND);
      assert.equal((await leader)[0], 503);
      for (const [status] of await Promise.all(followers)) assert.equal(status, 503);
      assert.deepEqual(await t.ask(credential, undefined, 'origin'), [200, '{"id":1}']);
      assert.equal(t.origin.count(), 2);
    },
  ),

  exactRule(
    'R12',
    'a "no" is remembered for negativeFor, 10 seconds, to the millisecond',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 401 }, { body: '{"id":1}' });
      await t.ask(credential);
      await t.advance(10 * SECOND - 1);
      assert.equal((await t.ask(credential))[0], 401);
      await t.advance(1);
      assert.deepEqual(await t.ask(credential, undefined, 'origin'), [200, '{"id":1}']);
    },
  ),

  exactRule(
    'R13',
    'the Retry-After of a 429 may be a date, and ends to the millisecond',
    async (t) => {
      const credential = bearer(t.user());
      const date = new Date(t.now() + 60 * MINUTE + 50 * SECOND).toUTCString();
      const busy = { status: 429, headers: { 'retry-after': date } };
      t.origin.on(READ, { body: '{"id":1}' }, busy, { body: '{"id":2}' });
      await t.ask(credential);
      await t.advance(60 * MINUTE);
      assert.deepEqual(await t.ask(credential, undefined, 'stale'), [200, '{"id":1}']);
      await t.advance(50 * SECOND - 1);
      assert.deepEqual(await t.ask(credential, undefined, 'stale'), [200, '{"id":1}']);
      assert.equal(t.origin.count(), 2);
      await t.advance(1);
      assert.deepEqual(await t.ask(credential, undefined, 'origin'), [200, '{"id":2}']);
    },
  ),

  exactRule(
    'R13',
    'a refresh that fails is tried again after a second, by one request',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: '{"id":1}' }, { status: 500 });
      const ask = async () => assert.equal((await t.ask(credential, undefined, 'stale'))[0], 200);
      await t.ask(credential);
      await t.ask(credential);
      await t.origin.called(READ, 2);
      await t.until(async () => (await t.statistics()).originFailures === 1);
      for (let check = 0; check < 10; check += 1) await ask();
      assert.equal(t.origin.count(), 2);
      await t.advance(SECOND);
      await ask();
      await t.origin.called(READ, 3);
    },
    { freshFor: 0 },
  ),

  exactRule(
    'R15',
    'max-age shortens freshFor and never lengthens it, to the millisecond',
    async (t) => {
      const [brief, lasting] = [bearer(t.user()), bearer(t.user())];
      const cached = (/** @type {string} */ value) => ({
        headers: { 'cache-control': value },
        body: '{}',
      });
      t.origin.on(READ, cached('max-age=60'), cached('max-age=86400'), { body: '{}' });
      await t.ask(brief);
      await t.ask(lasting);
      await t.advance(60 * SECOND);
      assert.equal((await t.ask(brief, undefined, 'stale'))[0], 200);
      assert.equal((await t.ask(lasting, undefined, 'fresh'))[0], 200);
      await t.advance(29 * MINUTE);
      assert.equal((await t.ask(lasting, undefined, 'stale'))[0], 200);
    },
  ),
];
