// A stand-in for Laravel with Sanctum's SPA authentication and API tokens, and Breeze's routes for sign-in and sign-out, as
// their documentation says: https://laravel.com/docs/sanctum. The session's identifier is encrypted anew with each answer,
// which also renews the cookie and XSRF-TOKEN; a session ends when it is idle for two hours.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { bearerOf, createClock, createSessions, randomText, startSite } from './site.js';

const LIFETIME_S = 120 * 60;
const KEY = randomBytes(32);

/** As Laravel's Encrypter does: in base64, a JSON object with what it takes to decrypt. @param {string} text */
function encrypt(text) {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-cbc', KEY, iv);
  const value = Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
  const parts = JSON.stringify({ iv: iv.toString('base64'), value, mac: '', tag: '' });
  return encodeURIComponent(Buffer.from(parts).toString('base64'));
}

/** @param {string | undefined} text */
function decrypt(text) {
  try {
    const parts = Buffer.from(decodeURIComponent(text ?? ''), 'base64').toString();
    const { iv, value } = JSON.parse(parts);
    const decipher = createDecipheriv('aes-256-cbc', KEY, Buffer.from(iv, 'base64'));
    return decipher.update(value, 'base64', 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}

export async function startLaravel() {
  const clock = createClock();
  const sessions = createSessions(clock, LIFETIME_S * 1000);
  /** @type {Map<string, { id: number, name: string, password: string }>} */
  const users = new Map();
  /** @type {Map<string, string>} of API tokens, to their users */
  const tokens = new Map();

  /** @typedef {import('./site.js').Asked & { session?: import('./site.js').Session }} Stateful */

  /** The session of a request, a new one if it has none. @param {Stateful} asked */
  const start = (asked) => {
    asked.session ??= sessions.find(decrypt(asked.cookies.laravel_session)) ?? begin();
    return asked.session;
  };
  const begin = (user = '') => {
    const session = sessions.begin(user);
    session.data = { token: randomText() };
    return session;
  };
  /** @param {Stateful} asked @param {string} user */
  const regenerate = (asked, user) => {
    sessions.end(start(asked).id);
    asked.session = begin(user);
  };
  /** Sanctum's EnsureFrontendRequestsAreStateful: whether one of the application's pages asks. @param {Stateful} asked */
  const isStateful = ({ headers: { referer, origin } }) => (referer ?? origin ?? '') !== '';
  /** @param {Stateful} asked */
  const userOf = (asked) => {
    const token = bearerOf(asked);
    if (!token && !isStateful(asked)) return undefined;
    return users.get(token ? (tokens.get(token) ?? '') : start(asked).user);
  };
  const unauthenticated = { status: 401, json: { message: 'Unauthenticated.' } };

  /** Laravel's VerifyCsrfToken. @param {(asked: Stateful) => import('./site.js').Answer} route */
  const web = (route) => (/** @type {Stateful} */ asked) => {
    const { token } = /** @type {import('./site.js').Session} */ (start(asked)).data;
    const sent = decrypt(String(asked.headers['x-xsrf-token'] ?? ''));
    return sent === token
      ? route(asked)
      : { status: 419, json: { message: 'CSRF token mismatch.' } };
  };

  const site = await startSite(
    {
      'GET /sanctum/csrf-cookie': () => ({ status: 204 }),
      'POST /register': web((asked) => {
        const { name, password } = asked.fields;
        users.set(name, { id: users.size + 1, name, password });
        regenerate(asked, name);
        return { status: 204 };
      }),
      'POST /login': web((asked) => {
        const { name, password } = asked.fields;
        if (users.get(name)?.password !== password) return { status: 422, json: { message: 'no' } };
        regenerate(asked, name);
        return { status: 204 };
      }),
      'POST /logout': web((asked) => {
        regenerate(asked, '');
        return { status: 204 };
      }),
      'PUT /user/password': web((asked) => {
        const user = userOf(asked);
        if (user === undefined) return unauthenticated;
        user.password = asked.fields.password;
        sessions.endAllOf(user.name, start(asked).id); // as AuthenticateSession does
        return {};
      }),
      'PUT /user/profile-information': web((asked) => {
        const user = userOf(asked);
        if (user === undefined) return unauthenticated;
        Object.assign(user, { motto: asked.fields.motto });
        return {};
      }),
      'POST /sanctum/token': ({ fields: { name, password } }) => {
        if (users.get(name)?.password !== password) return { status: 422, json: { message: 'no' } };
        const token = `${tokens.size + 1}|${randomText()}`;
        tokens.set(token, name);
        return { text: token };
      },
      'DELETE /api/token': (asked) => {
        if (userOf(asked) === undefined) return unauthenticated;
        tokens.delete(bearerOf(asked) ?? '');
        return { status: 204 };
      },
      'GET /api/user': (asked) => {
        const user = userOf(asked);
        if (user === undefined) return unauthenticated;
        const { password, ...document } = user;
        return { json: document };
      },
      'GET /': () => ({ headers: { 'content-type': 'text/html' }, text: '<h1>Home</h1>' }),
    },
    (answer, asked) => {
      const headers = { 'cache-control': 'no-cache, private', ...answer.headers };
      const isMobile = asked.path === '/sanctum/token' || bearerOf(asked) !== undefined;
      const isApi = asked.path.startsWith('/api/') && !isStateful(asked);
      if (isMobile || isApi) return { ...answer, headers };
      const session = start(asked);
      const expires = new Date(clock.now() + LIFETIME_S * 1000).toUTCString();
      const rest = `expires=${expires}; Max-Age=${LIFETIME_S}; path=/; samesite=lax`;
      const cookies = [
        `XSRF-TOKEN=${encrypt(session.data.token)}; ${rest}`,
        `laravel_session=${encrypt(session.id)}; ${rest}; httponly`,
      ];
      return { ...answer, headers, cookies };
    },
  );
  return { ...site, advance: clock.advance };
}
