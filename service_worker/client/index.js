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

/** @typedef {import('../messages.js').ClientSession} ClientSession */
/** @typedef {import('./session-client.js').ClientOptions} ClientOptions */
/** @typedef {import('./known-session.js').ClientState} ClientState */
/** @typedef {import('./session-client.js').Refreshed} Refreshed */
/** @typedef {import('./session-client.js').Device} Device */

/**
 * A client of its own, for an application whose paths are not the usual ones. One for a page is enough.
 * @param {ClientOptions} [options]
 * @returns {SessionClient} which listens for changes until `close()`
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
 * @returns {SessionClient} always the same
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
  return client;
}

/** @type {SessionClient['register']} */
export const register = (...args) => defaultClient().register(...args);

/** @type {SessionClient['getSession']} */
export const getSession = (...args) => defaultClient().getSession(...args);

/** @type {SessionClient['onSessionChange']} */
export const onSessionChange = (...args) => defaultClient().onSessionChange(...args);

/** @type {SessionClient['updateUser']} */
export const updateUser = (...args) => defaultClient().updateUser(...args);

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
