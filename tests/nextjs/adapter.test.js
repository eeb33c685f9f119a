// The parts of `sesame-edge/next` that need no server of Next.js, with its own requests, responses and cookies, a
// real cache and a real origin.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NextRequest, NextResponse } from 'next/server.js';
import { SessionCache } from 'sesame-edge';
import { createSesame } from 'sesame-edge/next';
import { sesameProxy } from '../../adapters/next/proxy.js';
import { currentHeaders, withPublicHost } from '../../adapters/next/request-headers.js';
import { sharedInstance } from '../../adapters/next/shared-instance.js';
import { cookie } from '../support/http-case.js';
import { DOCUMENT, READ } from '../support/origin.js';
import { startsForTests } from '../support/started.js';

const { ends, createSessions } = startsForTests();

/** The module as another bundle has it. @returns {Promise<typeof import('../../adapters/next/shared-instance.js')>} */
const anotherBundle = (/** @type {number} */ number) =>
  import(`../../adapters/next/shared-instance.js?bundle=${number}`);

describe('one cache for a process', () => {
  const origin = 'http://127.0.0.1:9';
  let number = 0;
  /** A name that no other test has, and whose cache ends with this one. */
  const newName = () => {
    number += 1;
    const name = `test ${number}`;
    ends(() => sharedInstance(() => assert.fail(), name).dispose());
    return name;
  };

  test('R5: every bundle gets the same one, and each name its own', async () => {
    const other = await anotherBundle(1);
    assert.notEqual(other.sharedInstance, sharedInstance);
    const [name, second] = [newName(), newName()];
    const sessions = sharedInstance({ origin, freshFor: '1m' }, name);
    assert.equal(other.sharedInstance({ origin, freshFor: '1m' }, name), sessions);
    assert.notEqual(other.sharedInstance({ origin, freshFor: '1m' }, second), sessions);
  });

  test('a function is asked once, by whoever comes first', async () => {
    const name = newName();
    let asked = 0;
    const source = () => {
      asked += 1;
      return { origin };
    };
    const sessions = sharedInstance(source, name);
    for (const bundle of [2, 3]) {
      assert.equal((await anotherBundle(bundle)).sharedInstance(source, name), sessions);
    }
    assert.equal(asked, 1);
  });

  test('R4: a name never stands for two origins', async () => {
    const name = newName();
    const first = sharedInstance({ origin }, name);
    const others = { origin: 'http://127.0.0.1:10' };
    assert.throws(() => sharedInstance(others, name), { code: 'ERR_SESAME_CONFIG' });
    assert.equal(sharedInstance({ origin }, name), first);
  });

  test('in development other options are edited ones', (t) => {
    const name = newName();
    const { env } = process;
    const before = env.NODE_ENV;
    t.after(() => {
      if (before === undefined) delete (/** @type {any} */ (env).NODE_ENV);
      else Object.assign(env, { NODE_ENV: before });
    });
    Object.assign(env, { NODE_ENV: 'development' });
    const first = sharedInstance({ origin }, name);
    ends(() => first.dispose());
    assert.notEqual(sharedInstance({ origin, freshFor: '1m' }, name), first);
  });

  test('the edge runtime, which is another process, is refused by its name', (t) => {
    process.env.NEXT_RUNTIME = 'edge';
    t.after(() => delete process.env.NEXT_RUNTIME);
    const edge = { code: 'ERR_SESAME_MODULE', message: /proxy\.js instead of middleware\.js/ };
    assert.throws(() => sharedInstance({ origin }, 'edge'), edge);
  });

  test('nothing is made, and no option looked at, before it is needed', () => {
    const sesame = createSesame(() => assert.fail('asked'), { name: 'never' });
    assert.deepEqual(Object.keys(sesame.handlers).sort(), [
      ...['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
    ]);
    assert.equal(typeof sesame.proxy({ protect: ['/'] }), 'function');
    const wrong = createSesame({ origin: /** @type {any} */ (undefined) }, { name: 'never' });
    assert.throws(() => wrong.sessions, { code: 'ERR_SESAME_CONFIG' });
  });
});

describe('the request that Next.js answers', () => {
  /**
   * What is read after an action has done something to the cookies.
   * @param {string} sent
   * @param {(jar: NextRequest['cookies']) => void} [act]
   */
  async function read(sent, act = () => {}) {
    const request = new NextRequest('http://host/', { headers: sent ? { cookie: sent } : {} });
    const headers = new Headers(request.headers);
    act(request.cookies);
    const all = await currentHeaders(
      /** @type {any} */ (async () => headers),
      /** @type {any} */ (async () => request.cookies),
    );
    return all.get('cookie');
  }

  test('R1: cookies are read as they were sent, byte for byte, two of a name included', async () => {
    for (const sent of [
      'session=a+b/c==; theme=dark',
      'session=a%2Bb',
      'session=one; session=two',
      'session=%zz; a=1',
      'session="quoted"',
      '',
    ]) {
      assert.equal((await read(sent)) ?? '', sent);
    }
  });

  test('R20, R25: cookies that an action has set or deleted count in what it renders', async () => {
    const sent = 'session=old; theme=a%2Bb+c';
    assert.equal(
      await read(sent, (jar) => jar.set('session', 'new')),
      'theme=a%2Bb+c; session=new',
    );
    assert.equal(await read(sent, (jar) => jar.delete('session')), 'theme=a%2Bb+c');
    assert.equal(await read('session=old', (jar) => jar.delete('session')), null);
    assert.equal(await read('', (jar) => jar.set('session', 'a+b')), 'session=a%2Bb');
    const two = 'session=one; session=two';
    assert.equal(await read(two, (jar) => jar.set('session', 'new')), 'session=new');
  });

  test('R42: a handler sees the address that the client used, with the body as it was', async () => {
    for (const [headers, url] of /** @type {[Record<string, string>, string][]} */ ([
      [{ host: 'shop.example:8080' }, 'http://shop.example:8080/a?b=c'],
      [{ host: 'inside', 'x-forwarded-host': 'shop.example, proxy' }, 'http://shop.example/a?b=c'],
      [{ host: 'shop.example', 'x-forwarded-proto': 'https' }, 'https://shop.example/a?b=c'],
    ])) {
      const init = { method: 'POST', headers, body: 'text' };
      const seen = withPublicHost(new NextRequest('http://localhost:3000/a?b=c', init));
      assert.deepEqual([seen.url, await seen.text()], [url, 'text']);
    }
  });
});

describe('the proxy', () => {
  /**
   * @param {import('sesame-edge').SessionCache} sessions
   * @param {import('../../adapters/next/proxy.js').ProxyOptions} [options]
   */
  function createProxy(sessions, options = { protect: ['/account'] }) {
    const proxy = sesameProxy(() => sessions, NextResponse, options);
    const event = /** @type {any} */ ({ waitUntil: () => {} });
    return (/** @type {string} */ path, /** @type {Record<string, string>} */ headers = {}) =>
      proxy(new NextRequest(`http://host${path}`, { headers }), event);
  }

  /** The headers with which the page is rendered. @param {Response} response */
  function rendered(response) {
    assert.equal(response.headers.get('x-middleware-next'), '1');
    const names = response.headers.get('x-middleware-override-headers')?.match(/[^,]+/g) ?? [];
    return new Headers(
      names.map((name) => [name, response.headers.get(`x-middleware-request-${name}`) ?? '']),
    );
  }

  test('the origin’s cookies reach the browser, and the page that is rendered knows them', async () => {
    const { origin, sessions } = await createSessions();
    const lines = [
      'session=bob; Path=/; HttpOnly',
      'old=; Max-Age=0',
      'a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT',
    ];
    origin.on(READ, ({ headers }) => ({
      headers: { 'set-cookie': headers.cookie?.includes('ada') ? lines : [] },
      body: '{"id":"1"}',
    }));
    const response = await createProxy(sessions)('/account', { cookie: 'session=ada; old=x; b=2' });
    assert.deepEqual(response.headers.getSetCookie(), lines);
    assert.equal(rendered(response).get('cookie'), 'b=2; session=bob; a=1');
    assert.equal(response.headers.get('cache-control'), 'private, no-store');
    assert.equal(response.headers.get('vary'), 'Cookie, Authorization');
  });

  test('R5, R41: a session that lives costs no call, and what clients claim is not passed on', async () => {
    const { origin, sessions } = await createSessions();
    const proxy = createProxy(sessions);
    for (let round = 0; round < 10; round += 1) {
      const headers = {
        ...cookie('ada'),
        'x-sesame-user': 'bob',
        'x-middleware-subrequest': 'proxy',
      };
      for (const path of ['/account/orders', '/elsewhere']) {
        const page = rendered(await proxy(path, { ...headers, 'x-own': 'kept' }));
        assert.deepEqual([...page.keys()].sort(), ['cookie', 'x-own']);
      }
    }
    assert.equal(origin.count(), 1);
  });

  test('only what is protected is asked about; the page where one signs in never is', async () => {
    const { origin, sessions } = await createSessions();
    const proxy = createProxy(sessions, { protect: ['/'], signIn: '/in?from=proxy' });
    const to = (/** @type {Response} */ response) => response.headers.get('location');
    assert.equal(to(await proxy('/a?b=c')), 'http://host/in?from=proxy&next=%2Fa%3Fb%3Dc');
    rendered(await proxy('/in', cookie('ada')));
    assert.equal(origin.count(), 0);
    const other = createProxy(sessions, { protect: ['/account/'] });
    rendered(await other('/accounting'));
    for (const path of [
      '/account',
      '/account/',
      '/account/a',
      '//account',
      '/a%63count/%zz',
      '/a%63count',
    ]) {
      const isMalformed = path.includes('%zz'); // Next.js answers 400 by itself
      assert.equal((await other(path)).status, isMalformed ? 200 : 307, path);
    }
    assert.equal(origin.count(), 0);
  });

  test('R13: while the origin is down nobody is sent to sign in; who is known gets through', async () => {
    const { origin, sessions } = await createSessions();
    const proxy = createProxy(sessions);
    await proxy('/account', cookie('ada'));
    origin.on(READ, { status: 503, headers: { 'retry-after': '7', 'set-cookie': 'session=' } });
    rendered(await proxy('/account', cookie('ada')));
    const answer = await proxy('/account', cookie('bob'));
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '7']);
    assert.deepEqual(answer.headers.getSetCookie(), []);
    assert.equal((await proxy('/account')).status, 307);
  });

  test('R44: a credential over its limit is answered 431', async () => {
    const { sessions } = await createSessions({ maxCredential: '1kB' });
    assert.equal((await createProxy(sessions)('/account', cookie('a'.repeat(2000)))).status, 431);
  });
});

test('R22: changeUser tells what the origin set, with the session as it is now', async () => {
  const { origin, sessions } = await createSessions();
  const [document, line] = ['{"id":"1","name":"Bo"}', 'a=1; Path=/'];
  origin.on(READ, { body: '{"id":"1","name":"Al"}' });
  origin.on(`PATCH ${DOCUMENT}`, { headers: { 'set-cookie': [line] }, body: document });
  const request = { headers: cookie('ada') };
  assert.equal((await sessions.getSession(request))?.user.name, 'Al');
  const { user, source, setCookies } = await sessions.changeUser(request, { name: 'Bo' });
  assert.deepEqual([user?.name, source, setCookies], ['Bo', 'fresh', [line]]);
  origin.on(`PATCH ${DOCUMENT}`, { status: 422 });
  const failed = { code: 'ERR_SESAME_UPDATE_FAILED', status: 422 };
  await assert.rejects(sessions.changeUser(request, {}), failed);
  assert.equal((await sessions.getSession(request))?.user.name, 'Bo');
});
