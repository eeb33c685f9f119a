// The tokens of managed sessions are refreshed behind the requests that need them (R24).
// Invariant: each refresh token is redeemed once.
import assert from 'node:assert/strict';
import { createGate } from '../../support/wait.js';
import { MARGIN, MINUTE, SECOND } from '../context.js';
import {
  EXPIRED_MS,
  lazily,
  managed,
  managedWith,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';

export const tokens = [
  rule(
    'R24',
    'a refresh exchanges tokens and keeps the document',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      const { status, response } = await post(t, REFRESH, headers);
      assert.equal(status, 200);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.deepEqual(await t.ask(headers), [200, idp.documentOf(name)]);
      assert.deepEqual([t.origin.count(), t.origin.count(REDEMPTIONS)], [1, 1]);
    },
    managed,
  ),

  rule(
    'R24',
    'ten refreshes of an expired token at once are one redemption, as one is',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      const redeemedBy = async (/** @type {number} */ calls) => {
        const before = t.origin.count(REDEMPTIONS);
        await t.advance(EXPIRED_MS);
        const turns = () => Promise.all(Array.from({ length: calls }, () => t.turn()));
        // Whoever has to open a connection first may come late.
        await turns();
        const gate = createGate();
        t.origin.on(REDEMPTIONS, (call) => Object.assign(idp.redeem(call), { after: gate.opened }));
        const asked = Array.from({ length: calls }, () => post(t, REFRESH, headers));
        await t.soon(t.origin.called(REDEMPTIONS, before + 1));
        await turns();
        gate.open();
        const answers = await Promise.all(asked);
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        return t.origin.count(REDEMPTIONS) - before;
      };
      assert.equal(await redeemedBy(1), 1);
      // Whoever comes after the answer asks for newer tokens than the others got, as a busy machine may have it.
      let redeemed = 0;
      for (let tries = 0; tries < 3 && redeemed !== 1; tries += 1) redeemed = await redeemedBy(10);
      assert.equal(redeemed, 1);
    },
    managed,
  ),

  rule(
    'R24',
    'an API call is sent with the access token, which is refreshed once when it has expired',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      for (let round = 1; round <= 3; round += 1) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => t.ask(headers, THINGS)));
        for (const answer of answers) assert.deepEqual(answer, [200, JSON.stringify({ of: name })]);
        assert.equal(t.origin.count(REDEMPTIONS), round - 1);
        await t.advance(EXPIRED_MS);
      }
      assert.equal(t.origin.count(), 1);
      for (const { headers: sent } of t.origin.calls(`GET ${THINGS}`))
        assert.equal(sent.cookie, undefined);
    },
    managed,
  ),

  rule(
    'R24',
    'an access token that the origin refuses early is refreshed, and the call repeated',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      idp.dropAccess();
      const body = 'x'.repeat(1000);
      const sent = { ...headers, 'content-length': '1000' };
      const { status, text } = await post(t, THINGS, sent, body);
      assert.deepEqual([status, JSON.parse(text).size], [201, 1000]);
      assert.equal(t.origin.count(REDEMPTIONS), 1);
    },
    managed,
  ),

  rule(
    'R24',
    'a refresh token is redeemed once, however slow the origin is and whichever client leaves, and nobody else waits for all that time',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED_MS);
      const gate = createGate();
      t.origin.on(REDEMPTIONS, (call) => Object.assign(idp.redeem(call), { after: gate.opened }));
      const client = new AbortController();
      const { signal } = client;
      const leader = t.fetch(THINGS, { headers, signal }).catch(() => 'gone');
      await t.soon(t.origin.called(REDEMPTIONS));
      const asked = Array.from({ length: 20 }, () => t.fetchSlowly(THINGS, { headers }));
      client.abort();
      assert.equal(await leader, 'gone');
      for (let step = 0; step < 5; step += 1) {
        await t.advance(9 * SECOND);
        assert.deepEqual(await t.ask(headers), [200, idp.documentOf(name)]);
      }
      // None of those has waited for all that time.
      for (const response of await t.soon(Promise.all(asked))) {
        assert.equal(response.status, 503);
        assert.ok(Number(response.headers.get('retry-after')) >= 1);
      }
      const late = t.fetchSlowly(THINGS, { headers });
      await t.turn();
      gate.open();
      assert.equal((await t.soon(late)).status, 200);
      assert.equal(t.origin.count(REDEMPTIONS), 1);
      assert.equal(t.origin.count(), 1);
    },
    managed,
  ),

  ...Object.entries({
    'status 500': { status: 500 },
    'status 429': { status: 429 },
    'no JSON': { body: '<html>' },
    'no token': { body: '{}' },
    invalid_client: { status: 401, body: { error: 'invalid_client' } },
    'a firewall’s 403': { status: 403, body: '<html>' },
    'a 400 about something else': { status: 400, body: { error: 'invalid_request' } },
    'a connection that goes away': { fault: /** @type {const} */ ('reset') },
  }).map(([kind, behaviour]) =>
    rule(
      'R24',
      `a redemption that fails for a transient reason (${kind}) signs no user out`,
      async (t) => {
        const idp = signUsersIn(t);
        const name = t.user();
        const { headers } = await idp.login(name);
        await t.advance(EXPIRED_MS);
        t.origin.on(REDEMPTIONS, behaviour);
        for (const attempt of [
          await t.fetch(THINGS, { headers }),
          (await post(t, REFRESH, headers)).response,
        ]) {
          assert.equal(attempt.status, 503);
          assert.match(attempt.headers.get('retry-after') ?? '', /^[1-9]/);
          assert.deepEqual(attempt.headers.getSetCookie(), []);
        }
        assert.equal((await t.session(headers)).user.name, name);
        t.origin.on(REDEMPTIONS, idp.redeem);
        await t.advance(MINUTE);
        assert.deepEqual(await t.ask(headers, THINGS), [200, JSON.stringify({ of: name })]);
        assert.deepEqual(await t.ask(headers), [200, idp.documentOf(name)]);
        assert.equal(t.origin.count(), 1);
      },
      managed,
    ),
  ),

  rule(
    'R24',
    'a redemption that the origin never answers is given up, and signs no user out',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED_MS);
      t.origin.on(REDEMPTIONS, { fault: 'hang' });
      const asked = t.fetchSlowly(THINGS, { headers });
      await t.soon(t.origin.called(REDEMPTIONS));
      await t.advance(20 * SECOND + MARGIN);
      // Whoever finds its time over looks once more, a moment later, at what has come meanwhile.
      await t.turn();
      await t.advance(MARGIN);
      assert.equal((await t.soon(asked)).status, 503);
      assert.equal((await t.session(headers)).user.name, name);
      t.origin.on(REDEMPTIONS, idp.redeem);
      assert.equal((await t.ask(headers, THINGS))[0], 200);
    },
    managedWith({ refreshTimeout: '20s' }),
  ),

  rule(
    'R24',
    'an origin that answers a redemption with 429 and Retry-After is left alone until then',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED_MS);
      t.origin.on(REDEMPTIONS, { status: 429, headers: { 'retry-after': '60' } }, idp.redeem);
      for (const wait of [0, 20 * SECOND, 20 * SECOND]) {
        await t.advance(wait);
        const response = await t.fetch(THINGS, { headers });
        assert.equal(response.status, 503);
        assert.ok(Number(response.headers.get('retry-after')) >= 10);
      }
      assert.equal(t.origin.count(REDEMPTIONS), 1);
      assert.equal((await t.session(headers)).user.name, name);
      await t.advance(20 * SECOND + MARGIN);
      assert.equal((await t.ask(headers, THINGS))[0], 200);
    },
    managed,
  ),

  rule(
    'R24',
    'a refresh token that is no longer valid ends the session',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      idp.dropRefresh();
      await t.advance(EXPIRED_MS);
      assert.equal((await t.ask(headers, THINGS))[0], 401);
      assert.equal(await t.session(headers), null);
      assert.equal((await t.ask(headers))[0], 401);
      assert.equal((await post(t, REFRESH, headers)).status, 401);
    },
    managed,
  ),

  ...Object.entries({
    'a 401 without a word': { status: 401 },
    'a 401 with a message': { status: 401, body: { error: 'Unauthorized' } },
    'invalid_grant, whatever its status': { status: 403, body: { error: 'invalid_grant' } },
  }).map(([kind, behaviour]) =>
    rule(
      'R24',
      `a redemption that the origin refuses (${kind}) ends the session`,
      async (t) => {
        const idp = signUsersIn(t);
        const { headers } = await idp.login(t.user());
        await t.advance(EXPIRED_MS);
        t.origin.on(REDEMPTIONS, behaviour);
        assert.equal((await t.ask(headers, THINGS))[0], 401);
        assert.equal(await t.session(headers), null);
      },
      managed,
    ),
  ),

  rule(
    'R24',
    'an upload that is too long to be sent twice, or breaks no length to the origin, has its token exchanged for the next one',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      const long = 'x'.repeat(100_000);
      for (const sent of [headers, { ...headers, 'content-length': String(long.length) }]) {
        idp.dropAccess();
        const before = t.origin.count(REDEMPTIONS);
        assert.equal((await post(t, THINGS, sent, long)).status, 401);
        assert.equal(t.origin.count(REDEMPTIONS), before + 1);
        const { status, text } = await post(t, THINGS, sent, long);
        assert.deepEqual([status, JSON.parse(text).size], [201, long.length]);
        assert.equal(t.origin.count(REDEMPTIONS), before + 1);
      }
    },
    managed,
  ),

  rule(
    'R24',
    'a short body without a length is sent again with the new token, and is whole',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      async function* parts() {
        yield 'first ';
        yield 'second';
      }
      idp.dropAccess();
      const response = await t.fetch(THINGS, { method: 'POST', headers, body: parts() });
      assert.deepEqual([response.status, (await response.json()).size], [201, 12]);
      assert.deepEqual(
        t.origin.calls(`POST ${THINGS}`).map(({ body }) => String(body)),
        ['first second', 'first second'],
      );
    },
    managed,
  ),

  rule(
    'R24, R87',
    'what the origin sets with new tokens reaches the client whose request has led to them, and holds no token',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers, cookie } = await idp.login(t.user());
      const other = 'XSRF-TOKEN=x2; Path=/';
      const redeem = lazily((call) => {
        const { body } = /** @type {any} */ (idp.redeem(call));
        const lines = [
          ...[other, `refresh_token=${body.refresh_token}; HttpOnly`, `jwt="${body.access_token}"`],
          `${cookie.name}=origin`,
        ];
        return { body, headers: { 'set-cookie': lines } };
      });
      t.origin.on(REDEMPTIONS, redeem);
      const { response } = await post(t, REFRESH, headers);
      assert.deepEqual(response.headers.getSetCookie(), [other]);
      await t.advance(EXPIRED_MS);
      const lent = await t.fetch(THINGS, { headers });
      assert.deepEqual([lent.status, lent.headers.getSetCookie()], [200, [other]]);
      assert.match(lent.headers.get('cache-control') ?? '', /no-store/);
      assert.deepEqual((await t.fetch(THINGS, { headers })).headers.getSetCookie(), []);
    },
    managed,
  ),

  rule(
    'R24',
    'a refresh token that the origin does not rotate is used again',
    async (t) => {
      const idp = signUsersIn(t, { rotates: false });
      const { headers } = await idp.login(t.user());
      for (let round = 0; round < 3; round += 1) {
        await t.advance(EXPIRED_MS);
        assert.equal((await t.ask(headers, THINGS))[0], 200);
      }
      assert.equal(t.origin.count(REDEMPTIONS), 3);
    },
    managed,
  ),

  rule(
    'R24',
    'a refresh without a session is 401, and redeems nothing',
    async (t) => {
      signUsersIn(t);
      for (const headers of [{}, { cookie: `__Host-session=${'x'.repeat(43)}` }]) {
        assert.equal((await post(t, REFRESH, headers)).status, 401);
      }
      assert.equal(t.origin.count(REDEMPTIONS), 0);
    },
    managed,
  ),
];
