// Which of a page's requests concern the session. Everything else is none of the worker's business: the
// browser handles it as if there were no worker.
//
// It must not know what is held. Invariants: only a `POST` that is no navigation is a logout, so no other site can
// have one made (rule R61); whatever may be a sign-in by rule R83, or is unsafe, is not `other` if it sends a credential.
import { DEVICE } from './credential-name.js';
import { credentialOf } from './page-request.js';

/**
 * - `read`: who is this?
 * - `write`: changes the user
 * - `logout`: ends the session of its credential
 * - `login`: another user may be signed in after it
 * - `leave`: the same, or none; a sign-out in another way than a logout is one, and a form that is sent as a page
 * - `maybe`: the same, though most requests of that name do no such thing
 * - `unsafe`: whatever else may change something: a "no" that is remembered does not outlive it
 * @typedef {'read' | 'write' | 'login' | 'leave' | 'logout' | 'maybe' | 'unsafe' | 'other'} Kind
 */

/**
 * What a page shows or runs signs nobody in, unless a row of the operator's says so; what it fetches may. What is left of
 * it, a sign-out by name, is a way of some to sign out of several sites at once.
 */
const VISITS = ['', 'document', 'iframe', 'frame', 'embed', 'object'];

/** A script of such a name is a file. */
const SCRIPT_FILE = /\.m?js$/i;

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

const USERS = ['changes', 'endsUser', 'endsOthers'];

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
    const { ownOrigin, parsed } = this.#options;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const isPage = request.mode === 'navigate';
    if (isRead && !isPage && pathname === parsed.sessionPath) {
      return origin === ownOrigin || origin === parsed.origin ? 'read' : 'other';
    }
    if (origin !== parsed.origin && origin !== ownOrigin) return 'other';
    const { authorization, hasCookies } = credentialOf(request, this.#options);
    const hasCredential = hasCookies || authorization !== null;
    const found = parsed.effects.effectsOf(request.method, pathname);
    const isWrite = origin === parsed.origin && found.some(({ effect }) => USERS.includes(effect));
    if (hasCredential) {
      const kind = this.#identityKind(request, pathname, found);
      // What a write with a token alone does to that token is part of it (observing.js).
      if (kind === 'maybe' && isWrite && !hasCookies) return 'write';
      if (kind !== null) return kind;
    }
    const target = pathname + search;
    const isDocument = target === parsed.documentPath || parsed.documents.includes(target);
    if (isRead && !isPage && isDocument) {
      return origin === parsed.origin ? 'read' : 'other';
    }
    // Whoever sends no credential changes nobody.
    if (isSafe(request) || !hasCredential) return 'other';
    return isWrite ? 'write' : 'unsafe';
  }

  /**
   * What a request does to the session of its credential; null: nothing.
   * @param {Request} request
   * @param {string} pathname
   * @param {import('../js_bindings/dialects/effects.js').Candidate[]} found
   * @returns {Kind | null}
   */
  #identityKind(request, pathname, found) {
    const isLogoutPath = pathname === this.#options.logoutPath;
    const identity = found.find(({ effect }) => effect === 'begins' || effect === 'ends');
    const isSignOut = isLogoutPath || identity?.isSignOut;
    const isPage = request.mode === 'navigate';
    if (isSignOut && request.method === 'POST' && !isPage) return 'logout';
    const isFile = request.destination === 'script' && SCRIPT_FILE.test(pathname);
    const isNamed = (isSignOut && !isFile) || identity?.needsProof === false;
    if (!isSafe(request) || VISITS.includes(request.destination) || isNamed) {
      if (isSignOut) return 'leave';
      if (identity?.effect === 'begins' && identity.isVisit) return 'login';
      if (identity) return 'maybe';
    }
    // A form that is sent as a page of its own may be a login, wherever it goes.
    return isPage && !isSafe(request) ? 'leave' : null;
  }
}

/** @param {Request} request */
export function isSafe({ method }) {
  return SAFE_METHODS.includes(method);
}

/**
 * Whether only a redirect proves that a request has done what its path says.
 * @param {Request} request
 * @param {Kind} kind
 */
export function needsProof(request, kind) {
  return kind === 'maybe' && isSafe(request);
}

/**
 * The credentials that may stand for another user after a request: its own, and the device's cookies if it is a sign-in,
 * whose answer sets them whatever token came with it.
 * @param {Kind} kind
 * @param {import('./credential-name.js').Requester} requester
 */
export function namesInDoubt(kind, { name, hasCookies }) {
  return [name, kind === 'login' && hasCookies ? DEVICE : null];
}
