// Two applications on iron-session. One is its own example: signed in, changed and signed out on one path, with all that
// there is to the user in the cookie. The other keeps the user's identifier there, as its documentation advises, and saves
// the session with each answer. It knows nothing of Sesame.
import { getIronSession } from 'iron-session';
import { listen } from '../lib/listen.js';

const COOKIE = 'iron_site';
/** What is more than one cookie can hold (4 kB). */
const LONG = 6000;

/** @param {boolean} [chunk] */
const optionsOf = (chunk = false) => ({
  ...{ password: 'complex_password_at_least_32_characters_long', cookieName: COOKIE, chunk },
  cookieOptions: { secure: false },
});

/** @param {import('node:http').IncomingMessage} request @returns {Promise<any>} */
async function jsonOf(request) {
  let text = '';
  for await (const piece of request.setEncoding('utf8')) text += piece;
  return text === '' ? {} : JSON.parse(text);
}

/** @param {import('node:http').ServerResponse} response @param {unknown} value */
function answer(response, value, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** `examples/next/src/app/app-router-client-component-route-handler-swr` of iron-session. */
export function startIronExample() {
  const nobody = { username: '', isLoggedIn: false, counter: 0 };
  return listen(async (request, response) => {
    const session = await getIronSession(request, response, optionsOf());
    if (request.method === 'POST') {
      const { username = 'No username' } = await jsonOf(request);
      Object.assign(session, { isLoggedIn: true, username, counter: 0 });
      await session.save();
    } else if (request.method === 'PATCH') {
      session.counter += 1;
      await session.save();
    } else if (request.method === 'DELETE') {
      session.destroy();
    }
    answer(response, session.isLoggedIn === true ? session : nobody);
  });
}

/** @param {{ isLong?: boolean }} [how] `isLong`: the session does not fit into one cookie */
export function startIronSession({ isLong = false } = {}) {
  /** @type {Map<number, { id: number, username: string, name: string | null }>} */
  const users = new Map();
  return listen(async (request, response) => {
    const session = await getIronSession(request, response, optionsOf(isLong));
    const { method, url } = request;
    if (method === 'POST' && url === '/api/login') {
      const { username } = await jsonOf(request);
      const found = [...users.values()].find((each) => each.username === username);
      const user = found ?? { id: users.size + 1, username, name: null };
      users.set(user.id, user);
      session.userId = user.id;
      if (isLong) session.claims = 'c'.repeat(LONG);
      await session.save();
      return answer(response, { ok: true });
    }
    if (method === 'POST' && url === '/api/logout') {
      session.destroy();
      return answer(response, { ok: true });
    }
    const user = users.get(session.userId);
    if (user === undefined) return answer(response, { error: 'not signed in' }, 401);
    session.lastSeen = Date.now();
    await session.save();
    if (method === 'PATCH') user.name = (await jsonOf(request)).name;
    answer(response, user);
  });
}
