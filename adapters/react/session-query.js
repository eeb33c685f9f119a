// The session as a query of TanStack Query. It imports nothing of it, and runs on a server too, where only the
// key is of use.
import { defaultClient } from '../../service_worker/client/index.js';

/** @import { UserDocument } from '../../js_bindings/identity.js' */
/** @import { SessionClient } from '../../service_worker/client/session-client.js' */

const MINUTE_MS = 60_000;
const MAX_RETRIES = 3;
const MAX_RETRY_MS = 30_000;

export const SESSION_KEY = Object.freeze(/** @type {const} */ (['sesame', 'session']));

/**
 * The options of a query whose data is the session, or null if nobody is signed in. It is fresh for 30 minutes
 * and kept for 60, as in the caches below it (`freshFor`, `keepFor`); neither a window that is looked at again
 * nor a network that is back asks for it. Only "nobody can say" is tried again, when the origin wants it
 * (SPEC R13).
 * @template [User=UserDocument] what the document is
 * @param {object} [options]
 * @param {SessionClient<User>} [options.client] default the one of `sesame-edge/client`; give the `SessionProvider` the same
 * @returns as `useQuery` and `QueryClient` take them
 *
 * @example
 * import { QueryClient } from '@tanstack/react-query';
 * import { sessionQueryOptions } from 'sesame-edge/react';
 *
 * const queryClient = new QueryClient();
 * const session = await queryClient.ensureQueryData(sessionQueryOptions()); // in a router's loader
 * session.user.name; // => 'Ingrid Sørensen'
 * // In a component: const { data: session } = useQuery(sessionQueryOptions());
 */
export function sessionQueryOptions({ client } = {}) {
  return {
    queryKey: SESSION_KEY,
    queryFn: () => /** @type {SessionClient<User>} */ (client ?? defaultClient()).getSession(),
    staleTime: 30 * MINUTE_MS,
    gcTime: 60 * MINUTE_MS,
    refetchOnReconnect: false,
    refetchOnWindowFocus: false,
    /** @param {number} failures @param {Error} error */
    retry: (failures, error) =>
      failures < MAX_RETRIES && /** @type {any} */ (error).code === 'ERR_SESAME_ORIGIN_UNAVAILABLE',
    /** @param {number} failures @param {Error} error */
    retryDelay: (failures, error) =>
      Math.min(
        MAX_RETRY_MS,
        Math.max(/** @type {any} */ (error).retryAfterMs ?? 0, 1000 * 2 ** failures),
      ),
  };
}
