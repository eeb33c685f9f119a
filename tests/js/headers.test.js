// Small questions about header fields.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { markPrivate } from '../../js_bindings/http/private-headers.js';
import {
  endToEnd,
  fillHeaders,
  retryAfterMs,
  toHeaders,
  withoutCredentials,
} from '../../js_bindings/origin/headers.js';
import { removeCookieEnds, sessionCookies } from '../../js_bindings/origin/session-cookies.js';

const NOW = Date.UTC(2026, 0, 1);
const NAMES = ['session', '__Host-session'];

/** @param {string} sent @param {...string} lines */
function changes(sent, ...lines) {
  const response = new Headers(lines.map((line) => ['set-cookie', line]));
  return sessionCookies(new Headers({ cookie: sent }), response, NAMES, NOW).isChanged;
}

describe('R1: chunks of the session cookie', () => {
  const NAME = NAMES[0];

  /** @param {string} sent @param {...string} lines */
  function cookies(sent, ...lines) {
    const response = new Headers(lines.map((line) => ['set-cookie', line]));
    return sessionCookies(new Headers({ cookie: sent }), response, NAMES, NOW);
  }

  test('R1: set anew they are a change, in every style, and one credential together', () => {
    for (const style of ['.', '_', '__', 'C']) {
      const sent = `${NAME}${style}0=a; ${NAME}${style}1=b`;
      const found = cookies(sent, `${NAME}${style}0=a; Path=/`, `${NAME}${style}1=c; Path=/`);
      assert.equal(found.isChanged, true, style);
      assert.deepEqual(found.set, [`${NAME}${style}0=a; ${NAME}${style}1=c`]);
      assert.equal(cookies(sent, `${NAME}${style}0=a`, `${NAME}${style}1=b`).isChanged, false);
    }
  });

  test('R82: deleted they end the session, and what only looks like one does not', () => {
    assert.equal(cookies('', `${NAME}.0=; Max-Age=0`).isDeleted, true);
    for (const other of ['.x', '.', '-0', '.0.sig', '_2024', 'csrf']) {
      assert.equal(cookies('', `${NAME}${other}=; Max-Age=0`).isDeleted, false, other);
    }
  });

  test('R8: an ended session’s are all taken out, and other cookies stay', () => {
    const cookie = `a=b; ${NAME}.0=x; ${NAME}.1=y; ${NAME}_2024=c; d`;
    const left = withoutCredentials(new Headers({ cookie }), NAMES);
    assert.equal(left.get('cookie'), `a=b; ${NAME}_2024=c; d`);
  });

  test('R13: of a failure’s cookies only the ends of the session’s are taken out', () => {
    const lines = [
      'lang=; Max-Age=0',
      `${NAME}=x; Path=/`,
      `${NAME}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT`,
      `${NAME}.3=; Max-Age=0`,
    ];
    const headers = new Headers(lines.map((line) => ['set-cookie', line]));
    removeCookieEnds(headers, NAMES, NOW);
    assert.deepEqual(headers.getSetCookie(), lines.slice(0, 2));
  });
});

describe('sessionCookies', () => {
  test('another value, or an end, is a change', () => {
    for (const line of [
      'session=b',
      ' session = b ; Path=/',
      'session=',
      'session=a; Max-Age=0',
      'session=a; Path=/; max-age=-10',
      'session=a;MAX-AGE = 0',
      'session=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'session=a; Expires=Thu, 01-Jan-1970 00:00:00 GMT; HttpOnly',
      'session=a; Max-Age=0; Expires=Fri, 01 Jan 2027 00:00:00 GMT',
      '__Host-session=a; Secure; Path=/',
      'session="a"',
      'session=a=b',
    ]) {
      assert.equal(changes('x=1; session=a', line), true, line);
      assert.equal(changes('session=a', 'x=2', line, 'y=3'), true, line);
    }
    assert.equal(changes('', 'session=a'), true);
  });

  test('the same again, another cookie, or none is none', () => {
    for (const line of [
      'session=a',
      'session=a; Path=/; Max-Age=60',
      'session=a; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      'session=a; Expires=Fri, 01 Jan 2027 00:00:00 GMT',
      'session=a; Expires=whenever',
      'Session=b',
      'sessions=b',
      'sessionx',
      'session',
      '=session',
      '',
      'x=session=b',
      'x=1; session=b',
    ]) {
      assert.equal(changes('session=a', line), false, line);
    }
    assert.equal(changes('session=a'), false);
  });
});

describe('retryAfterMs', () => {
  const ask = (/** @type {string | null} */ value) =>
    retryAfterMs(new Headers(value === null ? {} : { 'retry-after': value }), NOW);

  test('seconds and dates', () => {
    assert.equal(ask('0'), 0);
    assert.equal(ask('120'), 120_000);
    assert.equal(ask(' 7 '), 7000);
    assert.equal(ask('Thu, 01 Jan 2026 00:01:00 GMT'), 60_000);
    assert.equal(ask('Thursday, 01-Jan-26 00:01:00 GMT'), 60_000);
    assert.equal(ask('Thu Jan  1 00:01:00 2026 GMT'), 60_000);
  });

  test('what has passed or makes no sense is none', () => {
    for (const value of [null, '', 'soon', '-5', '1.5', 'Wed, 01 Jan 2025 00:00:00 GMT', '1, 2']) {
      assert.equal(ask(value), 0, String(value));
    }
    assert.ok(Number.isSafeInteger(ask('9'.repeat(400))));
  });
});

