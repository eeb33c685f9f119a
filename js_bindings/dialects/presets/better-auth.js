// What better-auth is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/better-auth.test.js. Invariant: every path may stand below another `basePath` than better-auth's own.
import { rowsOf } from './rows.js';

/** Proven with better-auth 1.7.25. @type {import('./rows.js').Preset} */
export const betterAuth = {
  options: {
    documentPath: '/api/auth/get-session',
    cookie: ['better-auth.session_token', '__Secure-better-auth.session_token'],
    userId: '/user/id',
    // better-auth forbids every cache to keep its answers, which means shared caches that know no sessions.
    obeyCacheControl: false,
    effects: rowsOf([
      ['POST /**/update-user', 'changes'],
      ['POST /**/change-email', 'changes'],
      ['POST /**/update-session', 'changes'],
      // Its body names the session that ends, not the user: it is one of his.
      ['POST /**/revoke-session', 'endsUser'],
      ['POST /**/revoke-sessions', 'endsUser'],
      ['POST /**/revoke-other-sessions', 'endsOthers'],
      ['POST /**/change-password', 'endsOthers'],
      ['POST /**/delete-user', 'endsUser'],
      ['POST /**/organization/create', 'changes'],
      ['POST /**/organization/set-active-team', 'changes'],
      ['POST /**/organization/leave', 'changes'],
      ['POST /**/organization/delete', 'changes'],
      ['POST /**/admin/ban-user', 'endsUser', '/userId'],
      ['POST /**/admin/remove-user', 'endsUser', '/userId'],
      ['POST /**/admin/revoke-user-sessions', 'endsUser', '/userId'],
      ['POST /**/admin/unban-user', 'changes', '/userId'],
      ['POST /**/admin/set-role', 'changes', '/userId'],
      ['POST /**/admin/update-user', 'changes', '/userId'],
    ]),
  },
};
