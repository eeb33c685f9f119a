// What Laravel with Sanctum is like, as its documentation says: data alone. It knows nothing of how options are read. Tried
// in front of a stand-in by tests/backends/laravel.test.js.
import { rowsOf } from './rows.js';

/** Tried in front of a stand-in for Laravel 12 with Sanctum 4. @type {import('./rows.js').Preset} */
export const laravel = {
  options: {
    documentPath: '/api/user',
    // Named after the application.
    cookie: ['laravel_session', 'laravel-session', '__Host-laravel_session'],
    userId: ['/id', '/data/id'],
    // The session's identifier is encrypted anew with every answer.
    rotates: true,
    // Laravel says `no-cache, private` of each answer that does not say otherwise.
    obeyCacheControl: false,
    effects: rowsOf([
      // Fortify's.
      ['PUT /user/password', 'endsOthers'],
      ['PUT /user/profile-information', 'changes'],
    ]),
  },
};
