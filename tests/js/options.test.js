// Options: defaults, units, and every fault named at once.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError, SessionCache } from 'sesame-edge';
import { parsePathPattern, segmentsOf } from '../../js_bindings/dialects/path-patterns.js';
import { parseOptions } from '../../js_bindings/options/options.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { cookie } from '../support/http-case.js';

const ORIGIN = 'http://origin.test';
const DURATIONS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZES = { B: 1, kB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

const RESERVED = ['content-length', 'x-sesame-a'];

/** @param {object} options @returns {any} */
const parse = (options) => parseOptions({ origin: ORIGIN, .../** @type {any} */ (options) });

/** The options that are wrong. @param {() => unknown} make @returns {string[]} */
function faultsOf(make) {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, 'ERR_SESAME_CONFIG');
    for (const { option, reason } of error.faults)
      assert.ok(error.message.includes(`${option} ${reason}`));
    return error.faults.map(({ option }) => option).sort();
  }
  return [];
}

describe('options', () => {
  test('only origin has no default', () => {
    assert.deepEqual(
      faultsOf(() => new SessionCache({ origin: ORIGIN }).dispose()),
      [],
    );
    assert.deepEqual(
      faultsOf(() => new SessionCache(/** @type {any} */ ({}))),
      ['origin'],
    );
  });

  test('every fault is named at once, of the types and of what they mean together', () => {
    const wrong = {
      origin: 'ftp://x',
      documentPath: 'users/me',
      sessionPath: '/x?y',
      cookie: ['a', ''],
      userId: [7],
      fields: 'a b',
      freshFor: 'soon',
      keepFor: '1x',
      idleFor: true,
      memory: '64TB',
      maxDocument: -1,
      maxBody: 1e12,
      obeyCacheControl: 'yes',
      refusals: ['401'],
      identityPaths: '/login',
      userPaths: ['/{id}/{id}'],
      colour: 'green',
      toString: 1,
    };
    const { fields, ...expected } = wrong;
    assert.deepEqual(
      faultsOf(() => new SessionCache(/** @type {any} */ (wrong))),
      Object.keys(expected).sort(),
    );
    const numbers = {
      origin: 'x',
      freshFor: '2h',
      keepFor: '1h',
      expiresIn: 0,
      negativeFor: -1,
      leaseFor: '8s',
      maxCredential: 1,
      memory: '1MB',
      refusals: [200, 429],
      cookie: 'a b',
      userId: ['id'],
    };
    const together = faultsOf(() => new SessionCache(/** @type {any} */ (numbers)));
    const { freshFor, ...named } = numbers;
    assert.deepEqual([...new Set(together)], Object.keys(named).sort());
  });

  test('what is no object at all is one fault', () => {
    for (const wrong of [undefined, null, 'http://x', [], 7]) {
      assert.deepEqual(
        faultsOf(() => new SessionCache(/** @type {any} */ (wrong))),
        ['options'],
      );
    }
  });

  test('the origin is a bare http: or https: URL', () => {
    for (const origin of [
      'http://a.test',
      'https://a.test:8443/',
      'http://[::1]:1',
      'HTTP://A.test:80',
    ]) {
      assert.equal(parse({ origin }).origin, new URL(origin).origin);
    }
    const user = ['http://u@a.test', 'http://:p@a.test'];
    for (const origin of [
      'a.test',
      'http://a.test/x',
      'http://a.test?x',
      'http://a.test#x',
      'x:',
      ...user,
    ]) {
      assert.deepEqual(
        faultsOf(() => parse({ origin })),
        ['origin'],
        origin,
      );
    }
  });

  test('what a reverse proxy is told has safe names and pointers to what is kept', () => {
    const headers = { 'X-User-Id': '/id', 'x-a': '/a/0/b~1c', 'x-empty': '/' };
    assert.deepEqual(parse({ verify: { headers } }).verify, {
      headers: [
        ['x-user-id', '/id'],
        ['x-a', '/a/0/b~1c'],
        ['x-empty', '/'],
      ],
      prefix: false,
    });
    assert.equal(parse({ verifyPath: null, verify: null }).verifyPath, null);
    const fields = ['id', 'b/c'];
    const kept = { 'x-a': '/id', 'x-b': '/b~1c/d' };
    assert.equal(parse({ fields, verify: { headers: kept } }).verify.headers.length, 2);
    for (const [wrong, ...faults] of /** @type {[object, ...string[]][]} */ ([
      [{ verify: [] }, 'verify'],
      [{ verify: 'x' }, 'verify'],
      [{ verify: { header: {}, prefix: 1 } }, 'verify.header', 'verify.prefix'],
      [{ verify: { headers: ['/id'] } }, 'verify.headers'],
      [{ verify: { headers: { 'x a': '/id', 'x\n': '/id', '': '/id' } } }, ...['', 'x\n', 'x a']],
      [{ verify: { headers: { x_user: '/id', 'Set-Cookie': '/id' } } }, 'set-cookie', 'x_user'],
      [{ verify: { headers: { 'content-length': '/id', 'X-Sesame-A': '/a' } } }, ...RESERVED],
      [{ verify: { headers: { 'x-a': '/a', 'X-A': '/b' } } }, 'x-a'],
      [{ verify: { headers: { 'x-a': 'id', 'x-b': '/~2', 'x-c': 7, 'x-d': '' } } }, ...'abcd'],
      [{ fields, verify: { headers: { 'x-a': '/email' } } }, 'x-a'],
      [{ verifyPath: 'x' }, 'verifyPath'],
      [{ verifyPath: '/api/v1/users/me' }, 'verifyPath'],
      [{ verifyPath: '/api/auth/session' }, 'verifyPath'],
      [{ verifyPath: '/api', verify: { prefix: true } }, 'verifyPath'],
      [{ verifyPath: '/', verify: { prefix: true } }, 'verifyPath'],
    ])) {
      const named = faults.map((name) =>
        name.startsWith('verify')
          ? name
          : `verify.headers.${'abcd'.includes(name) && name ? 'x-' : ''}${name}`,
      );
      assert.deepEqual(
        faultsOf(() => parse(wrong)),
        named.sort(),
        JSON.stringify(wrong),
      );
    }
    assert.equal(parse({ verifyPath: '/api' }).verifyPath, '/api');
  });

  test('the session’s path may be none, and not the document’s', () => {
    assert.equal(parse({ sessionPath: null }).sessionPath, null);
    assert.deepEqual(
      faultsOf(() => parse({ sessionPath: '/api/v1/users/me' })),
      ['sessionPath'],
    );
  });

  test('options given are not changed, and those parsed cannot be', () => {
    const given = Object.freeze({ cookie: Object.freeze(['a']), refusals: Object.freeze([401]) });
    const parsed = parse(given);
    assert.notEqual(parsed.cookie, given.cookie);
    assert.ok(Object.isFrozen(parsed));
    assert.equal(parse({ freshFor: undefined }).freshFor, parse({}).freshFor);
  });
});

