'use client';
// The hooks: who is signed in, and what changes it.
import { useCallback, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import { SessionContext } from './session-provider.js';

/** @import { ClientSession } from '../../service_worker/client/known-session.js' */
/** @import { UserDocument } from '../../js_bindings/identity.js' */
/** @import { SessionClient } from '../../service_worker/client/session-client.js' */

/**
 * Who is signed in. The component is rendered again when that changes, in whichever tab, and no request is made
 * for it.
 * @template [User=UserDocument]
 * @returns {import('./session-store.js').Session<User>} the same object until something of it changes
 * @throws {Error} without a `SessionProvider` above
 *
 * @example
 * import { createRoot } from 'react-dom/client';
 * import { SessionProvider, useSession } from 'sesame-edge/react';
 *
 * function Greeting() {
 *   const { status, user } = useSession();
 *   if (status === 'authenticated') return <p>Hello {user.name}</p>;
 *   return <p>{status}</p>;
 * }
 *
 * const root = createRoot(document.querySelector('#root'));
 * root.render(<SessionProvider><Greeting /></SessionProvider>);
 * // shows Hello Ingrid Sørensen
 */
export function useSession() {
  const { subscribe, getSnapshot, getServerSnapshot } = useStore();
  const session = useSyncExternalStore(subscribe, getSnapshot, getServerSnapshot);
  return /** @type {import('./session-store.js').Session<any>} */ (session);
}

/**
 * Changes the user: at the origin, then on this device, then in every tab (SPEC R22, R62). Components show it
 * from `useSession()`; after a failure nothing has changed. The promise of `updateUser` rejects with the `error`,
 * which is an `UpdateError` with the origin's `status` if the origin did not accept it.
 * @template [User=UserDocument]
 * @returns {{ updateUser: (changes: Partial<User>, options?: { method?: 'PATCH' | 'PUT' }) =>
 *   Promise<ClientSession<User> | null>, isPending: boolean, error: Error | null }}
 *
 * @example
 * import { createRoot } from 'react-dom/client';
 * import { SessionProvider, useSession, useUpdateUser } from 'sesame-edge/react';
 *
 * function Profile() {
 *   const { user } = useSession();
 *   const { updateUser, isPending, error } = useUpdateUser();
 *   const save = () => updateUser({ name: 'Ingrid Dahl' }).catch(() => {}); // `error` has it
 *   return <button disabled={isPending} onClick={save}>{error?.code ?? user?.name ?? '…'}</button>;
 * }
 *
 * const root = createRoot(document.querySelector('#root'));
 * root.render(<SessionProvider><Profile /></SessionProvider>);
 * // shows Ingrid Sørensen
 * // click Ingrid Sørensen
 * // shows Ingrid Dahl
 */
export function useUpdateUser() {
  const { run, isPending, error } = useCommand(update);
  return { updateUser: /** @type {any} */ (run), isPending, error };
}

/**
 * Ends the session, in every tab, in the worker and on disk before the promise resolves (SPEC R25, R61).
 * @returns {{ logout: () => Promise<void>, isPending: boolean, error: Error | null }}
 *
 * @example
 * import { createRoot } from 'react-dom/client';
 * import { SessionProvider, useLogout, useSession } from 'sesame-edge/react';
 *
 * function Account() {
 *   const { status } = useSession();
 *   const { logout, isPending } = useLogout();
 *   if (status !== 'authenticated') return <p>{status}</p>;
 *   return <button disabled={isPending} onClick={() => logout().catch(() => {})}>Log out</button>;
 * }
 *
 * const root = createRoot(document.querySelector('#root'));
 * root.render(<SessionProvider><Account /></SessionProvider>);
 * // shows Log out
 * // click Log out
 * // shows unauthenticated
 */
export function useLogout() {
  const { run, isPending, error } = useCommand(end);
  return { logout: run, isPending, error };
}

/**
 * Where the user is signed in, and what signs him out there (rule R27). With the server's option `devices`. The list is asked
 * for when the component shows, when another user is signed in, and after something of it was ended.
 * @returns {{ devices: import('../../service_worker/client/session-client.js').Device[] | null, end: (handle: string) =>
 *   Promise<void>, endOthers: () => Promise<void>, refetch: () => Promise<void>, isPending: boolean, error: Error | null }}
 *   `devices`: those in use last first; null: not known yet
 *
 * @example
 * import { createRoot } from 'react-dom/client';
 * import { SessionProvider, useDevices } from 'sesame-edge/react';
 *
 * function Devices() {
 *   const { devices, end, error } = useDevices();
 *   if (devices === null) return <p>{error?.code ?? '…'}</p>;
 *   return devices.map(({ handle, agent }) => <button key={handle} onClick={() => end(handle)}>{agent}</button>);
 * }
 *
 * const root = createRoot(document.querySelector('#root'));
 * root.render(<SessionProvider><Devices /></SessionProvider>);
 * // shows ERR_SESAME_ORIGIN_UNAVAILABLE
 */
export function useDevices() {
  const { status, user } = useSession();
  const [devices, setDevices] = useState(
    /** @type {import('../../service_worker/client/session-client.js').Device[] | null} */ (null),
  );
  const load = useCommand(listDevices);
  const ending = useCommand(endDevice);
  const endingOthers = useCommand(endOtherDevices);
  const { run } = load;
  const refetch = useCallback(async () => {
    const list = await run().catch(() => null); // `error` has it
    if (list !== null) setDevices(list);
  }, [run]);
  const isKnown = status === 'authenticated' || status === 'unauthenticated';
  useEffect(() => {
    if (isKnown && user !== undefined) refetch();
  }, [isKnown, user, refetch]);
  const end = useCallback(
    (/** @type {string} */ handle) => ending.run(handle).then(refetch),
    [ending.run, refetch],
  );
  const endOthers = useCallback(
    () => endingOthers.run().then(refetch),
    [endingOthers.run, refetch],
  );
  const commands = [load, ending, endingOthers];
  return {
    ...{ devices, end, endOthers, refetch },
    isPending: commands.some(({ isPending }) => isPending),
    error: commands.find(({ error }) => error !== null)?.error ?? null,
  };
}

/** @param {SessionClient} client */
const listDevices = (client) => client.devices();
/** @param {SessionClient} client @param {string} handle */
const endDevice = (client, handle) => client.endDevice(handle);
/** @param {SessionClient} client */
const endOtherDevices = (client) => client.endOtherDevices();

/**
 * @param {SessionClient} client
 * @param {any} changes
 * @param {{ method?: 'PATCH' | 'PUT' }} [options]
 */
const update = (client, changes, options) => client.updateUser(changes, options);
/** @param {SessionClient} client */
const end = (client) => client.logout();

/**
 * @template {any[]} Args
 * @template Result
 * @param {(client: SessionClient, ...args: Args) => Promise<Result>} command the same in every render
 */
function useCommand(command) {
  const store = useStore();
  const [{ running, error }, setState] = useState({
    running: 0,
    error: /** @type {Error | null} */ (null),
  });
  const run = useCallback(
    async (/** @type {Args} */ ...args) => {
      setState((state) => ({ running: state.running + 1, error: null }));
      try {
        const result = await command(store.client, ...args);
        setState((state) => ({ ...state, running: state.running - 1 }));
        return result;
      } catch (failure) {
        setState((state) => ({
          running: state.running - 1,
          error: /** @type {Error} */ (failure),
        }));
        throw failure;
      }
    },
    [store, command],
  );
  return { run, isPending: running > 0, error };
}

function useStore() {
  const store = useContext(SessionContext);
  if (store === null) throw new Error('sesame-edge/react: there is no <SessionProvider> above');
  return store;
}
