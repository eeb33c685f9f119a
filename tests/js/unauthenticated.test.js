// Which successes of a back end say that nobody is signed in (rule R80), by themselves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseUnauthenticated,
  Unauthenticated,
} from '../../js_bindings/dialects/unauthenticated.js';

const userId = ['/id', '/user/id', '/data/id', '/sub'];

/** @param {string[]} [forms] */
function judge(forms = []) {
  const unauthenticated = parseUnauthenticated(forms) ?? assert.fail('a form is refused');
  const judged = new Unauthenticated({ unauthenticated, userId });
  return (/** @type {string} */ body, status = 200) =>
    judged.verdictOn(status, new TextEncoder().encode(body));
}

test('R80: null, and an object whose user is null, is a no without any option', () => {
  const verdictOn = judge();
  for (const body of ['null', '\t null \n', '{"user":null}', '{"user":null,"id":null,"a":[1]}']) {
    assert.equal(verdictOn(body), 'no', body);
    assert.equal(verdictOn(body, 203), 'no', body);
  }
});

test('R80: what names a user, has no such member, or is no whole JSON is no no', () => {
  const verdictOn = judge(['204', '{}', '/account', '/authenticated=false']);
  for (const body of [
    ...['{"user":null,"id":0}', '{"user":null,"sub":"7"}', '{"user":null,"data":{"id":"7"}}'],
    ...['{"user":{"id":null}}', '{"user":""}', '{"user":0}', '{"User":null}', '{"account":0}'],
    ...['{"authenticated":"false"}', '{"authenticated":null}', '{"data":{"authenticated":false}}'],
    ...[
      '',
      ' ',
      'nul',
      'nullnull',
      '[null]',
      '[]',
      '"null"',
      '0',
      'false',
      '{"user":null',
      '\ufeffnull',
    ],
    '{"user":null,"user":{"id":7}}',
  ]) {
    assert.equal(verdictOn(body), null, body);
  }
  assert.equal(judge()('{}'), null);
});

test('R80: a failure is never taken for it, nor is a part', () => {
  const verdictOn = judge(['204', '{}', '/authenticated=false']);
  for (const status of [0, 100, 206, 302, 304, 400, 404, 500, 503]) {
    for (const body of ['null', '{"user":null}', '{}', '{"authenticated":false}']) {
      assert.equal(verdictOn(body, status), null, `${status} ${body}`);
    }
  }
});

test('R80: a body that is no text is no no', () => {
  const judged = new Unauthenticated({ unauthenticated: [], userId });
  assert.equal(judged.verdictOn(200, new Uint8Array([0x22, 0xff, 0x22])), null);
});

test('R80: 204, {} and members are what the option adds, and {} is doubtful', () => {
  const verdictOn = judge(['204', '{}', '/account', '/auth/is=false', '/state="out"', '/n=0']);
  assert.equal(verdictOn('', 204), 'no');
  assert.equal(verdictOn('{}'), 'doubtful');
  assert.equal(verdictOn(' { } '), 'doubtful');
  for (const body of ['{"account":null}', '{"auth":{"is":false}}', '{"state":"out"}', '{"n":0}']) {
    assert.equal(verdictOn(body), 'no', body);
  }
  assert.equal(verdictOn('{"state":"out","id":"guest"}'), 'no', 'the back end has said it by name');
  assert.equal(verdictOn('{"account":null,"id":7}'), null);
  assert.equal(judge()('', 204), null);
});

test('R80: a redirect to a sign-in page is a no where the option says so, and no other redirect is', () => {
  const forms = parseUnauthenticated('sign-in') ?? assert.fail('it is refused');
  const judged = new Unauthenticated({ unauthenticated: forms, userId });
  const others = new Unauthenticated({ unauthenticated: [], userId });
  const body = new TextEncoder().encode('null');
  /** @type {[number, string | null, 'no' | null][]} */
  const cases = [
    [302, '/login', 'no'],
    [303, 'https://id.example.com/Account/Login?ReturnUrl=%2Fme', 'no'],
    [307, '../users/sign_in', 'no'],
    [302, '/maintenance', null],
    [301, '/api/v2/me', null],
    [302, null, null],
    [304, '/login', null],
    [401, '/login', null],
  ];
  for (const [status, location, verdict] of cases) {
    const redirect = { location, path: '/api/v1/me' };
    assert.equal(judged.verdictOn(status, body, redirect), verdict, `${status} ${location}`);
    assert.equal(others.verdictOn(status, body, redirect), null, `${status} ${location}`);
  }
  assert.equal(judged.verdictOn(200, body), 'no');
  assert.equal(judged.verdictOn(302, body), null);
});

test('R80: a form that is none of those is refused, and a single one is a list of one', () => {
  for (const form of [
    '',
    '200',
    '205',
    'user',
    '[]',
    '/a=',
    '/a=b',
    '/a={}',
    '/a=[1]',
    '/a~2',
    204,
  ]) {
    assert.equal(parseUnauthenticated(form), undefined, `${form}`);
    assert.equal(parseUnauthenticated(['204', form]), undefined, `${form}`);
  }
  assert.deepEqual(parseUnauthenticated('204'), parseUnauthenticated(['204']));
  assert.deepEqual(parseUnauthenticated('/a=null'), [
    { pointer: '/a', value: null, isNamed: false },
  ]);
});
