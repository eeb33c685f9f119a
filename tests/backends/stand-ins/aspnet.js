// A stand-in for ASP.NET Core Identity, as its documentation and code say (dotnet/aspnetcore, MapIdentityApi and
// CookieAuthenticationHandler): the endpoints that it maps, with cookies or bearer tokens, the `/logout` of its page on
// single-page applications, and pages that send whoever is not signed in to their sign-in page. A cookie holds the whole
// session, and is issued anew once half of its time is over.
import { bearerOf, claimsOf, createClock, randomText, startSite, tokenOf } from './site.js';

const COOKIE = '.AspNetCore.Identity.Application';
const BEARER_S = 3600;
/** A longer cookie is sent in chunks. */
const CHUNK = 4000;

/** @param {import('./site.js').Answer} answer */
const withServer = (answer) => ({ ...answer, headers: { server: 'Kestrel', ...answer.headers } });

/**
 * @param {object} how
 * @param {number} [how.expireTimeSpanS] `options.ExpireTimeSpan`
 * @param {boolean} [how.hasPages] it has Identity's pages: a challenge is a redirect
 * @param {boolean} [how.isLong] the cookie is in chunks (ChunkingCookieManager)
 */
export async function startAspNet({
  expireTimeSpanS = 14 * 24 * 3600,
  hasPages = false,
  isLong = false,
} = {}) {
  const clock = createClock();
  /** @type {Map<string, { email: string, password: string, isEmailConfirmed: boolean }>} */
  const users = new Map();
  /** @type {Map<string, string>} of what confirms an address, and refreshes, to users */
  const codes = new Map();

  /** @param {string} email @param {number} seconds */
  const ticket = (email, seconds) => {
    const iat = Math.floor(clock.now() / 1000);
    const claims = { email, iat, exp: iat + seconds, nonce: randomText() };
    const roles = isLong ? 'r'.repeat(CHUNK) : '';
    return tokenOf({ ...claims, roles }).replaceAll('.', '_');
  };
  /**
   * @param {string | undefined} text
   * @returns {{ user: { email: string, isEmailConfirmed: boolean }, iat: number, exp: number } | undefined}
   */
  const read = (text) => {
    const token = text?.replace(/^([\w-]+)_([\w-]+)_([\w-]{43})$/, '$1.$2.$3');
    const claims = claimsOf(token, clock);
    const user = users.get(claims?.email);
    return claims && user ? { user, iat: claims.iat, exp: claims.exp } : undefined;
  };
  /** @param {string} email @returns {string[]} lines */
  const cookiesFor = (email) => {
    const expires = new Date(clock.now() + expireTimeSpanS * 1000).toUTCString();
    const rest = `expires=${expires}; path=/; samesite=lax; httponly`;
    const value = ticket(email, expireTimeSpanS);
    const chunks = value.match(RegExp(`.{1,${CHUNK}}`, 'g')) ?? [];
    if (chunks.length === 1) return [`${COOKIE}=${value}; ${rest}`];
    return [
      `${COOKIE}=chunks-${chunks.length}; ${rest}`,
      ...chunks.map((chunk, at) => `${COOKIE}C${at + 1}=${chunk}; ${rest}`),
    ];
  };
  /** @param {Record<string, string>} cookies */
  const cookieIn = (cookies) => {
    const count = Number(/^chunks-(\d+)$/.exec(cookies[COOKIE] ?? '')?.[1] ?? 0);
    if (count === 0) return cookies[COOKIE];
    return Array.from({ length: count }, (_, at) => cookies[`${COOKIE}C${at + 1}`]).join('');
  };
  const tokensFor = (/** @type {string} */ email) => {
    const refreshToken = randomText();
    codes.set(refreshToken, email);
    const accessToken = ticket(email, BEARER_S);
    return { json: { tokenType: 'Bearer', accessToken, expiresIn: BEARER_S, refreshToken } };
  };
  /** @param {import('./site.js').Asked} asked */
  const challenge = ({ headers: { host }, path }) => {
    if (!hasPages) return { status: 401, headers: { 'www-authenticate': 'Bearer' } };
    const location = `http://${host}/Account/Login?ReturnUrl=${encodeURIComponent(path)}`;
    return { status: 302, headers: { location } };
  };
  /**
   * @param {(asked: import('./site.js').Asked, user: { email: string, isEmailConfirmed: boolean }) =>
   *   import('./site.js').Answer} route
   * @returns {import('./site.js').Route}
   */
  const authorized = (route) => (asked) => {
    const token = bearerOf(asked);
    const found = read(token ?? cookieIn(asked.cookies));
    if (found === undefined) return challenge(asked);
    const answer = route(asked, found.user);
    const elapsed = clock.now() / 1000 - found.iat;
    if (token !== undefined || found.exp - clock.now() / 1000 >= elapsed) return answer;
    return {
      ...answer,
      headers: {
        ...{ 'cache-control': 'no-cache,no-store', pragma: 'no-cache' },
        ...{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT', ...answer.headers },
      },
      cookies: answer.cookies ?? cookiesFor(found.user.email),
    };
  };
  /** @param {{ email: string, isEmailConfirmed: boolean }} user */
  const info = ({ email, isEmailConfirmed }) => ({ json: { email, isEmailConfirmed } });

  const site = await startSite(
    {
      'POST /register': ({ fields: { email, password } }) => {
        users.set(email, { email, password, isEmailConfirmed: false });
        codes.set(`code-of-${email}`, email);
        return {};
      },
      'POST /login': ({ fields: { email, password }, query }) => {
        if (users.get(email)?.password !== password) {
          return { status: 401, json: { title: 'Unauthorized', status: 401, detail: 'Failed' } };
        }
        return query.get('useCookies') === 'true'
          ? { cookies: cookiesFor(email) }
          : tokensFor(email);
      },
      'POST /refresh': ({ fields: { refreshToken } }) => {
        const email = codes.get(refreshToken);
        return email === undefined ? { status: 401 } : tokensFor(email);
      },
      'POST /logout': authorized(() => ({
        cookies: (isLong ? [COOKIE, `${COOKIE}C1`, `${COOKIE}C2`] : [COOKIE]).map(
          (name) => `${name}=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; samesite=lax`,
        ),
      })),
      'GET /confirmEmail': ({ query }) => {
        const user = users.get(codes.get(query.get('code') ?? '') ?? '');
        if (user === undefined) return { status: 401 };
        user.isEmailConfirmed = true;
        return { text: 'Thank you for confirming your email.' };
      },
      'GET /manage/info': authorized((_, user) => info(user)),
      'POST /manage/info': authorized((_, user) => info(user)),
      'GET /weatherforecast': authorized(() => ({ json: [] })),
    },
    withServer,
  );
  return { ...site, advance: clock.advance };
}
