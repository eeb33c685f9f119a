// Recognises what a back end is made with, by what it answers to anybody (rule R84): paths, names of cookies, headers. It
// sends no credential, changes nothing, and knows nothing of Sesame's options but their names.
// Invariant: what it cannot tell is null; it never guesses, and never fails.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { toHeaders } from '../../js_bindings/origin/headers.js';

/**
 * @typedef {object} Recognized
 * @property {keyof typeof import('../../js_bindings/dialects/presets/preset.js').PRESETS} backend
 * @property {Record<string, string>} options what differs from the preset's
 * @property {string} because what has told it
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Headers} headers
 * @property {string} text its beginning
 */

const WITHIN_MS = 2000;
/** What tells is at the beginning. */
const MAX_TEXT = 64 * 1024;

/** Where it is asked, in the order in which the first that tells counts. */
const LOOKS = /** @type {const} */ ([
  { path: '/api/auth/ok', tells: betterAuth },
  { path: '/api/auth/csrf', tells: authJs },
  { path: '/auth/csrf', tells: authJs },
  { path: '/admin/login/', tells: django },
  { path: '/api-auth/login/', tells: django },
  { path: '/accounts/login/', tells: django },
  { path: '/users/sign_in', tells: rails },
  { path: '/.well-known/openid-configuration', tells: oidcProvider },
  { path: '/login', tells: nodeSession },
  { path: '/', tells: nodeSession },
  { path: '/openapi.json', tells: fastApi },
  { path: '/sanctum/csrf-cookie', tells: laravel },
  { path: '/auth/v1/health', tells: supabase },
  { path: '/sessions/whoami', tells: kratos },
  { path: '/realms/master', tells: keycloak },
  { path: '/manage/info', tells: aspNet },
  { path: '/Identity/Account/Login', tells: aspNet },
  { path: '/login', tells: spring },
  { path: '/login', tells: flaskLogin },
  { path: '/', tells: flaskLogin },
  { path: '/', tells: php },
]);

/**
 * @param {string} origin
 * @param {AbortSignal} [signal] nobody wants to know any more
 * @returns {Promise<Recognized | null>} null: it looks like none of them, or cannot be asked
 */
export async function recognizeBackend(origin, signal) {
  const paths = [...new Set(LOOKS.map(({ path }) => path))];
  const asked = paths.map(async (path) => [path, await ask(origin + path, signal)]);
  /** @type {Record<string, Answer | null>} */
  const answers = Object.fromEntries(await Promise.all(asked));
  for (const { path, tells } of LOOKS) {
    const answer = answers[path];
    const found = answer && tells(answer, path);
    if (found) return found;
  }
  return null;
}

/**
 * Whether a back end answers a path of Sesame's own, which it would hide (rule R73).
 * @param {string} url
 * @param {AbortSignal} [signal]
 */
export async function hasOwn(url, signal) {
  const answer = await ask(url, signal);
  const type = answer?.headers.get('content-type') ?? '';
  return answer?.status === 200 && /^application\/(\w[\w.+-]*\+)?json\b/i.test(type);
}

/**
 * By Node's own client: a connection that does not come about ends with its signal, which a fetch leaves to its own time.
 * @param {string} url
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer | null>}
 */
async function ask(url, signal) {
  const limit = AbortSignal.timeout(WITHIN_MS);
  const how = {
    ...{ agent: false, headers: { accept: 'application/json, text/html;q=0.9' } },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  };
  try {
    const [incoming] = await once(
      (url.startsWith('https:') ? https : http).get(url, how),
      'response',
    );
    let text = '';
    for await (const piece of incoming.setEncoding('utf8')) {
      text += piece;
      if (text.length >= MAX_TEXT) break;
    }
    return { status: incoming.statusCode ?? 0, headers: toHeaders(incoming.headers), text };
  } catch {
    return null;
  }
}

/** The names of the cookies that an answer sets. @param {Answer} answer */
const cookiesOf = ({ headers }) =>
  headers.getSetCookie().map((line) => line.split('=', 1)[0].trim());

