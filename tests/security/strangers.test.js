// What strangers can do to the others: requests without a credential that the origin has accepted, many and in any order
// (rule R53), and a user with an account (R54). Each case says what an honest user is answered, and what the origin is
// asked for meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCache, withCode } from '../support/fake-cache.js';
import { bearer, cookie } from '../support/http-case.js';
import { createGate, settle } from '../support/wait.js';

const DOCUMENT_URL = 'https://site.example/api/v1/users/me';
const ada = { headers: cookie('ada') };
const grace = { headers: cookie('grace') };

/** The origin knows these two and nobody else. @param {Headers} headers */
function knowsTwo(headers) {
  const name = /session=(ada|grace)$/.exec(headers.get('cookie') ?? '')?.[1];
  if (name !== undefined) return Response.json({ id: name, name });
  const token = headers.get('authorization')?.replace('Bearer ', '');
  if (token?.startsWith('good-')) return Response.json({ id: 'bob', name: token });
  return new Response('{}', { status: 401 });
}

describe('strangers (R53)', () => {
  test('R13, R53: 429s with a Retry-After for made-up cookies leave no lease', async () => {
    const { origin, sessions, clock } = createCache((headers) => {
      const answer = knowsTwo(headers);
      if (answer.ok) return answer;
      return new Response('{}', { status: 429, headers: { 'retry-after': '86400' } });
    });
    await sessions.getSession(ada);
    for (let i = 0; i < 300; i += 1) {
      await sessions.getSession({ headers: cookie(`made-up-${i}`) }).catch(() => {});
    }
    assert.equal(sessions.statistics().leases, 0);
    clock.advance(1000);
    const calls = origin.calls.length;
    assert.equal((await sessions.getSession(ada))?.user.id, 'ada');
    assert.equal(origin.calls.length, calls);
    await Promise.all(Array.from({ length: 20 }, () => sessions.getSession(grace)));
    assert.equal(origin.calls.length, calls + 1);
  });

  test('R53: revoke() of made-up credentials brings no ended session back, and is refused nobody', async () => {
    const { sessions } = createCache(knowsTwo, { memory: '8MB' });
    await sessions.getSession(ada);
    await sessions.revoke(ada);
    for (let i = 0; i < 6000; i += 100) {
      const each = Array.from({ length: 100 }, (_, n) => ({ headers: cookie(`made-up-${i + n}`) }));
      await Promise.all(each.map((request) => sessions.revoke(request)));
    }
    assert.equal(await sessions.getSession(ada), null);
    assert.equal(sessions.statistics().revocations, 1);
    await sessions.getSession(grace);
    await sessions.revoke(grace);
    assert.equal(await sessions.getSession(grace), null);
  });

  test('R53: a credential that this node does not know is ended if the origin accepts it', async () => {
    const { origin, sessions } = createCache(knowsTwo);
    await sessions.revoke(ada);
    assert.equal(origin.calls.length, 1);
    assert.equal(await sessions.getSession(ada), null);
    assert.equal(origin.calls.length, 1);
    assert.equal(sessions.statistics().checks, 1); // who ends a session checks none
  });

  test('R53: an end that the origin cannot be asked about is refused, and may be repeated', async () => {
    let isDown = true;
    const { sessions } = createCache((headers) =>
      isDown ? new Response('', { status: 503 }) : knowsTwo(headers),
    );
    await assert.rejects(sessions.revoke(ada), withCode('ERR_SESAME_ORIGIN_UNAVAILABLE'));
    isDown = false;
    assert.equal((await sessions.getSession(ada))?.user.id, 'ada');
    await sessions.revoke(ada);
    assert.equal(await sessions.getSession(ada), null);
  });

  test('R10, R53: while it is found out what there is to end, nothing of the credential is answered', async () => {
    const gate = createGate();
    const { origin, sessions } = createCache(async (headers) => {
      await gate.opened;
      return knowsTwo(headers);
    });
    const ended = [sessions.revoke(ada), sessions.revoke(ada)];
    await settle();
    const asked = sessions.getSession(ada);
    await settle();
    gate.open();
    await Promise.all(ended);
    assert.equal(await asked, null);
    assert.ok(origin.calls.length <= ended.length, 'the check has cost none');
  });

  test('R53: a stranger’s write that never reaches the origin ages nobody’s document', async () => {
    const { origin, sessions } = createCache(async (headers) => {
      if (/made-up/.test(headers.get('cookie') ?? '')) throw new TypeError('fetch failed');
      return knowsTwo(headers);
    });
    await sessions.getSession(ada);
    const headers = cookie('made-up');
    const put = new Request(DOCUMENT_URL, { method: 'PUT', headers, body: '{}' });
    assert.equal((await sessions.handle(put)).status, 503);
    const calls = origin.calls.length;
    assert.equal((await sessions.identify(ada)).source, 'fresh');
    await settle();
    assert.equal(origin.calls.length, calls);
  });

  test('R53, R54: a write whose user cannot be found out ages nobody else’s document', async () => {
    const { origin, sessions } = createCache((headers, call) =>
      /session=(ada|grace)$/.test(headers.get('cookie') ?? '')
        ? knowsTwo(headers)
        : new Response(null, { status: call % 2 === 0 ? 204 : 406 }),
    );
    await sessions.getSession(ada);
    const settings = new Request(`${DOCUMENT_URL}/settings`, {
      method: 'POST',
      headers: cookie('mallory'),
      body: '{}',
    });
    assert.equal((await sessions.handle(settings)).status, 204);
    const calls = origin.calls.length;
    assert.equal((await sessions.identify(ada)).source, 'fresh');
    await settle();
    assert.equal(origin.calls.length, calls);
  });

  test('R26, R53: a redirect after a write to another user’s path drops nothing', async () => {
    const { origin, sessions } = createCache((headers) => {
      const answer = knowsTwo(headers);
      return answer.ok ? answer : new Response(null, { status: 302, headers: { location: '/in' } });
    });
    await sessions.getSession(ada);
    const url = 'https://site.example/api/v1/users/ada';
    const answer = await sessions.handle(new Request(url, { method: 'PATCH', body: '{}' }));
    assert.equal(answer.status, 302);
    const calls = origin.calls.length;
    assert.equal((await sessions.identify(ada)).source, 'fresh');
    assert.equal(origin.calls.length, calls);
  });
});

