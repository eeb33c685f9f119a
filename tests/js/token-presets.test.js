// Presets of services whose users hold JWTs (rules R16, R84), with tokens as each documents them: a renewed one costs no call,
// and a sign-out ends what has been renewed.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { SessionCache } from 'sesame-edge';
import { createClock, MINUTE } from '../support/clock.js';
import { bearer } from '../support/http-case.js';

/** A JWT secret as Supabase gives it to a project. */
const SECRET = 'super-secret-jwt-token-with-at-least-32-characters-long';

/**
 * @typedef {object} Service
 * @property {string} backend
 * @property {object} options beside it
 * @property {string} issuer
 * @property {string} [alg]
 * @property {object} header
 * @property {Record<string, unknown>} claims of each token of a session
 * @property {(count: number) => Record<string, unknown>} own of one token
 * @property {string} document where it is asked for
 * @property {boolean} [isCookie]
 */

/** @type {Service[]} */
const SERVICES = [
  {
    // https://supabase.com/docs/guides/auth/jwt-fields
    ...{ backend: 'supabase', issuer: 'https://project.supabase.co/auth/v1', alg: 'ES256' },
    options: { tokens: { issuer: 'https://project.supabase.co/auth/v1' } },
    header: { typ: 'JWT' },
    claims: {
      ...{ aud: 'authenticated', role: 'authenticated', aal: 'aal1', is_anonymous: false },
      ...{
        session_id: '123e4567-e89b-12d3-a456-426614174000',
        email: 'ada@example.com',
        phone: '',
      },
      amr: [{ method: 'password', timestamp: 1_700_000_000 }],
      ...{ app_metadata: { provider: 'email' }, user_metadata: {} },
    },
    own: () => ({}),
    document: '/auth/v1/user',
  },
  {
    // https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
    ...{ backend: 'auth0', issuer: 'https://tenant.eu.auth0.com/' },
    options: {
      tokens: { issuer: 'https://tenant.eu.auth0.com/', audience: 'https://api.test', sid: 'sid' },
    },
    header: { typ: 'at+jwt' },
    claims: {
      ...{ aud: ['https://api.test', 'https://tenant.eu.auth0.com/userinfo'], azp: 'client' },
      ...{ scope: 'openid profile', sid: 'from an Action', permissions: ['read:items'] },
    },
    own: (count) => ({ jti: `${count}` }),
    document: '/userinfo',
  },
  {
    // https://www.keycloak.org/docs/latest/server_admin
    ...{ backend: 'keycloak', issuer: 'https://id.test/realms/shop' },
    options: {
      documentPath: '/realms/shop/protocol/openid-connect/userinfo',
      tokens: { issuer: 'https://id.test/realms/shop', audience: 'account' },
    },
    header: { typ: 'JWT' },
    claims: {
      ...{ aud: 'account', typ: 'Bearer', azp: 'spa', acr: '1', scope: 'openid email profile' },
      ...{ sid: 'f5ee3e4d', realm_access: { roles: ['user'] }, preferred_username: 'ada' },
    },
    own: (count) => ({ jti: `onrtac:${count}`, auth_time: 1_767_225_600 - 10 }),
    document: '/realms/shop/protocol/openid-connect/userinfo',
  },
  {
    // https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
    ...{ backend: 'cognito', issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/pool' },
    options: {
      tokens: {
        issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/pool',
        audience: 'client',
        jwks: 'https://cognito-idp.eu-west-1.amazonaws.com/pool/.well-known/jwks.json',
      },
    },
    header: {},
    claims: {
      ...{ client_id: 'client', token_use: 'access', scope: 'openid', username: 'ada', version: 2 },
      ...{ origin_jti: 'one', 'cognito:groups': ['users'] },
    },
    own: (count) => ({ jti: `${count}`, event_id: `${count}`, auth_time: 1_767_225_600 - 10 }),
    document: '/oauth2/userInfo',
  },
  {
    // https://clerk.com/docs/backend-requests/resources/session-tokens
    ...{ backend: 'clerk', issuer: 'https://clerk.example.com', isCookie: true },
    options: {
      tokens: { issuer: 'https://clerk.example.com', audience: 'https://www.example.com' },
    },
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    claims: {
      ...{ azp: 'https://www.example.com', sid: 'sess_1', v: 2, pla: 'u:free' },
      o: { id: 'org_1', rol: 'admin', slg: 'org' },
    },
    own: (count) => ({ jti: `${count}`, fva: [count, -1], sts: 'active' }),
    document: '/api/v1/users/me',
  },
];

/** @param {Service} service @param {object} [tokens] */
async function start(service, tokens) {
  const { backend, options, issuer, alg = 'RS256', header, claims, own, document } = service;
  const clock = createClock();
  const { now, sleep } = clock;
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'key', alg, use: 'sig' };
  /** @type {string[]} */
  const calls = [];
  const fetch = async (/** @type {any} */ given) => {
    const url = String(given);
    if (url.includes('jwks')) return Response.json({ keys: [jwk] });
    if (url.includes('/.well-known/')) {
      return Response.json({ issuer, jwks_uri: `${issuer}/jwks` });
    }
    calls.push(new URL(url).pathname);
    return Response.json({ id: 'ada', sub: 'ada' });
  };
  const given = /** @type {any} */ ({ origin: 'https://origin.test', backend, ...options });
  if (tokens) given.tokens = { ...given.tokens, ...tokens };
  const sessions = new SessionCache(given, { fetch, now, sleep });
  let count = 0;
  const sign = (/** @type {object} */ more = {}, /** @type {any} */ key = privateKey) => {
    count += 1;
    const all = { sub: 'ada', ...claims, ...own(count), ...more };
    const kid = key === privateKey ? { alg, kid: 'key' } : { alg: 'HS256' };
    return new SignJWT(all)
      .setProtectedHeader({ ...kid, ...header })
      .setIssuer(issuer)
      .setIssuedAt(Math.floor(now() / 1000))
      .setExpirationTime(Math.floor(now() / 1000) + 60)
      .sign(key);
  };
  const headersOf = (/** @type {string} */ token) =>
    service.isCookie ? { cookie: `__session=${token}` } : bearer(token);
  const who = async (/** @type {string} */ token) =>
    (await sessions.getSession({ headers: headersOf(token) }))?.user.sub ?? null;
  return { sessions, clock, sign, who, headersOf, calls, document };
}

describe('R84: services whose users hold JWTs', () => {
  for (const service of SERVICES) {
    test(`${service.backend}: renewed tokens cost one call in all, and a sign-out ends every one`, async () => {
      const { sessions, clock, sign, who, headersOf, calls, document } = await start(service);
      let last = '';
      for (let minute = 0; minute < 5; minute += 1) {
        last = await sign();
        assert.equal(await who(last), 'ada');
        clock.advance(MINUTE - 1000);
      }
      assert.deepEqual(calls, [document]);
      await sessions.revoke({ headers: headersOf(last) });
      assert.equal(await who(await sign()), null);
      assert.equal(calls.length, 1);
    });
  }

  test('supabase: older projects sign with a secret', async () => {
    const { sign, who, calls } = await start(SERVICES[0], { secret: SECRET });
    const key = new TextEncoder().encode(SECRET);
    for (let time = 0; time < 3; time += 1) assert.equal(await who(await sign({}, key)), 'ada');
    assert.equal(calls.length, 1);
  });

  test('without an issuer of tokens, a preset verifies none', async () => {
    for (const { backend } of SERVICES) {
      const origin = 'https://origin.test';
      const sessions = new SessionCache(/** @type {any} */ ({ origin, backend }));
      sessions.dispose();
    }
  });
});
