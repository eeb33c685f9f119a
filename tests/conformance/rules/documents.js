// The document itself, on Sesame's hosts: its bytes, its size, what is said of it, and what may be kept of it
// (R5-R8, R14, R15). The times are in reading.js and, to the millisecond, in exact-times.js.
import assert from 'node:assert/strict';
import { sourceOf } from '../../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie } from '../context.js';
import { ODD_DOCUMENTS } from '../odd-documents.js';
import { hostRule } from '../suite.js';

const MAX_DOCUMENT = 256 * 1024;
const CROWD = 20;

export const documents = [
  hostRule(
    'R7',
    'the media type is the origin’s, on a hit as on a miss, with a validator and without',
    async (t) => {
      const types = [
        'application/json; charset=utf-8',
        'application/vnd.api+json',
        'application/json',
      ];
      for (const type of types) {
        for (const etag of [null, '"v1"']) {
          const told = { 'content-type': type, ...(etag && { etag }) };
          t.origin.on(READ, { headers: told, body: '{"id":1}' });
          const headers = cookie(t.user());
          for (let time = 0; time < 3; time += 1) {
            const response = await t.fetch(DOCUMENT, { headers });
            assert.equal(sourceOf(response), time === 0 ? 'origin' : 'fresh');
            assert.equal(response.headers.get('content-type'), type);
            assert.equal(response.headers.get('etag'), etag);
          }
        }
      }
    },
  ),

  hostRule(
    'R7, R15',
    'a validator is sent to the origin as it came, beside whatever media type',
    async (t) => {
      const type = 'application/json; charset=utf-8';
      const told = { 'content-type': type, etag: 'W/"v1"', 'cache-control': 'no-cache' };
      t.origin.on(READ, { headers: told, body: '{"id":1}' }, { status: 304, headers: told });
      const headers = cookie(t.user());
      for (let time = 0; time < 3; time += 1) {
        const response = await t.fetch(DOCUMENT, { headers });
        assert.deepEqual([response.status, await response.text()], [200, '{"id":1}']);
        assert.equal(response.headers.get('content-type'), type);
      }
      const sent = t.origin.calls(READ).map((call) => call.headers['if-none-match']);
      assert.deepEqual(sent, [undefined, 'W/"v1"', 'W/"v1"']);
    },
  ),

  hostRule(
    'R5, R70',
    'of 17 checks one comes from the origin and 16 are fresh, and the counters say so',
    async (t) => {
      for (const credential of [bearer(t.user()), cookie(t.user())]) {
        const before = t.origin.count();
        await t.ask(credential, DOCUMENT, 'origin');
        for (let check = 0; check < 16; check += 1) {
          assert.equal((await t.ask(credential, DOCUMENT, 'fresh'))[0], 200);
        }
        assert.equal(t.origin.count() - before, 1);
      }
      const { checks, fresh, miss, originCalls } = await t.statistics();
      assert.deepEqual([checks, fresh, miss, originCalls], [34, 32, 2, 2]);
    },
  ),

  hostRule(
    'R1, R70',
    'requests without a credential are counted as bypassed, and leave no lease',
    async (t) => {
      t.origin.on(READ, { status: 401, body: '{"error":"nobody"}' });
      for (const headers of [{}, { cookie: 'theme=dark' }, { cookie: 'session=' }]) {
        assert.deepEqual(await t.ask(headers), [401, '{"error":"nobody"}']);
      }
      assert.equal(t.origin.count(), 3);
      t.origin.on(READ, { body: '{"id":"guest"}' });
      assert.deepEqual(await t.ask({}, DOCUMENT, 'origin'), [200, '{"id":"guest"}']);
      const { bypass, originBypass, leases } = await t.statistics();
      assert.deepEqual([bypass, originBypass, leases], [4, 4, 0]);
    },
  ),

  hostRule(
    'R6, R9',
    'with freshFor 0 a crowd is answered stale at once, with one refresh behind it',
    async (t) => {
      const [name, gate] = [t.user(), createGate()];
      const changed = JSON.stringify({ id: `id-${name}`, name: 'changed' });
      t.origin.on(READ, { body: documentOf(name) }, { body: changed, after: gate.opened });
      await t.ask(bearer(name));
      const ask = () => t.ask(bearer(name), DOCUMENT, 'stale');
      for (const answer of await Promise.all(Array.from({ length: CROWD }, ask))) {
        assert.deepEqual(answer, [200, documentOf(name)]);
      }
      for (let check = 0; check < 5; check += 1) {
        assert.deepEqual(await ask(), [200, documentOf(name)]);
      }
      await t.origin.called(READ, 2);
      assert.equal(t.origin.count(), 2);
      gate.open();
      await t.until(async () => (await t.statistics()).leases === 0);
      assert.deepEqual(await ask(), [200, changed]);
    },
    { freshFor: 0 },
  ),

  hostRule('R7', 'the session path contains the document byte for byte', async (t) => {
    for (const document of ODD_DOCUMENTS) {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: document });
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, document]);
      const [, session] = await t.ask(credential, SESSION, 'fresh');
      const beginning = `{"user":${document},"expiresAt":"`;
      assert.equal(session.slice(0, beginning.length), beginning);
    }
  }),

  hostRule(
    'R7, R13',
    'a document of exactly the limit is kept, and one of a byte more is a failure',
    async (t) => {
      const credential = bearer(t.user());
      const ends = ['{"id":"', '"}'];
      const document = (/** @type {number} */ size) => ends.join('é'.repeat((size - 9) / 2));
      const headers = {
        etag: `"${'e'.repeat(3000)}"`,
        'cache-control': `max-age=60, ${'x'.repeat(3000)}`,
      };
      t.origin.on(READ, { body: document(MAX_DOCUMENT + 1), headers });
      assert.equal((await t.ask(credential))[0], 503);
      assert.equal(Buffer.byteLength(document(MAX_DOCUMENT + 1)), MAX_DOCUMENT + 1);
      const largest = `${document(MAX_DOCUMENT - 1)}\n`;
      assert.equal(Buffer.byteLength(largest), MAX_DOCUMENT);
      t.origin.on(READ, { body: largest, headers });
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'origin'), [200, largest]);
      assert.deepEqual(await t.ask(credential, DOCUMENT, 'fresh'), [200, largest]);
    },
  ),

  hostRule('R7', 'HEAD on the document’s path is the answer to GET without its body', async (t) => {
    const credential = bearer(t.user());
    const document = '{"id":"é"}';
    t.origin.on(READ, { body: document, headers: { 'content-type': 'application/json' } });
    for (const source of ['origin', 'fresh']) {
      const head = await t.fetch(DOCUMENT, { method: 'HEAD', headers: credential });
      assert.deepEqual([head.status, sourceOf(head), await head.text()], [200, source, '']);
      assert.equal(head.headers.get('content-length'), String(Buffer.byteLength(document)));
      assert.equal(head.headers.get('content-type'), 'application/json');
    }
    assert.deepEqual(await t.ask(credential, DOCUMENT, 'fresh'), [200, document]);
    assert.equal(t.origin.count(), 1);
  }),

  hostRule(
    'R41',
    'the document’s path with a query is another resource: the origin answers, and nothing is kept',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, (call) => ({ body: JSON.stringify({ url: call.url }) }));
      for (let time = 0; time < 2; time += 1) {
        const response = await t.fetch(`${DOCUMENT}?expand=team&x=%20`, { headers: credential });
        assert.deepEqual(await response.json(), { url: `${DOCUMENT}?expand=team&x=%20` });
      }
      assert.equal((await t.ask(credential))[1], JSON.stringify({ url: DOCUMENT }));
      assert.equal(t.origin.count(), 3);
    },
  ),

  hostRule(
    'R14',
    'a document of allow-listed fields is answered without the ETag of the whole',
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

  hostRule(
    'R15',
    'obeyCacheControl false keeps a document with no-store',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: '{"id":1}', headers: { 'cache-control': 'no-store' } });
      await t.ask(credential);
      assert.equal((await t.ask(credential, DOCUMENT, 'fresh'))[0], 200);
    },
    { obeyCacheControl: false },
  ),

  hostRule(
    'R15, R40',
    'a Sesame behind this one is told how long the document is still fresh',
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
      // A Sesame in front of the origin has the last word on the documents that it answers.
      const chained = {
        'cache-control': 'private, no-store',
        'sesame-cache-control': 'max-age=20',
      };
      assert.match(`${(await told(chained))[1]}`, /^max-age=(1\d|20)$/);
    },
  ),

  hostRule(
    'R15',
    'a refresh revalidates with the origin’s ETag, not with the client’s',
    async (t) => {
      const credential = bearer(t.user());
      const document = '{"id":1,"name":"a"}';
      const headers = { etag: 'W/"v1"', 'cache-control': 'max-age=0' };
      const unchanged = { etag: 'W/"v1"', 'cache-control': 'max-age=600' };
      t.origin.on(READ, { body: document, headers }, { status: 304, headers: unchanged });
      await t.ask(credential);
      const confirmed = await t.fetch(DOCUMENT, {
        headers: { ...credential, 'if-none-match': '"mine"' },
      });
      assert.deepEqual([sourceOf(confirmed), await confirmed.text()], ['origin', document]);
      assert.equal((await t.origin.called(READ, 2)).headers['if-none-match'], 'W/"v1"');
      await t.until(async () => {
        return sourceOf(await t.fetch(DOCUMENT, { headers: credential })) === 'fresh';
      });
      assert.equal(t.origin.count(), 2);
      const fresh = await t.fetch(DOCUMENT, { headers: credential });
      assert.deepEqual([sourceOf(fresh), await fresh.text()], ['fresh', document]);
      assert.equal(fresh.headers.get('etag'), 'W/"v1"');
      assert.equal(t.origin.calls(READ)[0]?.headers['if-none-match'], undefined);
    },
  ),
];
