// Security events that an identity provider pushes (RFC 8935): which count, and what they do.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompactSign } from 'jose';
import { SessionCache } from 'sesame-edge';
import { MINUTE, SECOND } from '../support/clock.js';
import { startNodesHearing } from '../support/hearing-nodes.js';
import { cookie } from '../support/http-case.js';
import { CLIENT_ID, createIdentityProvider } from '../support/identity-provider.js';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';
const ISSUER = 'https://id.test';
const TYPE = { 'content-type': 'application/secevent+jwt' };
const ada1 = cookie('ada-1');
const ada2 = cookie('ada-2');
const ADA = { format: 'iss_sub', iss: ISSUER, sub: 'ada' };

/** @typedef {Awaited<ReturnType<typeof start>>} Scene */

/** @param {Parameters<typeof startNodesHearing>[0]} [given] */
async function start({ options, ...given } = {}) {
  const scene = await startNodesHearing({
    path: '/api/auth/shared-signals',
    options: { sharedSignals: { issuer: ISSUER, audience: CLIENT_ID }, ...options },
    ...given,
  });
  const { provider, post, first } = scene;
  const push = (/** @type {string} */ token, sessions = first, headers = TYPE) =>
    post(token, sessions, headers);
  /** @param {string} event @param {Record<string, unknown>} [claims] @param {Record<string, unknown>} [header] */
  const tokenOf = (event, claims, header) =>
    provider.sign(
      { events: { [event]: { event_timestamp: 1 } }, sub_id: ADA, ...claims },
      { typ: 'secevent+jwt', ...header },
    );
  return { ...scene, push, tokenOf };
}

describe('what an event does', () => {
  /** @type {[string, 'revoke' | 'invalidate'][]} */
  const table = [
    [`${CAEP}session-revoked`, 'revoke'],
    [`${CAEP}credential-change`, 'invalidate'],
    [`${CAEP}token-claims-change`, 'invalidate'],
    [`${CAEP}assurance-level-change`, 'invalidate'],
    [`${RISC}account-disabled`, 'revoke'],
    [`${RISC}account-purged`, 'revoke'],
    [`${RISC}account-credential-change-required`, 'revoke'],
  ];
  for (const [event, action] of table) {
    test(`R28: ${event.split('/').slice(-3).join(' ')}: ${action}`, async () => {
      const { push, tokenOf, who, origin } = await start();
      for (const each of [ada1, ada2, cookie('mia-1')]) await who(each);
      assert.deepEqual(await push(await tokenOf(event)), { status: 202 });
      const asked = origin.calls.length;
      const found = [await who(ada1), await who(ada2), await who(cookie('mia-1'))];
      const isEnd = action === 'revoke';
      assert.deepEqual(found, isEnd ? [null, null, 'mia'] : ['ada', 'ada', 'mia']);
      if (!isEnd) assert.equal(origin.calls.length, asked + 2, 'asked for anew, once each');
    });
  }

  test('R28: of a session, that one alone', async () => {
    const { push, tokenOf, who, origin } = await start({ options: { sid: '/session/id' } });
    for (const each of [ada1, ada2]) await who(each);
    const session = { format: 'opaque', id: 'ada-1' };
    const subject = { sub_id: { format: 'complex', user: ADA, session } };
    await push(await tokenOf(`${CAEP}token-claims-change`, subject));
    const asked = origin.calls.length;
    assert.deepEqual([await who(ada1), await who(ada2)], ['ada', 'ada']);
    assert.equal(origin.calls.length, asked + 1);
    assert.equal((await push(await tokenOf(`${CAEP}session-revoked`, subject))).status, 202);
    assert.deepEqual([await who(ada1), await who(ada2)], [null, 'ada']);
  });

  test('R28: of a session that cannot be found, all of its user, or it is refused', async () => {
    const { push, tokenOf, who, warnings } = await start();
    for (const each of [ada1, ada2]) await who(each);
    const session = { format: 'opaque', id: 'ada-1' };
    const alone = { sub_id: { format: 'complex', session } };
    const { status, err, description } = await push(await tokenOf(`${CAEP}session-revoked`, alone));
    assert.deepEqual([status, err], [400, 'invalid_request']);
    assert.match(description, /option sid/);
    assert.match(warnings.join('\n'), /the option sid/);
    const both = { sub_id: { format: 'complex', session, user: ADA } };
    await push(await tokenOf(`${CAEP}session-revoked`, both));
    assert.deepEqual([await who(ada1), await who(ada2)], [null, null]);
  });

  test('R28: with the subject as earlier drafts have it, in the event', async () => {
    const subject = { subject_type: 'iss-sub', iss: ISSUER, sub: 'ada' };
    const { push, tokenOf, who } = await start();
    await who(ada1);
    const events = { [`${RISC}account-disabled`]: { subject, reason: 'hijacking' } };
    assert.equal((await push(await tokenOf('', { events, sub_id: undefined }))).status, 202);
    assert.equal(await who(ada1), null);
  });

  test('R28: one that is of no session is received, and does nothing', async () => {
    const { push, tokenOf, who } = await start();
    await who(ada1);
    for (const event of [VERIFICATION, `${RISC}identifier-changed`]) {
      assert.equal((await push(await tokenOf(event))).status, 202);
    }
    assert.equal(await who(ada1), 'ada');
  });

  test('R28: one that comes again is answered as before, and does nothing, on another node too', async () => {
    const { push, tokenOf, who, nodes, clock } = await start({ count: 2 });
    const token = await tokenOf(`${CAEP}session-revoked`);
    assert.equal((await push(token)).status, 202);
    clock.advance(MINUTE);
    await who(ada1);
    for (const node of nodes) assert.equal((await push(token, node)).status, 202);
    clock.advance(5 * SECOND);
    assert.equal(await who(ada1), 'ada', 'who has signed in since stays');
  });

  test('R28: one that could not be carried out is good when the store is back', async () => {
    const { push, tokenOf, link } = await start({ count: 2 });
    const token = await tokenOf(`${CAEP}session-revoked`);
    link.refusesWrites = true;
    assert.equal((await push(token)).status, 503);
    link.refusesWrites = false;
    assert.equal((await push(token)).status, 202);
  });
});

