// What Supabase's Auth is like, as its documentation and code say: data alone. It knows nothing of how options are read.
// Tried in front of a stand-in by tests/backends/supabase.test.js.
import { rowsOf } from './rows.js';

/** Tried in front of a stand-in for Supabase Auth 2. @type {import('./rows.js').Preset} */
export const supabase = {
  options: {
    documentPath: '/auth/v1/user',
    cookie: ['sb-access-token'],
    userId: '/id',
    tokens: { audience: 'authenticated', sid: 'session_id' },
    // Without the project's key the gateway refuses; the version chooses how an error is worded.
    varyOn: ['apikey', 'x-supabase-api-version'],
    effects: rowsOf([
      // Of the user everywhere, of this session or of the others: its query says which.
      ['POST /**/v1/logout', 'endsOthers'],
      // A new password ends the others.
      ['PUT /**/v1/user', 'endsOthers'],
      ['PUT /**/v1/admin/users/{id}', 'changes'],
      ['DELETE /**/v1/admin/users/{id}', 'endsUser'],
    ]),
  },
};
