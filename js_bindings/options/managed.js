// The options of managed sessions: how the origin signs users in.
import { DURATION_UNITS, parseQuantity } from './quantities.js';

/** @typedef {import('./options.js').Duration} Duration */

/**
 * How the origin signs users in. Paths are the origin's.
 * @typedef {object} Managed
 * @property {string} [loginPath] where it gives tokens to who signs in; default `/api/v1/auth/login`
 * @property {string} [refreshPath] where a refresh token is exchanged; default `/api/v1/auth/refresh`
 * @property {string | null} [logoutPath] told of every logout; default none
 * @property {string} [apiPrefix] requests below it get the access token; default `/api/v1`
 * @property {string} [accessToken] JSON pointer into the answer, to the access token; default `/access_token`
 * @property {string} [refreshToken] JSON pointer to the refresh token; default `/refresh_token`
 * @property {string} [expiresIn] JSON pointer to the access token's lifetime in seconds; default `/expires_in`
 * @property {'json' | 'form'} [refreshAs] how the refresh token is sent; default `json`
 * @property {Duration} [refreshTimeout] how long an exchange may take; default 60 seconds
 */

/**
 * @typedef {object} ManagedOptions
 * @property {string} loginPath
 * @property {string} refreshPath
 * @property {string | null} logoutPath
 * @property {string} apiPrefix
 * @property {string} accessToken
 * @property {string} refreshToken
 * @property {string} expiresIn
 * @property {'json' | 'form'} refreshAs
 * @property {number} refreshTimeout
 */

const MANAGED_DEFAULTS = Object.freeze({
  loginPath: '/api/v1/auth/login',
  refreshPath: '/api/v1/auth/refresh',
  logoutPath: null,
  apiPrefix: '/api/v1',
  accessToken: '/access_token',
  refreshToken: '/refresh_token',
  expiresIn: '/expires_in',
  refreshAs: 'json',
  refreshTimeout: '60s',
});

/** @param {unknown} value */
export const isPath = (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value);

/** @type {Record<keyof ManagedOptions, (value: any) => unknown>} undefined: it is wrong */
const MANAGED_PARSERS = {
  loginPath: (value) => (isPath(value) ? value : undefined),
  refreshPath: (value) => (isPath(value) ? value : undefined),
  logoutPath: (value) => (value === null || isPath(value) ? value : undefined),
  apiPrefix: (value) => (isPath(value) ? value.replace(/\/$/, '') : undefined),
  accessToken: (value) => (isPath(value) ? value : undefined),
  refreshToken: (value) => (isPath(value) ? value : undefined),
  expiresIn: (value) => (isPath(value) ? value : undefined),
  refreshAs: (value) => (value === 'json' || value === 'form' ? value : undefined),
  refreshTimeout: (value) => parseQuantity(value, DURATION_UNITS) || undefined,
};

/**
 * @param {unknown} given
 * @param {import('../errors.js').ConfigFault[]} faults added to
 * @returns {ManagedOptions | null}
 */
export function parseManaged(given, faults) {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'object') {
    faults.push({ option: 'managed', reason: 'must be an object' });
    return null;
  }
  for (const name of Object.keys(given)) {
    if (!(name in MANAGED_DEFAULTS)) {
      faults.push({ option: `managed.${name}`, reason: 'is not an option' });
    }
  }
  const parsed = Object.entries(MANAGED_PARSERS).map(([name, parse]) => {
    const standard = /** @type {any} */ (MANAGED_DEFAULTS)[name];
    const value = parse(/** @type {any} */ (given)[name] ?? standard);
    if (value === undefined) faults.push({ option: `managed.${name}`, reason: 'is not valid' });
    return [name, value ?? parse(standard)];
  });
  return Object.fromEntries(parsed);
}
