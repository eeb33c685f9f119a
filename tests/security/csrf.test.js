// Every session path that changes something, and writes for which a token is lent, under every mix of what browsers say
// of the page that asks: another site's page does nothing, and no token is lent to it (R42).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createPrograms, rawRequest, sendRaw, startHosts, statusOf } from '../support/programs.js';

const LOGIN = '/api/v1/auth/login';
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;

before(async () => {
  hosts = await startHosts(programs, { managed: {}, webhookSecret: 'w'.repeat(40) });
  for (const { origin } of hosts) {
    const tokens = { access_token: 'TOKEN', refresh_token: 'R', expires_in: 900 };
    origin.on(`POST ${LOGIN}`, { body: tokens });
    origin.on('POST /api/v1/auth/refresh', { body: { ...tokens, access_token: 'TOKEN2' } });
    origin.on('GET /api/v1/users/me', { body: { id: 'ada' } });
  }
});
after(() => programs.stop());

const SITES = [
  undefined,
  'cross-site',
  'same-site',
  'same-origin',
  'none',
  'Cross-Site',
  '',
  'evil',
];
const ORIGINS = [
  undefined,
  'null',
  'http://site.test',
  'https://evil.example',
  'http://site.test:8443',
  'http://site.test.evil.example',
  'http://evil.example#http://site.test',
  'file://',
];
const ACTS = [
  ['POST', '/api/auth/login'],
  ['POST', '/api/auth/refresh'],
  ['POST', '/api/auth/logout'],
  ['PATCH', '/api/v1/users/me'],
  ['DELETE', '/api/v1/users/me'],
  ['POST', '/api/v1/transfer'],
  ['PROPPATCH', '/api/v1/folder'],
];

/** Whether a page of another site says this of itself. @param {string} [site] @param {string} [from] */
function isForeign(site, from) {
  if (site !== undefined) return !['same-site', 'same-origin', 'none'].includes(site);
  return from !== undefined && from !== 'http://site.test';
}

/** @param {number} port */
async function logIn(port) {
  const answer = await sendRaw(port, rawRequest('POST', '/api/auth/login', {}, '{}'));
  return /set-cookie: (__Host-session=[^;]+)/i.exec(answer)?.[1] ?? '';
}

test('R42: another site’s page changes no session, and no token is lent to its writes', async () => {
  for (const { name, port, origin } of hosts) {
    let cookie = await logIn(port);
    assert.ok(cookie, name);
    for (const [method, path] of ACTS) {
      for (const site of SITES) {
        for (const from of ORIGINS) {
          const headers = {
            cookie,
            'content-type': 'text/plain',
            ...(site !== undefined && { 'sec-fetch-site': site }),
            ...(from !== undefined && { origin: from }),
          };
          const before = origin.calls().length;
          const answer = await sendRaw(port, rawRequest(method, path, headers, '{}'));
          const what = `${name}: ${method} ${path} from ${from}, site ${site}`;
          if (isForeign(site, from)) {
            assert.equal(statusOf(answer), 403, what);
            const lent = origin
              .calls()
              .slice(before)
              .map((call) => call.headers.authorization);
            assert.deepEqual(lent, [], what);
          } else {
            assert.notEqual(statusOf(answer), 403, what);
            if (/login|logout/.test(path)) cookie = await logIn(port);
          }
        }
      }
    }
  }
});

/** @type {Record<string, string>[]} */
const FOREIGN = [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }];

test('R42: nor is a token lent to a WebSocket of another site', async () => {
  for (const { name, port, origin } of hosts) {
    const cookie = await logIn(port);
    for (const said of FOREIGN) {
      const before = origin.calls().length;
      const headers = {
        cookie,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...said,
      };
      const answer = await sendRaw(port, rawRequest('GET', '/api/v1/ws', headers));
      const lent = origin
        .calls()
        .slice(before)
        .map((call) => call.headers.authorization);
      assert.ok(statusOf(answer) !== 101, name);
      assert.deepEqual(lent.filter(Boolean), [], `${name}: ${JSON.stringify(said)}`);
    }
  }
});
