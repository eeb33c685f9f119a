// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// Names, kinds and defaults of the options, without the words: this is what ships.

export const OPTIONS = Object.freeze({
  origin: { kind: 'origin' },
  backend: {
    kind: 'choice',
    standard: null,
    choices: ['better-auth', 'auth.js', 'django', 'rails'],
  },
  documentPath: { kind: 'path', standard: '/api/v1/users/me' },
  userId: {
    kind: 'strings',
    standard: ['/id', '/user/id', '/data/id', '/sub', '/_id', '/uuid', '/userId', '/user_id'],
  },
  cookie: {
    kind: 'strings',
    standard: ['session', '__Host-session', '__Secure-session'],
    standardIfManaged: ['__Host-session'],
  },
  authorizationSchemes: { kind: 'strings', standard: ['Bearer', 'Token', 'ApiKey', 'JWT'] },
  credential: { kind: 'order', standard: [], choices: ['bearer', 'cookie'] },
  varyOn: { kind: 'varyOn', standard: [] },
  originTimeout: { kind: 'duration', standard: '8s' },
  leaseFor: { kind: 'duration', standard: '10s' },
  refusals: { kind: 'statuses', standard: [401, 403] },
  unauthenticated: { kind: 'unauthenticated', standard: [] },
  obeyCacheControl: { kind: 'boolean', standard: true },
  freshFor: { kind: 'duration', standard: '30m' },
  keepFor: { kind: 'duration', standard: '60m' },
  staleIfError: { kind: 'duration', standard: '5m' },
  expiresIn: { kind: 'duration', standard: '30d' },
  idleFor: { kind: 'duration', standard: 0 },
  negativeFor: { kind: 'duration', standard: '10s' },
  fields: { kind: 'strings', standard: [] },
  memory: { kind: 'size', standard: '64MB' },
  sessionsPerUser: { kind: 'count', standard: 100 },
  endsPerUser: { kind: 'count', standard: 256 },
  maxDocument: { kind: 'size', standard: '256kB' },
  maxCredential: { kind: 'size', standard: '16kB' },
  maxBody: { kind: 'size', standard: '1MB' },
  effects: { kind: 'effects', standard: [] },
  identityPaths: { kind: 'patterns', standard: null },
  userPaths: { kind: 'patterns', standard: null },
  webhookSecret: { kind: 'longText', standard: null, min: 32 },
  managed: { kind: 'managed', standard: null },
  sessionPath: { kind: 'pathOrNone', standard: '/api/auth/session' },
  verifyPath: { kind: 'pathOrNone', standard: '/api/auth/verify' },
  verify: { kind: 'verify', standard: null },
  metricsPath: { kind: 'pathOrNone', standard: null },
  requestMaxAge: { kind: 'boolean', standard: false },
  browserCache: { kind: 'boolean', standard: false },
  secret: { kind: 'secret', standard: null },
  store: { kind: 'store', standard: null },
  revocationBound: { kind: 'duration', standard: '5s' },
  serveUnconfirmedFor: { kind: 'duration', standard: '0s', min: 0 },
});

export const MANAGED = Object.freeze({
  loginPath: { kind: 'path', standard: '/api/v1/auth/login' },
  refreshPath: { kind: 'path', standard: '/api/v1/auth/refresh' },
  logoutPath: { kind: 'pathOrNone', standard: null },
  apiPrefix: { kind: 'prefix', standard: '/api/v1' },
  accessToken: { kind: 'pointer', standard: '/access_token' },
  refreshToken: { kind: 'pointer', standard: '/refresh_token' },
  expiresIn: { kind: 'pointer', standard: '/expires_in' },
  refreshAs: { kind: 'choice', standard: 'json', choices: ['json', 'form'] },
  refreshTimeout: { kind: 'duration', standard: '60s', min: 1 },
});

export const VERIFY = Object.freeze({
  headers: { kind: 'verifyHeaders', standard: {} },
  prefix: { kind: 'boolean', standard: false },
});
