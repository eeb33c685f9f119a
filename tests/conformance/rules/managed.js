// Sessions whose tokens the cache keeps: login, refresh and logout (SPEC R20, R21, R24, R25).
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { MARGIN, MINUTE, SECOND } from '../context.js';
import {
  ACCESS_SECONDS,
  cookieOf,
  LOGIN,
  LOGINS,
  LOGOUT,
  LOGOUTS,
  MANAGED,
  PASSWORD,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';

/** @type {{ options: Record<string, unknown>, needs: import('../suite.js').Feature[] }} */
const managed = { options: { managed: MANAGED }, needs: ['managed'] };

/** @param {object} more */
const managedWith = (more) => ({ ...managed, options: { managed: { ...MANAGED, ...more } } });

const JSON_TYPE = { 'content-type': 'application/json' };
const EXPIRED = (ACCESS_SECONDS + 5) * SECOND;

export const sessions = [
  rule(
    'R20',
    'login: one login, one GET /users/me, and the next check costs no call',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers, response } = await idp.login(name);
      assert.equal(
        JSON.parse(await (await t.fetch('/api/auth/session', { headers })).text()).user.name,
        name,
      );
      assert.deepEqual(await t.ask(headers), [200, idp.documentOf(name)]);
      assert.deepEqual(
        t.origin.calls().map(({ key }) => key),
        [LOGINS, READ],
      );
      const [, read] = t.origin.calls();
      assert.match(`${read.headers.authorization}`, /^Bearer \S+$/);
      assert.equal(response.headers.get('set-cookie')?.includes(idp.secrets[0]), false);
    },
    managed,
  ),

  rule(
    'R20',
    'its body goes to the origin as it is, JSON or a form',
    async (t) => {
      const idp = signUsersIn(t);
      const form = new URLSearchParams({ name: t.user(), password: PASSWORD }).toString();
      const type = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal((await post(t, LOGIN, type, form)).status, 200);
      const json = ` {"name" : "${t.user()}","password":"${PASSWORD}"}\n`;
      assert.equal((await post(t, LOGIN, JSON_TYPE, json)).status, 200);
      assert.deepEqual(
        t.origin.calls(LOGINS).map(({ body }) => body.toString()),
        [form, json],
      );
      assert.ok(idp.secrets.length === 4);
    },
    managed,
  ),

  rule(
    'R20',
    'it answers who has signed in',
    async (t) => {
      signUsersIn(t);
      const name = t.user();
      const { text } = await post(
        t,
        LOGIN,
        JSON_TYPE,
        JSON.stringify({ name, password: PASSWORD }),
      );
      const { user, expiresAt } = JSON.parse(text);
      assert.equal(user.name, name);
      assert.ok(
        Math.abs(Date.parse(expiresAt) - t.now() - 30 * 24 * 60 * MINUTE) < MARGIN,
        expiresAt,
      );
    },
    managed,
  ),

  rule(
    'R20',
    'so it does if the document may not be kept',
    async (t) => {
      signUsersIn(t);
      const [read] = [
        { body: '{"id":"a","name":"Ann"}', headers: { 'cache-control': 'no-store' } },
      ];
      t.origin.on(READ, read);
      const { text } = await post(
        t,
        LOGIN,
        JSON_TYPE,
        JSON.stringify({ name: 'x', password: PASSWORD }),
      );
      assert.equal(JSON.parse(text).user?.name, 'Ann');
      assert.equal(t.origin.count(), 1);
    },
    managed,
  ),

  rule(
    'R20',
    'a login that the origin refuses is passed on, and sets no cookie',
    async (t) => {
      signUsersIn(t);
      const wrong = JSON.stringify({ name: t.user(), password: 'x' });
      const { response, text } = await post(t, LOGIN, JSON_TYPE, wrong);
      assert.deepEqual([response.status, JSON.parse(text)], [401, { error: 'wrong password' }]);
      assert.deepEqual(response.headers.getSetCookie(), []);
      assert.equal(t.origin.count(), 0);
    },
    managed,
  ),

  ...Object.entries({
    'status 500': [{ status: 500 }, 500],
    'status 403': [{ status: 403 }, 403],
    'no JSON': [{ body: 'hello' }, 503],
    'a connection that goes away': [{ fault: /** @type {const} */ ('reset') }, 503],
  }).map(([kind, [behaviour, status]]) =>
    rule(
      'R20',
      `if the document cannot be had (${kind}), the login fails, and no half session is left`,
      async (t) => {
        const idp = signUsersIn(t);
        t.origin.on(READ, /** @type {any} */ (behaviour));
        const { response } = await post(
          t,
          LOGIN,
          JSON_TYPE,
          JSON.stringify({ name: 'x', password: PASSWORD }),
        );
        assert.equal(response.status, status);
        assert.deepEqual(response.headers.getSetCookie(), []);
        for (const secret of idp.secrets) {
          assert.equal(await t.session({ cookie: `__Host-session=${secret}` }), null);
        }
      },
      managed,
    ),
  ),

  rule(
    'R20',
    'where the tokens stand in the answer is configurable',
    async (t) => {
      t.origin.on(LOGINS, { body: { data: { 'a/b': { jwt: 'token-1' }, ttl: '60' } } });
      t.origin.on(READ, ({ headers }) =>
        headers.authorization === 'Bearer token-1' ? { body: '{"id":1}' } : { status: 401 },
      );
      const { response } = await post(t, LOGIN, JSON_TYPE, '{}');
      assert.equal(response.status, 200);
      cookieOf(response);
    },
    managedWith({ accessToken: '/data/a~1b/jwt', refreshToken: '/data/r', expiresIn: '/data/ttl' }),
  ),

  rule(
    'R21',
    'the cookie is 256 random bits, __Host- prefixed, HttpOnly, Secure, SameSite=Lax, Path=/',
    async (t) => {
      const idp = signUsersIn(t);
      const seen = new Set();
      for (let login = 0; login < 20; login += 1) {
        const { cookie } = await idp.login(t.user());
        assert.ok(cookie.name.startsWith('__Host-'), cookie.name);
        const { attributes, value } = cookie;
        assert.ok(attributes.has('httponly') && attributes.has('secure'), cookie.line);
        assert.equal(`${attributes.get('samesite')}`.toLowerCase(), 'lax');
        assert.equal(attributes.get('path'), '/');
        assert.equal(attributes.has('domain'), false);
        const bits = /^[0-9a-f]+$/.test(value)
          ? value.length * 4
          : value.replaceAll('=', '').length * 6;
        assert.ok(bits >= 256, `${bits} bits`);
        seen.add(value);
      }
      assert.equal(seen.size, 20);
    },
    managed,
  ),

  rule(
    'R21',
    'a cookie without that prefix is refused, or given it',
    async (t) => {
      const configured = await t.another({ cookie: 'sid' }).catch(() => null);
      if (configured === null) return;
      const { cookie } = await signUsersIn(configured).login('x');
      assert.ok(cookie.name.startsWith('__Host-'), cookie.name);
    },
    managed,
  ),

  rule(
    'R21',
    'a login takes over no cookie that it is given',
    async (t) => {
      const idp = signUsersIn(t);
      const { cookie } = await idp.login(t.user());
      const chosen = { cookie: `${cookie.name}=${'A'.repeat(43)}` };
      const after = await idp.login(t.user(), chosen);
      assert.notEqual(after.cookie.value, 'A'.repeat(43));
      assert.equal(await t.session(chosen), null);
      assert.equal((await t.ask(chosen))[0], 401);
    },
    managed,
  ),

  rule(
    'R21',
    'a login ends the session that it replaces, and no other',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const [one, other] = [await idp.login(name), await idp.login(name)];
      const next = await idp.login(name, one.headers);
      assert.notEqual(next.cookie.value, one.cookie.value);
      assert.equal(await t.session(one.headers), null);
      assert.equal((await t.ask(one.headers, THINGS))[0], 401);
      assert.equal((await t.session(other.headers)).user.name, name);
      assert.equal((await t.session(next.headers)).user.name, name);
    },
    managed,
  ),

  rule(
    'R21',
    'a login that fails ends none',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      assert.equal(
        (await post(t, LOGIN, { ...headers, ...JSON_TYPE }, '{"password":"x"}')).status,
        401,
      );
      assert.equal((await t.session(headers)).user.name, name);
    },
    managed,
  ),

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
    'API calls get the bearer; an expired one is refreshed behind them, once',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      for (let round = 1; round <= 3; round += 1) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => t.ask(headers, THINGS)));
        for (const answer of answers) assert.deepEqual(answer, [200, JSON.stringify({ of: name })]);
        assert.equal(t.origin.count(REDEMPTIONS), round - 1);
        await t.advance(EXPIRED);
      }
      assert.equal(t.origin.count(), 1);
      for (const { headers: sent } of t.origin.calls(`GET ${THINGS}`))
        assert.equal(sent.cookie, undefined);
    },
    managed,
  ),

  rule(
    'R24',
    'one that the origin refuses before its time is exchanged too, and the call repeated',
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
    'one redemption however slow the origin, and whoever goes away',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED);
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
      await t.turn();
      gate.open();
      for (const response of await t.soon(Promise.all(asked))) assert.equal(response.status, 200);
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
    'a connection that goes away': { fault: /** @type {const} */ ('reset') },
  }).map(([kind, behaviour]) =>
    rule(
      'R24',
      `a redemption that fails for a transient reason (${kind}) signs nobody out`,
      async (t) => {
        const idp = signUsersIn(t);
        const name = t.user();
        const { headers } = await idp.login(name);
        await t.advance(EXPIRED);
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
    'one that never ends is given up, and signs nobody out',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED);
      t.origin.on(REDEMPTIONS, { fault: 'hang' });
      const asked = t.fetchSlowly(THINGS, { headers });
      await t.soon(t.origin.called(REDEMPTIONS));
      await t.advance(20 * SECOND + MARGIN);
      assert.equal((await t.soon(asked)).status, 503);
      assert.equal((await t.session(headers)).user.name, name);
      t.origin.on(REDEMPTIONS, idp.redeem);
      assert.equal((await t.ask(headers, THINGS))[0], 200);
    },
    managedWith({ refreshTimeout: '20s' }),
  ),

  rule(
    'R24',
    'an origin that asks for patience (429) is left alone',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      await t.advance(EXPIRED);
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
    'a grant that is no longer valid ends the session',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      idp.dropRefresh();
      await t.advance(EXPIRED);
      assert.equal((await t.ask(headers, THINGS))[0], 401);
      assert.equal(await t.session(headers), null);
      assert.equal((await t.ask(headers))[0], 401);
      assert.equal((await post(t, REFRESH, headers)).status, 401);
    },
    managed,
  ),

  rule(
    'R24',
    'where refresh tokens are not rotated the one there is stays good',
    async (t) => {
      const idp = signUsersIn(t, { rotates: false });
      const { headers } = await idp.login(t.user());
      for (let round = 0; round < 3; round += 1) {
        await t.advance(EXPIRED);
        assert.equal((await t.ask(headers, THINGS))[0], 200);
      }
      assert.equal(t.origin.count(REDEMPTIONS), 3);
    },
    managed,
  ),

  rule(
    'R24',
    'without a session there is nothing to exchange',
    async (t) => {
      signUsersIn(t);
      for (const headers of [{}, { cookie: `__Host-session=${'x'.repeat(43)}` }]) {
        assert.equal((await post(t, REFRESH, headers)).status, 401);
      }
      assert.equal(t.origin.count(REDEMPTIONS), 0);
    },
    managed,
  ),

  rule(
    'R25',
    'logout ends the session here and at the origin, and clears the cookie',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const [one, other] = [await idp.login(name), await idp.login(name)];
      const { response } = await post(t, LOGOUT, one.headers);
      assert.equal(response.ok, true);
      const cleared = cookieOf(response);
      assert.deepEqual([cleared.name, cleared.value], [one.cookie.name, '']);
      assert.ok(
        cleared.attributes.get('max-age') === '0' || cleared.attributes.has('expires'),
        cleared.line,
      );
      assert.ok(
        cleared.attributes.has('secure') && cleared.attributes.get('path') === '/',
        cleared.line,
      );
      assert.equal(await t.session(one.headers), null);
      assert.equal((await t.ask(one.headers))[0], 401);
      assert.equal((await t.ask(one.headers, THINGS))[0], 401);
      const call = await t.soon(t.origin.called(LOGOUTS));
      assert.equal(call.headers.authorization, `Bearer ${idp.secrets[0]}`);
      assert.equal((await t.session(other.headers)).user.name, name);
      assert.equal(t.origin.count(LOGOUTS), 1);
    },
    managed,
  ),

  rule(
    'R25',
    'it succeeds if the origin is down',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.origin.stop();
      const { response } = await post(t, LOGOUT, headers);
      assert.equal(response.ok, true);
      assert.equal(cookieOf(response).value, '');
      assert.equal(await t.session(headers), null);
    },
    managed,
  ),

  rule(
    'R25',
    'it waits for no origin that hangs',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      t.origin.on(LOGOUTS, { fault: 'hang' });
      assert.equal((await post(t, LOGOUT, headers)).response.ok, true);
      assert.equal(await t.session(headers), null);
    },
    managed,
  ),

  rule(
    'R25',
    'the origin is told even if the access token has expired',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(EXPIRED);
      const told = createGate();
      t.origin.on(LOGOUTS, (call) => {
        const sent = `${call.headers.authorization}`.replace('Bearer ', '');
        if (idp.secrets.indexOf(sent) >= 2) told.open();
        return { status: 204 };
      });
      assert.equal((await post(t, LOGOUT, headers)).response.ok, true);
      assert.equal(await t.session(headers), null);
      await t.soon(told.opened);
    },
    managed,
  ),

  rule(
    'R25',
    'tokens that arrive for a session that has ended are ended at the origin too',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(EXPIRED);
      const gate = createGate();
      t.origin.on(REDEMPTIONS, (call) => Object.assign(idp.redeem(call), { after: gate.opened }));
      t.origin.on(LOGOUTS, { status: 204 });
      const asked = t.ask(headers, THINGS);
      await t.soon(t.origin.called(REDEMPTIONS));
      assert.equal((await post(t, LOGOUT, headers)).response.ok, true);
      gate.open();
      assert.equal((await t.soon(asked))[0], 401);
      const isEnded = () =>
        t.origin
          .calls(LOGOUTS)
          .some((call) => call.headers.authorization === `Bearer ${idp.secrets[2]}`);
      await t.until(isEnded);
    },
    managed,
  ),

  rule(
    'R25',
    'without a path for it at the origin, the session ends here',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      assert.equal((await post(t, LOGOUT, headers)).response.ok, true);
      assert.equal(await t.session(headers), null);
      assert.equal(t.origin.count(LOGOUTS), 0);
    },
    managedWith({ logoutPath: null }),
  ),

  rule(
    'R25',
    'without a session it succeeds as well',
    async (t) => {
      signUsersIn(t);
      for (const headers of [{}, { cookie: `__Host-session=${'x'.repeat(43)}` }]) {
        assert.equal((await post(t, LOGOUT, headers)).response.ok, true);
      }
      assert.equal(t.origin.calls().length, 0);
    },
    managed,
  ),

  rule(
    'R23',
    'revokeUser() ends managed sessions, those whose document is not held too',
    async (t) => {
      const idp = signUsersIn(t);
      const [name, other] = [t.user(), t.user()];
      const [one, two, stranger] = [
        await idp.login(name),
        await idp.login(name),
        await idp.login(other),
      ];
      await t.advance(70 * MINUTE); // no document is held any longer
      assert.equal((await t.ask(two.headers))[0], 200);
      await t.api.revokeUser(`id-${name}`);
      for (const { headers } of [one, two]) {
        assert.equal(await t.session(headers), null);
        assert.equal((await t.ask(headers, THINGS))[0], 401);
      }
      assert.equal((await t.session(stranger.headers)).user.name, other);
    },
    { ...managed, needs: ['managed', 'api'] },
  ),

  rule(
    'R22',
    'an update of a managed session reaches every session of the user',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const [one, two] = [await idp.login(name), await idp.login(name)];
      assert.equal((await t.write(one.headers))[0], 200);
      assert.match(idp.documentOf(name), /paid/);
      assert.deepEqual(await t.ask(two.headers), [200, idp.documentOf(name)]);
      assert.deepEqual(await t.ask(one.headers), [200, idp.documentOf(name)]);
      assert.equal(t.origin.count(), 2);
    },
    managed,
  ),

  rule(
    'R8',
    'a managed session ends at expiresIn, whatever its tokens',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      for (let step = 0; step < 5; step += 1) {
        await t.advance(23 * MINUTE);
        assert.equal((await t.ask(headers, THINGS))[0], 200);
      }
      await t.advance(5 * MINUTE + MARGIN);
      assert.equal(await t.session(headers), null);
      assert.equal((await t.ask(headers, THINGS))[0], 401);
    },
    { options: { managed: MANAGED, expiresIn: '2h' }, needs: ['managed'] },
  ),

  rule(
    'R8',
    'so it does unused for idleFor',
    async (t) => {
      const idp = signUsersIn(t);
      const [used, unused] = [await idp.login(t.user()), await idp.login(t.user())];
      await t.advance(8 * MINUTE);
      assert.notEqual(await t.session(used.headers), null);
      await t.advance(8 * MINUTE);
      assert.notEqual(await t.session(used.headers), null);
      assert.equal(await t.session(unused.headers), null);
    },
    { options: { managed: MANAGED, idleFor: '10m' }, needs: ['managed'] },
  ),
];
