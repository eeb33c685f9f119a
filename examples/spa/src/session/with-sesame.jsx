// The session with Sesame: all there is to write.
import { createClient } from 'sesame-edge/client';
import {
  SessionProvider as Provider,
  useLogout,
  useSession as useSesameSession,
  useUpdateUser,
} from 'sesame-edge/react';
import { postLogin } from './post-login.js';

export { Devices } from '../pages/devices.jsx';
export { useLogout, useUpdateUser };

/** @typedef {import('./user.js').User} User */

/** Pages below `RequireUser` have a user. @type {() => import('sesame-edge/react').Session<User> & { user: User }} */
export const useSession = /** @type {any} */ (useSesameSession);

const client = createClient({ logoutPath: '/api/v1/auth/logout' });

/** @param {{ queryClient: import('@tanstack/react-query').QueryClient, children: import('react').ReactNode }} props */
export function SessionProvider({ queryClient, children }) {
  return (
    <Provider
      client={client}
      serviceWorker="/sw.js"
      queryClient={queryClient}
      resetQueriesOnUserChange
      events
    >
      {children}
    </Provider>
  );
}

/** @returns {(email: string, password: string) => Promise<boolean>} whether they were right */
export function useLogin() {
  const { refetch } = useSession();
  return async (email, password) => {
    const user = await postLogin(email, password);
    if (user) await refetch();
    return user !== null;
  };
}
