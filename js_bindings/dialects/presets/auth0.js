// What Auth0 is like, asked at its userinfo endpoint, as its documentation says: data alone. It knows nothing of how
// options are read. Its tokens are tried in tests/js/token-presets.test.js.

/** Tried with tokens as Auth0 documents them. @type {import('./rows.js').Preset} */
export const auth0 = {
  options: {
    documentPath: '/userinfo',
    cookie: [],
    credential: 'bearer',
    userId: '/sub',
    // It is asked no more often than its rate limit allows; what it says of caches means those that know no sessions.
    obeyCacheControl: false,
  },
};