/** An identifier of 24 random bytes and what it is signed with, as express-session writes them. */
const EXPRESS_COOKIE = /^([^=;\s]+)=s(?:%3A|:)[\w-]{32}\.[^;]{43,}/i;
/** The same, as @fastify/session does. */
const FASTIFY_COOKIE = /^(sessionId)=[\w-]{32}\.[^;]{43,}/;

/** @param {Answer} answer @param {string} path @returns {Recognized | null} */
function betterAuth({ status, text }, path) {
  if (status !== 200 || text.replace(/\s/g, '') !== '{"ok":true}') return null;
  return { backend: 'better-auth', options: {}, because: `${path} answers ${text.trim()}` };
}

/** @param {Answer} answer @param {string} path @returns {Recognized | null} */
function authJs(answer, path) {
  const cookie = cookiesOf(answer).find((name) =>
    /^(__Host-|__Secure-)?(authjs|next-auth)\.csrf-token$/.test(name),
  );
  if (answer.status !== 200 || !cookie || !answer.text.includes('"csrfToken"')) return null;
  const documentPath = path.replace(/csrf$/, 'session');
  const isUsual = documentPath === '/api/auth/session';
  const options = /** @type {Record<string, string>} */ (isUsual ? {} : { documentPath });
  return { backend: 'auth.js', options, because: `${path} sets the cookie ${cookie}` };
}

