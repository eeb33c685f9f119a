// Who has a token, asked of an authorization server: introspection (RFC 7662), and the userinfo endpoint of an issuer.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { createClock, HOUR, MINUTE, SECOND } from '../support/clock.js';
import { bearer, cookie } from '../support/http-case.js';

const INTROSPECTION = {
  url: 'https://id.test/introspect',
  clientId: 'shop',
  clientSecret: 'pass:word and ünicode',
};

/**
 * A cache in front of what answers by URL.
 * @param {object} options
 * @param {(url: string, init: any) => Response | Promise<Response>} answer
 */
function start(options, answer) {
  const clock = createClock();
  /** @type {{ url: string, method: string, headers: Headers, body: string }[]} */
  const calls = [];
  const fetch = async (/** @type {any} */ url, /** @type {any} */ init = {}) => {
    const { method = 'GET', headers, body = '' } = init;
    calls.push({ url: String(url), method, headers: new Headers(headers), body: String(body) });
    return answer(String(url), { ...init, body: String(body) });
  };
  const { now, sleep } = clock;
  const sessions = new SessionCache(/** @type {any} */ (options), { fetch, now, sleep });
  const who = async (/** @type {Record<string, string>} */ headers) =>
    (await sessions.getSession({ headers }))?.user ?? null;
  return { sessions, calls, clock, who };
}

