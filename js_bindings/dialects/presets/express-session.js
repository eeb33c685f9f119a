// What an application on express-session is like, with passport or without: data alone. It knows nothing of how options
// are read. Proven by tests/backends/express-session.test.js.

/** Proven with express-session 1.19.0, passport 0.7.0 and passport-local 1.0.0. @type {import('./rows.js').Preset} */
export const expressSession = {
  options: {
    documentPath: '/api/v1/users/me',
    cookie: ['connect.sid', '__Host-connect.sid', '__Secure-connect.sid'],
    userId: ['/id', '/_id', '/user/id'],
    // A store with a `ttl` ends a session that the application has not seen for so long: 30 minutes in many.
    freshFor: '10m',
    keepFor: '25m',
  },
};
