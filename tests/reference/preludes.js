// What examples may use without a word: each page of the reference says the same in its own words. Addresses are
// replaced: `https://api.example.com` is the origin on loopback, `8080` a free port, `redis://localhost` a server.
import { SessionCache } from 'sesame-edge';

/** Shared by the nodes of an example. */
export const SECRET = '000102030405060708090a0b0c0d0e0f';

/** In Node. @param {string} origin @param {string} cookie Ingrid's */
export const inNode = (origin, cookie) => ({
  request: { headers: { cookie } },
  sessions: new SessionCache({ origin }),
});

/** In a worker that has an example in its handler; `env` has the bindings. */
export const IN_WORKER = `
  const request = { headers: { cookie: env.INGRID } };
  const secret = env.SESAME_SECRET;
`;

/** In a page of the browser, nothing: who is signed in is signed in there. */
