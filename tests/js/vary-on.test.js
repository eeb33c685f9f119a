// varyOn (R4): what the origin's answer depends on beside the credential is part of the key, wherever a key is made.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SessionCache } from 'sesame-edge';
import { parseOptions } from '../../js_bindings/options/options.js';
import { takesJson, tenantOf, unkeyedVary } from '../../js_bindings/origin/vary.js';
import { parseWorkerOptions } from '../../service_worker/options.js';

const ORIGIN = 'http://origin.test';
const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * A cache in front of an origin that answers what it was asked with.
 * @param {object} [options]
 * @param {Record<string, string>} [answered] headers of its answers
 */
function setUp(options = {}, answered = {}) {
  /** @type {{ path: string, method: string, headers: Headers }[]} */
  const asked = [];
  /** @type {any[]} */
  const lines = [];
  const fetch = async (/** @type {any} */ input, /** @type {any} */ init) => {
    const request = new Request(input, init);
    const headers = new Headers(request.headers);
    asked.push({ path: new URL(request.url).pathname, method: request.method, headers });
    if (request.url.endsWith('/login') || request.url.endsWith('/refresh')) {
      const tokens = { access_token: 'a', refresh_token: 'r', expires_in: 60 };
      return Response.json(tokens);
    }
    const { id = 'ada', name = '' } = /** @type {any} */ (
      request.method === 'GET' ? {} : await request.json()
    );
    const body = {
      id,
      name,
      org: headers.get('x-organization-id'),
      host: headers.get('x-forwarded-host'),
      tenant: /tenant=([^;]*)/.exec(headers.get('cookie') ?? '')?.[1] ?? null,
    };
    return new Response(JSON.stringify(body), { headers: { ...JSON_TYPE, ...answered } });
  };
  const log = (/** @type {any} */ line) => void lines.push(line);
  const sessions = new SessionCache(/** @type {any} */ ({ origin: ORIGIN, ...options }), {
    fetch,
    log,
  });
  return { sessions, asked, lines };
}

/** @param {Record<string, string>} [headers] */
const ofAda = (headers = {}) => ({ headers: { cookie: 'session=ada', ...headers } });

/**
 * @param {SessionCache} sessions
 * @param {string} url
 * @param {Record<string, string>} [headers]
 * @param {string} [method]
 */
const handle = (sessions, url, headers, method = 'GET') =>
  sessions.handle(new Request(url, { ...ofAda(headers), method }));

