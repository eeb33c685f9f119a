// What an application on @fastify/session is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/fastify-session.test.js.

/** @type {import('./rows.js').Preset} */
export const fastifySession = {
  provenWith: '@fastify/session 11.1.3 and Fastify 5.12.8',
  options: {
    documentPath: '/api/v1/users/me',
    cookie: ['sessionId', '__Host-sessionId', '__Secure-sessionId'],
    userId: ['/id', '/_id', '/user/id', '/user/_id'],
    // A store with a `ttl` ends a session that the application has not seen for so long: 30 minutes in many.
    freshFor: '10m',
    keepFor: '25m',
  },
};
