// Which of a page's requests concern the session. Everything else is none of the worker's business: the
// browser handles it as if there were no worker.
import { sendsCookies } from './page-request.js';

/**
 * - `read`: who is this?
 * - `write`: changes the user
 * - `login`, `logout`: somebody else may be signed in after it, or nobody
 * @typedef {'read' | 'write' | 'login' | 'logout' | 'other'} Kind
 */

const LOGOUT = /(logout|signout|sign-out)\/?$/i;

export class Routes {
  #options;

  /** @param {import('./options.js').ParsedWorkerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * @param {Request} request
   * @returns {Kind}
   */
  kindOf(request) {
    const { origin, pathname, search } = new URL(request.url);
    const { ownOrigin, parsed, logoutPath } = this.#options;
    const { documentPath, sessionPath, identityPaths, userPaths } = parsed;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isPage = request.mode === 'navigate';
    if (isRead && !isPage && pathname === sessionPath) {
      return origin === ownOrigin || origin === parsed.origin ? 'read' : 'other';
    }
    if (origin !== parsed.origin && origin !== ownOrigin) return 'other';
    if (pathname === logoutPath || identityPaths.some((pattern) => pattern.test(pathname))) {
      return pathname === logoutPath || LOGOUT.test(pathname) ? 'logout' : 'login';
    }
    // A form that is sent as a page of its own may be a login, wherever it goes.
    if (isPage) return isRead ? 'other' : 'login';
    if (origin !== parsed.origin) return 'other';
    if (isRead) return pathname === documentPath && search === '' ? 'read' : 'other';
    // Whoever sends no credential changes nobody.
    const hasToken = request.headers.has('authorization');
    if (!hasToken && !sendsCookies(request, ownOrigin)) return 'other';
    const changesUser =
      pathname === documentPath ||
      pathname.startsWith(`${documentPath}/`) ||
      userPaths.some((pattern) => pattern.test(pathname));
    return changesUser ? 'write' : 'other';
  }
}
