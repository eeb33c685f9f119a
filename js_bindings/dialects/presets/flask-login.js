// What Flask with Flask-Login is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/flask-login.test.js. An application says itself where it tells who somebody is: an operator gives that path.

/** Proven with Flask 2.2.2 and Flask-Login 0.6.2. @type {import('./rows.js').Preset} */
export const flaskLogin = {
  options: {
    documentPath: '/api/me',
    cookie: ['session'],
    userId: ['/id', '/user/id'],
    // The session is signed anew with every answer that changes it, and where it is permanent with every answer.
    rotates: true,
    // With a `login_view`, whoever is not signed in is sent there.
    unauthenticated: 'sign-in',
  },
};
