// A stand-in for a servlet application with Spring Security's form login, as its documentation says: the session in
// `JSESSIONID`, which ends when it is idle for half an hour; CSRF tokens in forms; a redirect to `/login`, or 401 where the
// application says so (`HttpStatusEntryPoint`), for whoever is not signed in.
import { createClock, createSessions, randomText, startSite } from './site.js';

const IDLE_MS = 30 * 60_000;

/** @param {{ entryPoint?: 401 | 302 }} [how] */
export async function startSpring({ entryPoint = 302 } = {}) {
  const clock = createClock();
  const sessions = createSessions(clock, IDLE_MS);
  /** @type {Map<string, { username: string, password: string, motto: string }>} */
  const users = new Map();

  /** @typedef {import('./site.js').Asked & { begun?: import('./site.js').Session }} Served */

  /** @param {Served} asked */
  const sessionOf = (asked) => {
    const found = asked.begun ?? sessions.find(asked.cookies.JSESSIONID);
    if (found) return found;
    asked.begun = sessions.begin();
    asked.begun.data.csrf = randomText();
    return asked.begun;
  };
  /** Whoever signs in gets another session: the old one's identifier is changed. @param {Served} asked @param {string} user */
  const changeSessionId = (asked, user) => {
    sessions.end(sessionOf(asked).id);
    asked.begun = sessions.begin(user);
    asked.begun.data.csrf = randomText();
  };
  const to = (/** @type {Served} */ { headers: { host } }, /** @type {string} */ path) => ({
    status: 302,
    headers: { location: `http://${host}${path}` },
  });
  /** @param {(asked: Served) => import('./site.js').Answer} route */
  const withCsrf = (route) => (/** @type {Served} */ asked) => {
    const { csrf } = sessionOf(asked).data;
    const sent = asked.fields._csrf ?? asked.headers['x-csrf-token'];
    return sent === csrf
      ? route(asked)
      : { status: 403, json: { status: 403, error: 'Forbidden' } };
  };
  /** @param {(asked: Served, user: { username: string, motto: string }) => import('./site.js').Answer} route */
  const authenticated = (route) => (/** @type {Served} */ asked) => {
    const user = users.get(sessions.find(asked.cookies.JSESSIONID)?.user ?? '');
    if (user !== undefined) return route(asked, user);
    if (entryPoint === 401) return { status: 401 };
    sessionOf(asked); // it remembers where he wanted to go
    return to(asked, '/login');
  };
  const form = (/** @type {Served} */ asked) => ({
    headers: { 'content-type': 'text/html;charset=UTF-8' },
    text: `<form class="login-form" method="post" action="/login"><h2>Please sign in</h2>
<input name="_csrf" type="hidden" value="${sessionOf(asked).data.csrf}" /></form>`,
  });
  /** @param {{ username: string, motto: string }} user */
  const shown = ({ username, motto }) => ({
    json: { username, motto, enabled: true, authorities: [{ authority: 'ROLE_USER' }] },
  });

  const site = await startSite(
    {
      'GET /login': form,
      'POST /register': withCsrf((asked) => {
        const { username, password } = asked.fields;
        users.set(username, { username, password, motto: '' });
        changeSessionId(asked, username);
        return to(asked, '/');
      }),
      'POST /login': withCsrf((asked) => {
        const { username, password } = asked.fields;
        if (users.get(username)?.password !== password) return to(asked, '/login?error');
        changeSessionId(asked, username);
        return to(asked, '/');
      }),
      'POST /logout': withCsrf((asked) => {
        sessions.end(asked.cookies.JSESSIONID);
        asked.begun = undefined;
        return to(asked, '/login?logout');
      }),
      'GET /api/me': authenticated((_, user) => shown(user)),
      'PATCH /api/me': withCsrf(
        authenticated((asked, user) => {
          user.motto = asked.fields.motto;
          return shown(user);
        }),
      ),
      'GET /api/csrf': (asked) => ({ json: { token: sessionOf(asked).data.csrf } }),
    },
    (answer, asked) => ({
      ...answer,
      headers: {
        ...{
          'cache-control': 'no-cache, no-store, max-age=0, must-revalidate',
          pragma: 'no-cache',
        },
        ...{ expires: '0', 'x-content-type-options': 'nosniff', 'x-xss-protection': '0' },
        vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
        ...answer.headers,
      },
      cookies:
        /** @type {Served} */ (asked).begun === undefined
          ? []
          : [`JSESSIONID=${/** @type {Served} */ (asked).begun?.id}; Path=/; HttpOnly`],
    }),
  );
  return { ...site, advance: clock.advance };
}