/** @param {Answer} answer @param {string} path @returns {Recognized | null} */
function django({ status, text }, path) {
  const isForm = status === 200 && /name=["']csrfmiddlewaretoken["']/.test(text);
  if (!isForm) return null;
  return { backend: 'django', options: {}, because: `${path} has a form with csrfmiddlewaretoken` };
}

/** @param {Answer} answer @param {string} path @returns {Recognized | null} */
function rails(answer, path) {
  const { status, headers, text } = answer;
  const isRails = headers.has('x-request-id') && headers.has('x-runtime');
  if (status !== 200 || !isRails || !/name="authenticity_token"|user\[email\]/.test(text))
    return null;
  const cookie = cookiesOf(answer).find((name) => /^_\w+_session$/.test(name));
  const options = /** @type {Record<string, string>} */ (cookie ? { cookie } : {});
  return { backend: 'rails', options, because: `${path} is a form of Devise’s` };
}

/**
 * Whether it can be told, and how a page calls it.
 * @param {boolean} isIt
 * @param {Recognized['backend']} backend
 * @param {string} because
 * @param {Record<string, string>} [options]
 * @returns {Recognized | null}
 */
const toldBy = (isIt, backend, because, options = {}) =>
  isIt ? { backend, options, because } : null;

/** @param {Answer} answer @param {string} path */
function fastApi({ text }, path) {
  // It may be longer than what is read of it.
  const documentPath = /"(\/[\w/.-]*\/users\/me|\/users\/me)"/.exec(text)?.[1];
  const isIt = /^\{"openapi":/.test(text) && /OAuth2PasswordBearer|"flows":/.test(text);
  const isUsual = documentPath === PRESETS.fastapi.options.documentPath;
  return toldBy(
    isIt && documentPath !== undefined,
    ...['fastapi', `${path} has ${documentPath} and OAuth2`],
    isUsual || documentPath === undefined ? {} : { documentPath },
  );
}

/** @param {Answer} answer @param {string} path */
function laravel(answer, path) {
  const cookies = cookiesOf(answer);
  const cookie = cookies.find((name) => /[_-]session$/.test(name)) ?? '';
  const isUsual = PRESETS.laravel.options.cookie.includes(cookie);
  return toldBy(
    answer.status === 204 && cookies.includes('XSRF-TOKEN') && cookie !== '',
    ...['laravel', `${path} sets the cookies XSRF-TOKEN and ${cookie}`],
    isUsual ? {} : { cookie },
  );
}

/** @param {Answer} answer @param {string} path */
function supabase(answer, path) {
  const said = jsonOf(answer.text);
  const isKeyless = answer.status === 401 && /^No API key found/.test(said?.message ?? '');
  return toldBy(isKeyless || said?.name === 'GoTrue', 'supabase', `${path} is that of its Auth`);
}

/** @param {Answer} answer @param {string} path */
function kratos(answer, path) {
  const error = jsonOf(answer.text)?.error;
  const isIt = error?.code === 401 && error.message === 'The request could not be authorized';
  return toldBy(isIt && answer.status === 401, 'kratos', `${path} answers as Ory Kratos does`);
}

/** @param {Answer} answer @param {string} path */
function keycloak(answer, path) {
  const said = jsonOf(answer.text);
  const isIt = said?.realm === 'master' && typeof said['token-service'] === 'string';
  return toldBy(isIt, 'keycloak', `${path} is a realm`);
}

/** @param {Answer} answer @param {string} path */
function aspNet(answer, path) {
  const { status, headers } = answer;
  const isForm = cookiesOf(answer).some((name) => name.startsWith('.AspNetCore.Antiforgery.'));
  const isChallenge =
    (status === 401 && headers.get('server') === 'Kestrel') ||
    (status === 302 && /\/Account\/Login\?ReturnUrl=/.test(headers.get('location') ?? ''));
  return toldBy(isForm || isChallenge, 'aspnet', `${path} answers as ASP.NET Core Identity does`);
}

/** @param {Answer} answer @param {string} path */
function spring(answer, path) {
  const cookie = cookiesOf(answer).find((name) => PRESETS.spring.options.cookie.includes(name));
  const isForm = answer.status === 200 && /name="_csrf"/.test(answer.text);
  return toldBy(isForm && !!cookie, 'spring', `${path} has a form with _csrf and sets ${cookie}`);
}

/** @param {Answer} answer @param {string} path */
function flaskLogin({ headers }, path) {
  // A session as itsdangerous signs it: JSON or what it is compressed to, a time, a signature.
  const isIt = headers
    .getSetCookie()
    .some((line) => /^session=(eyJ|\.eJ)[\w-]*\.[\w-]{6}\.[\w-]{27};/.test(line));
  return toldBy(isIt, 'flask-login', `${path} sets a session as Flask signs it`);
}

/** @param {Answer} answer @param {string} path */
function php(answer, path) {
  const isIt = cookiesOf(answer).includes('PHPSESSID');
  return toldBy(isIt, 'php', `${path} sets the cookie PHPSESSID`);
}

/**
 * oidc-provider by the paths that it gives its endpoints, wherever it is mounted.
 * @param {Answer} answer
 * @param {string} path
 * @returns {Recognized | null}
 */
function oidcProvider({ status, text }, path) {
  const said = status === 200 ? jsonOf(text) : null;
  const at = (/** @type {string} */ name) => {
    const url = `${said?.[name]}`;
    return URL.canParse(url) ? new URL(url).pathname : '';
  };
  const documentPath = at('userinfo_endpoint');
  const base = documentPath.replace(/\/me$/, '');
  const isIt =
    documentPath === `${base}/me` &&
    at('authorization_endpoint') === `${base}/auth` &&
    at('token_endpoint') === `${base}/token` &&
    at('jwks_uri') === `${base}/jwks`;
  if (!isIt) return null;
  const options = /** @type {Record<string, string>} */ (base === '' ? {} : { documentPath });
  const because = `${path} names ${base}/auth, ${base}/token and ${documentPath}`;
  return { backend: 'oidc-provider', options, because };
}

/** @param {string} text @returns {any} null: it is none */
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A session that whoever comes is given, or that a page has left a message in.
 * @param {Answer} answer
 * @param {string} path
 * @returns {Recognized | null}
 */
function nodeSession({ headers }, path) {
  for (const line of headers.getSetCookie()) {
    const [, cookie] = EXPRESS_COOKIE.exec(line) ?? [];
    const [, ofFastify] = FASTIFY_COOKIE.exec(line) ?? [];
    const because = `${path} sets the cookie ${cookie ?? ofFastify}`;
    if (ofFastify) return { backend: '@fastify/session', options: {}, because };
    if (!cookie) continue;
    const options = /** @type {Record<string, string>} */ (
      cookie === 'connect.sid' ? {} : { cookie }
    );
    return { backend: 'express-session', options, because };
  }
  return null;
}

/**
 * The options that are proposed, as they stand in a file of JSON.
 * @param {Recognized} recognized
 */
export function proposalOf({ backend, options }) {
  return Object.entries({ backend, ...options })
    .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(', ');
}
