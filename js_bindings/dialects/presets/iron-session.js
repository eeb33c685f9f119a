// What an application on iron-session is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/iron-session.test.js. Invariant: whoever has given the cookie another name says so, since iron-session
// has none of its own.

/** Proven with iron-session 9.0.1. @type {import('./rows.js').Preset} */
export const ironSession = {
  options: {
    documentPath: '/api/session',
    cookie: ['session', '__Host-session', '__Secure-session'],
    userId: ['/id', '/userId', '/user/id'],
    // So do its examples answer whoever is not signed in.
    unauthenticated: '/isLoggedIn=false',
    // It is sealed anew with each `save()`.
    rotates: true,
  },
};
