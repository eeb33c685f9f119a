// How answers with session data look on the wire: for nobody else's eyes (SPEC R40), with where they came
// from (R43), and refused in one line where something is too long (R44).
import assert from 'node:assert/strict';
import {
  ask,
  assertPrivate,
  attempt,
  bearer,
  cookie,
  httpCase,
  sourceOf,
} from '../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../support/origin.js';

/** @typedef {import('../support/http-case.js').Target} Target */

const TOO_LONG = 'x'.repeat(16 * 1024 + 1);

export const fields = [
  httpCase('R40: whatever the origin said, an answer with session data is private', async (t) => {
    const credential = bearer(t.user());
    const headers = {
      'cache-control': 'public, max-age=600, s-maxage=600',
      vary: 'Accept-Language, cookie',
      'content-type': 'application/json; charset=utf-8',
    };
    t.origin.on(READ, { headers, body: '{"id":1}' });
    const [first, held, session] = [
      await t.fetch(DOCUMENT, { headers: credential }),
      await t.fetch(DOCUMENT, { headers: credential }),
      await t.fetch(SESSION, { headers: credential }),
    ];
    for (const response of [first, held, session]) assertPrivate(response);
    assert.equal(first.headers.get('vary'), 'Accept-Language, cookie, Authorization');
    assert.equal(first.headers.get('content-type'), 'application/json; charset=utf-8');
    assert.equal(held.headers.get('vary'), 'Cookie, Authorization');
    assert.equal(held.headers.get('content-type'), 'application/json');
  }),

  httpCase(
    'R40: what tells some caches more than Cache-Control does not pass with it',
    async (t) => {
      const headers = {
        'cache-control': 'public, max-age=600',
        'cdn-cache-control': 'public, max-age=600', // RFC 9213
        'vercel-cdn-cache-control': 'max-age=600',
        'surrogate-control': 'max-age=600',
        'edge-control': 'max-age=600',
        'x-accel-expires': '600',
      };
      t.origin.on(READ, { headers, body: '{"id":1}' });
      t.origin.on('GET /page', { headers: { ...headers, 'set-cookie': 'a=1' }, body: 'page' });
      t.origin.on('GET /logo', { headers, body: 'logo' });
      const asked = { headers: bearer(t.user()) };
      for (const path of [DOCUMENT, `${DOCUMENT}?all`, '/page']) {
        t.origin.on(`GET ${path}`, { headers: { ...headers, 'set-cookie': 'a=1' }, body: '{}' });
        const response = await t.fetch(path, asked);
        assertPrivate(response);
        for (const name of Object.keys(headers).slice(1)) {
          assert.equal(response.headers.get(name), null, `${path}: ${name}`);
        }
      }
      // Of what is nobody's, the origin decides who keeps it (R41).
      const logo = await t.fetch('/logo', asked);
      for (const [name, value] of Object.entries(headers)) {
        assert.equal(logo.headers.get(name), value, name);
      }
    },
  ),

  httpCase('R40: answers about nobody and about the ambiguous are private too', async (t) => {
    t.origin.on(READ, { headers: { 'cache-control': 'public', vary: '*' }, body: '{"id":1}' });
    for (const headers of [{}, { ...bearer('x'), ...cookie('x') }]) {
      const response = await t.fetch(DOCUMENT, { headers });
      assert.equal(response.headers.get('cache-control'), 'private, no-store');
      assert.equal(response.headers.get('vary'), '*');
      assertPrivate(await t.fetch(SESSION, { headers }));
    }
  }),

  httpCase('R43: Server-Timing says where it came from, beside what the origin says', async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { headers: { 'server-timing': 'db;dur=5' }, body: '{"id":1}' });
    const first = await t.fetch(DOCUMENT, { headers: credential });
    assert.equal(first.headers.get('server-timing'), 'db;dur=5, sesame;desc=origin');
    const held = await t.fetch(DOCUMENT, { headers: credential });
    assert.equal(held.headers.get('server-timing'), 'sesame;desc=fresh');
    const anonymous = await t.fetch(DOCUMENT);
    assert.equal(sourceOf(anonymous), 'origin');
    assert.equal((await t.fetch('/elsewhere')).headers.get('server-timing'), null);
  }),

  httpCase('R43: no answer names who it is for', async (t) => {
    const name = t.user();
    for (const path of [DOCUMENT, SESSION, DOCUMENT]) {
      const response = await t.fetch(path, { headers: cookie(name) });
      assert.ok(!JSON.stringify([...response.headers]).includes(name));
    }
  }),

  httpCase(
    'R44: a credential over its limit is refused in one line, and kept nowhere',
    async (t) => {
      /** @type {Record<string, string>[]} */
      const tooLong = [
        { cookie: `session=${TOO_LONG}` },
        { cookie: `theme=${TOO_LONG}; session=x` },
        { authorization: `Bearer ${TOO_LONG}` },
      ];
      for (const headers of tooLong) {
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers });
          assert.equal(response.status, 431);
          assert.equal(await response.text(), '{"error":"credential_too_large"}');
          assert.equal(response.headers.get('content-type'), 'application/json');
          assertPrivate(response);
        }
      }
      assert.equal(t.origin.calls().length, 0);
      const { bypass, entries, leases } = await t.stats();
      assert.equal(bypass, 6);
      if (t.kind === 'node') assert.deepEqual([entries, leases], [0, 0]);
    },
  ),

  httpCase('R44: one of exactly the limit is not', async (t) => {
    const longest = `session=${'x'.repeat(16 * 1024 - 8)}`;
    t.origin.on(READ, { body: '{"id":1}' });
    assert.deepEqual(await ask(t, { cookie: longest }), ['origin', '{"id":1}']);
    assert.deepEqual(await ask(t, { cookie: longest }), ['fresh', '{"id":1}']);
    assert.equal((await attempt(t, { cookie: `${longest}x` }))[0], 431);
  }),

  httpCase('R44: the limits do not hold for what only passes', async (t) => {
    t.origin.on('GET /page', ({ headers }) => ({ body: String(headers.cookie?.length) }));
    const headers = { cookie: `session=${TOO_LONG}` };
    const answer = await attempt(t, headers, { path: '/page' });
    assert.deepEqual(answer, [200, String(headers.cookie.length)]);
  }),

  httpCase(
    'R40: browserCache lets a browser keep an answer, and ask each time',
    async (t) => {
      const credential = bearer(t.user());
      for (const path of [DOCUMENT, SESSION]) {
        const first = await t.fetch(path, { headers: credential });
        const etag = first.headers.get('etag') ?? '';
        assert.match(etag, /^"[^"]+"$/);
        assert.equal(first.headers.get('cache-control'), 'private, no-cache');
        const headers = { ...credential, 'if-none-match': `"other", W/${etag}` };
        const unchanged = await t.fetch(path, { headers });
        assert.deepEqual([unchanged.status, await unchanged.text()], [304, '']);
        assert.equal(unchanged.headers.get('etag'), etag);
      }
      assert.equal(t.origin.count(), 1);
    },
    { browserCache: true },
  ),

  httpCase(
    'R40: browserCache: a logout of the origin’s own tells the browser to empty its cache too',
    async (t) => {
      const logout = { method: 'POST', headers: cookie(t.user()), body: '{}' };
      t.origin.on('POST /api/v1/auth/logout', { status: 500 }, { status: 204 });
      t.origin.on('POST /end', { status: 204, headers: { 'set-cookie': 'session=; Max-Age=0' } });
      t.origin.on('POST /like', { status: 204 });
      const told = [];
      for (const path of ['/api/v1/auth/logout', '/api/v1/auth/logout', '/end', '/like']) {
        told.push((await t.fetch(path, logout)).headers.get('clear-site-data'));
      }
      assert.deepEqual(told, [null, '"cache"', '"cache"', null]);
    },
    { browserCache: true },
  ),

  httpCase('R41: without browserCache nothing is emptied', async (t) => {
    t.origin.on('POST /api/v1/auth/logout', { status: 204 });
    const logout = { method: 'POST', headers: cookie(t.user()), body: '{}' };
    const response = await t.fetch('/api/v1/auth/logout', logout);
    assert.equal(response.headers.get('clear-site-data'), null);
  }),
];

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
  httpCase('CORS: what the origin lets another site read, it may read from here', async (t) => {
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
    // The site is new: the origin is asked once what it lets it read, though the document is held.
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
    // Known for the site, it need not be asked for another user's sake.
    await ask(t, bearer(other));
    const others = await fromSite(t, other, site);
    assert.deepEqual([sourceOf(others), ...corsOf(others)], ['fresh', site, 'true']);
  }),

  httpCase('CORS: what the origin lets nobody read, nobody may read from here', async (t) => {
    const site = `https://${t.user()}.test`;
    const name = t.user();
    for (const source of ['origin', 'fresh']) {
      const response = await fromSite(t, name, site);
      assert.deepEqual([sourceOf(response), ...corsOf(response)], [source, null, null]);
    }
    assert.equal(t.origin.count(), 1);
  }),

  httpCase('CORS: a stranger’s refusals and the origin’s failures unteach nothing', async (t) => {
    const site = `https://${t.user()}.test`;
    const [first, name, stranger] = [t.user(), t.user(), t.user()];
    const granted = { 'access-control-allow-origin': site };
    t.origin.on(READ, ({ headers }) =>
      headers.authorization === bearer(stranger).authorization
        ? { status: 401 } // as frameworks do that look who it is before they look at the site
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
  }),

  httpCase('CORS: who makes sites up does not have the others forgotten', async (t) => {
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
  }),

  httpCase('CORS: sites are told apart', async (t) => {
    const [good, bad] = [`https://good-${t.user()}.test`, `https://bad-${t.user()}.test`];
    const name = t.user();
    t.origin.on(READ, ({ headers: { origin } }) => {
      /** @type {Record<string, string>} */
      const headers = origin === good ? { 'access-control-allow-origin': good } : {};
      return { headers, body: '{"id":1}' };
    });
    for (const _ of [1, 2]) {
      assert.deepEqual(corsOf(await fromSite(t, name, good)), [good, null]);
      assert.deepEqual(corsOf(await fromSite(t, name, bad)), [null, null]);
    }
    assert.equal(t.origin.count(), 2);
  }),

  httpCase('CORS: a page of this very site, and a request of no page, need nothing', async (t) => {
    const name = t.user();
    await ask(t, bearer(name));
    assert.equal(sourceOf(await fromSite(t, name, t.url)), 'fresh');
    assert.equal(t.origin.count(), 1);
  }),

  httpCase(
    'R13: a new site while the origin fails: what is held, and nothing that is not known',
    async (t) => {
      const name = t.user();
      await ask(t, bearer(name));
      t.origin.on(READ, { status: 500 });
      const response = await fromSite(t, name, `https://${t.user()}.test`);
      assert.deepEqual([response.status, ...corsOf(response)], [200, null, null]);
    },
  ),

  httpCase('CORS: a preflight passes, and so does its answer', async (t) => {
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
];
