// What is measured does not depend on a clock that somebody sets (rule R32): the wall clock may go back, the monotonic
// one may stand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { HOUR, SECOND } from '../support/clock.js';
import { bearer } from '../support/http-case.js';

const ada = { headers: new Headers(bearer('ada')) };

/** A cache whose two clocks a test sets, and how often it has asked the origin for Ada. */
async function createCache() {
  const state = { wall: Date.UTC(2026, 0, 1), monotonic: 0, calls: 0 };
  const fetch = async () => {
    state.calls += 1;
    return Response.json({ id: 'ada' });
  };
  const now = () => state.wall;
  const options = { origin: 'http://origin.test', freshFor: 30 * SECOND, keepFor: 30 * SECOND };
  const sessions = new SessionCache(options, { fetch, now, monotonic: () => state.monotonic });
  await sessions.getSession(ada);
  return { state, sessions };
}

test('R5, R32: a document is fresh for no longer because the clock was set back', async () => {
  const { state, sessions } = await createCache();
  state.wall -= HOUR;
  await sessions.getSession(ada);
  state.monotonic += 29 * SECOND;
  await sessions.getSession(ada);
  assert.equal(state.calls, 1);
  state.monotonic += 2 * SECOND;
  await sessions.getSession(ada);
  assert.equal(state.calls, 2);
  sessions.dispose();
});

test('R32: once the clock is right again, it counts', async () => {
  const { state, sessions } = await createCache();
  state.wall -= HOUR;
  await sessions.getSession(ada);
  state.wall += HOUR + 31 * SECOND;
  await sessions.getSession(ada);
  assert.equal(state.calls, 2);
  state.wall += 29 * SECOND;
  state.monotonic += HOUR;
  await sessions.getSession(ada);
  assert.equal(state.calls, 2);
  sessions.dispose();
});

test('R32: a clock that is set back again counts from there, though the machine was suspended meanwhile', async () => {
  const { state, sessions } = await createCache();
  state.wall -= HOUR;
  await sessions.getSession(ada);
  state.wall += HOUR;
  await sessions.getSession(ada);
  state.wall += HOUR; // suspended: the monotonic clock stands
  await sessions.getSession(ada);
  assert.equal(state.calls, 2);
  state.wall -= SECOND;
  await sessions.getSession(ada);
  state.monotonic += 31 * SECOND;
  await sessions.getSession(ada);
  assert.equal(state.calls, 3);
  sessions.dispose();
});

test('R5, R32: a machine that was suspended serves nothing as fresh that was fresh before', async () => {
  const { state, sessions } = await createCache();
  state.wall += HOUR;
  await sessions.getSession(ada);
  assert.equal(state.calls, 2);
  sessions.dispose();
});
