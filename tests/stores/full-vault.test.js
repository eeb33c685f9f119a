// Managed sessions on a node whose vault has no room for one more: what the store has as well makes room for others, also
// while requests wait that have found it. That signs nobody out, and ends nothing (R24, R25, R33, R54).
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SECOND } from '../support/clock.js';
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
/** So long after the store is well again, everything is told. */
const SOON = 30 * SECOND;

/** @type {(() => void)[]} */
const endings = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** A token of which few fill a vault. @param {number} n */
const long = (n) => `${n}`.padEnd(480, '.');

/**
 * Two small nodes with a session of the one, and what makes the other give up what it holds of it for sessions of other
 * users: in a moment, so that whoever waits goes on waiting.
 * @param {{ options?: object, managed?: object, storeOptions?: object, host?: object }} [given]
 */
async function crowded({ options, host, ...given } = {}) {
  const small = { memory: '256kB', maxDocument: '1kB', maxCredential: '512B' };
  const world = await startManagedNodes(1, { options: { ...small, ...options }, ...given });
  endings.push(world.stop);
  const [a] = world.nodes;
  const b = world.start(host);
  const cookie = await world.login(a);
  const headers = { cookie: `__Host-session=${cookie}` };
  const isHeld = () => b.sessions.explain({ headers }).reason !== 'unknown-session';
  /** @returns {Promise<boolean>} whether it is held still */
  const crowd = async () => {
    const { clock, origin, send } = world;
    const { fetch } = origin;
    clock.advance(1); // what was used longest ago makes room
    for (let n = 0; n < 100 && isHeld(); n += 1) {
      const tokens = { access_token: long(n), refresh_token: long(n) };
      origin.fetch = async (input) =>
        Response.json(new URL(input.url ?? input).pathname === ME ? { id: `guest-${n}` } : tokens);
      await send(b, '/api/auth/login', '', { method: 'POST', body: '{}' });
    }
    origin.fetch = fetch;
    return isHeld();
  };
  return { ...world, a, b, cookie, crowd };
}

test('R33, R54: a request that waits while others sign in is not taken for one without a session', async () => {
  const { a, b, cookie, crowd, send, finish, origin } = await crowded();
  await finish(a.sessions.invalidateUser('ada'));
  const gate = createGate();
  let isAsked = false;
  origin.before = (path) => {
    if (path !== ME || isAsked) return;
    isAsked = true;
    return gate.opened;
  };
  const asking = [send(b, ME, cookie), send(b, ME, cookie)];
  await settle();
  assert.equal(isAsked, true);
  assert.equal(await crowd(), false);
  gate.open();
  const answers = await finish(Promise.all(asking));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
});

test('R33, R54: a request that waits while others sign in is 503 where the store cannot be asked once more', async () => {
  const { a, b, cookie, crowd, send, status, finish, origin, pass } = await crowded();
  await finish(a.sessions.invalidateUser('ada'));
  const gate = createGate();
  origin.before = (path) => {
    if (path !== ME) return;
    origin.before = () => {};
    return gate.opened;
  };
  const asking = [send(b, ME, cookie), send(b, ME, cookie)];
  await settle();
  assert.equal(await crowd(), false);
  b.link.isCut = true;
  gate.open();
  const answers = await finish(Promise.all(asking));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 503],
  );
  b.link.isCut = false;
  await pass(SOON);
  assert.equal(await status(b, ME, cookie), 200);
});

test('R24, R33, R54: a request that waits for an exchange at the edge while others sign in gets its tokens', async () => {
  const world = await crowded({
    options: { freshFor: '1m' },
    host: { sharesPromises: false },
  });
  const { b, cookie, crowd, send, status, finish, pass, origin } = world;
  await pass(EXPIRED_MS);
  const gate = createGate();
  origin.before = (path) => (path === REFRESH ? gate.opened : undefined);
  const asking = [send(b, THINGS, cookie), send(b, THINGS, cookie)];
  await pass(SECOND);
  gate.open();
  await settle();
  assert.equal(await crowd(), false);
  const answers = await finish(Promise.all(asking));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.equal(origin.redeemed.length, 1);
  assert.equal(await status(b, ME, cookie), 200);
});

test('R24, R54: a session makes no room for others while its tokens are exchanged, and what fails then ends nothing', async () => {
  const storeOptions = { mostEvents: 50 };
  const world = await crowded({ options: { freshFor: '1m' }, storeOptions });
  const { a, b, cookie, crowd, send, status, finish, pass, origin } = world;
  await pass(EXPIRED_MS);
  const gate = createGate();
  const answer = origin.fetch;
  origin.fetch = async (input, init) => {
    if (new URL(input.url ?? input).pathname !== REFRESH) return answer(input, init);
    await gate.opened;
    return new Response(null, { status: 503 });
  };
  const asking = send(b, THINGS, cookie);
  await settle();
  // It has missed more of the log than is kept: each session is confirmed in the store.
  b.link.isCut = true;
  for (let n = 0; n < 60; n += 1) await a.sessions.invalidateUser(`somebody ${n}`);
  b.link.isCut = false;
  await pass(SECOND);
  const other = send(b, THINGS, cookie);
  await settle();
  assert.equal(await crowd(), true);
  gate.open();
  for (const each of [asking, other]) assert.equal((await finish(each)).status, 503);
  origin.fetch = answer;
  await pass(SOON);
  for (const node of [a, b]) assert.equal(await status(node, THINGS, cookie), 200);
  assert.deepEqual(origin.twice(), []);
});

test('R25, R54: a logout that waits while others sign in ends the session at the origin, too', async () => {
  const world = await crowded({ managed: { logoutPath: LOGOUT } });
  const { b, cookie, crowd, send, status, finish, origin } = world;
  assert.equal(await status(b, ME, cookie), 200);
  b.link.delayMs = 50;
  const ending = send(b, '/api/auth/logout', cookie, { method: 'POST' });
  await settle();
  b.link.delayMs = 0; // of the calls after it
  assert.equal(await crowd(), false);
  assert.equal((await finish(ending)).status, 200);
  assert.ok(origin.calls.includes(`POST ${LOGOUT} 200`));
});
