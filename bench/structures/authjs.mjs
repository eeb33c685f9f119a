// Auth.js answering GET /session with the JWT strategy: the session is in an encrypted cookie, which
// every answer renews.
import { Auth } from '@auth/core';
import { encode } from '@auth/core/jwt';
import { cookieHeader } from '../generator/headers.mjs';

export const label = 'Auth.js: GET /session, JWT strategy';
export const isAsync = true;
export const mostSessions = 100;

const COOKIE = 'authjs.session-token';
const SECRET = 'a secret of the benchmark, 32 characters or more';

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  /** @type {any} */
  const config = {
    basePath: '/auth',
    secret: SECRET,
    trustHost: true,
    providers: [],
    session: { strategy: 'jwt' },
    callbacks: {
      session: (/** @type {any} */ { session, token }) => ({ ...session, user: token.user }),
    },
  };
  /** @type {string[]} */
  const headers = [];
  const answer = async (/** @type {string} */ cookie) => {
    const request = new Request('http://localhost:3000/auth/session', { headers: { cookie } });
    return /** @type {Response} */ (await Auth(request, config));
  };
  return {
    async add(index, text) {
      const token = { sub: String(index), user: JSON.parse(text) };
      const value = await encode({ token, secret: SECRET, salt: COOKIE, maxAge: 7200 });
      headers[index] = cookieHeader(value, COOKIE);
    },
    header: (index) => headers[index],
    lookup: answer,
    body: async (header) => new Uint8Array(await (await answer(header)).arrayBuffer()),
    response: answer,
    document: (body) => JSON.stringify(JSON.parse(new TextDecoder().decode(body)).user),
  };
}
