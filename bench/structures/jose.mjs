// The session in a signed JWT: verified at every check, HS256. The key is imported once.
import { parseCookie } from 'cookie';
import { jwtVerify, SignJWT } from 'jose';
import { cookieHeader } from '../generator/headers.mjs';
import { encoder, responseInit } from './shared.mjs';

export const label = 'jose: jwtVerify, HS256';
export const isAsync = true;
export const mostSessions = 500;

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const secret = encoder.encode('a secret of the benchmark, 32 bytes or more');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign', 'verify']);
  const options = { algorithms: ['HS256'] };
  /** @type {string[]} */
  const headers = [];
  const open = async (/** @type {string} */ header) => {
    const { payload } = await jwtVerify(parseCookie(header).session ?? '', key, options);
    return payload.user;
  };
  return {
    async add(index, text) {
      const jwt = new SignJWT({ user: JSON.parse(text) }).setProtectedHeader({ alg: 'HS256' });
      headers[index] = cookieHeader(await jwt.setIssuedAt().setExpirationTime('2h').sign(key));
    },
    header: (index) => headers[index],
    lookup: open,
    body: async (header) => encoder.encode(JSON.stringify(await open(header))),
    response: async (header) => new Response(JSON.stringify(await open(header)), responseInit),
  };
}
