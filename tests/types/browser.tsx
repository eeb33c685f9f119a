// The page's side: the client's functions, React's hooks, and the service worker.
import { useQuery } from '@tanstack/react-query';
import type { Statistics } from 'sesame-edge';
import { type ClientSession, createClient, defaultClient, getSession } from 'sesame-edge/client';
import { SessionProvider, sessionQueryOptions, useSession, useUpdateUser } from 'sesame-edge/react';
import { install } from 'sesame-edge/service-worker';
import { holds, type Same, type User } from './is.js';

const client = createClient<User>();

export async function inPages() {
  const session = await client.getSession();
  holds<Same<typeof session, ClientSession<User> | null>>();
  client.onSessionChange((changed) => changed?.user.roles);
  const usual = await getSession<User>();
  holds<Same<typeof usual, ClientSession<User> | null>>();
  const counters = await defaultClient().statistics();
  holds<Same<typeof counters, Statistics | null>>();
  return session?.user.name;
}

export function Profile() {
  const session = useSession<User>();
  const { updateUser } = useUpdateUser<User>();
  const { data } = useQuery(sessionQueryOptions({ client }));
  if (session.status !== 'authenticated') return <p>{session.status}</p>;
  holds<Same<typeof session.user, User>>();
  holds<Same<NonNullable<typeof data>, ClientSession<User>>>();
  // @ts-expect-error a name is a text
  const wrong = () => updateUser({ name: 1 });
  return (
    <button type="button" onClick={() => updateUser({ name: 'Ingrid Dahl' })} onBlur={wrong}>
      {session.user.name}
    </button>
  );
}

export const App = ({ initialSession }: { initialSession: ClientSession<User> | null }) => (
  <SessionProvider client={client} initialSession={initialSession}>
    <Profile />
  </SessionProvider>
);

export function inTheWorker() {
  install({ documentPath: '/api/me', freshFor: '10m' });
}
