// What holds for any input: credentials and their keys (R3), documents byte for byte (R7), and the edges
// where JavaScript reads what others have written. A failure prints the seed and the smallest input.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import fc from 'fast-check';
import { Core, instantiate } from '../../js_bindings/core/abi.js';
import { Action, CheckFlag } from '../../js_bindings/core/abi-constants.js';
import { parsePathPattern, segmentsOf } from '../../js_bindings/dialects/path-patterns.js';
import createModule from '../../js_bindings/dist/sesame.js';
import { parseOptions } from '../../js_bindings/options/options.js';
import { endToEnd, retryAfterMs } from '../../js_bindings/origin/headers.js';
import { valueAt } from '../../js_bindings/util/json-pointer.js';

const NOW = Date.UTC(2026, 0, 1);
const module = new WebAssembly.Module(
  readFileSync(new URL('../../js_bindings/dist/sesame.wasm', import.meta.url)),
);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @type {Core} */
let core;
beforeEach(() => {
  const instance = instantiate(module, createModule);
  /** @type {import('sesame-edge').Options} */
  const options = { origin: 'http://origin.test', memory: '4MB', maxDocument: '32kB' };
  core = new Core(instance, parseOptions(options, instance.findFaults), new Uint8Array(16).fill(7));
});

/** @param {string} alphabet */
const textOf = (alphabet, minLength = 1) =>
  fc
    .array(fc.constantFrom(...alphabet), { minLength, maxLength: 24 })
    .map((letters) => letters.join(''));

// Few letters, so that equal ones and prefixes of each other come up.
const token = fc.oneof(textOf('aA0'), textOf('ab.-_~+/'));
const credential = fc.record({
  tenant: fc.oneof(fc.constant(''), textOf('ab', 0), fc.string({ maxLength: 8 })),
  isCookie: fc.boolean(),
  value: token,
});

/** @param {{ tenant: string, isCookie: boolean, value: string }} given */
const headOf = ({ tenant, isCookie, value }) => ({
  tenant,
  cookie: isCookie ? `session=${value}` : '',
  authorization: isCookie ? '' : `Bearer ${value}`,
});

/** @param {string} text as it crosses the boundary: lone surrogates become U+FFFD */
const asBytes = (text) => decoder.decode(encoder.encode(text));

