// How a managed session begins (R20, R21).
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { MARGIN, MINUTE } from '../context.js';
import {
  cookieOf,
  JSON_TYPE,
  LOGIN,
  LOGINS,
  managed,
  managedWith,
  PASSWORD,
  post,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';

export const login = [
  rule(
    'R20',
    'a login costs one login call and one GET /users/me, and the next check costs no call',
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
    'the body of a login goes to the origin as it is, JSON or a form',
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
    'a login answers the session of the user who has signed in',
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
    'a login answers the session although the document may not be kept',
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
      `a login whose document cannot be fetched (${kind}) fails, and leaves no half session`,
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
    'R20, R87',
    'a login hands on the other cookies that the origin sets, and none that is a token or has the session’s name',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const others = ['trusted_device=td1; Max-Age=2592000; HttpOnly', 'XSRF-TOKEN=x1; Path=/'];
      const tokens = { access_token: 'secret/1', refresh_token: 'secret-2', expires_in: 300 };
      t.origin.on(LOGINS, {
        headers: {
          'set-cookie': [
            ...others,
            ...['jwt=secret%2F1; HttpOnly', 'refresh="secret-2"', '__Host-session=origin; Secure'],
          ],
        },
        body: tokens,
      });
      t.origin.on(READ, { body: idp.documentOf(name) });
      const { response, status } = await post(t, LOGIN, JSON_TYPE, '{}');
      const [session, ...rest] = response.headers.getSetCookie();
      assert.deepEqual([status, rest], [200, others]);
      assert.match(session, /^__Host-session=[\w-]{43,}/);
    },
    managed,
  ),

  ...Object.entries(
    /** @type {Record<string, { status: number, headers: Record<string, string>, body?: string }>} */ ({
      JSON: { status: 200, headers: JSON_TYPE, body: '{"mfa_required":true,"mfa_token":"m1"}' },
      'a page': { status: 202, headers: { 'content-type': 'text/html' }, body: '<p>code?' },
      nothing: { status: 204, headers: {}, body: undefined },
    }),
  ).map(([kind, step]) =>
    rule(
      'R20',
      `the first step of a login, answered without tokens (${kind}), passes as the origin gave it and ends no session`,
      async (t) => {
        const idp = signUsersIn(t);
        const name = t.user();
        const { headers } = await idp.login(name);
        const challenge = 'challenge=c1; Path=/; HttpOnly';
        t.origin.on(LOGINS, {
          ...step,
          headers: {
            ...step.headers,
            'set-cookie': [challenge, '__Host-session=x'],
            'x-step': '1',
          },
        });
        const { response, text } = await post(t, LOGIN, { ...headers, ...JSON_TYPE }, '{}');
        assert.deepEqual([response.status, text], [step.status, step.body ?? '']);
        assert.deepEqual(response.headers.getSetCookie(), [challenge]);
        assert.equal(response.headers.get('x-step'), '1');
        assert.match(response.headers.get('cache-control') ?? '', /no-store/);
        assert.equal((await t.session(headers)).user.name, name);
      },
      managed,
    ),
  ),

  rule(
    'R20',
    'a login’s answer with tokens where no option points is 502, and shows them to nobody',
    async (t) => {
      for (const body of [
        { data: { accessToken: 'secret' } },
        { refresh_token: 'secret' },
        [{ id_token: 'secret' }],
      ]) {
        t.origin.on(LOGINS, { headers: { 'set-cookie': 'a=1' }, body });
        const { response, text } = await post(t, LOGIN, JSON_TYPE, '{}');
        assert.deepEqual([response.status, response.headers.getSetCookie()], [502, []]);
        assert.doesNotMatch(text, /secret/);
      }
    },
    managed,
  ),

  rule(
    'R20',
    'the options say where the tokens are in the login’s answer',
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
    'the session cookie is 256 random bits, __Host- prefixed, HttpOnly, Secure, SameSite=Lax, Path=/',
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
    'a cookie name without the prefix __Host- is refused, or gets it',
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
    'a login never takes over the cookie that the client sends',
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
    'a login that fails ends no session',
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
];
