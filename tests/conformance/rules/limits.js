// What is refused: writes that another site has asked for, and what is over its limit (SPEC R42, R44).
import assert from 'node:assert/strict';
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
import { rule } from '../suite.js';

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
    'so do writes for which a managed session’s token would be lent',
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
    'what comes from the same site, or from no browser, is answered',
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
    'reading is not refused: what pages of other sites may read is not for the cache to say',
    async (t) => {
      const name = t.user();
      const headers = { ...cookie(name), 'sec-fetch-site': 'cross-site' };
      assert.deepEqual(await t.ask(headers), [200, documentOf(name)]);
    },
    { needs: ['wire'] },
  ),

  rule(
    'R42',
    'a session does not change by GET',
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

  rule('R44', 'even of a client that sends it all before it looks for an answer', async (t) => {
    const body = Buffer.alloc(12 * 1024 ** 2, ' ');
    const response = await t.fetch(DOCUMENT, { method: 'PATCH', headers: bearer(t.user()), body });
    assert.equal(response.status, 413);
    assertReason(response, await response.text());
    assert.equal(t.origin.count(), 0);
  }),

  rule(
    'R44',
    'so does a login',
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
    'and a message to the webhook',
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
    'so does one on the paths that change sessions',
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
    'the API rejects one',
    async (t) => {
      await assert.rejects(t.api.getSession(cookie('x'.repeat(5000))));
      assert.equal(t.origin.calls().length, 0);
    },
    { options: { maxCredential: 4096 }, needs: ['api', 'cookies'] },
  ),

  rule(
    'R44',
    'whatever comes in, it goes on answering',
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
];
