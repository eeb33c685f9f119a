// The document as back ends come by it: encoded by whatever names, with a byte order mark, nested deeply (R7), and other
// answers of odd statuses (R41).
import assert from 'node:assert/strict';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { sourceOf } from '../../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { cookie } from '../context.js';
import { hostRule, rule } from '../suite.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const BYTE_ORDER_MARK = '\ufeff';

/** @type {[coding: string, encode: (text: string) => Uint8Array][]} */
const ENCODED = [
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['x-gzip', gzipSync],
  ['br', brotliCompressSync],
  ['Br', brotliCompressSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['gzip, br', (text) => brotliCompressSync(gzipSync(text))],
  ['br,GZip', (text) => gzipSync(brotliCompressSync(text))],
];

/** Each kind once: packing takes its time. */
const TRIED_LONG = ['GZIP', 'Br', 'Deflate', 'gzip, br'];

/** Every way to fail to say what a body is. @type {[coding: string, body: Uint8Array][]} */
const UNREADABLE = [
  ['zstd', Buffer.from('28b52ffd2002100002', 'hex')],
  ['gzip, x-unknown', gzipSync('{"id":"a"}')],
  ['x-unknown', gzipSync('{"id":"a"}')],
  ['constructor', gzipSync('{"id":"a"}')],
];

/**
 * What is answered three times: to a miss, to a hit and on the session's path.
 * @param {import('../context.js').Context} t
 * @param {string} document as it is expected
 */
async function expectEverywhere(t, document) {
  const headers = cookie(t.user());
  const before = t.origin.count();
  for (const path of [DOCUMENT, DOCUMENT, SESSION]) {
    const response = await t.fetch(path, { headers });
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get('content-encoding'), null, path);
    const length = response.headers.get('content-length');
    if (length !== null) assert.equal(length, String(bytes.length), path);
    if (path === DOCUMENT) {
      assert.equal(bytes.toString(), document);
      assert.equal(response.headers.get('content-type'), JSON_TYPE);
    } else {
      const start = `{"user":${document.replace(BYTE_ORDER_MARK, '')},"expiresAt":"`;
      assert.equal(bytes.toString().slice(0, start.length), start);
      JSON.parse(bytes.toString());
    }
  }
  assert.equal(t.origin.count() - before, 1);
}

