'use client';
// The provider: one store for the components below it, started before any of them asks for anything.
import { createContext, createElement, useEffect, useLayoutEffect, useState } from 'react';
import { USER_ID_POINTERS } from '../../js_bindings/util/user-id.js';
import { SessionStore } from './session-store.js';

/** @type {import('react').Context<SessionStore | null>} */
export const SessionContext = createContext(/** @type {SessionStore | null} */ (null));

/** Children's queries begin in their effects, and are to find the worker. React 18 warns of it on a server. */
const useEarlyEffect = typeof document === 'undefined' ? useEffect : useLayoutEffect;

/**
 * All but `children` are read once.
 * @typedef {object} SessionProviderProps
 * @property {import('../../service_worker/client/session-client.js').SessionClient<unknown>} [client] default: the one
 *   of `sesame-edge/client`. One of `createClient()` where paths are not the usual ones
 * @property {string | false} [serviceWorker] the URL of the worker's script; false for none. Default
 *   `/sesame-service-worker.js`
 * @property {import('../../service_worker/client/known-session.js').ClientSession<unknown> | null} [initialSession]
 *   what the server knew when it rendered the page: it is not asked for again. null: nobody is signed in
 * @property {import('./session-store.js').QueryClientLike} [queryClient] of TanStack Query: the data of
 *   `sessionQueryOptions()` follows every change in whichever tab, and is null after a logout
 * @property {boolean} [events] the server tells of changes and sign-outs elsewhere (rule R65): with its option `events`. Default
 *   false
 * @property {boolean} [resetQueriesOnUserChange] all other queries of `queryClient` are reset when another user,
 *   or nobody, is signed in; those on screen are fetched anew. Default false
 * @property {string | readonly string[]} [userId] where the user's identifier is in the document, by which another user is
 *   told: JSON pointers, of which the first that is there counts. Default: as the option `userId` of the caches; give the
 *   same where that is given. Of a document without one, every change is another user's
 * @property {import('react').ReactNode} [children] which may use the hooks
 */

/**
 * Registers the service worker, asks once who is signed in, and tells the components below of every change, in
 * whichever tab (SPEC R60, R62). After a failure, or 30 minutes, it asks again when the page is looked at.
 * @param {SessionProviderProps} props
 * @returns {import('react').ReactElement} its children, with the session
 *
 * @example
 * import { createRoot } from 'react-dom/client';
 * import { SessionProvider, useSession } from 'sesame-edge/react';
 *
 * const App = () => <p>{useSession().user?.name ?? 'nobody'}</p>;
 *
 * const initialSession = null; // what the server knew
 * const root = createRoot(document.querySelector('#root'));
 * root.render(<SessionProvider initialSession={initialSession}><App /></SessionProvider>);
 * // shows nobody
 */
export function SessionProvider({ children, ...options }) {
  const [store] = useState(() => {
    const {
      serviceWorker = '/sesame-service-worker.js',
      resetQueriesOnUserChange = false,
      events = false,
      userId = USER_ID_POINTERS,
    } = options;
    return new SessionStore({
      ...options,
      ...{ serviceWorker, resetQueriesOnUserChange, events, userId },
    });
  });
  useEarlyEffect(() => store.start(), [store]);
  return createElement(SessionContext.Provider, { value: store }, children);
}
