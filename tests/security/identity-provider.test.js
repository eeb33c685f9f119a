// The messages of an identity provider, from outside, in Node and in workerd: who is not the provider ends nothing (R28).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { CLIENT_ID, createIdentityProvider } from '../support/identity-provider.js';
import { ask, createPrograms, startHosts, statusOf } from '../support/programs.js';

const DOCUMENT = '/api/v1/users/me';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const EVENT = { 'content-type': 'application/secevent+jwt' };
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;
/** @type {import('../support/identity-provider.js').IdentityProvider} */
let provider;
const server = http.createServer(async ({ url }, response) => {
  const answer = await provider.answer(provider.issuer + url);
  response.writeHead(answer.status).end(await answer.text());
});

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const issuer = `http://127.0.0.1:${port}`;
  provider = await createIdentityProvider({ issuer, now: Date.now });
  const known = { issuer, audience: CLIENT_ID };
  hosts = await startHosts(programs, {
    ...{ sid: '/name', backchannelLogout: known, sharedSignals: known },
  });
});
after(async () => {
  await programs.stop();
  server.close();
});

/** @param {number} port @param {string} user */
const statusFor = async (port, user) =>
  statusOf(await ask(port, 'GET', DOCUMENT, { cookie: `session=${user}` }));

test('R28: a logout token ends the session that it names, once, and one of somebody else ends none', async () => {
  const { issuer } = provider;
  const forger = await createIdentityProvider({ issuer, now: Date.now });
  for (const { name, port } of hosts) {
    const send = async (/** @type {string} */ token) =>
      statusOf(
        await ask(port, 'POST', '/api/auth/backchannel-logout', FORM, `logout_token=${token}`),
      );
    for (const user of ['ada', 'mia']) assert.equal(await statusFor(port, user), 200);
    assert.equal(await send(await forger.logoutToken({ sid: 'ada' })), 400, name);
    assert.equal(await statusFor(port, 'ada'), 200, name);
    const token = await provider.logoutToken({ sid: 'ada' });
    assert.deepEqual([await send(token), await send(token)], [200, 400], name);
    assert.deepEqual(
      [await statusFor(port, 'ada'), await statusFor(port, 'mia')],
      [401, 200],
      name,
    );
  }
});

test('R28: a security event ends the sessions of its user, and one of somebody else ends none', async () => {
  const { issuer } = provider;
  const forger = await createIdentityProvider({ issuer, now: Date.now });
  const claims = {
    events: { [REVOKED]: {} },
    sub_id: { format: 'iss_sub', iss: issuer, sub: 'id-eve' },
  };
  for (const { name, port } of hosts) {
    const send = async (/** @type {string} */ token) =>
      statusOf(await ask(port, 'POST', '/api/auth/shared-signals', EVENT, token));
    assert.equal(await statusFor(port, 'eve'), 200);
    assert.equal(await send(await forger.sign(claims, { typ: 'secevent+jwt' })), 400, name);
    assert.equal(await statusFor(port, 'eve'), 200, name);
    const token = await provider.sign(claims, { typ: 'secevent+jwt' });
    assert.deepEqual([await send(token), await send(token)], [202, 202], name);
    assert.equal(await statusFor(port, 'eve'), 401, name);
  }
});
