// oidc-provider signs a user out, and tells Sesame by OpenID Connect Back-Channel Logout: Sesame is in front of an application
// that signs its users in there and never hears of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { freePort } from '../support/free-port.js';
import { createDevice } from './lib/device.js';
import { listen } from './lib/listen.js';
import { CLIENT, startOidcProvider } from './npm/oidc-provider-server.js';

const [REDIRECT] = CLIENT.redirect_uris;
const DOCUMENT = '/api/v1/users/me';

/** The application's own sessions, by their cookie. @type {Map<string, { sub: string, sid: string }>} */
const sessions = new Map();
/** @type {(() => Promise<void>)[]} */
const endings = [];
let providerUrl = '';
let siteUrl = '';

before(async () => {
  const app = await listen((request, response) => {
    const [, cookie = ''] = /session=(\w+)/.exec(request.headers.cookie ?? '') ?? [];
    const found = sessions.get(cookie);
    response.writeHead(found ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ? { id: found.sub, session: { id: found.sid } } : null));
  });
  // The provider's address is in the options, and the site's in the provider's.
  /** @type {import('node:http').RequestListener} */
  let answer = (_, response) => response.end();
  const site = await listen((request, response) => answer(request, response));
  siteUrl = site.url;
  providerUrl = `http://127.0.0.1:${await freePort()}`;
  const provider = await startOidcProvider({
    publicUrl: providerUrl,
    logoutUri: `${siteUrl}/api/auth/backchannel-logout`,
    port: Number(new URL(providerUrl).port),
  });
  const cache = new SessionCache({
    origin: app.url,
    sid: '/session/id',
    backchannelLogout: { issuer: providerUrl, audience: CLIENT.client_id },
  });
  answer = toNodeHandler(cache);
  endings.push(provider.close, site.close, app.close, async () => cache.dispose());
});
after(async () => {
  for (const end of endings) await end();
});

/** Goes where answers lead, as far as the application. @param {import('./lib/device.js').Device} device @param {Response} answer */
async function follow(device, answer) {
  let found = answer;
  for (;;) {
    const location = found.headers.get('location');
    if (location === null || location.startsWith(REDIRECT)) return { page: found, location };
    const { pathname, search } = new URL(location, device.url);
    found = await device.get(pathname + search, { accept: 'text/html' });
  }
}

/** @param {import('./lib/device.js').Device} device @param {Response} page @param {Record<string, string>} fields */
async function submit(device, page, fields) {
  const html = await page.text();
  const action = /action="([^"]+)"/.exec(html)?.[1];
  assert.ok(action, html);
  const hidden = [...html.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const all = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields };
  return follow(device, await device.form(new URL(action, device.url).pathname, all));
}

/** Signs in at the provider, and then in the application. @param {string} user @param {string} cookie */
async function signIn(user, cookie) {
  const device = createDevice(providerUrl);
  const asked = new URLSearchParams({
    ...{ client_id: CLIENT.client_id, redirect_uri: REDIRECT },
    ...{ response_type: 'code', scope: 'openid' },
  });
  const login = await follow(device, await device.get(`/auth?${asked}`, { accept: 'text/html' }));
  const consent = await submit(device, login.page, { login: user, password: 'any' });
  const { location } = await submit(device, consent.page, {});
  const code = new URL(location ?? '', REDIRECT).searchParams.get('code') ?? '';
  const answer = await fetch(`${providerUrl}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT.client_id}:${CLIENT.client_secret}`)}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT }),
  });
  const { id_token } = /** @type {any} */ (await answer.json());
  const { sub = '', sid } = decodeJwt(id_token);
  sessions.set(cookie, { sub, sid: String(sid) });
  return device;
}

/** @param {string} cookie */
async function who(cookie) {
  const headers = { cookie: `session=${cookie}` };
  const answer = await fetch(siteUrl + DOCUMENT, { headers });
  return answer.ok ? /** @type {any} */ (await answer.json()).id : answer.status;
}

test('R28: signing out at oidc-provider ends the session of that browser, and no other of the user', async () => {
  const phone = await signIn('ada', 'phone');
  await signIn('ada', 'laptop');
  assert.deepEqual([await who('phone'), await who('laptop')], ['ada', 'ada']);
  const page = await phone.get('/session/end', { accept: 'text/html' });
  await submit(phone, page, { logout: 'yes' });
  assert.deepEqual([await who('phone'), await who('laptop')], [401, 'ada']);
});
