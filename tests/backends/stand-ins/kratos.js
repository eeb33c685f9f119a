// A stand-in for Ory Kratos, as its documentation and code say (ory/kratos, session/handler.go, selfservice/flow/logout):
// sessions of a browser in the cookie `ory_kratos_session`, and of other clients in a token; flows that are begun and then
// submitted, as a single-page application does it.
import { randomUUID } from 'node:crypto';
import { bearerOf, createClock, createSessions, randomText, startSite } from './site.js';

const COOKIE = 'ory_kratos_session';
const LIFESPAN_S = 24 * 3600;

/** @param {number} code @param {string} status @param {string} reason @param {string} message */
const failed = (code, status, reason, message) => ({
  status: code,
  json: { error: { code, status, reason, message } },
});
const UNAUTHORIZED = failed(
  401,
  'Unauthorized',
  'No valid session credentials found in the request.',
  'The request could not be authorized',
);

/** @typedef {import('./site.js').Session} Session */

export async function startKratos() {
  const clock = createClock();
  const sessions = createSessions(clock);
  /** @type {Map<string, { id: string, password: string, traits: Record<string, any> }>} by address */
  const identities = new Map();
  /** @type {Map<string, string>} of cookies, session tokens and logout tokens, to sessions */
  const known = new Map();

  const sessionOf = (/** @type {import('./site.js').Asked} */ asked) => {
    const token = asked.headers['x-session-token'] ?? bearerOf(asked) ?? asked.cookies[COOKIE];
    return sessions.find(known.get(String(token ?? '')));
  };
  /** @param {Session} session */
  const shown = ({ id, user, data }) => {
    const { password, ...identity } = identities.get(user) ?? { password: '' };
    return {
      ...{ id: data.id, active: true, expires_at: data.expiresAt, authenticated_at: data.at },
      ...{ authenticator_assurance_level: 'aal1', issued_at: data.at, tokenized: undefined },
      authentication_methods: [{ method: 'password', aal: 'aal1', completed_at: data.at }],
      identity: { ...identity, schema_id: 'default', state: 'active' },
      devices: [{ id: id.slice(0, 8), ip_address: '', user_agent: '' }],
    };
  };
  /** @param {string} email @param {boolean} isBrowser */
  const signIn = (email, isBrowser) => {
    const session = sessions.begin(email);
    const at = new Date(clock.now()).toISOString();
    const expiresAt = new Date(clock.now() + LIFESPAN_S * 1000).toISOString();
    session.data = { id: randomUUID(), at, expiresAt };
    const token = isBrowser ? randomText() : `ory_st_${randomText()}`;
    known.set(token, session.id);
    if (!isBrowser) return { json: { session_token: token, session: shown(session) } };
    const rest = `Path=/; Max-Age=${LIFESPAN_S}; HttpOnly; SameSite=Lax`;
    return { json: { session: shown(session) }, cookies: [`${COOKIE}=${token}; ${rest}`] };
  };
  /** @type {import('./site.js').Route} */
  const flow = (asked) => {
    const type = asked.path.endsWith('/api') ? 'api' : 'browser';
    const id = `${type}-${randomUUID()}`;
    const action = `${asked.path.replace(/\/\w+$/, '')}?flow=${id}`;
    const answer = { json: { id, type, ui: { action, method: 'POST', nodes: [] } } };
    return type === 'api'
      ? answer
      : { ...answer, cookies: [`csrf_token=${randomText()}; Path=/; HttpOnly`] };
  };
  const isBrowserFlow = (/** @type {import('./site.js').Asked} */ { query }) =>
    `${query.get('flow')}`.startsWith('browser');

  const site = await startSite(
    {
      'GET /self-service/registration/browser': flow,
      'GET /self-service/registration/api': flow,
      'GET /self-service/login/browser': flow,
      'GET /self-service/login/api': flow,
      'GET /self-service/settings/browser': (asked) =>
        sessionOf(asked) ? flow(asked) : UNAUTHORIZED,
      'POST /self-service/registration': (asked) => {
        const { traits, password } = asked.fields;
        identities.set(traits.email, { id: randomUUID(), password, traits });
        return signIn(traits.email, isBrowserFlow(asked));
      },
      'POST /self-service/login': (asked) => {
        const { identifier, password } = asked.fields;
        const isRight = identities.get(identifier)?.password === password;
        return isRight
          ? signIn(identifier, isBrowserFlow(asked))
          : { status: 400, json: { ui: {} } };
      },
      'POST /self-service/settings': (asked) => {
        const session = sessionOf(asked);
        const identity = identities.get(session?.user ?? '');
        if (session === undefined || identity === undefined) return UNAUTHORIZED;
        const { method, traits, password } = asked.fields;
        if (method === 'profile') identity.traits = traits;
        else {
          identity.password = password;
          sessions.endAllOf(session.user, session.id); // the hook `revoke_active_sessions`
        }
        return { json: { state: 'success' } };
      },
      'GET /self-service/logout/browser': (asked) => {
        const session = sessionOf(asked);
        if (session === undefined) return UNAUTHORIZED;
        const token = randomText();
        known.set(token, session.id);
        const url = `http://${asked.headers.host}/self-service/logout?token=${token}`;
        return { json: { logout_url: url, logout_token: token } };
      },
      'GET /self-service/logout': (asked) => {
        const session = sessions.find(known.get(asked.query.get('token') ?? ''));
        if (session === undefined || sessionOf(asked)?.id !== session.id) {
          return failed(
            403,
            'Forbidden',
            'Unable to log out',
            'The requested action was forbidden',
          );
        }
        sessions.end(session.id);
        return { status: 204, cookies: [`${COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`] };
      },
      'DELETE /self-service/logout/api': ({ fields }) => {
        sessions.end(known.get(fields.session_token));
        return { status: 204 };
      },
      'GET /sessions/whoami': (asked) => {
        const session = sessionOf(asked);
        if (session === undefined) return UNAUTHORIZED;
        const identityId = identities.get(session.user)?.id ?? '';
        return {
          json: shown(session),
          headers: { 'x-kratos-authenticated-identity-id': identityId },
        };
      },
      'GET /sessions': (asked) => (sessionOf(asked) ? { json: [] } : UNAUTHORIZED),
      'DELETE /sessions': (asked) => {
        const session = sessionOf(asked);
        if (session === undefined) return UNAUTHORIZED;
        sessions.endAllOf(session.user, session.id);
        return { json: { count: 1 } };
      },
      'GET /health/alive': () => ({ json: { status: 'ok' } }),
    },
    (answer) => ({
      ...answer,
      headers: {
        'cache-control': 'private, no-cache, no-store, must-revalidate',
        ...answer.headers,
      },
    }),
  );
  return { ...site, advance: clock.advance };
}