describe('which events count (RFC 8935 section 2.4)', () => {
  const EVENT = `${CAEP}session-revoked`;
  /** @param {string} name @param {string} err @param {(t: Scene) => Promise<string>} make */
  const refuses = (name, err, make) =>
    test(`R28: ${err} is ${name}`, async () => {
      const scene = await start();
      await scene.who(ada1);
      const answer = await scene.push(await make(scene));
      assert.deepEqual([answer.status, answer.err], [400, err], answer.description);
      assert.notEqual(answer.description, undefined);
      assert.equal(await scene.who(ada1), 'ada');
      assert.deepEqual(scene.elsewhere, []);
    });
  /** @type {[name: string, err: string, claims: (now: number) => Record<string, unknown>, header?: Record<string, unknown>][]} */
  const cases = [
    ['an unknown issuer', 'invalid_issuer', () => ({ iss: 'https://other.test' })],
    ['no issuer', 'invalid_issuer', () => ({ iss: undefined })],
    ['another audience', 'invalid_audience', () => ({ aud: 'another' })],
    ['no audience', 'invalid_audience', () => ({ aud: undefined })],
    ['an unknown key', 'invalid_key', () => ({}), { kid: 'x' }],
    ['no jti', 'invalid_request', () => ({ jti: undefined })],
    ['no iat', 'invalid_request', () => ({ iat: undefined })],
    ['one that is two hours old', 'invalid_request', (now) => ({ iat: now - 7200 })],
    ['one of in two minutes', 'invalid_request', (now) => ({ iat: now + 120 })],
    ['an ID token', 'invalid_request', (now) => ({ exp: now + 120 })],
    ['one with a nonce', 'invalid_request', () => ({ nonce: 'n' })],
    ['no events', 'invalid_request', () => ({ events: undefined })],
    ['empty events', 'invalid_request', () => ({ events: {} })],
    ['an event that is no object', 'invalid_request', () => ({ events: { [EVENT]: 'x' } })],
    ['no subject', 'invalid_request', () => ({ sub_id: undefined })],
    [
      'a user of another issuer',
      'invalid_request',
      () => ({ sub_id: { ...ADA, iss: 'https://x.test' } }),
    ],
    [
      'a subject that is not understood',
      'invalid_request',
      () => ({ sub_id: { format: 'email', email: 'ada@x.test' } }),
    ],
    ['one without a type', 'invalid_request', () => ({}), { typ: undefined }],
    ['a logout token', 'invalid_request', () => ({}), { typ: 'logout+jwt' }],
  ];
  for (const [name, err, claims, header] of cases) {
    refuses(name, err, ({ tokenOf, clock }) =>
      tokenOf(EVENT, claims(Math.floor(clock.now() / 1000)), header),
    );
  }
  const json = (/** @type {unknown} */ value) =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  refuses('one that is not signed', 'invalid_key', async ({ tokenOf }) => {
    const [, payload] = (await tokenOf(EVENT)).split('.');
    return `${json({ alg: 'none', typ: 'secevent+jwt' })}.${payload}.`;
  });
  refuses('one signed with the public key as a secret', 'invalid_key', async (scene) => {
    const [, payload] = (await scene.tokenOf(EVENT)).split('.');
    return new CompactSign(Buffer.from(payload, 'base64url'))
      .setProtectedHeader({ alg: 'HS256', kid: '1', typ: 'secevent+jwt' })
      .sign(Buffer.from(scene.provider.publicKey.x ?? '', 'base64url'));
  });
  refuses('one of another provider', 'invalid_key', async ({ clock }) => {
    const forger = await createIdentityProvider({ issuer: ISSUER, now: clock.now });
    return forger.sign({ events: { [EVENT]: {} }, sub_id: ADA }, { typ: 'secevent+jwt' });
  });
  refuses('no token', 'invalid_request', async () => 'x');

  test('R28: invalid_request is another type of body, and 413 a long one', async () => {
    const { push, tokenOf, first } = await start();
    const token = await tokenOf(EVENT);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.deepEqual((await push(token, first, form)).err, 'invalid_request');
    assert.equal((await push('x'.repeat(70_000))).status, 413);
    assert.equal((await push(token)).status, 202);
  });

  test('R28: keys are found by the discovery of Shared Signals, and of nobody else', async () => {
    const { push, tokenOf, provider, elsewhere } = await start();
    await push(await tokenOf(EVENT, { iss: 'https://evil.test' }));
    assert.deepEqual(provider.calls, []);
    await push(await tokenOf(EVENT));
    assert.deepEqual(provider.calls, [`${ISSUER}/.well-known/ssf-configuration`, `${ISSUER}/jwks`]);
    assert.deepEqual(elsewhere, []);
  });

  test('names what is wrong with the option', () => {
    const sharedSignals = { issuer: 'x', audience: 'a' };
    assert.throws(
      () => new SessionCache({ origin: 'http://origin.test', sharedSignals }),
      /sharedSignals\.issuer/,
    );
  });
});
