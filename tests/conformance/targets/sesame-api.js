// Sesame's JavaScript API as the suite calls it. Runs where the cache does, in a worker as well.

/**
 * @param {import('sesame-edge').SessionCache} sessions
 * @returns {import('./target.js').Api}
 */
export function apiOf(sessions) {
  return {
    getSession: (headers, options) => sessions.getSession({ headers }, options),
    updateUser: (headers, changes) => sessions.updateUser({ headers }, changes),
    invalidateUser: async (id) => sessions.invalidateUser(id),
    revokeUser: async (id) => sessions.revokeUser(id),
    revoke: async (headers) => sessions.revoke({ headers }),
  };
}