describe('a user with an account (R54)', () => {
  test('R54: more ends than one user may have are refused, for that user alone', async () => {
    const options = { userId: '/id', endsPerUser: 3 };
    const { sessions } = createCache(knowsTwo, options);
    for (let i = 0; i < 3; i += 1) {
      await sessions.getSession({ headers: bearer(`good-${i}`) });
      await sessions.revoke({ headers: bearer(`good-${i}`) });
    }
    await sessions.getSession({ headers: bearer('good-4') });
    const more = sessions.revoke({ headers: bearer('good-4') });
    await assert.rejects(more, withCode('ERR_SESAME_GUARD_FULL'));
    for (let i = 0; i < 3; i += 1) {
      assert.equal(await sessions.getSession({ headers: bearer(`good-${i}`) }), null);
    }
    await sessions.getSession(ada);
    await sessions.revoke(ada);
    assert.equal(await sessions.getSession(ada), null);
  });

  test('R3, R54: nor do ends of one user’s tokens take more room for their other spellings', async () => {
    const { sessions } = createCache(knowsTwo, { memory: '4MB', userId: '/id', endsPerUser: 4 });
    for (let i = 0; i < 3000; i += 1) {
      const bob = { headers: bearer(`good-${i}`) };
      await sessions.getSession(bob);
      await sessions.revoke(bob).catch(() => {});
    }
    await sessions.getSession(ada);
    await sessions.revoke(ada);
    assert.equal(await sessions.getSession(ada), null);
  });

  test('R54: a full table of ended sessions refuses another end, forgets none and stores on', async () => {
    const { sessions } = createCache(knowsTwo, { memory: '4MB' });
    await sessions.getSession(ada);
    await sessions.revoke(ada);
    let refused = 0;
    for (let i = 0; i < 3000; i += 1) {
      const request = { headers: bearer(`good-${i}`) };
      await sessions.getSession(request);
      await sessions.revoke(request).catch(({ code }) => {
        assert.equal(code, 'ERR_SESAME_GUARD_FULL');
        refused += 1;
      });
    }
    assert.ok(refused > 100, `${refused}`);
    assert.equal(await sessions.getSession(ada), null);
    assert.equal(await sessions.getSession({ headers: bearer('good-0') }), null);
    await sessions.getSession(grace);
    assert.equal((await sessions.identify(grace)).source, 'fresh');
  });

  test('R22: what a document says of its own session reaches no other session', async () => {
    const { sessions } = createCache((headers) => {
      const scopes = /admin/.test(headers.get('cookie') ?? '') ? ['admin'] : ['read'];
      return Response.json({ id: 7, scopes });
    });
    await sessions.getSession({ headers: cookie('admin') });
    await sessions.getSession({ headers: cookie('reader') });
    await sessions.updateUser({ headers: cookie('admin') }, {});
    const reader = await sessions.getSession({ headers: cookie('reader') });
    assert.deepEqual(reader?.user.scopes, ['read']);
  });
});
