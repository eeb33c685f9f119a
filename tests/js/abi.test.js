// The boundary: views of the memory die when it grows, and nothing that is too long is ever read.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import { Core, instantiate } from '../../js_bindings/core/abi.js';
import { Action, Credential, Status } from '../../js_bindings/core/abi-constants.js';
import createModule from '../../js_bindings/dist/sesame.js';
import { parseOptions } from '../../js_bindings/options/options.js';

const NOW = Date.UTC(2026, 0, 1);
const module = new WebAssembly.Module(
  readFileSync(new URL('../../js_bindings/dist/sesame.wasm', import.meta.url)),
);
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** @type {import('../../js_bindings/core/abi.js').Instance} */
let instance;
/** @type {Core} */
let core;
beforeEach(() => {
  instance = instantiate(module, createModule);
  core = createCore();
});

/** @param {object} [options] */
function createCore(options = {}) {
  const parsed = parseOptions({ origin: 'http://origin.test', ...options }, instance.findFaults);
  return new Core(instance, parsed, new Uint8Array(16).fill(7));
}

/** @param {string} name */
const headOf = (name) => ({ tenant: '', cookie: `session=${name}`, authorization: '' });

/** @param {string} name @param {number} size */
const documentOf = (name, size) => JSON.stringify({ id: name, text: 'é'.repeat(size / 2) });

/** @param {string} body @param {string} [meta] */
const answerOf = (body, meta = '') => ({
  ...{ httpStatus: 200, retryAfterMs: 0, cacheControl: 'max-age=600', meta },
  body: encoder.encode(body),
});

const bodyOf = () => decoder.decode(core.body);
const memoryBytes = () => instance.exports.memory.buffer.byteLength;
const grow = () => void instance.exports.memory.grow(1);

/** @param {string} name @param {string} document @param {string} [meta] */
function fill(name, document, meta) {
  assert.equal(core.check(headOf(name), NOW, 0, 0), Action.FETCH);
  assert.equal(core.completeFill(NOW, core.lease, answerOf(document, meta)), Action.SERVE);
  assert.equal(bodyOf(), document);
}

