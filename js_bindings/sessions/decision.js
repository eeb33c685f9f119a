// What was decided about a request, as what answers it needs it. It must not know how it was decided.
// Invariant: a decision is a copy: nothing in it changes with the core's next call.
import { Action, Credential, Reason, Source } from '../core/abi-constants.js';

const NO_BYTES = new Uint8Array();

const SOURCES = Object.freeze({
  [Source.NONE]: 'origin',
  [Source.FRESH]: 'fresh',
  [Source.STALE]: 'stale',
  [Source.ORIGIN]: 'origin',
  [Source.NEGATIVE]: 'negative',
});

/** How a log line names a reason: `lease-busy`. */
export const REASONS = Object.freeze(
  Object.fromEntries(
    Object.entries(Reason).map(([name, value]) => [value, name.toLowerCase().replaceAll('_', '-')]),
  ),
);

/** Why a credential is refused whose session has been ended: no later request brings it back (R8). @type {number[]} */
export const ENDINGS = [Reason.TOMBSTONE, Reason.REVOKED];

/** Whether a reason, by its name, is that of a session that has been ended. @param {string} reason */
export function isEnding(reason) {
  return ENDINGS.some((each) => REASONS[each] === reason);
}

/**
 * What to answer. `kind` says how:
 * - `document`: `body` is the user's document
 * - `refusal`: `status` and `body` are the origin's clear "no"
 * - `answer`: `status` and `body` are those of the origin's failure, which the document's path passes on (R13)
 * - `pass`: nothing was decided; the origin is to answer the request as it is
 * - `unavailable`: 503, try again after `retryAfterMs`
 * - `too-large`: the credential is over its limit
 * @typedef {object} Decision
 * @property {'document' | 'refusal' | 'answer' | 'pass' | 'unavailable' | 'too-large'} kind
 * @property {string} source `fresh`, `stale`, `origin` or `negative` (SPEC R43)
 * @property {boolean} isAnonymous the request had no credential at all
 * @property {number} status
 * @property {Uint8Array<ArrayBuffer>} body a copy
 * @property {string} meta the validator of a document, and its type (`origin/document-meta.js`); the headers of a refusal or answer, as JSON
 * @property {number} expiresAtMs
 * @property {number} freshUntilMs 0: the document is not kept
 * @property {number} bornAtMs when the session began
 * @property {number} endsAtMs when its cookie ends; 0: not known
 * @property {boolean} asksFirst once stale, the document is confirmed before it is served
 * @property {boolean} isKept the document has just been put into the core, or is held there
 * @property {string | null} user the key of the document's user, where it was asked for just now
 * @property {string} reason why it was decided so: a name of `Reason`
 * @property {number} retryAfterMs
 * @property {Headers | null} originHeaders of the origin's answer, for the request that asked it
 * @property {Error | null} failure why the origin could not be asked, for the request that asked it
 * @property {string[]} setCookies what the answer is to carry as `Set-Cookie` (R85, R87): the fields of the origin's own
 *   are among them
 */

/**
 * Whether nobody knows who makes the request: what cannot be passed on as the origin has said it is 503, and never "not
 * signed in" (R13).
 * @param {Pick<Decision, 'kind'>} decision
 */
export function isUnavailable({ kind }) {
  return kind === 'unavailable' || kind === 'answer';
}

/**
 * @param {Partial<Decision> & Pick<Decision, 'kind'>} given
 * @returns {Decision}
 */
export function decisionOf(given) {
  return {
    source: 'origin',
    isAnonymous: false,
    status: 0,
    body: NO_BYTES,
    meta: '',
    expiresAtMs: 0,
    freshUntilMs: 0,
    bornAtMs: 0,
    endsAtMs: 0,
    asksFirst: false,
    isKept: false,
    user: null,
    reason: REASONS[Reason.NONE],
    retryAfterMs: 0,
    originHeaders: null,
    failure: null,
    setCookies: [],
    ...given,
  };
}

/**
 * Copies what the core has just decided.
 * @param {import('../core/abi.js').Core} core
 * @param {number} action
 * @returns {Decision}
 */
export function copyDecision(core, action) {
  const reason = REASONS[core.reason];
  switch (action) {
    case Action.SERVE:
    case Action.SERVE_STALE:
      return copyOf(core, 'document');
    case Action.REFUSE:
      return copyOf(core, 'refusal');
    case Action.ANSWER:
      return { ...copyOf(core, 'answer'), retryAfterMs: core.retryAfterMs };
    case Action.UNAVAILABLE:
      return decisionOf({ kind: 'unavailable', reason, retryAfterMs: core.retryAfterMs });
    case Action.TOO_LARGE:
      return decisionOf({ kind: 'too-large', reason });
    default:
      return decisionOf({
        kind: 'pass',
        reason,
        isAnonymous: core.credential === Credential.ANONYMOUS,
      });
  }
}

/**
 * @param {import('../core/abi.js').Core} core
 * @param {Decision['kind']} kind
 */
function copyOf(core, kind) {
  return decisionOf({
    kind,
    source: SOURCES[/** @type {keyof typeof SOURCES} */ (core.source)],
    status: core.httpStatus,
    body: core.body.slice(),
    meta: core.meta,
    expiresAtMs: core.expiresAtMs,
    freshUntilMs: core.freshUntilMs,
    bornAtMs: core.bornAtMs,
    endsAtMs: core.endsAtMs,
    asksFirst: core.asksFirst,
    isKept: core.isKept,
    user: core.users[0] ?? null,
    reason: REASONS[core.reason],
  });
}