describe('R4: varyOn', () => {
  test('R4: two organisations with one credential have a document each, and one call each', async () => {
    const { sessions, asked } = setUp({ varyOn: 'X-Organization-Id' });
    for (const org of ['one', 'two', 'one', 'two']) {
      const session = await sessions.getSession(ofAda({ 'x-organization-id': org }));
      assert.equal(session?.user.org, org);
    }
    assert.equal((await sessions.getSession(ofAda()))?.user.org, null);
    assert.equal((await sessions.getSession(ofAda({ 'x-organization-id': '' })))?.user.org, '');
    assert.equal(asked.length, 4, 'absent and empty are two values');
    sessions.dispose();
  });

  test('R4: two hosts with one cookie have a document each, however the request comes', async () => {
    const { sessions, asked } = setUp({ varyOn: ['host'] });
    const path = '/api/v1/users/me';
    for (const host of ['one.test', 'two.test', 'ONE.test']) {
      const { user } = await (await handle(sessions, `https://${host}/api/auth/session`)).json();
      assert.equal(user.host, host.toLowerCase());
      assert.equal(
        (await (await handle(sessions, `https://${host}${path}`)).json()).host,
        user.host,
      );
      // As Node's IncomingMessage has it.
      const message = { ...ofAda({ host }), url: '/page' };
      assert.equal((await sessions.getSession(message))?.user.host, user.host);
      const request = new Request(`https://${host}/page`, ofAda());
      assert.equal(
        sessions.checkJson('session=ada', '', request)?.host,
        user.host,
        'the host of a URL',
      );
    }
    assert.equal(asked.length, 2);
    // What a proxy in front says was the host is what the origin is told.
    const behind = await handle(sessions, `http://10.0.0.1${path}`, {
      'x-forwarded-host': 'two.test',
    });
    assert.equal((await behind.json()).host, 'two.test');
    assert.equal(asked.length, 2);
    sessions.dispose();
  });

  test('R4: a reverse proxy that asks who makes a request is answered for the host that it names', async () => {
    const verify = { headers: { 'x-user-host': '/host' } };
    const { sessions } = setUp({ varyOn: 'host', verify });
    for (const host of ['one.test', 'two.test', 'one.test']) {
      const headers = { 'x-forwarded-host': host };
      const response = await handle(sessions, 'http://sesame/api/auth/verify', headers);
      assert.equal(response.headers.get('x-user-host'), host);
    }
    sessions.dispose();
  });

  test('R4: a second cookie is part of the key', async () => {
    const { sessions, asked } = setUp({ varyOn: 'cookie:tenant' });
    for (const tenant of ['one', 'two', 'one']) {
      const cookie = `tenant=${tenant}; session=ada`;
      assert.equal((await sessions.getSession({ headers: { cookie } }))?.user.tenant, tenant);
      assert.equal(sessions.checkJson(cookie)?.tenant, tenant, 'the cookies alone say it');
    }
    assert.equal(asked.length, 2);
    sessions.dispose();
  });

  test('R4: strings alone do not say what varyOn names, and are refused', async () => {
    const { sessions } = setUp({ varyOn: ['x-organization-id', 'cookie:tenant'] });
    const request = ofAda({ 'x-organization-id': 'one' });
    await sessions.getSession(request);
    for (const ask of /** @type {const} */ (['check', 'checkText', 'checkJson', 'has'])) {
      assert.throws(() => sessions[ask]('session=ada'), { code: 'ERR_SESAME_NO_REQUEST' });
    }
    assert.equal(sessions.has('session=ada', '', request), true);
    assert.equal(sessions.has('session=ada', '', ofAda({ 'x-organization-id': 'two' })), false);
    sessions.dispose();
  });

  test('R4, R22: an update reaches the host and the organisation that it was made for', async () => {
    const { sessions, asked } = setUp({ varyOn: ['host', 'x-organization-id'] });
    const request = { ...ofAda({ host: 'one.test', 'x-organization-id': 'one' }), url: '/page' };
    await sessions.getSession(request);
    const session = await sessions.updateUser(request, { name: 'Ada' });
    assert.equal(session?.user.name, 'Ada');
    assert.equal(session?.user.host, 'one.test');
    assert.deepEqual(
      asked.map(({ method, headers }) => [method, headers.get('x-forwarded-host')]),
      [
        ['GET', 'one.test'],
        ['PATCH', 'one.test'],
      ],
    );
    sessions.dispose();
  });

  test('R4, R8: what drops or ends a session in one organisation does so in all of them', async () => {
    const { sessions, asked } = setUp({ varyOn: 'x-organization-id' });
    const requests = ['one', 'two'].map((org) => ofAda({ 'x-organization-id': org }));
    const other = { headers: { cookie: 'session=grace', 'x-organization-id': 'one' } };
    for (const request of [...requests, other]) await sessions.getSession(request);
    const sources = async () => {
      const identities = [...requests, other].map((request) => sessions.identify(request));
      return (await Promise.all(identities)).map(({ source }) => source);
    };
    assert.deepEqual(await sources(), ['fresh', 'fresh', 'fresh']);
    await sessions.forget(requests[0]);
    assert.deepEqual(await sources(), ['origin', 'origin', 'fresh']);
    assert.deepEqual(await sources(), ['fresh', 'fresh', 'fresh']);
    await sessions.revoke(ofAda()); // in no organisation
    const calls = asked.length;
    for (const request of requests) assert.equal(await sessions.getSession(request), null);
    assert.equal(asked.length, calls);
    assert.deepEqual((await sources())[2], 'fresh');
    sessions.dispose();
  });

  test('R4, R20: a managed session is of the host that it began on, and the origin hears which', async () => {
    const { sessions, asked } = setUp({ varyOn: ['host', 'x-organization-id'], managed: {} });
    const login = new Request('https://one.test/api/auth/login', {
      method: 'POST',
      headers: { 'x-organization-id': 'one', 'content-type': 'application/json' },
      body: '{}',
    });
    const response = await sessions.handle(login);
    const { user } = await response.json();
    assert.deepEqual([user.host, user.org], ['one.test', 'one']);
    const [cookie] = (response.headers.get('set-cookie') ?? '').split(';');
    const ask = async (/** @type {string} */ host, /** @type {string} */ org) => {
      const headers = { cookie, 'x-organization-id': org };
      return (await handle(sessions, `https://${host}/api/auth/session`, headers)).json();
    };
    const calls = asked.length;
    assert.equal((await ask('one.test', 'one')).user.host, 'one.test');
    assert.equal(asked.length, calls);
    assert.equal(await ask('two.test', 'one'), null);
    assert.equal(await ask('one.test', 'two'), null);
    sessions.dispose();
  });

  test('R4, R40: a cache behind Sesame is told what an answer depends on', async () => {
    const { sessions } = setUp({ varyOn: ['host', 'x-organization-id', 'cookie:tenant'] });
    for (const _ of ['miss', 'hit']) {
      const response = await handle(sessions, `${ORIGIN}/api/v1/users/me`);
      assert.equal(response.headers.get('vary'), 'Cookie, Authorization, x-organization-id');
    }
    sessions.dispose();
  });
});

