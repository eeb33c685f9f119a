// What the origin's answer depends on beside the credential (R4, option `varyOn`).
import assert from 'node:assert/strict';
import { DOCUMENT, READ } from '../../support/origin.js';
import { bearer, cookie } from '../context.js';
import { hostRule, rule } from '../suite.js';

/**
 * An origin whose document says what it was told beside the credential.
 * @param {import('../context.js').Context} t
 * @param {Record<string, string>} [headers] of its answers
 */
function tellsBack(t, headers = {}) {
  t.origin.on(READ, ({ headers: told }) => ({
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({
      id: 1,
      org: told['x-organization-id'] ?? null,
      host: told['x-forwarded-host'] ?? null,
    }),
  }));
}

export const varying = [
  rule(
    'R4',
    'requests of one credential with different values of a header never see each other’s document',
    async (t) => {
      tellsBack(t, { vary: 'X-Organization-Id' });
      for (const credential of [cookie(t.user()), bearer(t.user())]) {
        const before = t.origin.count();
        for (const org of ['one', 'two', 'one', 'two']) {
          const headers = { ...credential, 'x-organization-id': org };
          assert.equal(JSON.parse((await t.ask(headers))[1]).org, org);
          assert.equal((await t.session(headers)).user.org, org);
        }
        assert.equal(JSON.parse((await t.ask(credential))[1]).org, null);
        assert.equal(t.origin.count() - before, 3);
      }
    },
    { options: { varyOn: 'x-organization-id' } },
  ),

  hostRule(
    'R4',
    'two hosts with one cookie have two documents, and the origin hears which host it is',
    async (t) => {
      tellsBack(t);
      const credential = cookie(t.user());
      for (const host of ['one.test', 'two.test', 'one.test']) {
        const headers = { ...credential, 'x-forwarded-host': host };
        assert.equal(JSON.parse((await t.ask(headers))[1]).host, host);
      }
      const own = JSON.parse((await t.ask(credential))[1]).host;
      assert.equal(own, new URL(t.url).host);
      assert.equal(t.origin.count(), 3);
    },
    { varyOn: ['host'] },
  ),

  rule('R4', 'an answer whose Vary names what varyOn does not is not kept', async (t) => {
    const credential = cookie(t.user());
    for (const [vary, calls] of /** @type {[string, number][]} */ ([
      ['X-Organization-Id', 2],
      ['*', 2],
      ['Accept, Accept-Encoding, Origin, Cookie, Authorization', 1],
    ])) {
      tellsBack(t, { vary });
      const before = t.origin.count();
      await t.ask(credential);
      await t.ask(credential);
      assert.equal(t.origin.count() - before, calls, vary);
    }
  }),

  hostRule('R4', 'a request that takes no JSON passes to the origin as it is', async (t) => {
    const credential = cookie(t.user());
    for (const accept of ['text/html', 'text/html, */*;q=0.1', 'application/vnd.api+json']) {
      await t.fetch(DOCUMENT, { headers: { ...credential, accept } });
    }
    const told = t.origin.calls(READ).map(({ headers }) => headers.accept);
    assert.deepEqual(told, ['text/html', 'application/json', 'application/vnd.api+json']);
  }),
];
