// Which of a page's requests concern the session. Everything else is none of the worker's business: the
// browser handles it as if there were no worker.
import { sendsCookies } from './page-request.js';

/**
 * - `read`: who is this?
 * - `write`: changes the user
 * - `login`, `logout`: another user may be signed in after it, or none
 * - `maybe`: the same, though most requests of that name do no such thing
 * @typedef {'read' | 'write' | 'login' | 'logout' | 'maybe' | 'other'} Kind
 */

/** What a page shows or runs signs nobody in; what it fetches may. */
const VISITS = ['', 'document', 'iframe', 'frame', 'embed', 'object'];

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
    const { documentPath, sessionPath, effects } = parsed;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isPage = request.mode === 'navigate';
    if (isRead && !isPage && pathname === sessionPath) {
      return origin === ownOrigin || origin === parsed.origin ? 'read' : 'other';
    }
    if (origin !== parsed.origin && origin !== ownOrigin) return 'other';
    if (pathname === logoutPath) return 'logout';
    const found = effects.effectsOf(request.method, pathname);
    const identity = found.find(({ effect }) => effect === 'begins' || effect === 'ends');
    if (identity && !(isRead && !VISITS.includes(request.destination))) {
      if (identity.isSignOut) return 'logout';
      return identity.isVisit && identity.effect === 'begins' ? 'login' : 'maybe';
    }
    // A form that is sent as a page of its own may be a login, wherever it goes.
    if (isPage) return isRead ? 'other' : 'login';
    if (origin !== parsed.origin) return 'other';
    if (isRead && pathname === documentPath && search === '') return 'read';
    if (!found.some(({ effect }) => USERS.includes(effect))) return 'other';
    // Whoever sends no credential changes nobody.
    const hasToken = request.headers.has('authorization');
    return hasToken || sendsCookies(request, ownOrigin) ? 'write' : 'other';
  }
}

const USERS = ['changes', 'endsUser', 'endsOthers'];
