// The session in an encrypted cookie, opened at every check.
import { parseCookie } from 'cookie';
import { getIronSession, sealData } from 'iron-session';
import { cookieHeader } from '../generator/headers.mjs';
import { COOKIE, encoder, responseInit } from './shared.mjs';

export const label = 'iron-session: getIronSession';
export const isAsync = true;
export const mostSessions = 100;

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const password = 'a password of the benchmark, 32 characters or more';
  const options = { cookieName: COOKIE, password };
  /** @type {string[]} */
  const headers = [];
  const open = async (/** @type {string} */ header) => {
    const values = parseCookie(header);
    // The store of cookies that frameworks hand over, as `cookies()` of Next.js.
    const store = {
      get: (/** @type {string} */ name) => ({ name, value: values[name] ?? '' }),
      set() {},
    };
    const session = await getIronSession(/** @type {any} */ (store), options);
    return /** @type {any} */ (session).user;
  };
  return {
    async add(index, text) {
      const seal = await sealData({ user: JSON.parse(text) }, { password });
      headers[index] = cookieHeader(encodeURIComponent(seal));
    },
    header: (index) => headers[index],
    lookup: open,
    body: async (header) => encoder.encode(JSON.stringify(await open(header))),
    response: async (header) => new Response(JSON.stringify(await open(header)), responseInit),
  };
}
