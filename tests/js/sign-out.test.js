// Sign-outs in the application's own code: `endSession` of a cache (R1, R8, R25, R31). The adapters' are in
// adapters.test.js.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { createCache, ORIGIN, withCode } from '../support/fake-cache.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { bearer, cookie } from '../support/http-case.js';

const secret = '0'.repeat(32);

/** Two nodes on one store, which can be taken away. */
function createNodes() {
  const { fetch } = createFakeOrigin();
  const held = new MemoryStore();
  let isAway = false;
  const store = new Proxy(held, {
    get(target, name) {
      const member = /** @type {any} */ (target)[name];
      if (typeof member !== 'function') return member;
      return (/** @type {unknown[]} */ ...args) => {
        if (isAway && name !== 'close') return Promise.reject(new StoreUnavailableError());
        return member.apply(target, args);
      };
    },
  });
  const nodes = [0, 1].map(() => new SessionCache({ origin: ORIGIN, secret, store }, { fetch }));
  /** @param {boolean} value */
  const setAway = (value) => {
    isAway = value;
  };
  return { nodes, setAway };
}

describe('endSession', () => {
  test('R1, R8: ends every session that a request names, for good, and no cookie of the application’s', async () => {
    const { origin, sessions } = createCache();
    const named = [cookie('ada'), bearer('grace')];
    for (const headers of [...named, cookie('other')]) await sessions.getSession({ headers });
    const headers = { ...cookie('ada'), ...bearer('grace') };
    assert.deepEqual(await sessions.endSession({ headers }), { isPending: false, setCookies: [] });
    for (const each of named) {
      assert.equal(await sessions.getSession({ headers: each }), null);
      assert.equal(await sessions.getSession({ headers: each }, { fresh: true }), null);
    }
    assert.notEqual(await sessions.getSession({ headers: cookie('other') }), null);
    assert.equal(origin.calls.length, 3);
  });

  test('R31: reaches the other nodes', async () => {
    const { nodes } = createNodes();
    const request = { headers: cookie('ada') };
    for (const node of nodes) assert.notEqual(await node.getSession(request), null);
    assert.equal((await nodes[0].endSession(request)).isPending, false);
    assert.equal(await nodes[1].getSession(request), null);
    for (const node of nodes) node.dispose();
  });

  test('R25, R33: while the store is away it is in effect here, and says that it is not shared yet', async () => {
    const { nodes, setAway } = createNodes();
    const request = { headers: cookie('ada') };
    await nodes[0].getSession(request);
    setAway(true);
    assert.equal((await nodes[0].endSession(request)).isPending, true);
    setAway(false);
    assert.equal(await nodes[0].getSession(request), null);
    for (const node of nodes) node.dispose();
  });

  test('R53: of a credential that nobody knows it asks the origin, and says so where that is down', async () => {
    const { sessions } = createCache(() => new Response(null, { status: 500 }));
    const request = { headers: cookie('ada') };
    await assert.rejects(sessions.endSession(request), withCode('ERR_SESAME_ORIGIN_UNAVAILABLE'));
  });

  test('R25: of a managed session it ends the tokens at the origin and the cookie in the browser', async () => {
    /** @type {string[]} */
    const told = [];
    const fetch = async (/** @type {any} */ input, /** @type {any} */ init) => {
      const { pathname } = new URL(input);
      const authorization = new Headers(init.headers).get('authorization');
      if (pathname === '/logout') told.push(`${authorization}`);
      return Response.json({ id: 'ada', access_token: 'TOKEN', refresh_token: 'R' });
    };
    const options = { origin: ORIGIN, managed: { logoutPath: '/logout' } };
    const sessions = new SessionCache(options, { fetch });
    const login = new Request(`${ORIGIN}/api/auth/login`, { method: 'POST', body: '{}' });
    const [line] = (await sessions.handle(login)).headers.getSetCookie();
    const request = { headers: { cookie: line.split(';')[0] } };
    assert.equal((await sessions.getSession(request))?.user.id, 'ada');
    /** @type {Promise<unknown>[]} */
    const works = [];
    const waitUntil = (/** @type {Promise<unknown>} */ work) => void works.push(work);
    const { setCookies } = await sessions.endSession(request, { waitUntil });
    assert.equal(setCookies.length, 1);
    assert.match(setCookies[0], /^__Host-session=; .*Max-Age=0$/);
    await Promise.all(works);
    assert.deepEqual(told, ['Bearer TOKEN']);
    assert.equal(await sessions.getSession(request), null);
  });
});
