// oidc-provider behind Sesame, asked at its userinfo endpoint by an application that signs its users in there: with bearer
// tokens that it renews and revokes. Journeys are lib/journeys.js's.
import { testJourneys } from './lib/journeys.js';
import { CLIENT, startOidcProvider } from './npm/oidc-provider-server.js';

/** @typedef {import('./lib/device.js').Device} Device */

const WEBHOOK_SECRET = 'thirty-two characters, or more of them';
const BASIC = `Basic ${btoa(`${CLIENT.client_id}:${CLIENT.client_secret}`)}`;
const [REDIRECT] = CLIENT.redirect_uris;

/** @type {WeakMap<Device, { access_token: string, refresh_token: string }>} */
const tokens = new WeakMap();

/**
 * What the application's own server asks.
 * @param {Device} device @param {string} path @param {Record<string, string>} fields
 */
async function ask(device, path, fields) {
  const headers = { authorization: BASIC };
  const body = new URLSearchParams(fields);
  const answer = await fetch(new URL(path, device.url), { method: 'POST', headers, body });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}

/** @param {Device} device @param {Record<string, string>} fields */
async function takeTokens(device, fields) {
  const found = JSON.parse(await ask(device, '/token', fields));
  tokens.set(device, found);
  device.sendAlways({ authorization: `${found.token_type} ${found.access_token}` });
}

/** Goes where answers lead, as far as the application. @param {Device} device @param {Response} answer */
async function follow(device, answer) {
  let found = answer;
  for (;;) {
    const location = found.headers.get('location');
    if (location === null || location.startsWith(REDIRECT)) return { answer: found, location };
    const { pathname, search } = new URL(location, device.url);
    found = await device.get(pathname + search, { accept: 'text/html' });
  }
}

/** Fills in the form of a page. @param {Device} device @param {Response} page @param {Record<string, string>} fields */
async function submit(device, page, fields) {
  const html = await page.text();
  const action = /action="([^"]+)"/.exec(html)?.[1];
  if (!action) throw new Error(`${page.url}: ${page.status} ${html}`);
  const hidden = [...html.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const all = { ...Object.fromEntries(hidden.map(([, name, value]) => [name, value])), ...fields };
  return follow(device, await device.form(new URL(action, device.url).pathname, all));
}

/** @param {Device} device @param {string} user */
async function signIn(device, user) {
  const asked = new URLSearchParams({
    ...{ client_id: CLIENT.client_id, redirect_uri: REDIRECT, response_type: 'code' },
    ...{ scope: 'openid' },
  });
  const login = await follow(device, await device.get(`/auth?${asked}`, { accept: 'text/html' }));
  const consent = await submit(device, login.answer, { login: user, password: 'any' });
  const { location } = await submit(device, consent.answer, {});
  const code = new URL(location ?? '', device.url).searchParams.get('code') ?? '';
  await takeTokens(device, { grant_type: 'authorization_code', code, redirect_uri: REDIRECT });
}

const renew = (/** @type {Device} */ device) =>
  takeTokens(device, {
    grant_type: 'refresh_token',
    refresh_token: tokens.get(device)?.refresh_token ?? '',
  });

/** @param {'access_token' | 'refresh_token'} name */
const revoke =
  (name) =>
  (/** @type {{ a: Device }} */ { a }) =>
    ask(a, '/token/revocation', { token: tokens.get(a)?.[name] ?? '', token_type_hint: name });

const common = {
  documentPath: '/me',
  page: '/.well-known/openid-configuration',
  who: (/** @type {any} */ document) => document.sub ?? null,
  signUp: signIn,
  signIn,
  renew,
  changes: [],
};
const ofDevice = { out: ['a', 'old a'], stays: ['b'] };

testJourneys({
  ...common,
  name: 'oidc-provider',
  options: { backend: 'oidc-provider' },
  start: (publicUrl) => startOidcProvider({ publicUrl }),
  endings: [
    {
      name: 'token/revocation of the access token',
      act: revoke('access_token'),
      ...ofDevice,
    },
    {
      name: 'token/revocation of the refresh token',
      act: revoke('refresh_token'),
      ...ofDevice,
    },
    {
      name: 'token/revocation of the refresh token, after a renewal',
      async act({ a }) {
        await renew(a);
        await revoke('refresh_token')({ a });
      },
      ...ofDevice,
    },
  ],
});

testJourneys({
  ...common,
  name: 'oidc-provider, which tells Sesame',
  options: { backend: 'oidc-provider', webhookSecret: WEBHOOK_SECRET },
  start: (publicUrl) => startOidcProvider({ publicUrl, webhookSecret: WEBHOOK_SECRET }),
  endings: [
    {
      name: 'session/end',
      async act({ a }) {
        await submit(a, await a.get('/session/end', { accept: 'text/html' }), { logout: 'yes' });
      },
      ...ofDevice,
    },
    {
      name: 'a refresh token that is used twice',
      async act({ a }) {
        const { refresh_token } = /** @type {any} */ (tokens.get(a));
        await renew(a);
        const again = { grant_type: 'refresh_token', refresh_token };
        const said = await ask(a, '/token', again).catch(({ message }) => message);
        if (!said.includes('invalid_grant')) throw new Error(said);
      },
      ...ofDevice,
    },
  ],
});