describe('toHeaders', () => {
  test('Headers are taken as they are, anything else is read', () => {
    const headers = new Headers({ a: '1' });
    assert.equal(toHeaders(headers), headers);
    assert.equal(toHeaders(/** @type {any} */ (new Map([['cookie', 'a=1']]))).get('cookie'), 'a=1');
    const given = {
      ':path': '/',
      a: ['1', '2'],
      'set-cookie': ['x=1', 'y=2'],
      none: undefined,
      get: 'x',
    };
    const read = toHeaders(given);
    assert.deepEqual(
      [read.get('a'), read.get('get'), read.getSetCookie()],
      ['1, 2', 'x', ['x=1', 'y=2']],
    );
    assert.deepEqual([...read.keys()].includes('none'), false);
  });
});

describe('endToEnd', () => {
  test('R41: what Connection names goes too, whatever else stands there', () => {
    const headers = new Headers({
      connection: ' close , X-Drop,, bad name, @, x-also ',
      'x-drop': '1',
      'x-also': '1',
      'x-keep': '1',
      'transfer-encoding': 'chunked',
      trailer: 'x',
    });
    assert.deepEqual([...endToEnd(headers).keys()], ['x-keep']);
    assert.equal(headers.get('x-drop'), '1');
  });

  test('R41: several Set-Cookie stay several', () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-sesame-a', '1'],
    ]);
    assert.deepEqual(endToEnd(headers).getSetCookie(), ['a=1', 'b=2']);
  });

  test('R41: an upgrade is kept only where it is asked for', () => {
    const headers = new Headers({ connection: 'upgrade', upgrade: 'websocket' });
    assert.deepEqual([...endToEnd(headers)], []);
    assert.deepEqual([...endToEnd(headers, { keepUpgrade: true })], [['upgrade', 'websocket']]);
  });
});

describe('fillHeaders', () => {
  test('the origin is asked for the whole document, with all that says who asks', () => {
    const given = {
      ...{ cookie: 'a=1', authorization: 'Bearer x', 'user-agent': 'x', 'accept-language': 'ar' },
      ...{ 'if-none-match': '"x"', range: 'bytes=0-1', 'content-type': 'x', 'content-length': '3' },
      ...{ 'accept-encoding': 'gzip', host: 'x', expect: '100-continue', 'x-sesame-a': '1' },
    };
    const headers = new Headers(given);
    assert.deepEqual(Object.fromEntries(fillHeaders(headers, '')), {
      ...{ accept: 'application/json', cookie: 'a=1', authorization: 'Bearer x' },
      ...{ 'user-agent': 'x', 'accept-language': 'ar' },
    });
    assert.equal(fillHeaders(headers, 'W/"1"').get('if-none-match'), 'W/"1"');
    assert.equal(fillHeaders(new Headers({ accept: 'a/b' }), '').get('accept'), 'application/json');
    assert.equal(headers.get('range'), 'bytes=0-1');
  });

  test('who asks for a page is not taken to want the document as one', () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const headers = new Headers({ accept });
    assert.equal(fillHeaders(headers, '').get('accept'), 'application/json');
    assert.equal(headers.get('accept'), accept);
  });

  test('what another request would be routed by is left out, and who one claims to be', () => {
    const given = {
      ...{ 'x-original-url': '/a', 'x-rewrite-url': '/a', 'x-forwarded-uri': '/a' },
      ...{ 'x-http-method-override': 'PUT', 'x-user-id': '1', x_user_id: '1', 'x-user': '1' },
    };
    const kept = fillHeaders(new Headers(given), '', ['x-user-id']);
    assert.deepEqual([...kept.keys()], ['accept', 'x-user']);
  });
});

describe('markPrivate', () => {
  test('R40: Vary is added to, once', () => {
    for (const [before, after] of [
      [undefined, 'Cookie, Authorization'],
      ['Accept', 'Accept, Cookie, Authorization'],
      ['cookie', 'cookie, Authorization'],
      ['AUTHORIZATION,Cookie', 'AUTHORIZATION,Cookie'],
      ['*', '*'],
      ['Accept, *', 'Accept, *'],
    ]) {
      const headers = new Headers(before === undefined ? {} : { vary: before });
      headers.set('cache-control', 'public');
      markPrivate(headers);
      assert.equal(headers.get('vary'), after);
      assert.equal(headers.get('cache-control'), 'private, no-store');
      markPrivate(headers);
      assert.equal(headers.get('vary'), after);
    }
  });
});
