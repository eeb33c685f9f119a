// A stand-in for Supabase's Auth behind its gateway, as its documentation and code say (supabase/auth, internal/api:
// user.go, token.go, logout.go, auth.go): a JWT for an hour with a session that the server knows, and refresh tokens that
// are good for one use.
import { randomUUID } from 'node:crypto';
import {
  bearerOf,
  claimsOf,
  createClock,
  createSessions,
  randomText,
  startSite,
  tokenOf,
} from './site.js';

const LIFETIME_S = 3600;
export const API_KEY = 'sb_publishable_for_a_test';

/** @param {number} code @param {string} errorCode @param {string} message */
const failed = (code, errorCode, message) => ({
  status: code,
  json: { code, error_code: errorCode, msg: message },
});

export async function startSupabase() {
  const clock = createClock();
  const sessions = createSessions(clock);
  /** @type {Map<string, Record<string, any>>} by address */
  const users = new Map();
  /** @type {Map<string, string>} to sessions */
  const refreshTokens = new Map();

  /** @param {import('./site.js').Session} session */
  const issue = (session) => {
    const user = /** @type {Record<string, any>} */ (users.get(session.user));
    const exp = Math.floor(clock.now() / 1000) + LIFETIME_S;
    const claims = { sub: user.id, aud: 'authenticated', role: 'authenticated', exp };
    const refreshToken = randomText();
    refreshTokens.set(refreshToken, session.id);
    return {
      json: {
        access_token: tokenOf({ ...claims, session_id: session.id, jti: randomUUID() }),
        token_type: 'bearer',
        expires_in: LIFETIME_S,
        expires_at: exp,
        refresh_token: refreshToken,
        user: shown(user),
      },
    };
  };
  const shown = (/** @type {Record<string, any>} */ { password, ...user }) => user;

  /**
   * @param {(asked: import('./site.js').Asked, session: import('./site.js').Session) => import('./site.js').Answer} route
   * @returns {import('./site.js').Route}
   */
  const authenticated = (route) => (asked) => {
    const token = bearerOf(asked);
    if (token === undefined)
      return failed(401, 'no_authorization', 'This endpoint requires a Bearer token');
    const claims = claimsOf(token, clock);
    if (claims === undefined) {
      return failed(
        403,
        'bad_jwt',
        'invalid JWT: unable to parse or verify signature, token is malformed',
      );
    }
    const session = sessions.find(claims.session_id);
    if (session === undefined) {
      return failed(
        403,
        'session_not_found',
        'Session from session_id claim in JWT does not exist',
      );
    }
    return route(asked, session);
  };

  /** @type {Record<string, import('./site.js').Route>} */
  const routes = {
    'POST /auth/v1/signup': ({ fields: { email, password } }) => {
      const at = new Date(clock.now()).toISOString();
      const common = {
        id: randomUUID(),
        aud: 'authenticated',
        role: 'authenticated',
        email,
        created_at: at,
      };
      users.set(email, { ...common, user_metadata: {}, identities: [], password });
      return issue(sessions.begin(email));
    },
    'POST /auth/v1/token': ({ query, fields }) => {
      if (query.get('grant_type') === 'password') {
        const isRight = users.get(fields.email)?.password === fields.password;
        return isRight
          ? issue(sessions.begin(fields.email))
          : failed(400, 'invalid_credentials', 'Invalid login credentials');
      }
      const session = sessions.find(refreshTokens.get(fields.refresh_token));
      refreshTokens.delete(fields.refresh_token);
      return session
        ? issue(session)
        : failed(400, 'refresh_token_not_found', 'Invalid Refresh Token: Refresh Token Not Found');
    },
    'POST /auth/v1/logout': authenticated(({ query }, { id, user }) => {
      const scope = query.get('scope') ?? 'global';
      if (scope === 'local') sessions.end(id);
      else sessions.endAllOf(user, scope === 'others' ? id : undefined);
      return { status: 204 };
    }),
    'GET /auth/v1/user': authenticated((_, { user }) => ({ json: shown(users.get(user) ?? {}) })),
    'PUT /auth/v1/user': authenticated(({ fields: { data, password } }, { id, user: email }) => {
      const user = /** @type {Record<string, any>} */ (users.get(email));
      Object.assign(user.user_metadata, data);
      if (password !== undefined) {
        user.password = password;
        sessions.endAllOf(email, id);
      }
      return { json: shown(user) };
    }),
    'GET /auth/v1/settings': () => ({ json: { external: { email: true }, disable_signup: false } }),
    'GET /auth/v1/health': () => ({
      json: {
        version: 'v2.180.0',
        name: 'GoTrue',
        description: 'GoTrue is a user registration and authentication API',
      },
    }),
  };
  /** The gateway's. @type {(route: import('./site.js').Route) => import('./site.js').Route} */
  const withKey = (route) => (asked) =>
    asked.headers.apikey === API_KEY
      ? route(asked)
      : {
          status: 401,
          json: {
            message: 'No API key found in request',
            hint: 'No `apikey` request header or url param was found.',
          },
        };
  const behindGateway = Object.entries(routes).map(([request, route]) => [request, withKey(route)]);
  const site = await startSite(Object.fromEntries(behindGateway), (answer) => ({
    ...answer,
    headers: { vary: 'Origin', ...answer.headers },
  }));
  return { ...site, advance: clock.advance };
}
