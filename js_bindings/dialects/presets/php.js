// What PHP's own sessions are like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/php.test.js. An application says itself where it tells who somebody is: an operator gives that path.

/** Proven with PHP 8.2. @type {import('./rows.js').Preset} */
export const php = {
  options: {
    documentPath: '/me.php',
    cookie: ['PHPSESSID', '__Host-PHPSESSID', '__Secure-PHPSESSID'],
    userId: ['/id', '/user/id', '/user_id'],
    // `session_start()` forbids every cache to keep an answer, which means shared caches that know no sessions.
    obeyCacheControl: false,
    // PHP ends a session that it has not seen for 24 minutes (`session.gc_maxlifetime`).
    freshFor: '8m',
    keepFor: '20m',
  },
};
