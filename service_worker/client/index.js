// The page's side of Sesame: who is signed in, told as it changes. Works with the service worker, and
// without one by plain requests.
import { SessionClient } from './session-client.js';

export { SesameError, UpdateError } from '../../js_bindings/errors.js';

/** @typedef {import('./session-client.js').ClientSession} ClientSession */
/** @typedef {import('./session-client.js').ClientOptions} ClientOptions */

/**
 * A client of its own, for an application whose paths are not the usual ones.
 * @param {ClientOptions} [options]
 * @returns {SessionClient}
 *
 * @example
 * export const sesame = createClient({ documentPath: '/api/me' });
 */
export function createClient(options) {
  return new SessionClient(options);
}

/** @type {SessionClient | undefined} */
let client;

/** The client that the functions of this module use. */
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

/** @type {SessionClient['refresh']} */
export const refresh = (...args) => defaultClient().refresh(...args);
