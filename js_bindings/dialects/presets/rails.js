// What Rails with Devise is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/rails.test.js. Invariant: whoever has given the cookie another name than Rails would says so.
import { rowsOf } from './rows.js';

/** Proven with Rails 6.1.7 and Devise 4.8.1. @type {import('./rows.js').Preset} */
export const rails = {
  options: {
    documentPath: '/api/v1/users/me',
    // Rails names it after the application, `_shop_session`: an operator has to say it.
    cookie: ['_session_id', '_app_session'],
    userId: ['/id', '/user/id'],
    // The session is encrypted anew with every answer that has read it.
    rotates: true,
    // Rails chooses what to render by it, and says so in `Vary`.
    varyOn: 'x-requested-with',
    // Rails says `max-age=0, must-revalidate` of each answer that does not say otherwise.
    obeyCacheControl: false,
    // Devise's `timeoutable` ends a session that the application has not seen for 30 minutes.
    freshFor: '10m',
    keepFor: '25m',
    effects: rowsOf([
      // Devise's registrations: a new password ends the user's other sessions.
      ['PUT /users', 'endsUser'],
      ['PATCH /users', 'endsUser'],
      ['DELETE /users', 'endsUser'],
      // A form sends each of these as `POST`, and says in its body which it is.
      ['POST /users', 'endsUser'],
      ['POST /users', 'begins'],
    ]),
  },
};
