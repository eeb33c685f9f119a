// What a back end of one's own is like whose users sign in with Clerk, as its documentation says: data alone. It knows
// nothing of how options are read. Its tokens are tried in tests/js/token-presets.test.js.
// Invariant: the document is the operator's own; Clerk has none that a session token opens.

/** Tried with session tokens as Clerk documents them. @type {import('./rows.js').Preset} */
export const clerk = {
  options: {
    documentPath: '/api/v1/users/me',
    // A token of a minute, which the page renews.
    cookie: ['__session'],
    userId: '/id',
    tokens: { sid: 'sid' },
  },
};
