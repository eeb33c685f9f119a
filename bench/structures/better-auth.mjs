// better-auth's server call with its cookie cache: the session is in a signed cookie, no database is
// asked. The document is a field of the user, since the library has its own idea of a user's others.
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { encoder, responseInit } from './shared.mjs';

export const label = 'better-auth: getSession, cookie cache';
export const isAsync = true;
export const mostSessions = 100;

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  /** @type {Record<string, any[]>} */
  const database = { user: [], session: [], account: [], verification: [] };
  const auth = betterAuth({
    baseURL: 'http://localhost:3000',
    secret: 'a secret of the benchmark, 32 characters or more',
    database: memoryAdapter(database),
    emailAndPassword: {
      enabled: true,
      // Signing up is not what is measured: no need for it to be slow.
      password: { hash: async (password) => password, verify: async () => true },
    },
    user: { additionalFields: { document: { type: 'string', required: true, input: true } } },
    session: { cookieCache: { enabled: true, maxAge: 7200 } },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
  /** @type {string[]} */
  const headers = [];
  const open = async (/** @type {string} */ header) => {
    const session = await auth.api.getSession({ headers: new Headers({ cookie: header }) });
    return /** @type {any} */ (session).user.document;
  };
  return {
    async add(index, text) {
      const { name, email } = JSON.parse(text);
      const { headers: answered } = await auth.api.signUpEmail({
        body: { name, email: `${index}.${email}`, password: 'open sesame', document: text },
        returnHeaders: true,
      });
      const cookies = answered.getSetCookie().map((line) => line.split(';', 1)[0]);
      headers[index] = ['_ga=GA1.1.1012133517.1760000000', ...cookies, 'theme=dark'].join('; ');
      // Nothing is left to ask: an answer is the cookie's.
      for (const table of Object.values(database)) table.length = 0;
    },
    header: (index) => headers[index],
    lookup: open,
    body: async (header) => encoder.encode(await open(header)),
    response: async (header) => new Response(await open(header), responseInit),
  };
}