export const documentForms = [
  hostRule(
    'R7, R41',
    'a document is answered as it was before it was encoded, whatever its coding is called',
    async (t) => {
      for (const [coding, encode] of ENCODED) {
        for (const document of ['{}', `{"id":"${'é'.repeat(1000)}"}`]) {
          const headers = { 'content-type': JSON_TYPE, 'content-encoding': coding };
          t.origin.on(READ, { headers, body: encode(document) });
          await expectEverywhere(t, document).catch((error) => {
            throw new Error(`${coding}: ${error.message}`);
          });
        }
      }
    },
    {},
    ['Node', 'workerd', 'workerd, KV', 'service worker'],
  ),

  hostRule(
    'R7, R13',
    'an encoded document over the limit is a failure, and so is one that is cut short',
    async (t) => {
      const long = `{"id":"${'x'.repeat(300_000)}"}`;
      for (const [coding, encode] of ENCODED.filter(([name]) => TRIED_LONG.includes(name))) {
        const headers = { 'content-type': JSON_TYPE, 'content-encoding': coding };
        const cut = encode(`{"id":"${'é'.repeat(1000)}"}`).subarray(0, -12);
        for (const body of [encode(long), cut]) {
          t.origin.on(READ, { headers, body });
          assert.equal((await t.ask(cookie(t.user())))[0], 503, coding);
        }
      }
    },
  ),

  hostRule(
    'R7, R13',
    'a document in a coding that nobody knows says so, and signs nobody out',
    async (t) => {
      const held = cookie(t.user());
      t.origin.on(READ, { body: '{"id":"held"}', headers: { 'cache-control': 'max-age=0' } });
      await t.ask(held);
      for (const [coding, body] of UNREADABLE) {
        t.origin.on(READ, { headers: { 'content-encoding': coding }, body });
        for (const path of [DOCUMENT, SESSION]) {
          const headers = cookie(t.user());
          const response = await t.fetch(path, { headers });
          assert.equal(response.status, 502, coding);
          assert.equal(response.headers.get('content-encoding'), null, coding);
          assert.equal(response.headers.get('retry-after'), null, coding);
          assert.deepEqual(await response.json(), { error: 'document_coding_unknown' });
        }
        assert.deepEqual(await t.ask(held), [200, '{"id":"held"}'], coding);
      }
    },
  ),

  hostRule('R7', 'a coding that is named and not used leaves the document as it is', async (t) => {
    for (const coding of ['utf-8', 'identity', '']) {
      t.origin.on(READ, {
        headers: { 'content-type': JSON_TYPE, 'content-encoding': coding },
        body: '{"id":"é"}',
      });
      await expectEverywhere(t, '{"id":"é"}');
    }
  }),

  hostRule(
    'R12, R41',
    'a clear "no" is one in whatever coding, and is answered decoded',
    async (t) => {
      for (const [coding, encode] of ENCODED) {
        const headers = { 'content-type': 'text/plain', 'content-encoding': coding };
        t.origin.on(READ, { status: 401, headers, body: encode('who?') });
        const credential = cookie(t.user());
        for (const source of ['origin', 'negative']) {
          const response = await t.fetch(DOCUMENT, { headers: credential });
          assert.deepEqual([response.status, sourceOf(response)], [401, source], coding);
          assert.equal(response.headers.get('content-encoding'), null, coding);
          assert.equal(await response.text(), 'who?', coding);
        }
      }
    },
  ),

  rule(
    'R7',
    'a byte order mark stays in the document, and is not in the session around it',
    async (t) => {
      for (const document of ['{"id":"é"}', ' \n{ "id" : 1 }\n']) {
        for (const etag of [null, '"v1"']) {
          const headers = { 'content-type': JSON_TYPE, ...(etag && { etag }) };
          t.origin.on(READ, { headers, body: `${BYTE_ORDER_MARK}${document}` });
          await expectEverywhere(t, `${BYTE_ORDER_MARK}${document}`);
        }
      }
    },
  ),

  hostRule(
    'R7, R15',
    'a document with a byte order mark that is confirmed keeps it; one that comes without has none',
    async (t) => {
      const headers = { 'content-type': JSON_TYPE, 'cache-control': 'no-cache', etag: '"v1"' };
      const marked = `${BYTE_ORDER_MARK}{"id":1}`;
      t.origin.on(
        READ,
        { headers, body: marked },
        { status: 304, headers },
        { headers: { ...headers, etag: '"v2"' }, body: '{"id":1}' },
        { status: 304, headers },
      );
      const credential = cookie(t.user());
      const asked = [];
      for (let time = 0; time < 4; time += 1) {
        const response = await t.fetch(DOCUMENT, { headers: credential });
        asked.push(Buffer.from(await response.arrayBuffer()).toString());
      }
      assert.deepEqual(asked, [marked, marked, '{"id":1}', '{"id":1}']);
      const sent = t.origin.calls(READ).map((call) => call.headers['if-none-match']);
      assert.deepEqual(sent, [undefined, '"v1"', '"v1"', '"v2"']);
    },
  ),

  hostRule('R7, R80', 'a "nobody" behind a byte order mark is no document', async (t) => {
    for (const body of ['null', '{"user":null}']) {
      t.origin.on(READ, { body: `${BYTE_ORDER_MARK}${body}` });
      const credential = cookie(t.user());
      for (const source of ['origin', 'negative']) {
        const response = await t.fetch(DOCUMENT, { headers: credential });
        const bytes = Buffer.from(await response.arrayBuffer()).toString();
        assert.deepEqual([sourceOf(response), bytes], [source, `${BYTE_ORDER_MARK}${body}`]);
      }
      assert.equal(await t.session(credential), null);
    }
  }),

  rule('R7', 'a document that is nested 500 deep is answered as it came', async (t) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ]) {
      for (const depth of [65, 500]) {
        const document = `{"id":"deep","v":${open.repeat(depth)}1${close.repeat(depth)}}`;
        t.origin.on(READ, { headers: { 'content-type': JSON_TYPE }, body: document });
        await expectEverywhere(t, document);
      }
    }
  }),

  hostRule(
    'R7, R13',
    'a document that is nested deeper than that says so, and asks nobody to come again',
    async (t) => {
      const document = `{"id":"deep","v":${'['.repeat(600)}${']'.repeat(600)}}`;
      for (const body of [document, `${BYTE_ORDER_MARK}${document}`]) {
        t.origin.on(READ, { headers: { 'content-type': JSON_TYPE }, body });
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers: cookie(t.user()) });
          assert.equal(response.status, 502);
          assert.equal(response.headers.get('retry-after'), null);
          assert.deepEqual(await response.json(), { error: 'document_too_deep' });
        }
      }
    },
  ),

  hostRule(
    'R41',
    'a status from 600 to 999 passes with its body, and is no reason to ask again',
    async (t) => {
      for (const status of [299, 599, 600, 799, 999]) {
        for (const method of ['GET', 'POST']) {
          const path = `/status/${status}`;
          t.origin.on(`${method} ${path}`, { status, body: 'odd' });
          const response = await t.fetch(path, { method });
          assert.deepEqual([response.status, await response.text()], [status, 'odd']);
          assert.equal(response.headers.get('retry-after'), null);
          assert.equal(t.origin.count(`${method} ${path}`), 1);
        }
      }
    },
  ),
];
