// What Amazon Cognito's user pools are like, asked at the userinfo endpoint of their domain, as their documentation says:
// data alone. It knows nothing of how options are read. Its tokens are tried in tests/js/token-presets.test.js.
// Invariant: tokens are another host's than the document, so their issuer is the operator's to name.

/** Tried with tokens as Cognito documents them. @type {import('./rows.js').Preset} */
export const cognito = {
  options: {
    documentPath: '/oauth2/userInfo',
    cookie: [],
    credential: 'bearer',
    userId: '/sub',
    obeyCacheControl: false,
    // Every token of one sign-in has it, whatever refresh token it came by. Access tokens name their client, and no audience.
    tokens: { sid: 'origin_jti' },
  },
};
