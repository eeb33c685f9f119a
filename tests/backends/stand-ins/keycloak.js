// A stand-in for a realm of Keycloak, as its documentation and code say (keycloak/keycloak, protocol/oidc/endpoints:
// UserInfoEndpoint, TokenEndpoint, LogoutEndpoint): access tokens for five minutes, refresh tokens that are good for one use
// (`Revoke Refresh Token`), and sessions that end when they are idle for half an hour.
import { randomUUID } from 'node:crypto';
import { bearerOf, claimsOf, createClock, createSessions, startSite, tokenOf } from './site.js';

const LIFETIME_S = 300;
const IDLE_S = 1800;
const OIDC = '/realms/app/protocol/openid-connect';
const USERS = '/admin/realms/app/users';

/** @param {string} error @param {string} description */
const unauthorized = (error, description) => ({
  status: 401,
  headers: {
    'www-authenticate': `Bearer realm="app", error="${error}", error_description="${description}"`,
  },
  json: { error, error_description: description },
});

export async function startKeycloak() {
  const clock = createClock();
  const sessions = createSessions(clock, IDLE_S * 1000);
  /** @type {Map<string, Record<string, any>>} by identifier */
  const users = new Map();
  /** The refresh token that a session has not redeemed yet. @type {Map<string, string>} */
  const current = new Map();

  /** @param {import('./site.js').Session} session */
  const issue = (session) => {
    const now = Math.floor(clock.now() / 1000);
    const claims = { sub: session.user, sid: session.id, azp: 'spa', iat: now };
    const refreshToken = tokenOf({
      ...claims,
      typ: 'Refresh',
      jti: randomUUID(),
      exp: now + IDLE_S,
    });
    current.set(session.id, refreshToken);
    return {
      headers: { 'cache-control': 'no-store', pragma: 'no-cache' },
      json: {
        access_token: tokenOf({
          ...claims,
          typ: 'Bearer',
          jti: randomUUID(),
          exp: now + LIFETIME_S,
        }),
        ...{ expires_in: LIFETIME_S, refresh_expires_in: IDLE_S, refresh_token: refreshToken },
        ...{
          token_type: 'Bearer',
          'not-before-policy': 0,
          session_state: session.id,
          scope: 'openid',
        },
      },
    };
  };
  const refused = (/** @type {string} */ description) => ({
    status: 400,
    json: { error: 'invalid_grant', error_description: description },
  });

  const site = await startSite({
    [`POST ${OIDC}/token`]: ({ fields }) => {
      if (fields.grant_type === 'password') {
        const user = [...users.values()].find(({ username }) => username === fields.username);
        return user ? issue(sessions.begin(user.id)) : refused('Invalid user credentials');
      }
      const session = sessions.find(claimsOf(fields.refresh_token, clock)?.sid);
      if (session === undefined) return refused('Session not active');
      if (current.get(session.id) !== fields.refresh_token)
        return refused('Maximum allowed refresh token reuse exceeded');
      return issue(session);
    },
    [`GET ${OIDC}/userinfo`]: (asked) => {
      const token = bearerOf(asked);
      if (token === undefined)
        return { status: 401, headers: { 'www-authenticate': 'Bearer realm="app"' } };
      const claims = claimsOf(token, clock);
      if (claims === undefined) return unauthorized('invalid_token', 'Token verification failed');
      const user = users.get(claims.sub);
      if (sessions.find(claims.sid) === undefined || user === undefined) {
        return unauthorized(
          'invalid_token',
          "User session not found or doesn't have client attached on it",
        );
      }
      const { id: sub, username, firstName: given } = user;
      const json = { sub, email_verified: false, preferred_username: username, given_name: given };
      return { headers: { 'cache-control': 'no-cache' }, json };
    },
    [`POST ${OIDC}/logout`]: ({ fields }) => {
      const session = sessions.find(claimsOf(fields.refresh_token, clock)?.sid);
      if (session === undefined) return refused('Invalid refresh token');
      sessions.end(session.id);
      return { status: 204 };
    },
    [`POST ${OIDC}/revoke`]: ({ fields }) => {
      sessions.end(claimsOf(fields.token, clock)?.sid);
      return {};
    },
    [`POST ${USERS}`]: ({ fields }) => {
      const id = randomUUID();
      users.set(id, { ...fields, id });
      return { status: 201, headers: { location: `${USERS}/${id}` } };
    },
    [`PUT ${USERS}/:id`]: ({ id = '', fields }) => {
      Object.assign(users.get(id) ?? {}, fields);
      return { status: 204 };
    },
    [`DELETE ${USERS}/:id`]: ({ id = '' }) => {
      users.delete(id);
      sessions.endAllOf(id);
      return { status: 204 };
    },
    [`POST ${USERS}/:id/logout`]: ({ id = '' }) => {
      sessions.endAllOf(id);
      return { status: 204 };
    },
    'GET /realms/app': () => ({
      json: { realm: 'app', 'token-service': 'http://host/realms/app' },
    }),
    'GET /realms/master': ({ headers: { host } }) => ({
      json: {
        realm: 'master',
        'token-service': `http://${host}/realms/master/protocol/openid-connect`,
        'account-service': `http://${host}/realms/master/account`,
      },
    }),
  });
  return { ...site, advance: clock.advance };
}
