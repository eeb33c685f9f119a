// The proxy (Next.js 16's `proxy.js`): who is not signed in does not get to the protected paths. Nothing is told
// to the pages: they ask the same cache by themselves, which costs nothing. So nothing that a client may have
// written into its request's headers is believed.
//
// Invariant: a protected page is answered to nobody of whom it is not known who they are.
import { markPrivate } from '../../js_bindings/http/private-headers.js';
import { afterSetCookies, identifyingHeaders } from './request-headers.js';

/** @typedef {import('next/server.js').NextRequest} NextRequest */
/** @typedef {import('next/server.js').NextFetchEvent} NextFetchEvent */
/** @typedef {typeof import('next/server.js').NextResponse} NextResponseClass */
/** @typedef {import('../../js_bindings/session-cache.js').Identity} Identity */

/**
 * What the proxy protects.
 * @typedef {object} ProxyOptions
 * @property {string[]} [protect] paths that only those get to who are signed in, with all that is below them;
 *   default none
 * @property {string} [signIn] the path where one signs in, never protected; it gets the page that was wanted as
 *   `?next=`; default `/login`
 */

/** No client has a reason to send these: pages and older versions of Next.js may believe them (CVE-2025-29927). */
const SMUGGLED = /^x-(sesame-|middleware-subrequest)/;

/**
 * @param {() => import('../identify.js').Identifier<unknown>} instance
 * @param {NextResponseClass} NextResponse
 * @param {ProxyOptions} [options]
 * @returns {(request: NextRequest, event: NextFetchEvent) => Promise<Response>}
 */
export function sesameProxy(instance, NextResponse, { protect = [], signIn = '/login' } = {}) {
  const signInPath = new URL(signIn, 'http://host').pathname;

  /** @param {Headers} headers @param {string[]} [setCookies] */
  const goOn = (headers, setCookies = []) => {
    const response = NextResponse.next({ request: { headers } });
    for (const line of setCookies) response.headers.append('set-cookie', line);
    return response;
  };

  /** @param {NextRequest} request @param {string[]} setCookies */
  const toSignIn = (request, setCookies) => {
    const url = request.nextUrl.clone();
    const wanted = url.pathname + url.search;
    const [pathname, search = ''] = signIn.split('?');
    url.pathname = pathname;
    url.search = search;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isAction = request.headers.has('next-action');
    if (isRead || isAction) url.searchParams.set('next', wanted);
    const response = isAction
      ? actionRedirect(url.href)
      : // What was sent to the page is not sent to the one where one signs in (RFC 9110 section 15.4.4).
        NextResponse.redirect(url, isRead ? 307 : 303);
    for (const line of setCookies) response.headers.append('set-cookie', line);
    return response;
  };

  return async (request, event) => {
    const headers = new Headers(request.headers);
    for (const name of [...headers.keys()]) if (SMUGGLED.test(name)) headers.delete(name);
    const paths = readingsOf(request.nextUrl.pathname);
    const isProtected = protect.some((top) => paths.some((path) => isWithin(path, top)));
    if (!isProtected || paths[0] === signInPath) return goOn(headers);
    /** @type {(work: Promise<unknown>) => void} */
    const waitUntil = (work) => event.waitUntil(work.catch(() => {}));
    /** @type {Response} */
    let response;
    try {
      const asked = { headers: identifyingHeaders(headers) };
      const { user, setCookies } = await instance().identify(asked, { waitUntil });
      response =
        user === null
          ? toSignIn(request, setCookies)
          : goOn(afterSetCookies(headers, setCookies, Date.now()), setCookies);
    } catch (error) {
      response = refusalOf(error);
    }
    markPrivate(response.headers);
    return response;
  };
}

/**
 * For the script that calls an action: it would follow any other redirect, and take the page for a failure.
 * Next.js' server says it in this way, too.
 * @param {string} href
 */
function actionRedirect(href) {
  const { pathname, search } = new URL(href);
  const headers = { 'x-action-redirect': `${pathname}${search};replace` };
  return new Response(null, { status: 303, headers });
}

/**
 * What the router may read a path as: as it stands, or without its escapes.
 * @param {string} pathname
 */
function readingsOf(pathname) {
  const plain = pathname.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  try {
    return [plain, decodeURIComponent(plain).replace(/\/{2,}/g, '/')];
  } catch {
    return [plain];
  }
}

/** @param {string} path @param {string} top */
function isWithin(path, top) {
  const parent = top.replace(/\/+$/, '');
  return path === parent || path.startsWith(`${parent}/`);
}

/**
 * Not known who it is: that is no sign-out, so nobody is sent to sign in (SPEC R13, R44).
 * @param {any} error told by its code: each bundle has classes of its own
 */
function refusalOf(error) {
  if (error?.code === 'ERR_SESAME_TOO_LARGE') return new Response(null, { status: 431 });
  if (error?.code !== 'ERR_SESAME_ORIGIN_UNAVAILABLE') throw error;
  const seconds = Math.max(1, Math.ceil(error.retryAfterMs / 1000));
  const headers = { 'retry-after': String(seconds), 'content-type': 'text/plain' };
  return new Response('It cannot be told now who is signed in. Try again soon.\n', {
    status: 503,
    headers,
  });
}
