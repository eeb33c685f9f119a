// Why a request is answered as it is, for the operator who asks (rule R72). It must change nothing, ask nobody, and must
// not know how the answer is shown.
// Invariant: what it tells holds no credential and no part of a document: names of cookies, times and options.
import { Action, Credential } from '../core/abi-constants.js';
import { REASONS } from './decision.js';

/**
 * Why a request is answered as it is.
 * @typedef {object} Explanation
 * @property {'cookie' | 'bearer' | 'none' | 'ambiguous'} credential what the request shows: `bearer` is any credential
 *   in `Authorization`
 * @property {string | null} readFrom the name of the cookie that counts, or `Authorization`; null where none does
 * @property {string[]} otherCookies the names of the request's other cookies
 * @property {boolean} isHeld a document or a remembered refusal of it is held, and may be served
 * @property {'fresh' | 'stale' | 'refused' | 'ended' | 'passed' | 'asks' | 'too-large'} answer what a request for the
 *   document would get: `asks` is the origin's answer, and kept; `passed` the origin's, and nothing kept
 * @property {string} reason why, by the name that lines of the log use
 * @property {string} because the same in a sentence
 * @property {number | null} ageMs how long ago the origin confirmed what is held; null: nothing is held
 * @property {number | null} freshForMs how long it is still fresh; 0: it is stale
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601
 * @property {{ what: string, at: string } | null} lastChange what dropped or ended it last, if that is remembered, and
 *   when, ISO 8601
 * @property {{ option: string, does: string }[]} options which options would change that
 */

/** @typedef {Readonly<Record<string, string>>} Advice what each option would change */

/** @type {Record<string, [because: string, options: Advice]>} */
const TEXTS = {
  fresh: ['A document is held, and young enough.', { freshFor: 'how long it is fresh' }],
  stale: [
    'An older document is held: it is served, and refreshed behind the answer.',
    { freshFor: 'how long it is fresh', keepFor: 'how long it may be served after that' },
  ],
  followed: ['Another request of this credential has just had the answer.', {}],
  absent: [
    'Nothing is held: the origin has not been asked yet, it has been evicted, or something dropped it.',
    { memory: 'how much can be held', effects: 'which requests drop a session' },
  ],
  expired: [
    'What was held is too old.',
    {
      keepFor: 'how long a document may be served',
      expiresIn: 'how long a session lives',
    },
  ],
  idle: ['The session has not been used for too long.', { idleFor: 'how long it lives unused' }],
  distrusted: [
    'It was held before this node lost the shared store, and nobody has confirmed it since.',
    { revocationBound: 'how long the store may be silent' },
  ],
  changed: [
    'The user has changed since it was held.',
    { effects: 'which requests change a user', userId: 'which user a document is about' },
  ],
  revoked: [
    "The user's sessions have all been ended: by the application, the webhook or another node.",
    {},
  ],
  tombstone: [
    'The session has been ended: by revoke(), a sign-out, the webhook or another node.',
    { effects: 'which requests end a session', expiresIn: 'for how long that is remembered' },
  ],
  negative: [
    'The origin has refused this credential a moment ago.',
    {
      negativeFor: 'how long that is remembered',
      refusals: 'which statuses are a refusal',
      unauthenticated: 'which successes are one too',
    },
  ],
  'unknown-session': [
    'No managed session has this cookie.',
    { secret: 'which cookies are genuine' },
  ],
  anonymous: [
    'The request shows no credential that is configured.',
    {
      cookie: 'which cookies are the session’s',
      authorizationSchemes: 'which schemes of Authorization count',
    },
  ],
  'malformed-header': ['A header of it is read differently by different servers.', {}],
  'cookies-differ': [
    'Two session cookies contradict each other.',
    { cookie: 'which cookies are the session’s' },
  ],
  authorization: [
    'Its Authorization has a scheme that does not count.',
    { authorizationSchemes: 'which schemes carry a whole credential' },
  ],
  'cookie-and-authorization': [
    'It shows a cookie and an Authorization at once.',
    { credential: 'which of the two counts' },
  ],
  'cookie-name-variant': ['Some reader takes one of its cookies for the session’s.', {}],
  'undecodable-bytes': ['Its session cookie has bytes that the host may have changed.', {}],
  'joined-fields': ['Several fields of it are joined into one.', {}],
  chunks: ['The pieces of its session cookie do not fit together.', {}],
  'too-large': ['Its credential is too long.', { maxCredential: 'how long it may be' }],
};

/** Why the origin is asked each time, beside what is said of the request. */
const KINDS = /** @type {const} */ ({
  [Credential.ANONYMOUS]: 'none',
  [Credential.COOKIE]: 'cookie',
  [Credential.BEARER]: 'bearer',
  [Credential.AMBIGUOUS]: 'ambiguous',
});

/**
 * @param {Pick<import('./parts.js').Parts, 'core' | 'host' | 'lastChanges' | 'shared'>} parts
 * @param {import('../core/abi.js').RequestHead} head
 * @returns {Explanation}
 */
export function explain({ core, host, lastChanges, shared }, head) {
  const now = host.now();
  const action = core.peek(head, now);
  const { credential: kind, filledAtMs, freshUntilMs, expiresAtMs } = core;
  const isUnsure = shared !== null && !shared.log.isTrusted(now);
  const reason = isUnsure && isServed(action) ? 'distrusted' : REASONS[core.reason];
  const isHeld = filledAtMs > 0 && !isUnsure;
  const credential = KINDS[/** @type {keyof typeof KINDS} */ (kind)];
  const session = core.sessionKey(head);
  const change = lastChanges?.of(head) ?? null;
  const [because, options] = TEXTS[reason] ?? ['', {}];
  const readFrom = credential === 'bearer' ? 'Authorization' : session?.name || null;
  return {
    credential,
    readFrom,
    otherCookies: cookieNames(head.cookie).filter((name) => name !== readFrom),
    isHeld,
    answer: isUnsure && isServed(action) ? 'asks' : answerOf(action, reason),
    reason,
    because,
    ageMs: isHeld ? now - filledAtMs : null,
    freshForMs: isHeld ? Math.max(0, freshUntilMs - now) : null,
    expiresAt: isHeld && expiresAtMs > 0 ? new Date(expiresAtMs).toISOString() : null,
    lastChange: change && { what: change.what, at: new Date(change.time).toISOString() },
    options: Object.entries(options).map(([option, does]) => ({ option, does })),
  };
}

/** @param {number} action */
function isServed(action) {
  return action === Action.SERVE || action === Action.SERVE_STALE;
}

/**
 * @param {number} action
 * @param {string} reason
 * @returns {Explanation['answer']}
 */
function answerOf(action, reason) {
  if (action === Action.SERVE) return 'fresh';
  if (action === Action.SERVE_STALE) return 'stale';
  if (action === Action.REFUSE) return reason === 'negative' ? 'refused' : 'ended';
  if (reason === 'too-large') return 'too-large';
  return PASSED.has(reason) ? 'passed' : 'asks';
}

/** Reasons for which nothing is decided here. */
const PASSED = new Set([
  ...['anonymous', 'malformed-header', 'cookies-differ', 'authorization'],
  ...[
    'cookie-and-authorization',
    'cookie-name-variant',
    'undecodable-bytes',
    'joined-fields',
    'chunks',
  ],
]);

/** @param {string} cookies a `Cookie` header */
function cookieNames(cookies) {
  const pairs = cookies.split(';').filter((pair) => pair.includes('='));
  const names = pairs.map((pair) => pair.slice(0, pair.indexOf('=')).trim());
  return [...new Set(names.filter((name) => name !== ''))];
}
