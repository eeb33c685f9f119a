// What happens to sessions of which a node holds nothing: the origin is asked, and what it says is applied in full.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../support/clock.js';
import { createCache, ORIGIN, withCode } from '../support/fake-cache.js';
import { bearer, cookie } from '../support/http-case.js';

const DOCUMENT = '/api/v1/users/me';
const SMALL = { memory: 250_000, maxDocument: 4096, maxCredential: 1024 };
const ada = { headers: cookie('ada') };

test('R31, R53: revoke ends a session that the origin has begun to accept since it was refused here', async () => {
  let isSignedIn = false;
  const { clock, sessions } = createCache(() =>
    isSignedIn ? Response.json({ id: 1 }) : new Response('{}', { status: 401 }),
  );
  assert.equal(await sessions.getSession(ada), null);
  isSignedIn = true;
  await sessions.revoke(ada);
  clock.advance(MINUTE);
  assert.equal(await sessions.getSession(ada), null);
});

test('R1, R53: revoke ends the one session that a request names beside what is none, though nothing of it is held', async () => {
  const { sessions } = createCache();
  await sessions.revoke({ headers: { ...cookie('ada'), authorization: 'Basic YTpi' } });
  assert.equal(await sessions.getSession(ada), null);
});

test('R53: where the origin refuses it, revoke leaves nothing; where nobody can say, it fails', async () => {
  let status = 401;
  const { sessions } = createCache(() => new Response('{}', { status }));
  await sessions.revoke(ada);
  assert.equal(sessions.statistics().revocations, 0);
  status = 503;
  await assert.rejects(async () => sessions.revoke(ada), withCode('ERR_SESAME_ORIGIN_UNAVAILABLE'));
});

/** @param {any} sessions @param {Record<string, string>} headers */
const write = (sessions, headers) =>
  sessions.handle(new Request(`${ORIGIN}${DOCUMENT}`, { method: 'PATCH', headers, body: '{}' }));

test('R22: where the origin cannot say whose document a write has changed, its answer to the write does', async () => {
  let isDown = false;
  let version = 1;
  const { origin, sessions } = createCache((headers) => {
    const id = headers.get('authorization') === 'Bearer grace' ? 'grace' : 'ada';
    if (origin.calls.at(-1)?.method === 'PATCH') return Response.json({ id, version: ++version });
    if (isDown && headers.has('cookie')) return new Response('{}', { status: 503 });
    return Response.json({ id, version });
  });
  const phone = { headers: bearer('phone') };
  await sessions.getSession(phone);
  await sessions.getSession({ headers: bearer('grace') });
  isDown = true;
  assert.equal((await write(sessions, cookie('ada'))).status, 200);
  assert.equal((await sessions.getSession(phone))?.user.version, 2);
  assert.equal((await sessions.getSession({ headers: bearer('grace') }))?.user.version, 1);
});

test('R53: what the answer to a write says counts for nothing where the origin refuses the writer', async () => {
  const { origin, sessions } = createCache((headers) => {
    if (origin.calls.at(-1)?.method === 'PATCH') return Response.json({ id: 'ada', version: 2 });
    if (headers.has('cookie')) return new Response('{}', { status: 401 });
    return Response.json({ id: 'ada', version: 1 });
  });
  const phone = { headers: bearer('phone') };
  await sessions.getSession(phone);
  assert.equal((await write(sessions, cookie('made-up'))).status, 200);
  const calls = origin.calls.length;
  assert.equal((await sessions.getSession(phone))?.user.version, 1);
  assert.equal(origin.calls.length, calls);
});

test('R22, R53: while made-up credentials leave no room, the origin is asked whose document a write has changed', async () => {
  let version = 1;
  const { origin, sessions } = createCache((headers) => {
    if (`${headers.get('cookie')}`.includes('made-up')) return new Promise(() => {});
    if (origin.calls.at(-1)?.method === 'PATCH') return Response.json({ saved: ++version });
    return Response.json({ id: 'ada', version });
  }, SMALL);
  const phone = { headers: bearer('phone') };
  await sessions.getSession(phone);
  for (let count = 0; count < 3000; ++count) {
    sessions.getSession({ headers: cookie(`made-up-${count}`) }).catch(() => {});
  }
  assert.equal((await write(sessions, cookie('ada'))).status, 200);
  assert.equal((await sessions.getSession(phone))?.user.version, 2);
});
