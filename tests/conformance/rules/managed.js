// How a managed session ends, and which rules of other sessions it keeps (R8, R22, R23, R25).
import assert from 'node:assert/strict';
import { createGate } from '../../support/wait.js';
import { MARGIN, MINUTE, SECOND } from '../context.js';
import {
  cookieOf,
  EXPIRED_MS,
  LOGOUT,
  LOGOUTS,
  MANAGED,
  managed,
  managedWith,
  post,
  REDEMPTIONS,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';

export const managedSessions = [
  rule(
    'R25',
    'a logout ends the session on this node and at the origin, and clears the cookie',
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
    'a logout succeeds while the origin is down',
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
    'a logout ends the session at once, and waits two seconds at most for an origin that hangs',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      t.origin.on(LOGOUTS, { fault: 'hang' });
      const logout = post(t, LOGOUT, headers);
      await t.soon(t.origin.called(LOGOUTS));
      assert.equal(await t.session(headers), null);
      await t.advance(2 * SECOND + MARGIN);
      assert.equal((await t.soon(logout)).response.ok, true);
    },
    managed,
  ),

  rule(
    'R25, R87',
    'a logout hands on what the origin sets with it, beside the end of the session’s cookie',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers, cookie } = await idp.login(t.user());
      const lines = ['XSRF-TOKEN=; Max-Age=0; Path=/', `${cookie.name}=origin; Path=/`];
      t.origin.on(LOGOUTS, { status: 204, headers: { 'set-cookie': lines } });
      const { response } = await post(t, LOGOUT, headers);
      const set = response.headers.getSetCookie();
      assert.deepEqual(
        set.filter((/** @type {string} */ line) => !/^__(Host|Secure)-/.test(line)),
        [lines[0]],
      );
      assert.ok(!set.includes(lines[1]), `${set}`);
    },
    managed,
  ),

  rule(
    'R25',
    'a logout reaches the origin even if the access token has expired',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(EXPIRED_MS);
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
    'tokens that arrive for a session that has ended are ended at the origin',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.advance(EXPIRED_MS);
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
    'a logout without a path at the origin ends the session on this node',
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
    'a logout without a session succeeds',
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
    'revokeUser() ends managed sessions, also those whose document is not held',
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
    { ...managed, needs: ['managed', 'api', 'revoke'] },
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
    'a managed session ends at expiresIn, whatever its tokens say',
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
    'a managed session unused for idleFor has ended',
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
