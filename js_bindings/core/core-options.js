// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// Which options the core is told of: an object with them as JSON has no others.

export const CORE_OPTIONS = [
  'userId',
  'cookie',
  'authorizationSchemes',
  'credential',
  'originTimeout',
  'leaseFor',
  'refusals',
  'freshFor',
  'keepFor',
  'staleIfError',
  'expiresIn',
  'idleFor',
  'negativeFor',
  'fields',
  'memory',
  'sessionsPerUser',
  'endsPerUser',
  'maxDocument',
  'maxCredential',
  'isManaged',
  'refreshLeaseFor',
];
