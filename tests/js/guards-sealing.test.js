// Single guards of what a store gets to see, and of cookies that a node recognises by itself: each test fails if its
// guard is taken out (scripts/mutants/shell.mjs).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GenuineCookies } from '../../js_bindings/sessions/genuine-cookies.js';
import { nameOf, open, seal } from '../../js_bindings/stores/sealing.js';
import { KeyRing } from '../../js_bindings/util/key-ring.js';

const bytesOf = (/** @type {string} */ text) =>
  /** @type {Uint8Array<ArrayBuffer>} */ (new TextEncoder().encode(text));
const [OLD, NEW] = ['old', 'new'].map((name) => bytesOf(name.padEnd(32, '.')));
const ring = new KeyRing([OLD]);
const random = (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => crypto.getRandomValues(bytes);
const ADA = { tenant: '', kind: 'cookie', name: 'session', credential: 'ada' };

describe('a record', () => {
  test('R2: is opened by its own credential and secret, and by no other', async () => {
    const sealed = await seal(ring.first, ADA, bytesOf('a document'), random);
    const opened = await open(ring.first, ADA, sealed);
    assert.equal(new TextDecoder().decode(opened ?? undefined), 'a document');
    for (const [what, other] of Object.entries({ credential: 'mia', name: 'other', tenant: 'x' })) {
      assert.equal(await open(ring.first, { ...ADA, [what]: other }, sealed), null, what);
    }
    assert.equal(await open(new KeyRing([NEW]).first, ADA, sealed), null);
  });

  test('R2: says which format and secret it has, and is read as no other’s', async () => {
    const sealed = await seal(ring.first, ADA, bytesOf('a document'), random);
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = sealed.slice();
      altered[at] ^= 1;
      assert.equal(await open(ring.first, ADA, altered), null, `byte ${at}`);
    }
    assert.equal(await open(ring.first, ADA, sealed.slice(0, 10)), null);
  });

  test('R2: cannot be moved to another session by somebody who has the key of its value', async () => {
    // Two sessions whose values have one key do not exist; so the name is what is left to compare.
    const keys = Object.assign(Object.create(ring.first), {
      value: { sign: () => new Uint8Array(32) },
    });
    const sealed = await seal(keys, ADA, bytesOf('a document'), random);
    assert.equal(await open(keys, { ...ADA, credential: 'mia' }, sealed), null);
  });

  test('R2: has a key of its credential', async () => {
    const keys = Object.assign(Object.create(ring.first), {
      name: { sign: () => new Uint8Array(32) },
    });
    const sealed = await seal(keys, ADA, bytesOf('a document'), random);
    assert.equal(await open(keys, { ...ADA, credential: 'mia' }, sealed), null);
  });

  test('R2: has a name that depends on the secret, and on where each part ends', () => {
    const name = nameOf(ring.first, ADA);
    assert.match(name, /^[0-9a-f]{64}$/);
    assert.notEqual(name, nameOf(new KeyRing([NEW]).first, ADA));
    const [one, other] = ['a\0\0\0\0b:c', 'a:b\0\0\0\0c'].map((text) => {
      const [cookie, credential] = text.split(':');
      return nameOf(ring.first, { ...ADA, name: cookie, credential });
    });
    assert.notEqual(one, other);
  });
});

describe('a session cookie', () => {
  const LIFE = 1000_000;
  const NOW = 1_800_000_000_000;
  const cookies = new GenuineCookies(ring, LIFE);

  test('R21: is recognised with its time of birth, and none is like another', () => {
    const [one, other] = [cookies.make(NOW, random), cookies.make(NOW, random)];
    assert.notEqual(one, other);
    assert.equal(cookies.birthOf(one, NOW + 5), NOW);
  });

  test('R21: is none if one of its characters is another, or it is longer or shorter', () => {
    const cookie = cookies.make(NOW, random);
    for (let at = 0; at < cookie.length; at += 1) {
      const altered = `${cookie.slice(0, at)}${cookie[at] === 'A' ? 'B' : 'A'}${cookie.slice(at + 1)}`;
      assert.equal(cookies.birthOf(altered, NOW), null, `character ${at}`);
    }
    const others = [`${cookie}A`, `${cookie}=`, cookie.slice(1), '', `${cookie} `, '\u00e9', '%'];
    for (const other of others) assert.equal(cookies.birthOf(other, NOW), null, other);
  });

  test('R21: of another secret is none, until that secret is given as well', () => {
    const cookie = cookies.make(NOW, random);
    assert.equal(new GenuineCookies(new KeyRing([NEW]), LIFE).birthOf(cookie, NOW), null);
    assert.equal(new GenuineCookies(new KeyRing([NEW, OLD]), LIFE).birthOf(cookie, NOW), NOW);
  });

  test('R21: from the future counts as of now, however far its clock was ahead', () => {
    const cookie = cookies.make(NOW + 3_600_000, random);
    assert.equal(cookies.birthOf(cookie, NOW), NOW);
  });

  test('R8: is none once its session can only be over', () => {
    const cookie = cookies.make(NOW, random);
    assert.equal(cookies.birthOf(cookie, NOW + LIFE + 59_999), NOW);
    assert.equal(cookies.birthOf(cookie, NOW + LIFE + 60_000), null);
  });
});
