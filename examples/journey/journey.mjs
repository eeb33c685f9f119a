// What one user does on a site, as a client over real HTTP: logs in, loads pages, moves about,
// changes the profile, stays until the access token has expired and been refreshed.
//
// It must not know how the answers come about: it is told the URL, and what the origin holds, and
// compares. Invariant: every check's answer is compared with what the origin holds at that moment.
import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';

const EMAIL = 'layla@example.com';
const DOCUMENT = '/api/v1/users/me';
const SESSION = '/api/auth/session';

/** Seven loads of a page and three moves inside it: 7 × 2 + 3 checks. */
const PAGE_LOADS = [
  '/',
  '/app/inbox',
  '/app/inbox/42',
  '/',
  '/app/search',
  '/app/cart',
  '/app/pay',
];
const NAVIGATIONS = ['/app/orders', '/app/orders/7', '/app/settings'];

const SHORT_TOKEN_LIFE_MS = 3000;
const TOKEN_LIFE_MS = 15 * 60_000;

/**
 * @typedef {{ name: string, checks: number, calls: number, waitMs: number, slowestMs: number }}
 *   Phase
 * @typedef {ReturnType<typeof import('../origin/server.mjs').createOrigin>} Origin
 */

/**
 * @param {object} to
 * @param {string} to.url where the user's requests go
 * @param {Origin} to.origin the origin behind it, to count its calls and to compare answers
 * @param {string} to.password
 * @param {boolean} to.hasSessionPath whether `/api/auth/session` exists there
 * @returns {Promise<{ phases: Phase[], faults: string[] }>}
 */
export async function takeJourney({ url, origin, password, hasSessionPath }) {
  /** @type {Phase[]} */
  const phases = [];
  /** @type {string[]} */
  const faults = [];
  let token = '';

  const send = (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) =>
    fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}` } });
  const post = async (/** @type {string} */ path, /** @type {unknown} */ body) => {
    const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}`);
    return /** @type {import('../origin/sessions.mjs').Tokens} */ (await answer.json());
  };
  const originCalls = () => origin.calls.get(`GET ${DOCUMENT}`) ?? 0;

  /** One check: who is signed in? @param {string} path @param {number} [wanted] the status */
  const check = async (path, wanted = 200) => {
    const phase = /** @type {Phase} */ (phases.at(-1));
    const start = performance.now();
    const answer = await send(path);
    const text = await answer.text();
    const tookMs = performance.now() - start;
    phase.checks += 1;
    phase.waitMs += tookMs;
    phase.slowestMs = Math.max(phase.slowestMs, tookMs);
    const user = origin.user(EMAIL);
    const isRight =
      answer.status === wanted &&
      (wanted !== 200 ||
        (path === DOCUMENT
          ? text === JSON.stringify(user)
          : isDeepStrictEqual(JSON.parse(text).user, user)));
    if (!isRight) faults.push(`${phase.name}: ${path} answered ${answer.status} ${text}`);
  };
  const sessionPath = hasSessionPath ? SESSION : DOCUMENT;
  /** @param {string} name @param {() => Promise<void>} steps */
  const phase = async (name, steps) => {
    const callsBefore = originCalls();
    phases.push({ name, checks: 0, calls: 0, waitMs: 0, slowestMs: 0 });
    await steps();
    const current = /** @type {Phase} */ (phases.at(-1));
    current.calls = originCalls() - callsBefore;
  };

  let tokens = await post('/api/v1/auth/login', { email: EMAIL, password });
  token = tokens.access_token;

  await phase('page loads and navigations', async () => {
    for (const page of PAGE_LOADS) {
      await (await send(page)).text();
      await check(DOCUMENT); // the page asks who is signed in,
      await check(sessionPath); // and so does the header above it
    }
    for (const page of NAVIGATIONS) {
      await (await send(page)).text();
      await check(DOCUMENT);
    }
  });

  await phase('after a profile change', async () => {
    const name = 'Layla Haddad · ليلى حداد';
    const changed = await send(DOCUMENT, { method: 'PUT', body: JSON.stringify({ name }) });
    if (!changed.ok || origin.user(EMAIL)?.name !== name) faults.push('the change did not arrive');
    await changed.text();
    for (const path of [DOCUMENT, sessionPath, DOCUMENT, sessionPath, DOCUMENT]) await check(path);
  });

  await phase('token expiry and refresh', async () => {
    // A renewal that passes through costs no call; that the old token has ended is the origin's to say, once.
    origin.settings.tokenLifeMs = SHORT_TOKEN_LIFE_MS;
    tokens = await post('/api/v1/auth/refresh', { refresh_token: tokens.refresh_token });
    origin.settings.tokenLifeMs = TOKEN_LIFE_MS;
    token = tokens.access_token;
    const expired = wait(tokens.expires_in * 1000);
    await check(DOCUMENT);
    await check(sessionPath);
    await expired;
    await check(DOCUMENT, 401);
    tokens = await post('/api/v1/auth/refresh', { refresh_token: tokens.refresh_token });
    token = tokens.access_token;
    await check(DOCUMENT);
    await check(sessionPath);
  });

  return { phases, faults };
}
