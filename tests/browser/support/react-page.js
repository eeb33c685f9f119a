// A page in real React, in StrictMode, for the tests of `sesame-edge/react`: what its components get is on
// `globalThis.now`, and all that they ever got in `globalThis.rendered` and `queried`.
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { createElement, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createClient } from 'sesame-edge/client';
import {
  SessionProvider,
  sessionQueryOptions,
  useLogout,
  useSession,
  useUpdateUser,
} from 'sesame-edge/react';

const scope = /** @type {any} */ (globalThis);

function Hooks() {
  const session = useSession();
  scope.now = { session, update: useUpdateUser(), logout: useLogout() };
  scope.rendered.push({ ...session, update: { ...scope.now.update } });
  return createElement('p', null, `${session.status} ${session.user?.name ?? ''}`);
}

function Query() {
  const { status, data } = useQuery(sessionQueryOptions({ client: scope.client }));
  scope.query = { status, data };
  scope.queried.push(data?.user.email ?? status);
  // One of the application's own: how often it was fetched.
  const queryFn = () => {
    scope.fetches += 1;
    return scope.fetches;
  };
  scope.notes = useQuery({
    queryKey: ['notes'],
    queryFn,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  return null;
}

/**
 * @param {object} [how]
 * @param {object} [how.provider] its properties
 * @param {boolean} [how.hasQuery] a component asks by `useQuery` too
 * @param {boolean} [how.isTold] the provider is given the query client
 */
scope.mount = ({ provider = {}, hasQuery = false, isTold = false } = {}) => {
  const client = createClient({ logoutPath: '/api/v1/auth/logout' });
  const queryClient = new QueryClient();
  const root = createRoot(document.body.appendChild(document.createElement('div')));
  Object.assign(scope, { client, queryClient, sessionQueryOptions });
  Object.assign(scope, { rendered: [], queried: [], fetches: 0 });
  const children = [hasQuery && createElement(Query, { key: 0 })];
  for (const key of [1, 2, 3]) children.push(createElement(Hooks, { key }));
  const how = { client, serviceWorker: '/sw.js', ...(isTold && { queryClient }), ...provider };
  const tree = createElement(
    QueryClientProvider,
    { client: queryClient },
    createElement(SessionProvider, how, children),
  );
  root.render(createElement(StrictMode, null, tree));
  scope.unmount = () => root.unmount();
};
