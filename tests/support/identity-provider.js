// An identity provider without a network: its keys, where it says that they are, and what it signs. It signs with jose,
// which is not what Sesame verifies with.
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

export const CLIENT_ID = 'shop';
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** @typedef {Awaited<ReturnType<typeof createIdentityProvider>>} IdentityProvider */

/** @param {{ issuer?: string, alg?: string, now: () => number }} how */
export async function createIdentityProvider({ issuer = 'https://id.test', alg = 'ES256', now }) {
  let keys = [await makeKey(alg, '1')];
  /** @type {string[]} what it was asked for */
  const calls = [];
  let isAway = false;
  /** @type {Record<string, unknown>} */
  const metadata = { issuer, jwks_uri: `${issuer}/jwks` };
  let count = 0;

  return {
    issuer,
    calls,
    metadata,
    get publicKey() {
      return keys[0].jwk;
    },
    setAway(/** @type {boolean} */ away) {
      isAway = away;
    },
    /** Signs with another key from now on. @param {string} [other] algorithm */
    async rotate(other = alg) {
      keys = [await makeKey(other, `${keys.length + 1}`), ...keys];
    },
    /** @param {string} url */
    async answer(url) {
      calls.push(url);
      if (isAway) throw new TypeError('fetch failed');
      if (url === metadata.jwks_uri) return Response.json({ keys: keys.map(({ jwk }) => jwk) });
      if (/\/\.well-known\/[\w-]+$/.test(url)) return Response.json(metadata);
      return new Response(null, { status: 404 });
    },
    /**
     * @param {Record<string, unknown>} claims those that are undefined are left out
     * @param {Record<string, unknown>} [header]
     */
    async sign(claims, header = {}) {
      const iat = Math.floor(now() / 1000);
      count += 1;
      const all = { iss: issuer, aud: CLIENT_ID, iat, jti: `message-${count}`, ...claims };
      const signed = new SignJWT(JSON.parse(JSON.stringify(all)));
      const [{ kid, alg: ofKey }] = [keys[0].jwk];
      return signed
        .setProtectedHeader(/** @type {any} */ ({ alg: ofKey, kid, ...header }))
        .sign(keys[0].privateKey);
    },
    /** @param {Record<string, unknown>} claims @param {Record<string, unknown>} [header] */
    logoutToken(claims, header) {
      const exp = Math.floor(now() / 1000) + 120;
      const events = { [LOGOUT_EVENT]: {} };
      return this.sign({ exp, events, ...claims }, { typ: 'logout+jwt', ...header });
    },
  };
}

/** @param {string} alg @param {string} kid */
async function makeKey(alg, kid) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  /** @type {import('jose').JWK} */
  const jwk = { ...(await exportJWK(publicKey)), alg, kid, use: 'sig' };
  return { privateKey, jwk };
}
