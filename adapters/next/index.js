// Sesame in a Next.js server: who makes the request that is rendered, the profile's change, the handlers of the
// session's paths, and the proxy. It knows Next.js 16 and React's `cache()`, and nothing of how sessions are kept.
//
// It is bundled with the application, once for each of its kinds of modules. So nothing here may be a state of
// the module, or be told by its class: `shared-instance.js` holds the one cache, errors are told by their `code`.

/**
 * Sesame in a Next.js server, 16 or newer: who makes the request that is rendered, the profile's change, the handlers of
 * the session's paths, and the proxy. Needs `next` and `react` installed beside the package.
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid.
 * `docs/nextjs.md` has a whole application.
 * @module
 */

import { refresh } from 'next/cache.js';
import { cookies, headers } from 'next/headers.js';
import { after, NextResponse } from 'next/server.js';
import { cache } from 'react';
import { sesameProxy } from './proxy.js';
import { currentHeaders, identifyingHeaders, withPublicHost } from './request-headers.js';
import { sharedInstance } from './shared-instance.js';

/** @import { SesameError } from '../../js_bindings/errors.js' */
/** @import { Session, SessionCacheBase, UserDocument } from '../../js_bindings/session-cache.js' */
/** @typedef {import('./proxy.js').ProxyOptions} ProxyOptions */
/**
 * @template [User=UserDocument]
 * @typedef {import('./shared-instance.js').Source<User>} Source
 */

/**
 * The functions of one application. Nothing is made, and no option is looked at, before the first of them is
 * called: a build needs neither the origin nor the environment.
 * @template [User=UserDocument] what the document is
 * @param {Source<User>} source the options of a `SessionCache`; a function that gives them, or one, when it is first
 *   needed; or a `SessionCache`, which is then yours to keep one of
 * @param {object} [options]
 * @param {string} [options.name] tells the caches apart where an application has several; default `default`
 * @returns the functions of the application. They throw `ERR_SESAME_CONFIG` when one is called with wrong options
 *
 * @example
 * // lib/sesame.js
 * import { createSesame } from 'sesame-edge/next';
 *
 * export const sesame = createSesame({ origin: 'https://api.example.com' });
 * export const { getServerSession, updateCurrentUser } = sesame;
 *
 * // app/api/auth/[...sesame]/route.js
 * export const { GET, POST } = sesame.handlers;
 *
 * const response = await GET(new Request('https://www.example.com/api/auth/session', request));
 * const { user } = await response.json();
 * user.name; // => 'Ingrid Sørensen'
 *
 * @example
 * // proxy.js
 * import { NextRequest } from 'next/server.js';
 * import { createSesame } from 'sesame-edge/next';
 *
 * const sesame = createSesame({ origin: 'https://api.example.com' });
 * export const proxy = sesame.proxy({ protect: ['/account'], signIn: '/login' });
 *
 * const wanted = new NextRequest('https://www.example.com/account'); // of nobody
 * const response = await proxy(wanted, { waitUntil() {} });
 * response.headers.get('location'); // => 'https://www.example.com/login?next=%2Faccount'
 */