describe('quantities', () => {
  for (const [option, units] of /** @type {[string, Record<string, number>][]} */ ([
    ['freshFor', DURATIONS],
    ['memory', SIZES],
  ])) {
    test(`${option}: a number with its unit is what it says`, () => {
      const number = fc.oneof(
        fc.nat(1000),
        fc.float({ min: 0, max: 1000, noNaN: true }).map((x) => x.toFixed(2)),
      );
      const property = fc.property(
        number,
        fc.constantFrom(...Object.keys(units)),
        fc.constantFrom('', ' ', '  '),
        fc.boolean(),
        (value, unit, space, isUpper) => {
          const expected = Math.floor(Number(value) * units[unit]);
          fc.pre(expected <= 2 ** 31);
          const text = `${value}${space}${isUpper ? unit.toUpperCase() : unit}`;
          assert.equal(parse({ [option]: text })[option], expected);
          assert.equal(parse({ [option]: expected })[option], expected);
        },
      );
      fc.assert(property);
    });

    test(`${option}: anything else is a fault`, () => {
      const wrongs = [
        ...[
          '',
          ' ',
          '5',
          'm',
          '-5m',
          '5 m m',
          '1e3s',
          '0x5s',
          '5,5s',
          '5.s',
          '.5s',
          '5\u0660s',
          'Infinityms',
        ],
        ...[
          '5constructor',
          '1valueOf',
          '1__proto__',
          '1tostring',
          `1${'0'.repeat(400)}d`,
          '99999999999999999ms',
        ],
        ...[
          Number.NaN,
          Number.POSITIVE_INFINITY,
          1e300,
          2 ** 53,
          true,
          {},
          [],
          [5],
          5n,
          Symbol('5m'),
        ],
      ];
      for (const wrong of wrongs) {
        assert.deepEqual(
          faultsOf(() => parse({ [option]: wrong })),
          [option],
          String(wrong),
        );
      }
      const property = fc.property(fc.anything(), (value) => {
        const [fault] = faultsOf(() => parse({ [option]: value }));
        if (fault === undefined)
          assert.ok(Number.isSafeInteger(parse({ [option]: value })[option]));
      });
      fc.assert(property, { numRuns: 300 });
    });
  }

  test('a session that is to last as long as it may still has an end that is a date', async () => {
    const longest = '36500d';
    const given = {
      expiresIn: longest,
      freshFor: longest,
      keepFor: longest,
      staleIfError: longest,
    };
    const options = /** @type {import('sesame-edge').Options} */ ({ origin: ORIGIN, ...given });
    const sessions = new SessionCache(options, createFakeOrigin());
    for (const _ of [1, 2]) {
      const session = await sessions.getSession({ headers: cookie('ada') });
      assert.ok(Date.parse(session?.expiresAt ?? '') > Date.now() + 3e12);
    }
    assert.equal(sessions.statistics().fresh, 1);
    sessions.dispose();
    for (const wrong of /** @type {const} */ (['36600d', 8.64e15, Number.MAX_SAFE_INTEGER])) {
      assert.deepEqual(
        faultsOf(() => new SessionCache({ origin: ORIGIN, expiresIn: wrong })),
        ['expiresIn'],
      );
    }
  });
});

