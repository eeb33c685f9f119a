// What oidc-provider is like, asked at its userinfo endpoint: data alone. It knows nothing of how options are read. Proven
// by tests/backends/oidc-provider.test.js. Invariant: its own cookies are those of the sign-in page, and no credential
// here.

/** Proven with oidc-provider 9.13.3. @type {import('./rows.js').Preset} */
export const oidcProvider = {
  options: {
    documentPath: '/me',
    // A bearer counts and nothing else.
    cookie: [],
    credential: 'bearer',
    userId: '/sub',
    // OpenID Connect forbids every cache to keep what is said of a token, which means shared caches that know no sessions.
    obeyCacheControl: false,
    // Nothing but its end at the server says when an opaque token ends.
    freshFor: '10m',
    keepFor: '15m',
  },
};
