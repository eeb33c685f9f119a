// The example origin: what the journey and the other tests rely on.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOrigin } from '../../examples/origin/server.mjs';
import { createUsers, PASSWORD } from '../../examples/origin/users.mjs';
import { startCli } from '../support/cli.js';

const ME = '/api/v1/users/me';

let now = Date.UTC(2026, 0, 1);
const origin = createOrigin({ delayMs: 0, tokenLifeMs: 60_000, now: () => now });
/** @type {string} */
let url;
before(async () => {
  url = await origin.listen();
});
after(() => origin.close());
beforeEach(() => origin.reset());

/** @param {string} path @param {unknown} body @param {RequestInit} [init] */
const send = (path, body, init) =>
  fetch(url + path, { method: 'POST', body: JSON.stringify(body), ...init });

async function logIn(email = 'omar@example.com') {
  const answer = await send('/api/v1/auth/login', { email, password: PASSWORD });
  assert.equal(answer.status, 200);
  return /** @type {import('../../examples/origin/sessions.mjs').Tokens} */ (await answer.json());
}

/** @param {string} token @param {RequestInit} [init] */
const me = (token, init) =>
  fetch(url + ME, { ...init, headers: { authorization: `Bearer ${token}` } });

describe('the example origin', () => {
  test('has six users with documents of about 490 bytes', () => {
    const sizes = createUsers().map((user) => Buffer.byteLength(JSON.stringify(user)));
    assert.equal(sizes.length, 6);
    for (const size of sizes) assert.ok(size > 470 && size < 510, `${size} bytes`);
  });

  test('a login opens the document until the token expires or the session is left', async () => {
    const { access_token, token_type, expires_in } = await logIn();
    assert.deepEqual([token_type, expires_in], ['Bearer', 60]);
    const answer = await me(access_token);
    assert.deepEqual(await answer.json(), origin.user('omar@example.com'));
    now += 59_999;
    assert.equal((await me(access_token)).status, 200);
    now += 1;
    assert.equal((await me(access_token)).status, 401);

    const other = await logIn();
    const headers = { authorization: `Bearer ${other.access_token}` };
    assert.equal((await send('/api/v1/auth/logout', null, { headers })).status, 204);
    assert.equal((await me(other.access_token)).status, 401);
    const wrong = await send('/api/v1/auth/login', { email: 'omar@example.com', password: '' });
    assert.equal(wrong.status, 401);
  });

  test('refuses tokens that were altered', async () => {
    const { access_token } = await logIn();
    const [header, payload, signature] = access_token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const later = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString(
      'base64url',
    );
    for (const token of [`${header}.${later}.${signature}`, `${header}.${payload}`, 'x', 'x.y.z']) {
      assert.equal((await me(token)).status, 401);
    }
  });

  test('a refresh token works once', async () => {
    const { refresh_token } = await logIn();
    const refreshed = await send('/api/v1/auth/refresh', { refresh_token });
    const tokens = /** @type {any} */ (await refreshed.json());
    assert.equal((await me(tokens.access_token)).status, 200);
    assert.equal((await send('/api/v1/auth/refresh', { refresh_token })).status, 401);
  });

  test('a login may set a cookie instead', async () => {
    const body = { email: 'amina@example.com', password: PASSWORD };
    const answer = await send('/api/v1/auth/login?mode=cookie', body);
    const [cookie] = answer.headers.getSetCookie();
    assert.match(cookie, /^session=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/; Max-Age=\d+$/);
    const headers = { cookie: `a=b; ${cookie.split(';')[0]}` };
    const document = await fetch(url + ME, { headers });
    assert.deepEqual(await document.json(), origin.user('amina@example.com'));
    await send('/api/v1/auth/logout', null, { headers });
    assert.equal((await fetch(url + ME, { headers })).status, 401);
  });

  test('PUT and PATCH change the profile, and refuse what is none', async () => {
    const { access_token } = await logIn();
    const patch = (/** @type {unknown} */ body, method = 'PATCH') =>
      me(access_token, { method, body: JSON.stringify(body) });
    const before = origin.user('omar@example.com');
    const changed = await (await patch({ preferences: { theme: 'sepia' } })).json();
    assert.deepEqual(changed.preferences, { ...before?.preferences, theme: 'sepia' });
    assert.equal((await (await patch({ name: 'عمر' }, 'PUT')).json()).name, 'عمر');
    assert.equal(origin.user('omar@example.com')?.name, 'عمر');
    for (const wrong of [{ id: 'x' }, { name: '' }, [], null, { preferences: 1 }]) {
      assert.equal((await patch(wrong)).status, 422);
    }
  });

  test('counts every call, and forgets all of it when it is reset', async () => {
    const { access_token } = await logIn();
    await me(access_token);
    await me('unknown');
    assert.equal(origin.calls.get(`GET ${ME}`), 2);
    origin.reset();
    assert.equal(origin.calls.size, 0);
    assert.equal((await me(access_token)).status, 401);
  });

  test('has ordinary pages, data, streams and uploads beside', async () => {
    const page = await fetch(`${url}/app/inbox`);
    assert.match(await page.text(), /^<!doctype html>/);
    const posts = await fetch(`${url}/api/v1/posts`);
    assert.equal(posts.headers.get('cache-control'), 'public, max-age=60');
    const events = await (await fetch(`${url}/events?count=3&every=1`)).text();
    assert.equal(events.match(/event: tick/g)?.length, 3);
    const body = new Uint8Array(1 << 20).fill(7);
    const echo = await fetch(`${url}/upload`, { method: 'POST', body });
    assert.deepEqual(new Uint8Array(await echo.arrayBuffer()), body);
    assert.equal((await fetch(`${url}/nothing`)).status, 404);
    assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  });

  test('runs alone, and ends on SIGTERM with a stream open', async () => {
    const program = fileURLToPath(new URL('../../examples/origin/server.mjs', import.meta.url));
    const alone = startCli(['--port', '0', '--delay', '1'], { program });
    const [, where] = await alone.line('stdout', /on (http:\S+)$/);
    const stream = await fetch(`${where}/events?every=3600000`);
    const reader = /** @type {ReadableStream} */ (stream.body).getReader();
    await reader.read();
    alone.child.kill('SIGTERM');
    assert.deepEqual(await alone.closed, { code: 0, signal: null });
    await assert.rejects(reader.read());
  });
});
