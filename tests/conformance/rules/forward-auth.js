// The forward-auth endpoint, `GET /api/auth/verify`: how a reverse proxy learns whether a request is signed in.
// Invariant: every answer of it is private and has no body.
import assert from 'node:assert/strict';
import { assertPrivate, bearer, cookie } from '../../support/http-case.js';
import { READ } from '../../support/origin.js';
import { hostRule } from '../suite.js';

/** @typedef {import('../context.js').Context} Target */

const VERIFY = '/api/auth/verify';
const options = {
  verify: { headers: { 'X-User-Id': '/id', 'x-user-name': '/name', 'x-user-org': '/org/names/1' } },
};

/**
 * @param {Target} t
 * @param {Record<string, string>} headers
 * @param {{ method?: string, path?: string, body?: string }} [init]
 */
async function verify(t, headers, { path = VERIFY, ...init } = {}) {
  const response = await t.fetch(path, { ...init, headers });
  assertPrivate(response);
  assert.equal(await response.text(), '');
  return response;
}

export const forwardAuth = [
  hostRule(
    'R5',
    'verify answers 200 and names the user in headers, from the document that is held',
    async (t) => {
      const name = t.user();
      for (const method of ['GET', 'HEAD', 'GET']) {
        for (const credential of [bearer(name), cookie(name)]) {
          const { status, headers } = await verify(t, credential, { method });
          assert.equal(status, 200);
          assert.equal(headers.get('x-user-id'), `id-${name}`);
          assert.equal(headers.get('x-user-name'), name);
          assert.equal(headers.has('x-user-org'), false);
        }
      }
      assert.equal(t.origin.count(), 2);
    },
    options,
  ),

  hostRule(
    'R41',
    'verify escapes values for headers, and sends scalars only',
    async (t) => {
      const document = { id: 7, name: 'Zoë\r\nX-Evil: 1', org: { names: ['a', { b: 1 }] } };
      t.origin.on(READ, { body: document }, { body: { id: 2 ** 60, org: { names: [1, 'م'] } } });
      const first = (await verify(t, cookie(t.user()))).headers;
      assert.equal(first.get('x-user-id'), '7');
      assert.equal(first.get('x-user-name'), 'Zo%C3%AB%0D%0AX-Evil: 1');
      assert.deepEqual([first.has('x-user-org'), first.has('x-evil')], [false, false]);
      const second = (await verify(t, cookie(t.user()))).headers;
      assert.deepEqual([second.has('x-user-id'), second.get('x-user-org')], [false, '%D9%85']);
    },
    options,
  ),

  hostRule(
    'R12',
    'verify answers a clear "no" 401 and remembers it',
    async (t) => {
      t.origin.on(READ, { status: 403, headers: { 'www-authenticate': 'Bearer error="x"' } });
      const name = t.user();
      for (let round = 0; round < 3; round += 1) {
        const { status, headers } = await verify(t, cookie(name));
        assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer error="x"']);
        assert.equal(headers.has('location'), false);
      }
      assert.equal(t.origin.count(), 1);
    },
    options,
  ),

  hostRule(
    'R1',
    'verify answers 401 without a credential and without an origin call',
    async (t) => {
      const { status, headers } = await verify(t, {});
      assert.deepEqual([status, headers.get('www-authenticate')], [401, 'Bearer']);
      assert.equal(t.origin.count(), 0);
    },
  ),

  hostRule('R1', 'verify asks the origin about an ambiguous credential each time', async (t) => {
    const name = t.user();
    const both = { ...cookie(name), ...bearer(name) };
    for (let round = 0; round < 2; round += 1) assert.equal((await verify(t, both)).status, 200);
    assert.equal(t.origin.count(), 2);
    t.origin.on(READ, { status: 401 });
    assert.equal((await verify(t, both)).status, 401);
  }),

  hostRule(
    'R13',
    'verify answers 503 with Retry-After while the origin fails, never 200 or 401',
    async (t) => {
      const redirect = { status: 302, headers: { location: '/login' } };
      const failures = [500, 429, 400, 404, 405, 407, 410].map((status) => ({ status }));
      for (const answer of [...failures, redirect, { body: '<html>' }]) {
        t.origin.on(READ, answer);
        for (const credential of [cookie(t.user()), { ...cookie(t.user()), ...bearer('user-x') }]) {
          const { status, headers } = await verify(t, credential);
          assert.deepEqual([status, headers.has('location')], [503, false]);
          assert.match(headers.get('retry-after') ?? '', /^[1-9]\d*$/);
        }
      }
    },
  ),

  hostRule(
    'R41',
    'verify drops the headers by which a client claims to be a user or another request',
    async (t) => {
      const claims = { 'x-user-id': '1', 'X-User_Name': 'root', 'x-original-url': '/api/v1/posts' };
      const others = { 'x-forwarded-method': 'DELETE', 'x-http-method-override': 'DELETE' };
      const kept = { 'x-forwarded-for': '192.0.2.1', 'x-other': 'a' };
      const name = t.user();
      const { headers } = await verify(t, { ...cookie(name), ...claims, ...others, ...kept });
      assert.equal(headers.get('x-user-id'), `id-${name}`);
      const asked = t.origin.calls(READ)[0].headers;
      for (const gone of [...Object.keys(claims), ...Object.keys(others)]) {
        assert.equal(asked[gone.toLowerCase()], undefined, gone);
      }
      assert.deepEqual([asked['x-forwarded-for'], asked['x-other']], ['192.0.2.1', 'a']);
    },
    options,
  ),

  hostRule(
    'R41',
    'verify answers on its path with any method and query, the origin on those below it',
    async (t) => {
      t.origin.on(`POST ${VERIFY}`, { status: 201 });
      t.origin.on(`GET ${VERIFY}`, { status: 202 });
      const credential = cookie(t.user());
      const ask = (/** @type {string} */ path, method = 'GET') =>
        t.fetch(path, { method, headers: credential }).then(({ status }) => status);
      assert.equal(await ask(VERIFY, 'POST'), 200);
      assert.equal(await ask(`${VERIFY}?token=x`), 200);
      assert.equal(await ask(`${VERIFY}/x`), 404);
    },
  ),

  hostRule(
    'R41',
    'verifyPath null leaves the path of verify to the origin',
    async (t) => {
      t.origin.on(`GET ${VERIFY}`, { status: 202 });
      const { status } = await t.fetch(VERIFY, { headers: cookie(t.user()) });
      assert.deepEqual([status, t.origin.count()], [202, 0]);
    },
    { verifyPath: null },
  ),

  hostRule(
    'R41',
    'with prefix every method on every path below verifyPath only asks who the user is',
    async (t) => {
      const name = t.user();
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        for (const path of ['/who', '/who/api/v1/users/me?x=1', '/who/logout', '/who/']) {
          const { status, headers } = await verify(t, cookie(name), { method, path });
          assert.deepEqual([status, headers.get('x-user-id')], [200, `id-${name}`]);
        }
      }
      assert.equal(t.origin.calls().length, 1);
      assert.equal((await t.fetch('/whose', { headers: cookie(name) })).status, 404);
    },
    { verifyPath: '/who', verify: { headers: { 'x-user-id': '/id' }, prefix: true } },
  ),

  hostRule(
    'R44',
    'verify answers 431 to a credential over its limit',
    async (t) => {
      assert.equal((await verify(t, cookie('x'.repeat(5000)))).status, 431);
    },
    { maxCredential: 4096 },
  ),
];