describe('credentials', () => {
  test('R3, R4: two requests share an origin call exactly if tenant, kind and value are equal', () => {
    const property = fc.property(credential, credential, (one, other) => {
      const isSame =
        asBytes(one.tenant) === asBytes(other.tenant) &&
        one.isCookie === other.isCookie &&
        one.value === other.value;
      assert.equal(core.check(headOf(one), NOW, 0, 0), Action.FETCH);
      const { lease } = core;
      const action = core.check(headOf(other), NOW, 0, 0);
      assert.equal(action, isSame ? Action.WAIT : Action.FETCH);
      if (isSame) assert.equal(core.lease, lease);
      else core.releaseFill(core.lease);
      core.releaseFill(lease);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('R3: whoever is held is served to the credential that it was asked for with, and to no other', () => {
    const property = fc.property(
      fc.uniqueArray(token, { minLength: 2, maxLength: 20 }),
      (values) => {
        const heads = values.map((value) => headOf({ tenant: '', isCookie: true, value }));
        for (const [index, head] of heads.entries()) {
          if (core.check(head, NOW, 0, 0) === Action.FETCH) complete(`{"id":"${values[index]}"}`);
        }
        for (const [index, head] of heads.entries()) {
          assert.equal(core.check(head, NOW, 0, CheckFlag.PEEK), Action.SERVE);
          assert.equal(JSON.parse(core.bodyText).id, values[index]);
        }
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  test('R1, R44: any header is decided, and none is taken for somebody', () => {
    complete('{"id":"somebody"}', core.check(headOf(SOMEBODY), NOW, 0, 0));
    const header = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), longText());
    const property = fc.property(header, header, (cookie, authorization) => {
      const action = core.check({ tenant: '', cookie, authorization }, NOW, 0, CheckFlag.PEEK);
      /** @type {number[]} */
      const harmless = [Action.RETRY, Action.PASS, Action.TOO_LARGE];
      assert.ok(harmless.includes(action), `${action}`);
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

const SOMEBODY = { tenant: '', isCookie: true, value: 'b2f1c0d4e5a697887766554433221100' };

/** Some are over every limit. */
function longText() {
  return fc.tuple(fc.string({ minLength: 1 }), fc.nat(60_000)).map(([text, size]) => {
    return text.repeat(Math.ceil(size / text.length));
  });
}

/** @param {string} body @param {number} [action] */
function complete(body, action = Action.FETCH) {
  assert.equal(action, Action.FETCH);
  return core.completeFill(NOW, core.lease, {
    ...{ httpStatus: 200, retryAfterMs: 0, cacheControl: '', meta: '"tag"' },
    body: encoder.encode(body),
  });
}

describe('documents', () => {
  test('R7: any JSON object is answered byte for byte, at first and when it is held', () => {
    const value = fc.jsonValue({ depthSize: 'small' });
    const document = fc
      .tuple(fc.dictionary(fc.string(), value), fc.constantFrom(0, 1, '\t'))
      .map(([members, space]) => JSON.stringify(members, null, space));
    let count = 0;
    const property = fc.property(document, (body) => {
      const head = headOf({ tenant: '', isCookie: true, value: `t${++count}` });
      assert.equal(complete(body, core.check(head, NOW, 0, 0)), Action.SERVE);
      assert.equal(core.bodyText, body);
      assert.equal(core.check(head, NOW, 0, 0), Action.SERVE);
      assert.equal(core.bodyText, body);
      assert.equal(core.meta, '"tag"');
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('R13: what is not a JSON object is a failure, whatever it is', () => {
    const other = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.dictionary(fc.string(), fc.nat()).map((value) => `${JSON.stringify(value).slice(0, -1)}`),
    );
    let count = 0;
    const property = fc.property(other, (body) => {
      fc.pre(!isObject(body));
      const head = headOf({ tenant: '', isCookie: true, value: `t${++count}` });
      assert.equal(complete(body, core.check(head, NOW, 0, 0)), Action.UNAVAILABLE);
      assert.equal(core.check(head, NOW, 0, CheckFlag.PEEK), Action.RETRY);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

/** @param {string} text */
function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

describe('what others have written', () => {
  test('a JSON pointer leads where its parts lead, and nowhere else (RFC 6901)', () => {
    // Every object inherits some of these.
    const anyPart = fc.oneof(
      fc.string(),
      fc.constantFrom('constructor', '__proto__', 'length', '~1'),
    );
    const property = fc.property(fc.jsonValue(), fc.array(anyPart), (document, path) => {
      const escaped = path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
      /** @type {any} */
      let expected = document;
      for (const part of path) {
        const isThere = typeof expected === 'object' && expected !== null;
        expected = isThere && Object.hasOwn(expected, part) ? expected[part] : undefined;
      }
      assert.equal(valueAt(document, escaped.map((part) => `/${part}`).join('')), expected);
      const nested = path.reduceRight((inner, part) => ({ [part]: inner }), document);
      if (path.length > 0) {
        assert.equal(valueAt(nested, `/${escaped.join('/')}`), document);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('R26: a path without wildcards matches itself alone, and {id} is the segment in its place', () => {
    const segment = textOf('ab.+()-');
    const segments = fc.array(segment, { minLength: 1, maxLength: 4 });
    const isDots = (/** @type {string} */ part) => part === '.' || part === '..';
    const property = fc.property(segments, segments, segment, (one, other, id) => {
      fc.pre(![...one, ...other, id].some(isDots));
      const path = `/${one.join('/')}`;
      const matchOf = (/** @type {string} */ pattern, /** @type {string} */ of) =>
        parsePathPattern(pattern)?.match(segmentsOf(of)) ?? null;
      assert.deepEqual(matchOf(path, path), { ids: [] });
      const isSame = one.join('/') === other.join('/');
      assert.equal(matchOf(path, `/${other.join('/')}`) !== null, isSame);
      assert.deepEqual(matchOf(`${path}/{id}`, `${path}/${id}`), { ids: [id] });
      assert.equal(matchOf(`${path}/{id}`, `${path}/${id}/${id}`), null);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('R13: Retry-After is a time to wait, whatever stands there', () => {
    const value = fc.oneof(
      fc.string(),
      fc.bigInt().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    );
    const property = fc.property(value, (text) => {
      /** @type {Headers} */
      let headers;
      try {
        headers = new Headers({ 'retry-after': text });
      } catch {
        return;
      }
      const milliseconds = retryAfterMs(headers, NOW);
      assert.ok(milliseconds >= 0 && Number.isSafeInteger(milliseconds), `${milliseconds}`);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('R41: end-to-end headers go through, hop-by-hop ones and ours never, and twice is once', () => {
    const name = fc.oneof(
      fc.constantFrom('connection', 'te', 'keep-alive', 'transfer-encoding', 'x-sesame-user'),
      textOf('abx-'),
    );
    const fields = fc.array(fc.tuple(name, fc.oneof(name, textOf('ab, ;='))), { maxLength: 8 });
    const property = fc.property(fields, (pairs) => {
      // Made twice: joining fields can leave white space at the end, which the next `Headers` takes off.
      const headers = new Headers([...new Headers(pairs)]);
      const named = (headers.get('connection') ?? '').split(',').map((each) => each.trim());
      const result = endToEnd(headers);
      const dropped = ['connection', 'te', 'keep-alive', 'transfer-encoding', ...named];
      for (const [each, value] of headers) {
        const isDropped = dropped.includes(each) || each.startsWith('x-sesame-');
        assert.equal(result.get(each), isDropped ? null : value, each);
      }
      assert.deepEqual([...endToEnd(result)], [...result]);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
