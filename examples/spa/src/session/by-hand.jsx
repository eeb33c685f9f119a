// The session as applications keep it without a cache: one context that asks the back end whenever a page is
// shown, so that a sign-out, or a change made elsewhere, is noticed. It asks once a page, whatever is on it.
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { useLocation } from 'react-router';
import { postLogin } from './post-login.js';

const DOCUMENT = '/api/v1/users/me';
const LOADING = { status: 'loading', user: /** @type {any} */ (null), stale: false };
const SIGNED_OUT = { ...LOADING, status: 'unauthenticated' };
const UNAVAILABLE = { ...LOADING, status: 'unavailable' };

/**
 * @typedef {typeof LOADING} Session
 * @typedef {Session & { refetch: () => Promise<void>, setUser: (user: any) => void }} SessionContext
 */
const Context = createContext(/** @type {SessionContext} */ (/** @type {unknown} */ (null)));

/** @param {{ queryClient: import('@tanstack/react-query').QueryClient, children: import('react').ReactNode }} props */
export function SessionProvider({ queryClient, children }) {
  const [session, setSession] = useState(LOADING);
  const { key } = useLocation();
  const refetch = useCallback(async () => setSession(await ask()), []);
  const setUser = useCallback(
    (/** @type {any} */ user) => {
      if (user === null) queryClient.clear();
      setSession(user === null ? SIGNED_OUT : { status: 'authenticated', user, stale: false });
    },
    [queryClient],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page asks anew
  useEffect(() => {
    let isCurrent = true;
    ask().then((answer) => isCurrent && setSession(answer));
    return () => {
      isCurrent = false;
    };
  }, [key]);
  const value = useMemo(() => ({ ...session, refetch, setUser }), [session, refetch, setUser]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

/** @returns {Promise<Session>} */
async function ask() {
  const response = await fetch(DOCUMENT).catch(() => null);
  if (response?.status === 401) return SIGNED_OUT;
  if (!response?.ok) return UNAVAILABLE;
  return { status: 'authenticated', user: await response.json(), stale: false };
}

export const useSession = () => useContext(Context);

/** The page of the user's devices: the back end has no list of them. */
export const Devices = null;

/** @returns {(email: string, password: string) => Promise<boolean>} whether they were right */
export function useLogin() {
  const { setUser } = useSession();
  return async (email, password) => {
    const user = await postLogin(email, password);
    if (user) setUser(user);
    return user !== null;
  };
}

export function useLogout() {
  const { setUser } = useSession();
  const { run, isPending, error } = useRequest();
  const logout = async () => {
    await run('/api/v1/auth/logout', { method: 'POST' });
    setUser(null);
  };
  return { logout, isPending, error };
}

export function useUpdateUser() {
  const { setUser } = useSession();
  const { run, isPending, error } = useRequest();
  const updateUser = async (/** @type {unknown} */ changes) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'PATCH', headers, body: JSON.stringify(changes) };
    setUser(await (await run(DOCUMENT, init)).json());
  };
  return { updateUser, isPending, error };
}

function useRequest() {
  const [state, setState] = useState({
    isPending: false,
    error: /** @type {Error | null} */ (null),
  });
  const run = async (/** @type {string} */ path, /** @type {RequestInit} */ init) => {
    setState({ isPending: true, error: null });
    try {
      const response = await fetch(path, init);
      if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
      setState({ isPending: false, error: null });
      return response;
    } catch (failure) {
      setState({ isPending: false, error: /** @type {Error} */ (failure) });
      throw failure;
    }
  };
  return { run, ...state };
}
