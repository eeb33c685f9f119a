// What undoes the content codings that a host's fetch has left (R7, js_bindings/origin/codings.js): workerd's leaves more
// than Node's, where the cases of the conformance suite run.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { decoderOf } from '../../js_bindings/origin/codings.js';

const TEXT = '{"id":"é"}';
const LIMIT = 100_000;

/**
 * What a decoder that undoes everything by itself makes of a body.
 * @param {string | null} coding
 * @param {Uint8Array} body
 * @param {{ ok?: boolean, limit?: number, isUndone?: (field: string) => boolean }} [how]
 */
async function decoded(coding, body, { ok = true, limit = LIMIT, isUndone = () => false } = {}) {
  const headers = new Headers(coding === null ? {} : { 'content-encoding': coding });
  const result = await decoderOf(isUndone)(Uint8Array.from(body), { ok, headers }, limit);
  return result && Buffer.from(result).toString();
}

/** @type {[coding: string, encode: (text: string | Uint8Array) => Buffer][]} */
const CODINGS = [
  ['gzip', gzipSync],
  ['X-GZip', gzipSync],
  ['deflate', deflateSync],
  ['DEFLATE', deflateRawSync],
  ['Br', brotliCompressSync],
  ['gzip, br', (text) => brotliCompressSync(gzipSync(text))],
  ['br ,GZip,', (text) => gzipSync(brotliCompressSync(text))],
  ['identity,gzip,  identity', gzipSync],
];

describe('codings that a host’s fetch has left', () => {
  for (const [coding, encode] of CODINGS) {
    test(`R7: ${coding} is undone, within the limit`, async () => {
      assert.equal(await decoded(coding, encode(TEXT)), TEXT);
      const long = 'x'.repeat(LIMIT);
      assert.equal(await decoded(coding, encode(long)), long);
      const longer = decoded(coding, encode(`${long}y`)).catch(({ code }) => code);
      assert.ok([null, 'ERR_BUFFER_TOO_LARGE'].includes(await longer));
      await assert.rejects(decoded(coding, encode(TEXT).subarray(0, -3)));
    });
  }

  test('R7: what fetch has undone, what is empty and what has no coding stays', async () => {
    const isUndone = (/** @type {string} */ field) => field === 'gzip';
    assert.equal(await decoded('gzip', Buffer.from(TEXT), { isUndone }), TEXT);
    assert.equal(await decoded('GZIP', gzipSync(TEXT), { isUndone }), TEXT);
    assert.equal(await decoded('gzip', Buffer.from('')), '');
    for (const coding of [null, '', 'identity', ' , ']) {
      assert.equal(await decoded(coding, Buffer.from(TEXT)), TEXT);
    }
  });

  test('R7: text is text, whatever coding it is said to be in; what is not, is an error by its name', async () => {
    for (const coding of ['zstd', 'x-unknown', 'gzip, x-unknown', 'constructor', '__proto__']) {
      assert.equal(await decoded(coding, Buffer.from(TEXT)), TEXT, coding);
      await assert.rejects(decoded(coding, gzipSync(TEXT)), { code: 'UNKNOWN_CODING' }, coding);
    }
    assert.equal(await decoded('gzip', Buffer.from(TEXT)), TEXT);
    await assert.rejects(decoded('gzip', deflateSync(TEXT)));
  });

  test('R13: the words of a failure are passed on as they are, if nobody can read them', async () => {
    const body = gzipSync('wait');
    const asIs = body.toString();
    assert.equal(await decoded('x-unknown', body, { ok: false }), asIs);
    assert.equal(await decoded('gzip', body, { ok: false }), 'wait');
  });

  test('R7: where nothing undoes br, it is a coding that nobody knows', async (t) => {
    t.mock.method(process, 'getBuiltinModule', () => undefined);
    await assert.rejects(decoded('br', brotliCompressSync(TEXT)), { code: 'UNKNOWN_CODING' });
  });
});