describe('R4: an origin’s Vary', () => {
  test('R4: an answer that depends on more than its key is shared while it is asked for, and not kept', async () => {
    for (const options of [{}, { obeyCacheControl: false }]) {
      const { sessions, asked, lines } = setUp(options, { vary: 'X-Organization-Id, Origin' });
      const both = await Promise.all([sessions.getSession(ofAda()), sessions.getSession(ofAda())]);
      assert.deepEqual(both[0], both[1]);
      assert.equal(asked.length, 1, 'single flight');
      await sessions.getSession(ofAda({ 'x-organization-id': 'one' }));
      assert.equal(asked.length, 2);
      const { entries, originUnkeyedVary } = sessions.statistics();
      assert.deepEqual([entries, originUnkeyedVary], [0, 2]);
      assert.match(sessions.prometheusText(), /^sesame_unkeyed_vary_total 2$/m);
      const told = lines.filter(({ event }) => event === 'vary').map(({ name }) => name);
      assert.deepEqual(told, ['x-organization-id'], 'once');
      sessions.dispose();
    }
  });

  test('R4: Vary: * is never kept; what is harmless or in varyOn is', async () => {
    const harmless =
      'Accept-Encoding, Origin, Cookie, Authorization, Accept, Access-Control-Request-Headers';
    for (const [vary, varyOn, calls] of /** @type {[string, string[], number][]} */ ([
      ['*', ['x-organization-id'], 2],
      [harmless, [], 1],
      ['X-Organization-Id', ['x-organization-id'], 1],
      ['X-Organization-Id, Accept-Language', ['x-organization-id'], 2],
      ['Host, X-Forwarded-Host', ['host'], 1],
      ['Host', [], 2],
    ])) {
      const { sessions, asked } = setUp({ varyOn }, { vary });
      await sessions.getSession(ofAda({ host: 'a.test' }));
      await sessions.getSession(ofAda({ host: 'a.test' }));
      assert.equal(asked.length, calls, vary);
      sessions.dispose();
    }
  });

  test('R4, R12: a “no” that depends on more than its key is answered and not remembered', async () => {
    let calls = 0;
    const fetch = async () => {
      calls += 1;
      return Response.json({}, { status: 401, headers: { vary: 'x-organization-id' } });
    };
    const sessions = new SessionCache({ origin: ORIGIN }, { fetch });
    assert.equal(await sessions.getSession(ofAda()), null);
    assert.equal(await sessions.getSession(ofAda()), null);
    assert.equal(calls, 2);
    sessions.dispose();
  });

  test('R4: fills ask for JSON, and a request that takes none passes to the origin', async () => {
    const { sessions, asked } = setUp();
    const url = `${ORIGIN}/api/v1/users/me`;
    await handle(sessions, url, { accept: 'application/vnd.api+json, */*;q=0.1' });
    await handle(sessions, url, { accept: 'text/html' });
    await handle(sessions, url, { accept: 'text/html' });
    await handle(sessions, url, { accept: 'text/html, application/xml;q=0.9, */*;q=0.8' });
    await handle(sessions, url);
    assert.deepEqual(
      asked.map(({ headers }) => headers.get('accept')),
      ['application/json', 'text/html', 'text/html'],
    );
    sessions.dispose();
  });
});

