// The page's side of Sesame: who is signed in, told as it changes. Works with the service worker, and
// without one by plain requests.

/**
 * The page's side of Sesame: who is signed in, told as it changes, in every tab. It works with the service worker
 * (`sesame-edge/service-worker`), and without one by plain requests.
 *
 * In the examples, the page is one of a user who is signed in, Ingrid, and the worker's file is at
 * `/sesame-service-worker.js`. The functions are the methods of one `SessionClient` with the usual paths.
 * @module
 */

import { SessionClient } from './session-client.js';

export { OriginUnavailableError, SesameError, UpdateError } from '../../js_bindings/errors.js';
export { SessionClient };

/** @import { UserDocument } from '../../js_bindings/identity.js' */
/**
 * @template [User=UserDocument]
 * @typedef {import('../messages.js').ClientSession<User>} ClientSession
 */
/** @typedef {import('./session-client.js').ClientOptions} ClientOptions */
/**
 * @template [User=UserDocument]
 * @typedef {import('./known-session.js').ClientState<User>} ClientState
 */
/** @typedef {import('./session-client.js').Refreshed} Refreshed */
/** @typedef {import('./session-client.js').Device} Device */

/**
 * A client of its own, for an application whose paths are not the usual ones. One for a page is enough.
 * @template [User=UserDocument] what the document is
 * @param {ClientOptions} [options]
 * @returns {SessionClient<User>} which listens for changes until `close()`
 *
 * @example
 * import { createClient } from 'sesame-edge/client';
 *
 * const client = createClient({ documentPath: '/api/v1/users/me', channel: 'intranet' });
 * const { user } = await client.getSession();
 * user.name; // => 'Ingrid Sørensen'
 */
export function createClient(options) {
  return new SessionClient(options);
}

/** @type {SessionClient | undefined} */
let client;

/**
 * The client that the functions of this module use.
 * @template [User=UserDocument] what the document is: the caller's word for it
 * @returns {SessionClient<User>} always the same
 *
 * @example
 * import { defaultClient, getSession } from 'sesame-edge/client';
 *
 * await getSession();
 * const { user } = await defaultClient().getSession();
 * user.name; // => 'Ingrid Sørensen'
 */
export function defaultClient() {
  client ??= new SessionClient();
  return /** @type {SessionClient<any>} */ (client);
}

/** @type {SessionClient['register']} */
export const register = (...args) => defaultClient().register(...args);

/**
 * Who is signed in? As `getSession()` of the default client.
 * @template [User=UserDocument] what the document is: the caller's word for it
 * @param {Parameters<SessionClient<User>['getSession']>} args as that of `SessionClient` takes them
 * @returns {Promise<ClientSession<User> | null>} null: nobody is signed in
 *
 * @example
 * import { getSession, register } from 'sesame-edge/client';
 *
 * await register();
 * const session = await getSession();
 * session.user.name; // => 'Ingrid Sørensen'
 */
export const getSession = (...args) =>
  /** @type {SessionClient<User>} */ (defaultClient()).getSession(...args);

/**
 * Calls a function whenever the session changes, in whichever tab. As `onSessionChange()` of the default client.
 * @template [User=UserDocument] what the document is: the caller's word for it
 * @param {Parameters<SessionClient<User>['onSessionChange']>} args as that of `SessionClient` takes them
 * @returns {() => void} stops it
 *
 * @example
 * import { getSession, onSessionChange } from 'sesame-edge/client';
 *
 * const names = [];
 * const stop = onSessionChange((session) => names.push(session?.user.name ?? 'nobody'));
 * await getSession();
 * stop();
 * names; // => [ 'Ingrid Sørensen' ]
 */
export const onSessionChange = (...args) =>
  /** @type {SessionClient<User>} */ (defaultClient()).onSessionChange(...args);

/**
 * Changes the user at the origin, then on this device, then in every tab. As `updateUser()` of the default client.
 * @template [User=UserDocument] what the document is: the caller's word for it
 * @param {Parameters<SessionClient<User>['updateUser']>} args as that of `SessionClient` takes them
 * @returns {Promise<ClientSession<User> | null>} null: nobody is signed in
 *
 * @example
 * import { updateUser } from 'sesame-edge/client';
 *
 * const session = await updateUser({ name: 'Ingrid Dahl' });
 * session.user.name; // => 'Ingrid Dahl'
 */
export const updateUser = (...args) =>
  /** @type {SessionClient<User>} */ (defaultClient()).updateUser(...args);

/** @type {SessionClient['logout']} */
export const logout = (...args) => defaultClient().logout(...args);

/** @type {SessionClient['followEvents']} */
export const followEvents = (...args) => defaultClient().followEvents(...args);

/** @type {SessionClient['devices']} */
export const devices = (...args) => defaultClient().devices(...args);

/** @type {SessionClient['endDevice']} */
export const endDevice = (...args) => defaultClient().endDevice(...args);

/** @type {SessionClient['endOtherDevices']} */
export const endOtherDevices = (...args) => defaultClient().endOtherDevices(...args);

/** @type {SessionClient['refresh']} */
export const refresh = (...args) => defaultClient().refresh(...args);
