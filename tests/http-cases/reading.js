// Reading: what is answered on the node, what is asked of the origin, and that the bytes are the same.
import assert from 'node:assert/strict';
import { HOUR, MINUTE, SECOND } from '../support/clock.js';
import {
  ask,
  attempt,
  bearer,
  clockCase,
  cookie,
  httpCase,
  sourceOf,
} from '../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../support/origin.js';
import { createGate, until } from '../support/wait.js';

const MAX_DOCUMENT = 256 * 1024;

/** Documents that a careless cache would send back changed. */
const ODD_DOCUMENTS = [
  ' \r\n\t{ "id" : "a" ,\n\t"n":[ 1 ,2,\r3 ] }\n\n',
  '{"id":"é","name":"مرحبا 🔑 ﷺ","z":"\u2028\u2029\u007f\ufeff"}',
  '{"id":"\\u0000\\u00e9\\ud83d\\ude00\\/\\"","a":"\\u003cscript\\u003e"}',
  '{"id":7.0,"big":123456789012345678901234567890,"small":-0.0e-10,"e":1E+5}',
  '{"id":1,"id":2,"":{"":[{}]},"__proto__":{"id":3},"constructor":null}',
  '{}',
];

export const reading = [
  httpCase(
    'R1, R5: a cookie and a bearer token are credentials; 17 checks cost 1 call',
    async (t) => {
      for (const credential of [bearer(t.user()), cookie(t.user())]) {
        const before = t.origin.count();
        const sources = [];
        for (let check = 0; check < 17; check += 1) sources.push((await ask(t, credential))[0]);
        assert.deepEqual(sources, ['origin', ...Array(16).fill('fresh')]);
        assert.equal(t.origin.count() - before, 1);
      }
      const { checks, fresh, miss, originCalls } = await t.stats();
      assert.deepEqual([checks, fresh, miss, originCalls], [34, 32, 2, 2]);
    },
  ),

  httpCase('R1: nobody in particular is asked about each time, and nothing is kept', async (t) => {
    t.origin.on(READ, { status: 401, body: '{"error":"nobody"}' });
    /** @type {Record<string, string>[]} */
    const unclear = [{}, { cookie: 'theme=dark' }, { cookie: 'session=' }];
    for (const headers of unclear) {
      assert.deepEqual(await attempt(t, headers), [401, '{"error":"nobody"}']);
    }
    assert.equal(t.origin.count(), 3);
    t.origin.on(READ, { body: '{"id":"guest"}' });
    assert.deepEqual(await ask(t, {}), ['origin', '{"id":"guest"}']);
    const { bypass, originBypass, leases } = await t.stats();
    assert.deepEqual([bypass, originBypass, leases], [4, 4, 0]);
  }),

  httpCase('R1: what is ambiguous goes to the origin untouched, and nothing is kept', async (t) => {
    const [one, other] = [t.user(), t.user()];
    t.origin.on(READ, { body: documentOf('whoever') });
    /** @type {Record<string, string>[]} */
    const ambiguous = [
      { cookie: `session=${one}; session=${other}` },
      { cookie: `session=${one}; __Host-session=${other}` },
      { cookie: `session=${one}`, authorization: `Bearer ${one}` },
      { cookie: `session="${one}` },
      { authorization: `Basic ${one}` },
      { authorization: 'Bearer ' },
      { authorization: `Bearer ${one} ${other}` },
    ];
    for (const headers of ambiguous) {
      for (let time = 0; time < 2; time += 1) {
        assert.deepEqual(await ask(t, headers), ['origin', documentOf('whoever')]);
        const sent = t.origin.calls(READ).at(-1)?.headers;
        assert.equal(sent?.cookie, headers.cookie);
        assert.equal(sent?.authorization?.trim(), headers.authorization?.trim());
      }
    }
    assert.equal(t.origin.count(), 2 * ambiguous.length);
    assert.equal((await ask(t, cookie(one)))[0], 'origin');
  }),

  httpCase(
    'R6: stale is answered at once, with exactly one refresh behind it',
    async (t) => {
      const name = t.user();
      const gate = createGate();
      const changed = JSON.stringify({ id: `id-${name}`, name: 'changed' });
      t.origin.on(READ, { body: documentOf(name) }, { body: changed, after: gate.opened });
      await ask(t, bearer(name));
      for (let check = 0; check < 5; check += 1) {
        assert.deepEqual(await ask(t, bearer(name)), ['stale', documentOf(name)]);
      }
      await t.origin.called(READ, 2);
      assert.equal(t.origin.count(), 2);
      gate.open();
      await until(async () => (await t.stats()).leases === 0);
      assert.deepEqual(await ask(t, bearer(name)), ['stale', changed]);
    },
    { freshFor: 0 },
  ),

  clockCase('R5, R6: fresh for 30 minutes, stale until 60, then asked about anew', async (t) => {
    const credential = bearer(t.user());
    const source = async () => (await ask(t, credential))[0];
    assert.equal(await source(), 'origin');
    t.clock.advance(30 * MINUTE - 1);
    assert.equal(await source(), 'fresh');
    t.clock.advance(1);
    assert.equal(await source(), 'stale');
    await until(async () => (await t.stats()).leases === 0);
    assert.equal(await source(), 'fresh');
    t.clock.advance(60 * MINUTE);
    assert.equal(await source(), 'origin');
    assert.equal(t.origin.count(), 3);
  }),

  httpCase('R7: the document comes back byte for byte, from the origin and kept', async (t) => {
    for (const document of ODD_DOCUMENTS) {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: document });
      assert.deepEqual(await ask(t, credential), ['origin', document]);
      const kept = await t.fetch(DOCUMENT, { headers: credential });
      assert.equal(sourceOf(kept), 'fresh');
      assert.ok(Buffer.from(document).equals(Buffer.from(await kept.arrayBuffer())));
      const [, session] = await attempt(t, credential, { path: SESSION });
      const parts = ['{"user":', document, ',"expiresAt":"'];
      assert.equal(session.slice(0, parts.join('').length), parts.join(''));
    }
  }),

  httpCase(
    'R7, R13: a document of exactly the limit is kept, one byte more is a failure',
    async (t) => {
      const credential = bearer(t.user());
      const ends = ['{"id":"', '"}'];
      const document = (/** @type {number} */ size) => ends.join('é'.repeat((size - 9) / 2));
      const headers = {
        etag: `"${'e'.repeat(3000)}"`,
        'cache-control': `max-age=60, ${'x'.repeat(3000)}`,
      };
      t.origin.on(READ, { body: document(MAX_DOCUMENT + 1), headers });
      assert.equal((await attempt(t, credential))[0], 503);
      assert.equal(Buffer.byteLength(document(MAX_DOCUMENT + 1)), MAX_DOCUMENT + 1);
      const largest = `${document(MAX_DOCUMENT - 1)}\n`;
      assert.equal(Buffer.byteLength(largest), MAX_DOCUMENT);
      t.origin.on(READ, { body: largest, headers });
      assert.deepEqual(await ask(t, credential), ['origin', largest]);
      assert.deepEqual(await ask(t, credential), ['fresh', largest]);
    },
  ),

  httpCase('R8: a bearer token that is a JWT past its exp is never answered for', async (t) => {
    const encode = (/** @type {object} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${encode({ alg: 'none' })}.${encode({ exp: 1_000_000_000, jti: t.user() })}.c2ln`;
    assert.equal((await ask(t, bearer(jwt)))[0], 'origin');
    assert.equal((await ask(t, bearer(jwt)))[0], 'origin');
    assert.equal(t.origin.count(), 2);
  }),

  clockCase(
    'R8: nothing extends a session past expiresIn',
    async (t) => {
      const credential = bearer(t.user());
      const [, first] = await attempt(t, credential, { path: SESSION });
      const { expiresAt } = JSON.parse(first);
      assert.equal(Date.parse(expiresAt), t.clock.now() + 2 * HOUR);
      for (let hour = 0; hour < 4; hour += 1) {
        t.clock.advance(HOUR / 2 - 1);
        const [, answer] = await attempt(t, credential, { path: SESSION });
        assert.equal(JSON.parse(answer).expiresAt, expiresAt);
        await until(async () => (await t.stats()).leases === 0);
      }
      t.clock.advance(Date.parse(expiresAt) - t.clock.now());
      const calls = t.origin.count();
      assert.equal((await ask(t, credential))[0], 'origin');
      assert.equal(t.origin.count(), calls + 1);
    },
    { expiresIn: '2h' },
  ),

  httpCase(
    'R14: only the fields that are wanted are kept and answered',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: '{"id":"a", "secret":"s", "name":"é"}', headers: { etag: '"1"' } });
      for (const source of ['origin', 'fresh']) {
        const response = await t.fetch(DOCUMENT, { headers: credential });
        assert.equal(sourceOf(response), source);
        assert.equal(response.headers.get('etag'), null);
        assert.deepEqual(await response.json(), { id: 'a', name: 'é' });
      }
    },
    { fields: ['id', 'name'] },
  ),

  httpCase('R15: no-store is obeyed: nothing is kept', async (t) => {
    const credential = cookie(t.user());
    t.origin.on(READ, { body: '{"id":1}', headers: { 'cache-control': 'private, No-Store' } });
    for (let check = 0; check < 3; check += 1) {
      assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
    }
    assert.equal(t.origin.count(), 3);
  }),

  httpCase(
    'R15: obeyCacheControl false keeps it all the same',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: '{"id":1}', headers: { 'cache-control': 'no-store' } });
      await ask(t, credential);
      assert.equal((await ask(t, credential))[0], 'fresh');
    },
    { obeyCacheControl: false },
  ),

  httpCase(
    'R15, R40: a Sesame behind this one is told how long a document is fresh here',
    async (t) => {
      const told = async (/** @type {Record<string, string>} */ headers) => {
        t.origin.on(READ, { body: '{"id":1}', headers });
        const credential = bearer(t.user());
        const asked = async () => {
          const { headers } = await t.fetch(DOCUMENT, { headers: credential });
          assert.equal(headers.get('cache-control'), 'private, no-store');
          return headers.get('sesame-cache-control');
        };
        return [await asked(), await asked()];
      };
      const [first, held] = await told({});
      assert.match(`${first}`, /^max-age=1(740|800)$/); // in whole minutes
      assert.match(`${held}`, /^max-age=1(740|800)$/);
      assert.match(`${(await told({ 'cache-control': 'max-age=30' }))[1]}`, /^max-age=(2\d|30)$/);
      assert.deepEqual(await told({ 'cache-control': 'max-age=0' }), ['max-age=0', 'max-age=0']);
      assert.deepEqual(await told({ 'cache-control': 'no-store' }), [null, null]);
      // Another one before it has the last word on its own document.
      const chained = {
        'cache-control': 'private, no-store',
        'sesame-cache-control': 'max-age=20',
      };
      assert.match(`${(await told(chained))[1]}`, /^max-age=(1\d|20)$/);
    },
  ),

  httpCase('R15: an ETag revalidates: the origin need not send the document again', async (t) => {
    const credential = bearer(t.user());
    const document = '{"id":1,"name":"a"}';
    const headers = { etag: 'W/"v1"', 'cache-control': 'max-age=0' };
    const unchanged = { etag: 'W/"v1"', 'cache-control': 'max-age=600' };
    t.origin.on(READ, { body: document, headers }, { status: 304, headers: unchanged });
    await ask(t, credential);
    const stale = await t.fetch(DOCUMENT, {
      headers: { ...credential, 'if-none-match': '"mine"' },
    });
    assert.deepEqual([sourceOf(stale), await stale.text()], ['stale', document]);
    assert.equal((await t.origin.called(READ, 2)).headers['if-none-match'], 'W/"v1"');
    await until(async () => (await ask(t, credential))[0] === 'fresh');
    assert.equal(t.origin.count(), 2);
    const fresh = await t.fetch(DOCUMENT, { headers: credential });
    assert.deepEqual([sourceOf(fresh), await fresh.text()], ['fresh', document]);
    assert.equal(fresh.headers.get('etag'), 'W/"v1"');
    assert.equal(t.origin.calls(READ)[0]?.headers['if-none-match'], undefined);
  }),

  clockCase('R15: max-age shortens freshFor and never lengthens it', async (t) => {
    const [brief, lasting] = [bearer(t.user()), bearer(t.user())];
    const cached = (/** @type {string} */ value) => ({
      headers: { 'cache-control': value },
      body: '{}',
    });
    t.origin.on(READ, cached('max-age=60'), cached('max-age=86400'), { body: '{}' });
    await ask(t, brief);
    await ask(t, lasting);
    t.clock.advance(60 * SECOND);
    assert.deepEqual([(await ask(t, brief))[0], (await ask(t, lasting))[0]], ['stale', 'fresh']);
    t.clock.advance(29 * MINUTE);
    assert.equal((await ask(t, lasting))[0], 'stale');
  }),

  httpCase('HEAD on the document is the same answer without its body', async (t) => {
    const credential = bearer(t.user());
    const document = '{"id":"é"}';
    t.origin.on(READ, { body: document, headers: { 'content-type': 'application/json' } });
    for (const source of ['origin', 'fresh']) {
      const head = await t.fetch(DOCUMENT, { method: 'HEAD', headers: credential });
      assert.deepEqual([head.status, sourceOf(head), await head.text()], [200, source, '']);
      assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(document)));
      assert.equal(head.headers.get('content-type'), 'application/json');
    }
    assert.deepEqual(await ask(t, credential), ['fresh', document]);
    assert.equal(t.origin.count(), 1);
  }),

  httpCase(
    'a query makes it another resource: the origin answers, and nothing is kept',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, (call) => ({ body: JSON.stringify({ url: call.url }) }));
      for (let time = 0; time < 2; time += 1) {
        const response = await t.fetch(`${DOCUMENT}?expand=team&x=%20`, { headers: credential });
        assert.deepEqual(await response.json(), { url: `${DOCUMENT}?expand=team&x=%20` });
      }
      assert.equal((await ask(t, credential))[1], JSON.stringify({ url: DOCUMENT }));
      assert.equal(t.origin.count(), 3);
    },
  ),
];
