// An origin that signs users in: a login issues tokens, tokens expire, a refresh token is redeemed once. It is scripted
// onto the origin of a case, and uses the clock of the cache in front of it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DOCUMENT, READ } from '../support/origin.js';
import { quietly } from './context.js';

export const LOGIN = '/api/auth/login';
export const REFRESH = '/api/auth/refresh';
export const LOGOUT = '/api/auth/logout';

/** What a case may do with sessions that the cache manages. */
export const MANAGED = {
  loginPath: '/api/v1/auth/login',
  refreshPath: '/api/v1/auth/refresh',
  logoutPath: '/api/v1/auth/logout',
  apiPrefix: '/api/v1',
};
export const LOGINS = `POST ${MANAGED.loginPath}`;
export const REDEMPTIONS = `POST ${MANAGED.refreshPath}`;
export const LOGOUTS = `POST ${MANAGED.logoutPath}`;
export const THINGS = '/api/v1/things';

export const PASSWORD = 'correct horse';

/** Access tokens live this long. */
const ACCESS_SECONDS = 300;

/** By then one has expired. */
export const EXPIRED_MS = (ACCESS_SECONDS + 5) * 1000;

export const JSON_TYPE = { 'content-type': 'application/json' };

/** What a case about managed sessions runs with. @type {import('./suite.js').Needs} */
export const managed = { options: { managed: MANAGED }, needs: ['managed'] };

/** @param {Partial<Record<string, unknown>>} more options of `managed` @returns {import('./suite.js').Needs} */
export const managedWith = (more) => ({
  ...managed,
  options: { managed: { ...MANAGED, ...more } },
});

/**
 * @typedef {import('../support/origin.js').Call} Call
 * @typedef {import('../support/origin.js').Behaviour} Behaviour
 */

/**
 * A behaviour that is decided once the request's body is there.
 * @param {(call: Call) => Behaviour} decide
 * @returns {(call: Call) => Behaviour}
 */
export const lazily = (decide) => (call) => {
  /** @type {Behaviour | undefined} */
  let made;
  const get = () => {
    made ??= decide(call);
    return made;
  };
  return {
    get status() {
      return get().status;
    },
    get headers() {
      return get().headers;
    },
    get body() {
      return get().body;
    },
    get fault() {
      return get().fault;
    },
  };
};

/**
 * @param {import('./context.js').Cache} t
 * @param {{ rotates?: boolean }} [options] whether a refresh token is good for once only
 */
export function signUsersIn(t, { rotates = true } = {}) {
  /** @type {Map<string, { name: string, endsAt: number }>} */
  const access = new Map();
  /** @type {Map<string, string>} */
  const refresh = new Map();
  /** @type {string[]} */
  const secrets = [];
  let plan = 'free';

  /** @param {string} name */
  function tokensFor(name) {
    const [one, other] = [0, 0].map(() => randomBytes(18).toString('base64url'));
    access.set(one, { name, endsAt: t.now() + ACCESS_SECONDS * 1000 });
    refresh.set(other, name);
    secrets.push(one, other);
    return { access_token: one, refresh_token: other, expires_in: ACCESS_SECONDS };
  }

  /** @param {Call} call */
  function holderOf({ headers }) {
    const token = access.get(`${headers.authorization}`.replace(/^Bearer /, ''));
    return token && t.now() < token.endsAt ? token.name : null;
  }

  /** @param {(name: string, call: Call) => Behaviour} answer @returns {(call: Call) => Behaviour} */
  const forHolder = (answer) =>
    lazily((call) => {
      const name = holderOf(call);
      return name === null ? { status: 401, body: { error: 'nobody' } } : answer(name, call);
    });
  const documentOf = (/** @type {string} */ name) =>
    JSON.stringify({ id: `id-${name}`, name, plan });

  t.origin.on(
    LOGINS,
    lazily(({ headers, body }) => {
      const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded');
      const sent = isForm
        ? Object.fromEntries(new URLSearchParams(body.toString()))
        : JSON.parse(body.toString());
      return sent.password === PASSWORD
        ? { body: tokensFor(sent.name) }
        : { status: 401, body: { error: 'wrong password' } };
    }),
  );
  const redeem = lazily(({ body }) => {
    const token = new URLSearchParams(body.toString()).get('refresh_token');
    const given = token ?? JSON.parse(body.toString()).refresh_token;
    const name = refresh.get(given);
    if (name === undefined) return { status: 400, body: { error: 'invalid_grant' } };
    if (!rotates) return { body: { ...tokensFor(name), refresh_token: undefined } };
    refresh.delete(given);
    return { body: tokensFor(name) };
  });
  t.origin.on(REDEMPTIONS, redeem);
  t.origin.on(
    LOGOUTS,
    forHolder(() => ({ status: 204 })),
  );
  t.origin.on(
    READ,
    forHolder((name) => ({ body: documentOf(name) })),
  );
  t.origin.on(
    `GET ${THINGS}`,
    forHolder((name) => ({ body: { of: name } })),
  );
  t.origin.on(
    `POST ${THINGS}`,
    forHolder((name, call) => ({ status: 201, body: { of: name, size: call.body.length } })),
  );
  t.origin.on(
    `PATCH ${DOCUMENT}`,
    forHolder((name) => {
      plan = 'paid';
      return { body: documentOf(name) };
    }),
  );

  return {
    documentOf,
    /** Every token there ever was. */
    secrets,
    /** What the origin does with a refresh token. */
    redeem,
    /** The origin no longer takes any access token that it has given. */
    dropAccess: () => access.clear(),
    /** The origin no longer takes any refresh token that it has given. */
    dropRefresh: () => refresh.clear(),

    /**
     * Signs a user in, and holds on to the cookie as a browser would.
     * @param {string} name
     * @param {Record<string, string>} [headers] more that the browser sends
     */
    async login(name, headers = {}) {
      const response = await t.fetch(LOGIN, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ name, password: PASSWORD }),
      });
      assert.equal(response.status, 200, await response.text());
      const cookie = cookieOf(response);
      return { response, cookie, headers: { cookie: `${cookie.name}=${cookie.value}` } };
    },
  };
}

/** The one cookie that a response sets. @param {Response} response */
export function cookieOf(response) {
  const lines = response.headers.getSetCookie();
  assert.equal(lines.length, 1, `cookies set: ${lines.length}`);
  const [pair, ...attributes] = lines[0].split(';').map((part) => part.trim());
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
  const named = attributes
    .map((each) => each.split('='))
    .map(([key, of = '']) => [key.toLowerCase(), of]);
  return { name, value, line: lines[0], attributes: new Map(/** @type {any} */ (named)) };
}

/** @param {import('./context.js').Cache} t @param {string} path @param {Record<string, string>} headers */
export const post = quietly(async (t, path, headers, body = '') => {
  const response = await t.fetch(path, { method: 'POST', headers, body });
  return { response, status: response.status, text: await response.text() };
});
