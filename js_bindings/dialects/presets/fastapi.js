// What FastAPI is like, as its tutorial on security makes it: data alone. It knows nothing of how options are read. Proven
// by tests/backends/fastapi.test.js.

/** Proven with FastAPI 0.92.0 and uvicorn 0.17.6. @type {import('./rows.js').Preset} */
export const fastApi = {
  options: {
    documentPath: '/users/me',
    // The token with its scheme in a cookie, as many applications have it; and fastapi-users'.
    cookie: ['access_token', 'fastapiusersauth'],
    userId: ['/id', '/username'],
  },
};
