// Pages of other sites read what the origin lets them read, signed in or not (R45).
// Invariant: no answer has a CORS header that the origin has not given for that site.
import assert from 'node:assert/strict';
import { ask, bearer, sourceOf } from '../../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { hostRule } from '../suite.js';

/** @typedef {import('../context.js').Context} Target */

const OTHER_SITE = 'https://app.test';

/** @param {Target} t @param {string} name @param {string} [site] */
const fromSite = (t, name, site = OTHER_SITE, path = DOCUMENT) =>
  t.fetch(path, { headers: { ...bearer(name), origin: site } });

/** @param {Response} response */
const corsOf = ({ headers }) => [
  headers.get('access-control-allow-origin'),
  headers.get('access-control-allow-credentials'),
];

export const crossOrigin = [
  hostRule('R45', 'a site that the origin lets read its answers reads the cache’s', async (t) => {
    const site = `https://${t.user()}.test`;
    const [name, other] = [t.user(), t.user()];
    t.origin.on(READ, ({ headers }) => ({
      headers: {
        'access-control-allow-origin': String(headers.origin),
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'x-request-id',
      },
      body: '{"id":1}',
    }));
    await ask(t, bearer(name));
    // The site is new: the origin is asked once what the site may read, although the document is held.
    const first = await fromSite(t, name, site);
    assert.deepEqual([sourceOf(first), ...corsOf(first)], ['origin', site, 'true']);
    const held = await fromSite(t, name, site);
    assert.deepEqual([sourceOf(held), ...corsOf(held)], ['fresh', site, 'true']);
    assert.equal(
      held.headers.get('access-control-expose-headers'),
      'x-request-id, sesame-cache-control',
    );
    assert.match(held.headers.get('vary') ?? '', /\bOrigin\b/);
    const session = await fromSite(t, name, site, SESSION);
    assert.deepEqual([sourceOf(session), ...corsOf(session)], ['fresh', site, 'true']);
    assert.equal(t.origin.count(), 2);
    // For a site that is known the origin is not asked again for another user.
    await ask(t, bearer(other));
    const others = await fromSite(t, other, site);
    assert.deepEqual([sourceOf(others), ...corsOf(others)], ['fresh', site, 'true']);
  }),

  hostRule(
    'R45',
    'a site that the origin does not let read its answers does not read the cache’s',
    async (t) => {
      const site = `https://${t.user()}.test`;
      const name = t.user();
      for (const source of ['origin', 'fresh']) {
        const response = await fromSite(t, name, site);
        assert.deepEqual([sourceOf(response), ...corsOf(response)], [source, null, null]);
      }
      assert.equal(t.origin.count(), 1);
    },
  ),

  hostRule(
    'R45',
    'refusals of an unknown user and failures of the origin do not change what a site may read',
    async (t) => {
      const site = `https://${t.user()}.test`;
      const [first, name, stranger] = [t.user(), t.user(), t.user()];
      const granted = { 'access-control-allow-origin': site };
      t.origin.on(READ, ({ headers }) =>
        headers.authorization === bearer(stranger).authorization
          ? { status: 401 } // as frameworks do that authenticate before they look at the site
          : { headers: granted, body: '{"id":1}' },
      );
      // Not before the site is known, nor after it.
      await ask(t, bearer(first));
      for (const round of [1, 2, 3]) {
        await fromSite(t, stranger, site);
        assert.deepEqual(corsOf(await fromSite(t, first, site)), [site, null], `round ${round}`);
        assert.deepEqual(corsOf(await fromSite(t, name, site)), [site, null], `round ${round}`);
      }
      t.origin.on(READ, { status: 500 });
      await fromSite(t, t.user(), site);
      assert.deepEqual(corsOf(await fromSite(t, name, site)), [site, null]);
    },
  ),

  hostRule(
    'R45',
    'a client that invents three hundred sites does not make the cache forget the real ones',
    async (t) => {
      const site = `https://${t.user()}.test`;
      const name = t.user();
      t.origin.on(READ, ({ headers }) =>
        headers.authorization === bearer(name).authorization
          ? { headers: { 'access-control-allow-origin': site }, body: '{"id":1}' }
          : { status: 401 },
      );
      await fromSite(t, name, site);
      for (let made = 0; made < 300; made += 1) {
        await fromSite(t, 'nobody', `https://made-up-${made}.test`);
      }
      const before = t.origin.count();
      const held = await fromSite(t, name, site);
      assert.deepEqual([sourceOf(held), ...corsOf(held)], ['fresh', site, null]);
      assert.equal(t.origin.count(), before);
    },
  ),

  hostRule('R45', 'what one site may read another may not', async (t) => {
    const [good, bad] = [`https://good-${t.user()}.test`, `https://bad-${t.user()}.test`];
    const name = t.user();
    t.origin.on(READ, ({ headers }) => ({
      ...(headers.origin === good && { headers: { 'access-control-allow-origin': good } }),
      body: '{"id":1}',
    }));
    for (const _ of [1, 2]) {
      assert.deepEqual(corsOf(await fromSite(t, name, good)), [good, null]);
      assert.deepEqual(corsOf(await fromSite(t, name, bad)), [null, null]);
    }
    assert.equal(t.origin.count(), 2);
  }),

  hostRule(
    'R45',
    'a page of the same site, and a request of no page, read from the cache without CORS',
    async (t) => {
      const name = t.user();
      await ask(t, bearer(name));
      assert.equal(sourceOf(await fromSite(t, name, t.url)), 'fresh');
      assert.equal(t.origin.count(), 1);
    },
  ),

  hostRule(
    'R13, R45',
    'a new site gets the held document without CORS headers while the origin fails',
    async (t) => {
      const name = t.user();
      await ask(t, bearer(name));
      t.origin.on(READ, { status: 500 });
      const response = await fromSite(t, name, `https://${t.user()}.test`);
      assert.deepEqual([response.status, ...corsOf(response)], [200, null, null]);
    },
  ),

  hostRule('R45', 'a preflight passes to the origin, and its answer back', async (t) => {
    const headers = { 'access-control-allow-origin': OTHER_SITE, 'access-control-max-age': '600' };
    for (const path of [DOCUMENT, SESSION]) {
      t.origin.on(`OPTIONS ${path}`, { status: 204, headers });
      const asked = { origin: OTHER_SITE, 'access-control-request-method': 'GET' };
      const response = await t.fetch(path, { method: 'OPTIONS', headers: asked });
      assert.equal(response.status, 204);
      assert.equal(response.headers.get('access-control-allow-origin'), OTHER_SITE);
      assert.equal(response.headers.get('access-control-max-age'), '600');
    }
  }),

  hostRule(
    'R11, R45',
    'a site that the origin lets read is let bound the age, and the origin hears of it no more than before',
    async (t) => {
      const site = `https://${t.user()}.test`;
      const cors = { 'access-control-allow-origin': site };
      t.origin.on(`OPTIONS ${DOCUMENT}`, ({ headers }) => ({
        status: 204,
        headers: {
          ...cors,
          'access-control-allow-headers': `${headers['access-control-request-headers']}`,
        },
      }));
      const preflight = (/** @type {string} */ origin, /** @type {string} */ names) =>
        t.fetch(DOCUMENT, {
          method: 'OPTIONS',
          headers: {
            ...{ origin, 'access-control-request-method': 'GET' },
            'access-control-request-headers': names,
          },
        });
      const allowed = await preflight(site, 'authorization,sesame-max-age');
      assert.deepEqual(
        [allowed.status, allowed.headers.get('access-control-allow-headers')],
        [204, 'authorization, sesame-max-age'],
      );
      const [call] = t.origin.calls(`OPTIONS ${DOCUMENT}`);
      assert.equal(call.headers['access-control-request-headers'], 'authorization');
      const other = await preflight('https://evil.test', 'sesame-max-age');
      assert.doesNotMatch(other.headers.get('access-control-allow-headers') ?? '', /max-age/);
      const plain = await preflight(site, 'authorization');
      assert.equal(plain.headers.get('access-control-allow-headers'), 'authorization');

      const name = t.user();
      const read = (/** @type {import('../../support/origin.js').Call} */ { headers }) => ({
        headers: headers.origin === site ? cors : {},
        body: '{"id":1}',
      });
      t.origin.on(READ, read);
      for (const [from, source] of [
        [site, 'origin'],
        ['https://evil.test', 'fresh'],
      ]) {
        await fromSite(t, name, from);
        const headers = { ...bearer(name), origin: from, 'sesame-max-age': '0' };
        assert.equal(sourceOf(await t.fetch(DOCUMENT, { headers })), source);
      }
    },
  ),
];
