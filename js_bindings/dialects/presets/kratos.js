// What Ory Kratos is like, as its documentation and code say: data alone. It knows nothing of how options are read. Tried in
// front of a stand-in by tests/backends/kratos.test.js.
import { rowsOf } from './rows.js';

/** Tried in front of a stand-in for Ory Kratos 1. @type {import('./rows.js').Preset} */
export const kratos = {
  options: {
    documentPath: '/sessions/whoami',
    cookie: ['ory_kratos_session'],
    userId: '/identity/id',
    // It counts before the cookie.
    varyOn: 'x-session-token',
    // Kratos forbids every cache to keep its answers, which means shared caches that know no sessions.
    obeyCacheControl: false,
    accessToken: ['/session_token'],
    effects: rowsOf([
      ['DELETE /sessions', 'endsOthers'],
      // It names a session, not the user: it is one of his.
      ['DELETE /sessions/*', 'endsUser'],
      ['POST /self-service/settings', 'endsUser'],
      ['DELETE /admin/identities/{id}/**', 'endsUser'],
      ['PUT /admin/identities/{id}', 'changes'],
      ['PATCH /admin/identities/{id}', 'changes'],
    ]),
  },
};