describe('introspection', () => {
  const options = { origin: 'https://api.test', introspection: INTROSPECTION };
  /** @param {(token: string) => object | Response} said */
  const startWith = (said) =>
    start(options, (url, { body }) => {
      assert.equal(url, INTROSPECTION.url);
      const found = said(new URLSearchParams(body).get('token') ?? '');
      return found instanceof Response ? found : Response.json(found);
    });

  test('R16: the answer to an active token is its document; the server is sent the token alone, with Sesame’s credentials', async () => {
    const { who, calls, sessions } = startWith(() => ({ active: true, sub: 'ada', scope: 'read' }));
    const headers = { ...bearer('opaque'), 'x-mine': '1', cookie: 'theme=dark' };
    for (let time = 0; time < 3; time += 1) {
      assert.deepEqual(await who(headers), { active: true, sub: 'ada', scope: 'read' });
    }
    assert.equal(calls.length, 1);
    const [{ method, headers: sent, body }] = calls;
    assert.equal(method, 'POST');
    assert.equal(body, 'token=opaque&token_type_hint=access_token');
    assert.deepEqual([...sent.keys()].sort(), ['accept', 'authorization', 'content-type']);
    const [, basic] = (sent.get('authorization') ?? '').split(' ');
    const [id, secret] = atob(basic)
      .split(':')
      .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
    assert.deepEqual([id, secret], [INTROSPECTION.clientId, INTROSPECTION.clientSecret]);
    await sessions.revokeUser('ada');
    assert.equal(await who(headers), null, 'userId is /sub');
  });

  test('R12: an inactive token is a clear no, remembered', async () => {
    const { who, calls, clock } = startWith(() => ({ active: false }));
    assert.equal(await who(bearer('x')), null);
    assert.equal(await who(bearer('x')), null);
    assert.equal(calls.length, 1);
    clock.advance(MINUTE);
    assert.equal(await who(bearer('x')), null);
    assert.equal(calls.length, 2);
  });

  test('R13: whatever else the server answers is a failure, and signs nobody out', async () => {
    let answer = () => /** @type {object | Response} */ ({ active: true, sub: 'ada' });
    const { who, clock } = startWith(() => answer());
    assert.notEqual(await who(bearer('x')), null);
    for (const said of [
      () => new Response('{"error":"invalid_client"}', { status: 401 }),
      ...[() => new Response(null, { status: 403 }), () => new Response('no', { status: 200 })],
      ...[() => ({ active: 'yes' }), () => ({}), () => new Response(null, { status: 500 })],
    ]) {
      answer = said;
      await assert.rejects(who(bearer('new')), { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' });
      clock.advance(5 * SECOND);
      assert.notEqual(await who(bearer('x')), null);
    }
  });

  test('R8: a token is not served past the exp of its answer; without one, freshFor counts', async () => {
    let isActive = true;
    const { who, clock, calls } = startWith((token) => ({
      active: isActive,
      sub: 'ada',
      ...(token === 'short' && { exp: Math.floor(Date.UTC(2026, 0, 1) / 1000) + 120 }),
    }));
    for (const token of ['short', 'long']) assert.notEqual(await who(bearer(token)), null);
    isActive = false;
    clock.advance(50 * SECOND);
    for (const token of ['short', 'long']) assert.notEqual(await who(bearer(token)), null);
    clock.advance(70 * SECOND);
    assert.equal(await who(bearer('short')), null);
    assert.notEqual(await who(bearer('long')), null);
    assert.equal(calls.length >= 3, true);
    clock.advance(HOUR);
    assert.equal(await who(bearer('long')), null);
  });

  test('R1: a cookie is no credential there', async () => {
    const { who, calls } = startWith(() => ({ active: true, sub: 'ada' }));
    assert.equal(await who(cookie('x')), null);
    assert.equal(calls.length, 0);
  });

  test('options that do not fit are refused, each by name', () => {
    for (const [introspection, option] of [
      ['x', 'introspection'],
      [{ ...INTROSPECTION, url: 'x' }, 'introspection.url'],
      [{ ...INTROSPECTION, clientId: '' }, 'introspection.clientId'],
      [{ ...INTROSPECTION, clientSecret: undefined }, 'introspection.clientSecret'],
      [{ ...INTROSPECTION, secret: 'x' }, 'introspection.secret'],
    ]) {
      const made = () => start({ ...options, introspection }, () => Response.json({}));
      assert.throws(made, (/** @type {any} */ { faults }) => faults[0].option === option);
    }
    const both = { ...options, userinfo: 'https://id.test' };
    assert.throws(() => start(both, () => Response.json({})), /userinfo/);
  });
});

describe('userinfo', () => {
  const issuer = 'https://id.test/realm';
  let metadata = /** @type {object | null} */ (null);
  /** @param {object} [options] */
  const startAt = (options) =>
    start({ userinfo: issuer, ...options }, (url) => {
      if (url === `${issuer}/.well-known/openid-configuration`) {
        return metadata === null ? new Response(null, { status: 503 }) : Response.json(metadata);
      }
      if (url === 'https://users.id.test/me') {
        const headers = { 'cache-control': 'no-store' };
        return Response.json({ sub: 'ada' }, { headers });
      }
      return new Response('elsewhere', { status: 404 });
    });
  const good = { issuer, userinfo_endpoint: 'https://users.id.test/me' };

  test('R16: an issuer alone is enough: it says where the document is', async () => {
    metadata = good;
    const { who, calls, sessions } = startAt();
    for (let time = 0; time < 3; time += 1)
      assert.deepEqual(await who(bearer('t')), { sub: 'ada' });
    assert.deepEqual(
      calls.map(({ url }) => url),
      [`${issuer}/.well-known/openid-configuration`, 'https://users.id.test/me'],
    );
    assert.deepEqual([...calls[1].headers.keys()].sort(), ['accept', 'authorization']);
    assert.deepEqual(await who(bearer('u')), { sub: 'ada' });
    assert.equal(calls.length, 3, 'it is asked once where that is');
    const passed = await sessions.handle(new Request('https://shop.test/page'));
    assert.equal(passed.status, 404);
    assert.equal(calls.at(-1)?.url, 'https://id.test/page');
  });

  test('R13: while the issuer cannot be asked, nobody is signed out', async () => {
    metadata = null;
    const { who, clock } = startAt();
    await assert.rejects(who(bearer('t')), { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' });
    metadata = { ...good, issuer: 'https://other.test' };
    clock.advance(2 * SECOND);
    await assert.rejects(who(bearer('t')), { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' });
    metadata = { ...good, userinfo_endpoint: 'http://users.id.test/me' };
    clock.advance(2 * SECOND);
    await assert.rejects(who(bearer('t')), { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' });
    metadata = good;
    clock.advance(2 * SECOND);
    assert.deepEqual(await who(bearer('t')), { sub: 'ada' });
  });

  test('an origin that is given stays, and tokens have the issuer from here', async () => {
    metadata = good;
    const { sessions, calls } = startAt({
      origin: 'https://api.test',
      tokens: { audience: 'shop' },
    });
    await sessions.handle(new Request('https://shop.test/page'));
    assert.equal(calls.at(-1)?.url, 'https://api.test/page');
  });
});
