// A cookie and a bearer at once, where the option `credential` says which one the back end reads (R1).
// Invariant: whatever does not count reaches the origin as it was sent.
import assert from 'node:assert/strict';
import { DOCUMENT, READ } from '../../support/origin.js';
import { bearer, cookie } from '../context.js';
import { post } from '../identity.js';
import { hostRule, rule } from '../suite.js';

/** A back end that reads the first of these alone. @param {('cookie' | 'authorization')[]} order */
const reading =
  (order) =>
  (/** @type {import('../../support/origin.js').Call} */ { headers }) => {
    const name = order.map((field) => /user-\d+/.exec(headers[field] ?? '')?.[0]).find(Boolean);
    return name === undefined ? { status: 401 } : { body: JSON.stringify({ id: name, name }) };
  };

const BEARER_FIRST = { credential: ['bearer', 'cookie'] };
const COOKIE_FIRST = { credential: ['cookie', 'bearer'] };

export const credentialOrder = [
  rule(
    'R1',
    'with credential bearer, cookie a request with both is its bearer’s, and one with either is that one’s',
    async (t) => {
      const [one, other] = [t.user(), t.user()];
      t.origin.on(READ, reading(['authorization', 'cookie']));
      const both = { ...cookie(one), ...bearer(other) };
      for (let time = 0; time < 2; time += 1) {
        assert.equal((await t.session(both))?.user.name, other);
        assert.equal((await t.session(bearer(other)))?.user.name, other);
        assert.equal((await t.session(cookie(one)))?.user.name, one);
      }
    },
    { options: BEARER_FIRST },
  ),

  rule(
    'R1',
    'with credential cookie no bearer is looked at: whatever it is, the document is the cookie’s',
    async (t) => {
      const one = t.user();
      t.origin.on(READ, reading(['cookie']));
      await t.ask(cookie(one));
      const calls = t.origin.count();
      for (const authorization of [`Bearer ${t.user()}`, 'Basic YTpi', 'DPoP x', 'Bearer a,b']) {
        const [status, text] = await t.ask({ ...cookie(one), authorization });
        assert.deepEqual([status, JSON.parse(text).name], [200, one]);
      }
      assert.equal(t.origin.count(), calls);
    },
    { options: { credential: 'cookie' } },
  ),

  hostRule(
    'R1',
    'with credential cookie, bearer a request with both is its cookie’s, and costs no call of its own',
    async (t) => {
      const one = t.user();
      t.origin.on(READ, reading(['cookie', 'authorization']));
      await t.ask(cookie(one));
      for (const authorization of [`Bearer ${t.user()}`, 'Basic YTpi']) {
        assert.equal((await t.session({ ...cookie(one), authorization }))?.user.name, one);
      }
      assert.equal(t.origin.count(), 1);
      const alone = t.user();
      assert.equal((await t.session(bearer(alone)))?.user.name, alone);
      assert.equal(
        (await t.session({ cookie: 'session=; a=b', ...bearer(alone) }))?.user.name,
        alone,
      );
      assert.equal(t.origin.count(), 2);
    },
    COOKIE_FIRST,
  ),

  hostRule(
    'R1',
    'with credential bearer a cookie alone is nobody’s, and the origin is not asked',
    async (t) => {
      assert.equal(await t.session(cookie(t.user())), null);
      assert.equal(t.origin.count(), 0);
      const both = { ...cookie(t.user()), ...bearer(t.user()) };
      for (let time = 0; time < 3; time += 1) assert.equal((await t.ask(both))[0], 200);
      assert.equal(t.origin.count(), 1);
    },
    { credential: ['bearer'] },
  ),

  hostRule(
    'R1',
    'what credential leaves out is sent to the origin unchanged, with fills and with what passes',
    async (t) => {
      const both = { cookie: `a=b; session=${t.user()}; c=d`, ...bearer(t.user()) };
      await t.ask(both);
      await t.fetch('/orders', { headers: both });
      for (const { headers } of [t.origin.calls(READ)[0], t.origin.calls('GET /orders')[0]]) {
        assert.deepEqual(
          [headers.cookie, headers.authorization],
          [both.cookie, both.authorization],
        );
      }
    },
    BEARER_FIRST,
  ),

  ...[204, 401].map((status) =>
    hostRule(
      'R1, R83',
      `a sign-out with both that is answered ${status} reaches the session of each, whichever counts`,
      async (t) => {
        const both = { ...cookie(t.user()), ...bearer(t.user()) };
        const alone = [{ cookie: both.cookie }, { authorization: both.authorization }];
        for (const each of alone) await t.ask(each);
        t.origin.on('POST /logout', { status });
        t.origin.on(READ, { status: 401 });
        assert.equal((await post(t, '/logout', both)).status, status);
        for (const each of alone) assert.equal((await t.ask(each))[0], 401);
      },
      BEARER_FIRST,
    ),
  ),

  ...[BEARER_FIRST, COOKIE_FIRST].map((options) =>
    hostRule(
      'R1, R82',
      `a sign-out with both and ${options.credential[0]} first ends no cookie's session: the origin may use it again`,
      async (t) => {
        const both = { ...cookie(t.user()), ...bearer(t.user()) };
        const alone = { cookie: both.cookie };
        const token = { authorization: both.authorization };
        for (const each of [alone, token, both]) await t.ask(each);
        t.origin.on('POST /logout', { status: 204 });
        await post(t, '/logout', both);
        assert.equal((await t.ask(alone, DOCUMENT, 'origin'))[0], 200);
        // A bearer that has signed itself out is taken at its word.
        assert.equal((await t.ask(token))[0], options === BEARER_FIRST ? 401 : 200);
      },
      options,
    ),
  ),

  hostRule(
    'R1, R22',
    'an update with both reaches the documents of the one that counts',
    async (t) => {
      const [one, other] = [t.user(), t.user()];
      const both = { ...cookie(one), ...bearer(other) };
      await t.ask(cookie(one));
      await t.ask(bearer(other));
      const changed = JSON.stringify({ id: `id-${one}`, name: one, plan: 'paid' });
      t.origin.on(`PATCH ${DOCUMENT}`, { body: changed });
      t.origin.on(READ, { body: changed });
      await t.write(both);
      assert.deepEqual(await t.ask(cookie(one)), [200, changed]);
      assert.equal(JSON.parse((await t.ask(bearer(other)))[1]).name, other);
    },
    COOKIE_FIRST,
  ),

  rule(
    'R1',
    'without credential a cookie and a bearer at once are the origin’s to judge, each time',
    async (t) => {
      const both = { ...cookie(t.user()), ...bearer(t.user()) };
      for (let time = 0; time < 2; time += 1) assert.equal((await t.ask(both))[0], 200);
      assert.equal(t.origin.count(), 2);
    },
    { needs: ['cookies'] },
  ),
];