export function createSesame(source, { name = 'default' } = {}) {
  const instance = () => sharedInstance(source, name);

  // React forgets with the end of each render; outside of one, each call is a check of its own.
  const sessionOfRender = cache(async () => {
    const request = { headers: identifyingHeaders(await currentHeaders(headers, cookies)) };
    const { setCookies, user, expiresAt } = await instance().identify(request, { waitUntil });
    await setWherePossible(setCookies);
    return user === null ? null : { user, expiresAt };
  });

  /** @param {Request} request */
  const handle = (request) => instance().handle(withPublicHost(request), { waitUntil });

  return {
    /**
     * Who makes the request that is rendered, or that an action or a route handler answers. One read of the
     * session a render, however many components ask; no call of the origin while the session lives.
     *
     * While a page is rendered no cookie can be set. What the origin wants set when it is asked here, in an action
     * and in a route handler reaches the browser; in a page it does not, unless `proxy` has asked before it.
     * @returns {Promise<Session<User> | null>} null: nobody is signed in
     * @throws {SesameError} `ERR_SESAME_ORIGIN_UNAVAILABLE`: the origin cannot be asked, which is no sign-out
     *   (SPEC R13); `ERR_SESAME_TOO_LARGE`
     *
     * @example
     * const session = await getServerSession();
     * if (session === null) redirect('/login');
     * return <h1>{session.user.name}</h1>;
     */
    getServerSession: () => sessionOfRender(),

    /**
     * For server actions: changes the user's document at the origin; with its answer every session of the user
     * here; and then has the browser forget the pages that it holds, so that this one and the next show the user
     * as they are now (SPEC R22).
     * @param {unknown} changes sent as JSON
     * @param {{ method?: 'PATCH' | 'PUT' }} [options]
     * @returns {Promise<Session<User> | null>} the session as it is now, for a cache that the page has of its own
     * @throws {SesameError} `ERR_SESAME_UPDATE_FAILED` with the origin's `status`: nothing has changed
     *
     * @example
     * 'use server';
     * export async function rename(form) {
     *   await updateCurrentUser({ name: form.get('name') });
     * }
     */
    updateCurrentUser: async (changes, { method = 'PATCH' } = {}) => {
      const request = { headers: identifyingHeaders(await currentHeaders(headers, cookies)) };
      const changed = await instance().changeUser(request, changes, { method, waitUntil });
      await setWherePossible(changed.setCookies);
      refreshPages();
      const { user, expiresAt } = changed;
      return user === null ? null : { user, expiresAt };
    },

    /**
     * For sign-outs in the application's own code, in actions and route handlers: ends every session that the request names,
     * on all nodes; then has the browser forget the pages that it holds, and the session's cookie where that is Sesame's own
     * (R8, R25). A cookie of the application's is the application's to end.
     * @returns {Promise<void>} resolves when it is in effect here, and the store, if there is one, has it or will have it as
     *   soon as it can be reached
     * @throws {SesameError} as `SessionCache.endSession` does: the sign-out has to be repeated
     *
     * @example
     * 'use server';
     * export async function leave() {
     *   await endSession();
     *   redirect('/');
     * }
     */
    endSession: async () => {
      const request = { headers: identifyingHeaders(await currentHeaders(headers, cookies)) };
      const { setCookies } = await instance().endSession(request, { waitUntil });
      await setWherePossible(setCookies);
      refreshPages();
    },

    /**
     * For route files: the session's paths, the document's, and whatever else is to go on to the origin.
     *
     * @example
     * // app/api/auth/[...sesame]/route.js
     * export const { GET, POST } = sesame.handlers;
     *
     * @example
     * // app/api/v1/users/me/route.js
     * export const { GET, PUT, PATCH, DELETE } = sesame.handlers;
     */
    handlers: Object.freeze({
      ...{ GET: handle, HEAD: handle, OPTIONS: handle },
      ...{ POST: handle, PUT: handle, PATCH: handle, DELETE: handle },
    }),

    /**
     * For `proxy.js`: lets only those through to some paths who are signed in.
     * @param {ProxyOptions} [options]
     *
     * @example
     * // proxy.js
     * export const proxy = sesame.proxy({ protect: ['/account'], signIn: '/login' });
     * export const config = { matcher: ['/account/:path*'] };
     */
    proxy: (options) => sesameProxy(instance, NextResponse, options),

    /** The cache itself: `statistics()`, `revokeUser(id)` … @returns {SessionCacheBase<User>} */
    get sessions() {
      return instance();
    },
  };
}

/** Work that outlives the answer: hosts that stop between requests are told of it. @param {Promise<unknown>} work */
function waitUntil(work) {
  const done = work.catch(() => {});
  try {
    after(done);
  } catch {
    // Outside of a request: the process is what keeps it alive.
  }
}

/**
 * Hands cookies of the origin on to the browser, where Next.js lets one be set: in actions and route handlers.
 * @param {string[]} lines `Set-Cookie` fields
 */
async function setWherePossible(lines) {
  if (lines.length === 0) return;
  const parsed = new NextResponse(null);
  for (const line of lines) parsed.headers.append('set-cookie', line);
  const jar = await cookies();
  try {
    for (const cookie of new NextResponse(null, parsed).cookies.getAll()) jar.set(cookie);
  } catch {
    // A page is rendered.
  }
}

/** Has the browser's router forget what it holds; only an action can. */
function refreshPages() {
  try {
    refresh();
  } catch {
    // A route handler: whoever has called it knows what they show.
  }
}
