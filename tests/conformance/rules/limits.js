// What is refused: writes that another site asks for, and what is over its limit (R42, R44).
// Invariant: what is refused never reaches the origin, and changes nothing.
import assert from 'node:assert/strict';
import { assertPrivate, attempt } from '../../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie } from '../context.js';
import {
  LOGIN,
  LOGINS,
  LOGOUT,
  LOGOUTS,
  MANAGED,
  managed,
  PASSWORD,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { hostRule, rule } from '../suite.js';
import { signIn } from '../two-users.js';

/** What a body may have at most. */
const MAX_BODY = 1024 ** 2;
const TOO_LONG = 'x'.repeat(16 * 1024 + 1);

const ELSEWHERE = [
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'cross-site', origin: 'https://elsewhere.test' },
  { origin: 'https://elsewhere.test' },
  { origin: 'null' },
];

/** A short reason, on one line. @param {Response} response @param {string} text */
function assertReason(response, text) {
  assert.ok(text.length > 0 && text.length < 200 && !text.trim().includes('\n'), text);
  assert.deepEqual(response.headers.getSetCookie(), []);
}

export const limits = [
  rule(
    'R42',
    'login, refresh and logout refuse another site’s page with 403, and do nothing',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      const body = JSON.stringify({ name, password: PASSWORD });
      for (const site of ELSEWHERE) {
        for (const path of [LOGIN, REFRESH, LOGOUT]) {
          const { response } = await post(
            t,
            path,
            { ...headers, ...site },
            path === LOGIN ? body : '',
          );
          assert.equal(response.status, 403, `${path} ${JSON.stringify(site)}`);
          assert.deepEqual(response.headers.getSetCookie(), []);
        }
      }
      assert.deepEqual(
        [LOGINS, REDEMPTIONS, LOGOUTS].map((key) => t.origin.count(key)),
        [1, 0, 0],
      );
      assert.equal((await t.session(headers)).user.name, name);
    },
    managed,
  ),

  rule(
    'R42',
    'writes for which a managed session’s token would be lent refuse another site’s page with 403',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      for (const site of ELSEWHERE) {
        assert.equal((await t.write({ ...headers, ...site }))[0], 403);
        assert.equal((await post(t, THINGS, { ...headers, ...site }, 'x')).status, 403);
      }
      assert.deepEqual(
        [t.origin.count(`PATCH ${DOCUMENT}`), t.origin.count(`POST ${THINGS}`)],
        [0, 0],
      );
    },
    managed,
  ),

  rule(
    'R42',
    'login, refresh and logout answer requests from the same site or from no browser',
    async (t) => {
      const idp = signUsersIn(t);
      for (const site of [
        {},
        { 'sec-fetch-site': 'same-origin', origin: t.url },
        { 'sec-fetch-site': 'none' },
        { origin: t.url },
      ]) {
        const { headers } = await idp.login(t.user(), /** @type {any} */ (site));
        assert.equal(
          (await post(t, REFRESH, { ...headers, .../** @type {any} */ (site) })).status,
          200,
        );
        assert.equal(
          (await post(t, LOGOUT, { ...headers, .../** @type {any} */ (site) })).status,
          200,
        );
      }
    },
    managed,
  ),

  rule(
    'R42',
    'a cross-site read is answered: what other sites may read is for the origin to say',
    async (t) => {
      const name = t.user();
      const headers = { ...cookie(name), 'sec-fetch-site': 'cross-site' };
      assert.deepEqual(await t.ask(headers), [200, documentOf(name)]);
    },
    { needs: ['wire'] },
  ),

  rule(
    'R42',
    'a GET on the paths of login, refresh and logout changes no session',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      for (const path of [LOGIN, REFRESH, LOGOUT]) {
        const response = await t.fetch(path, { headers });
        assert.ok(response.status >= 400 && response.status < 500, `${path}: ${response.status}`);
      }
      assert.equal((await t.session(headers)).user.name, name);
    },
    managed,
  ),

  rule(
    'R44',
    'a body over its limit gets 413, announced or not, and changes nothing',
    async (t) => {
      const name = t.user();
      await t.ask(bearer(name));
      t.origin.on(`PATCH ${DOCUMENT}`, { body: '{"id":"other"}' });
      const body = Buffer.alloc(2 * 1024 ** 2, ' ');
      async function* parts() {
        for (let at = 0; at < body.length; at += 65536) yield body.subarray(at, at + 65536);
      }
      const announced = { ...bearer(name), 'content-length': String(body.length) };
      for (const init of [
        { headers: announced, body },
        { headers: bearer(name), body: parts() },
      ]) {
        const response = await t.fetch(DOCUMENT, { method: 'PATCH', ...init });
        assert.equal(response.status, 413);
        assertReason(response, await response.text());
      }
      assert.deepEqual(await t.ask(bearer(name)), [200, documentOf(name)]);
      assert.equal(t.origin.count(), 1);
    },
  ),

  rule(
    'R44',
    'a client that sends all of a body over its limit before it reads still gets 413',
    async (t) => {
      const body = Buffer.alloc(12 * 1024 ** 2, ' ');
      const response = await t.fetch(DOCUMENT, {
        method: 'PATCH',
        headers: bearer(t.user()),
        body,
      });
      assert.equal(response.status, 413);
      assertReason(response, await response.text());
      assert.equal(t.origin.count(), 0);
    },
  ),

  rule(
    'R44',
    'a login whose body is over its limit gets 413',
    async (t) => {
      signUsersIn(t);
      const body = JSON.stringify({ name: 'x'.repeat(2 * 1024 ** 2), password: PASSWORD });
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
      const { response, text } = await post(t, LOGIN, headers, body);
      assert.equal(response.status, 413);
      assertReason(response, text);
      assert.equal(t.origin.count(), 0);
    },
    managed,
  ),

  rule(
    'R44',
    'a webhook message whose body is over its limit gets 413',
    async (t) => {
      const { path, headers } = t.dialect.signWebhook({
        secret: 's'.repeat(40),
        body: '',
        timeMs: t.now(),
      });
      const { response, text } = await post(t, path, headers, ' '.repeat(100_000));
      assert.equal(response.status, 413);
      assertReason(response, text);
    },
    { options: { webhookSecret: 's'.repeat(40) }, needs: ['webhook'] },
  ),

  ...[cookie, bearer].map((make) =>
    rule(
      'R44',
      `a ${make.name} over its limit gets 431, and nothing is stored`,
      async (t) => {
        const long = make('x'.repeat(5000));
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers: long });
          assert.equal(response.status, 431);
          assertReason(response, await response.text());
        }
        const patched = await t.fetch(DOCUMENT, { method: 'PATCH', headers: long, body: '{}' });
        assert.equal(patched.status, 431);
        assert.equal(t.origin.calls().length, 0);
        const name = t.user();
        assert.deepEqual(await t.ask(make(name)), [200, documentOf(name)]);
      },
      { options: { maxCredential: 4096 }, needs: make === cookie ? ['cookies'] : [] },
    ),
  ),

  rule(
    'R44',
    'a credential over its limit on the paths of login, refresh and logout gets 431',
    async (t) => {
      signUsersIn(t);
      const headers = {
        cookie: `__Host-session=${'x'.repeat(5000)}`,
        'content-type': 'application/json',
      };
      for (const path of [LOGIN, REFRESH, LOGOUT]) {
        assert.equal((await post(t, path, headers, '{"password":"x"}')).status, 431, path);
      }
      assert.equal(t.origin.calls().length, 0);
    },
    { ...managed, options: { managed: MANAGED, maxCredential: 4096 } },
  ),

  rule(
    'R44',
    'getSession() rejects a credential over its limit',
    async (t) => {
      await assert.rejects(t.api.getSession(cookie('x'.repeat(5000))));
      assert.equal(t.origin.calls().length, 0);
    },
    { options: { maxCredential: 4096 }, needs: ['api', 'cookies'] },
  ),

  rule(
    'R44',
    'malformed cookies are answered, and so is the next request',
    async (t) => {
      const name = t.user();
      const odd = [
        'session',
        '=',
        ';;;',
        'session=\t',
        `session=${'"'.repeat(99)}`,
        `${'a=b; '.repeat(2000)}session=x`,
      ];
      t.origin.on(READ, ({ headers }) => ({
        body: JSON.stringify({ id: `${headers.cookie}`.length }),
      }));
      for (const value of odd) {
        const response = await t.fetch(DOCUMENT, { headers: { cookie: value } });
        assert.ok(response.status < 500, `${response.status} for ${value.slice(0, 40)}`);
        await response.text();
      }
      t.origin.on(READ, { body: documentOf(name) });
      assert.deepEqual(await t.ask(cookie(name)), [200, documentOf(name)]);
    },
    { needs: ['cookies'] },
  ),

  hostRule(
    'R44',
    'a write of a byte more than maxBody gets 413 whatever its method, and changes nothing',
    async (t) => {
      const { phone, laptop, held } = await signIn(t);
      const body = Buffer.alloc(MAX_BODY + 1, ' ');
      const announced = { ...phone, 'content-length': String(body.length) };
      async function* parts() {
        for (let part = 0; part < 20; part += 1) yield Buffer.alloc(64 * 1024, ' ');
      }
      const writes = ['PUT', 'PATCH', 'DELETE', 'POST'].map((method) => ({
        ...{ method, headers: announced, body },
      }));
      t.origin.on(`PUT ${DOCUMENT}`, { body: 'too late' });
      for (const init of writes) {
        const response = await t.fetch(DOCUMENT, init);
        assert.equal(response.status, 413);
        assert.equal(await response.text(), '{"error":"body_too_large"}');
        assertPrivate(response);
        assert.equal(t.origin.count(`${init.method} ${DOCUMENT}`), 0);
      }
      const streamed = await t.fetch(DOCUMENT, { method: 'PUT', headers: phone, body: parts() });
      assert.equal(streamed.status, 413);
      assert.equal(await streamed.text(), '{"error":"body_too_large"}');
      for (const each of [laptop, phone]) {
        assert.deepEqual(await t.ask(each, DOCUMENT, 'fresh'), [200, held]);
      }
    },
  ),

  hostRule('R44', 'a write of exactly maxBody passes, its length announced or not', async (t) => {
    const { phone } = await signIn(t);
    const body = Buffer.alloc(MAX_BODY, ' ');
    async function* parts() {
      yield body.subarray(0, 1000);
      yield body.subarray(1000);
    }
    t.origin.on(`PUT ${DOCUMENT}`, (call) => ({ body: String(call.headers['transfer-encoding']) }));
    const announced = { ...phone, 'content-length': String(body.length) };
    for (const init of [
      { headers: announced, body },
      { headers: phone, body: parts() },
    ]) {
      assert.equal((await t.fetch(DOCUMENT, { method: 'PUT', ...init })).status, 200);
    }
    const lengths = t.origin.calls(`PUT ${DOCUMENT}`).map((call) => call.body.length);
    assert.deepEqual(lengths, [body.length, body.length]);
  }),

  hostRule(
    'R44',
    'a credential over 16 KiB is refused in one private line, counted, and kept nowhere',
    async (t) => {
      for (const headers of [
        { cookie: `session=${TOO_LONG}` },
        { cookie: `theme=${TOO_LONG}; session=x` },
        { authorization: `Bearer ${TOO_LONG}` },
      ]) {
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers });
          assert.equal(response.status, 431);
          assert.equal(await response.text(), '{"error":"credential_too_large"}');
          assert.equal(response.headers.get('content-type'), 'application/json');
          assertPrivate(response);
        }
      }
      assert.equal(t.origin.calls().length, 0);
      const { bypass, entries, leases } = await t.statistics();
      assert.deepEqual([bypass, entries, leases], [6, 0, 0]);
    },
  ),

  hostRule(
    'R44',
    'a credential of exactly 16 KiB is kept, and one of a byte more is 431',
    async (t) => {
      const longest = `session=${'x'.repeat(16 * 1024 - 8)}`;
      t.origin.on(READ, { body: '{"id":1}' });
      assert.deepEqual(await t.ask({ cookie: longest }, DOCUMENT, 'origin'), [200, '{"id":1}']);
      assert.deepEqual(await t.ask({ cookie: longest }, DOCUMENT, 'fresh'), [200, '{"id":1}']);
      assert.equal((await t.ask({ cookie: `${longest}x` }))[0], 431);
    },
  ),

  hostRule('R44', 'the limit of a credential does not hold for paths that only pass', async (t) => {
    t.origin.on('GET /page', ({ headers }) => ({ body: String(headers.cookie?.length) }));
    const headers = { cookie: `session=${TOO_LONG}` };
    const answer = await attempt(t, headers, { path: '/page' });
    assert.deepEqual(answer, [200, String(headers.cookie.length)]);
  }),
];