/** What a pattern means, said plainly. @param {string[]} pattern @param {string[]} path @returns {boolean} */
function matches([first, ...others], path) {
  if (first === undefined) return path.length === 0;
  if (first === '**')
    return path.some((_, at) => matches(others, path.slice(at))) || matches(others, []);
  return path.length > 0 && (first === '*' || first === path[0]) && matches(others, path.slice(1));
}

describe('path patterns', () => {
  test('* is one segment, ** any number, all else stands for itself', () => {
    const literal = fc.constantFrom('a', 'b', 'a.b', '(', '[x]', '+', '$', '^', '|', 'a*b', '{x}');
    const property = fc.property(
      fc.array(fc.oneof(literal, fc.constantFrom('*', '**')), { minLength: 1, maxLength: 5 }),
      fc.array(literal, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (pattern, segments, isTrailing) => {
        const { pathname } = new URL(`http://x/${segments.join('/')}${isTrailing ? '/' : ''}`);
        const match = parsePathPattern(`/${pattern.join('/')}`)?.match(segmentsOf(pathname));
        assert.equal(match !== null, matches(pattern, segments), `${pattern} ${pathname}`);
      },
    );
    fc.assert(property, { numRuns: 2000 });
  });

  test('{id} is one segment, by that name, once', () => {
    const match = (/** @type {string} */ path) =>
      parsePathPattern('/users/{id}')?.match(segmentsOf(path));
    assert.deepEqual(match('/users/a%20b'), { ids: ['a b'] });
    assert.equal(match('/users/a/b'), null);
    assert.equal(parsePathPattern('/{id}/{id}'), undefined);
  });

  test('what is no path is no pattern', () => {
    for (const wrong of ['', 'a', '*', '/a?b', '/a#b', '/a b', null, 7, ['/a']]) {
      assert.equal(parsePathPattern(wrong), undefined, String(wrong));
    }
  });

  test('paths and patterns may be written as people read them', async () => {
    const options = { origin: ORIGIN, documentPath: '/wer/"ü"', identityPaths: ['/größe/*'] };
    const origin = createFakeOrigin(() => Response.json({ id: 1 }));
    const sessions = new SessionCache(options, origin);
    const headers = cookie('ada');
    const get = (/** @type {string} */ path) =>
      sessions.handle(new Request(ORIGIN + path, { headers }));
    await get('/wer/"ü"');
    assert.match((await get('/wer/%22%C3%BC%22')).headers.get('server-timing') ?? '', /fresh/);
    await get('/größe/1');
    assert.match((await get('/wer/"ü"')).headers.get('server-timing') ?? '', /origin/);
    sessions.dispose();
  });
});