describe('what varyOn is made of', () => {
  test('R4: two requests have one tenant exactly if every part of it is the same', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '1', ':', '-', '='), maxLength: 4 });
    const part = fc.option(text, { nil: null });
    const given = fc.record({ a: part, b: part });
    const headersOf = (/** @type {Record<string, string | null>} */ parts) =>
      new Headers(
        Object.entries(parts)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => [`x-${name}`, `${value}`]),
      );
    const property = fc.property(given, given, (one, other) => {
      const varyOn = ['x-a', 'x-b'];
      const tenants = [one, other].map((parts) => tenantOf(varyOn, { headers: headersOf(parts) }));
      assert.equal(tenants[0] === tenants[1], one.a === other.a && one.b === other.b);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('R4: a host is the same in any case, a header’s value is not', () => {
    const tenants = (/** @type {string} */ name, /** @type {string} */ field) =>
      ['a.test', 'A.test'].map((value) =>
        tenantOf([name], { headers: new Headers([[field, value]]) }),
      );
    for (const field of ['host', 'x-forwarded-host']) {
      const [one, other] = tenants('host', field);
      assert.equal(one, other);
    }
    const [one, other] = tenants('x-a', 'x-a');
    assert.notEqual(one, other);
  });

  test('R4: it names the host, cookies and headers that the origin gets, in any order', () => {
    const parse = (/** @type {unknown} */ varyOn) =>
      parseOptions(/** @type {any} */ ({ origin: ORIGIN, varyOn })).varyOn;
    assert.deepEqual(parse(undefined), []);
    assert.deepEqual(parse('Host'), ['host']);
    assert.deepEqual(parse(['X-B', 'x-a', 'x-b', 'cookie:Tenant']), [
      'cookie:Tenant',
      'x-a',
      'x-b',
    ]);
    for (const wrong of [
      ...['', 'a b', 'cookie:', 'cookie:a b', 'cookie', 'Authorization', 'accept', 'connection'],
      ...['if-none-match', 'x-sesame-a', 'content-type', '*', 'cookie:session', 7, [null], {}],
    ]) {
      assert.throws(() => parse(wrong), { code: 'ERR_SESAME_CONFIG' }, String(wrong));
    }
    const verify = { headers: { 'x-org': '/org' } };
    const both = /** @type {any} */ ({ origin: ORIGIN, varyOn: 'x-org', verify });
    assert.throws(() => parseOptions(both), /varyOn/);
  });

  test('R4: a service worker sees no cookies, and takes none in varyOn', () => {
    assert.deepEqual(parseWorkerOptions({ varyOn: 'x-a' }, ORIGIN).parsed.varyOn, ['x-a']);
    assert.throws(() => parseWorkerOptions({ varyOn: 'cookie:tenant' }, ORIGIN), /varyOn/);
  });

  test('what an answer depends on beyond its key is read from its Vary', () => {
    const unkeyed = (/** @type {string} */ vary) =>
      unkeyedVary(new Headers({ vary }), ['host', 'x-a']);
    assert.deepEqual(unkeyed('X-A ,, x-b, COOKIE, Host, *'), ['x-b', '*']);
    assert.deepEqual(unkeyedVary(new Headers(), []), []);
  });

  test('a request takes JSON by the most precise range that fits', () => {
    for (const [accept, takes] of /** @type {[string | null, boolean][]} */ ([
      [null, true],
      ['*/*', true],
      ['application/json', true],
      ['application/JSON; charset=utf-8', true],
      ['text/html, application/*;q=0.1', true],
      ['text/html', false],
      ['application/vnd.api+json', false],
      ['application/json;q=0, */*', false],
      ['*/*;q=0', false],
      ['', true],
    ])) {
      assert.equal(takesJson(accept), takes, String(accept));
    }
  });
});