describe('abi', () => {
  test('R3, R52: a cache that takes another secret is as one that was made with it', () => {
    const head = headOf('late');
    const key = core.sessionKey(head)?.key;
    fill('late', documentOf('late', 200));
    assert.equal(core.beginSnapshot(NOW, ''), Status.OK);
    assert.equal(core.nextOfSnapshot(), Status.MORE);
    const snapshot = core.body.slice();

    const parsed = parseOptions({ origin: 'http://origin.test' }, instance.findFaults);
    const late = new Core(instance, parsed, new Uint8Array(16).fill(9));
    assert.notEqual(late.sessionKey(head)?.key, key);
    late.replaceSecret(new Uint8Array(16).fill(7));
    assert.equal(late.sessionKey(head)?.key, key);
    assert.equal(late.beginRestore(NOW, ''), Status.OK);
    late.feedRestore(snapshot);
    while (late.endRestore() === Status.MORE);
    assert.equal(late.check(head, NOW, 0, 0), Action.SERVE);
  });

  test('R14: members of the document may have names of any alphabet, and with quotes in them', () => {
    const name = '\u540d "\\\u00e9" \u{1f511}';
    core = createCore({ fields: ['id', name] });
    const kept = JSON.stringify({ id: 'ada', [name]: 1 });
    assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.FETCH);
    const whole = JSON.stringify({ id: 'ada', [name]: 1, other: 2 });
    assert.equal(core.completeFill(NOW, core.lease, answerOf(whole)), Action.SERVE);
    assert.equal(bodyOf(), kept);
  });

  test('R7: answers stay right while the memory grows under them', () => {
    const before = memoryBytes();
    const sizes = new Set();
    const others = [];
    /** @type {Map<string, string>} */
    const held = new Map();
    for (let user = 0; user < 200; user += 1) {
      const name = `user-${user}`;
      const document = documentOf(name, 20_000 + user);
      fill(name, document, `"etag-${user}"`);
      held.set(name, document);
      if (user % 50 === 0) others.push(createCore());
      sizes.add(memoryBytes());
    }
    assert.ok(memoryBytes() > 2 * before, 'it has grown');
    assert.ok(sizes.size > 3, 'several times');
    for (const [name, document] of held) {
      assert.equal(core.check(headOf(name), NOW, 0, 0), Action.SERVE);
      assert.equal(bodyOf(), document);
      assert.equal(core.meta, `"etag-${name.slice(5)}"`);
    }
    assert.equal(core.statistics().entries, 200);
  });

  test('every call works after the memory has grown since the last', () => {
    const [document, changed] = ['{"id":"ada","v":1}', '{"id":"ada","v":2}'];
    const steps = [
      () => assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.FETCH),
      () =>
        assert.equal(core.completeFill(NOW, core.lease, answerOf(document, '"é"')), Action.SERVE),
      () => assert.deepEqual([bodyOf(), core.meta], [document, '"é"']),
      () => assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.SERVE),
      () => assert.equal(bodyOf(), document),
      () => {
        const write = core.beginWrite(headOf('ada'), NOW);
        grow();
        const answer = { httpStatus: 200, body: encoder.encode(changed) };
        assert.equal(core.completeWrite(headOf('ada'), NOW, write, answer), Action.PASS);
      },
      () => assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.SERVE),
      () => assert.equal(bodyOf(), changed),
      () => core.forgetRefusal(headOf('ada')),
      () => assert.equal(core.invalidateUser('"ada"', NOW), Status.OK),
      () => assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.FETCH),
      () => core.releaseFill(core.lease),
      () => assert.equal(core.revokeUser('"ada"', NOW), Status.OK),
      () => core.forgetSession(headOf('ada')),
      () => core.revokeSession(headOf('ada'), NOW, true),
      () => assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.REFUSE),
      () => assert.deepEqual([core.httpStatus, core.credential], [401, Credential.COOKIE]),
    ];
    for (const step of steps) {
      step();
      // What the last call decided is read before the next one: only a call may make it grow.
      if (!/core\.lease|bodyOf|core\.httpStatus/.test(String(steps[steps.indexOf(step) + 1])))
        grow();
    }
  });

  test('R44: what is too long for the region is refused and not read', () => {
    const capacity = 256 * 1024 + 2 * 16 * 1024 + 8192;
    for (const long of [
      'x'.repeat(capacity + 1),
      'é'.repeat(capacity / 2 + 1),
      'x'.repeat(5_000_000),
    ]) {
      for (const field of ['tenant', 'cookie', 'authorization']) {
        const head = { ...headOf('ada'), [field]: long };
        assert.equal(core.check(head, NOW, 0, 0), Action.TOO_LARGE);
        assert.equal(core.beginWrite(head, NOW), 0);
        core.forgetSession(head);
        core.revokeSession(head, NOW, true);
      }
      assert.equal(core.invalidateUser(JSON.stringify(long), NOW), Status.TOO_LARGE);
    }
    fill('ada', '{"id":1}');
  });

  test('R13: a document that is too long for it is a failure', () => {
    for (const answer of [
      answerOf(documentOf('ada', 1_000_000)),
      { ...answerOf('{"id":1}'), cacheControl: 'x'.repeat(1_000_000) },
      answerOf('{"id":1}', 'x'.repeat(1_000_000)),
    ]) {
      assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.FETCH);
      assert.equal(core.completeFill(NOW, core.lease, answer), Action.UNAVAILABLE);
    }
    fill('ada', '{"id":1}');
  });

  test('R2: two caches of one instance share nothing', () => {
    const other = createCore();
    fill('ada', '{"id":1}');
    assert.equal(other.check(headOf('ada'), NOW, 0, 0), Action.FETCH);
    other.dispose();
    assert.equal(core.check(headOf('ada'), NOW, 0, 0), Action.SERVE);
    assert.equal(bodyOf(), '{"id":1}');
  });

  test('R50: what a cache held is given back, so that a hundred of them fit', () => {
    const document = documentOf('ada', 20_000);
    let settled = 0;
    for (let round = 0; round < 100; round += 1) {
      core.dispose();
      core = createCore();
      for (let user = 0; user < 5; user += 1) fill(`${round}-${user}`, document);
      if (round === 5) settled = memoryBytes();
    }
    assert.ok(memoryBytes() <= 1.2 * settled, `${settled} became ${memoryBytes()}`);
  });

  test('a module of another version is refused with a code', () => {
    // (module (func (export "sesame_abi_version") (result i32) i32.const 99))
    const name = [...encoder.encode('sesame_abi_version')];
    const exported = [1, name.length, ...name, 0, 0];
    const other = new WebAssembly.Module(
      new Uint8Array([
        ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0],
        ...[7, exported.length, ...exported, 10, 7, 1, 5, 0, 65, 227, 0, 11],
      ]),
    );
    const glue = (/** @type {any} */ options) => options.instantiateWasm({}, () => {});
    assert.throws(() => instantiate(other, glue), { code: 'ERR_SESAME_MODULE', message: /99/ });
  });
});
