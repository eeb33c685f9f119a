// What Auth.js is like, and next-auth before it: data alone. It knows nothing of how options are read. Proven by
// tests/backends/auth-js.test.js. Invariant: its session path is Auth.js's own, so that Sesame's has another.

/** Proven with @auth/express 0.12.3 and next-auth 4.24.15. @type {import('./rows.js').Preset} */
export const authJs = {
  options: {
    documentPath: '/api/auth/session',
    sessionPath: '/api/sesame/session',
    cookie: [
      'authjs.session-token',
      '__Secure-authjs.session-token',
      'next-auth.session-token',
      '__Secure-next-auth.session-token',
    ],
    // A session has no more than a name, an address and a picture unless a callback adds to it.
    userId: ['/user/id', '/user/email'],
    // next-auth 4 says `{}` to whoever is not signed in, Auth.js `null`.
    unauthenticated: '{}',
    // Auth.js forbids every cache to keep its answers, which means shared caches that know no sessions.
    obeyCacheControl: false,
    // With a JWT every answer of the session's path has a new one.
    rotates: true,
  },
};
