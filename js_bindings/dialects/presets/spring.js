// What Spring Security is like, as its documentation says: data alone. It knows nothing of how options are read. Tried in
// front of a stand-in by tests/backends/spring.test.js. An application says itself where it tells who somebody is: an
// operator gives that path.

/** Tried in front of a stand-in for Spring Security 6. @type {import('./rows.js').Preset} */
export const spring = {
  options: {
    documentPath: '/api/me',
    // The servlet's, and Spring Session's.
    cookie: ['JSESSIONID', 'SESSION'],
    userId: ['/id', '/username', '/name'],
    // Form login sends whoever is not signed in to its page.
    unauthenticated: 'sign-in',
    // Spring Security forbids every cache to keep an answer, which means shared caches that know no sessions.
    obeyCacheControl: false,
    // The servlet ends a session that it has not seen for 30 minutes.
    freshFor: '10m',
    keepFor: '25m',
  },
};
