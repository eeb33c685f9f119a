// How answers look on the wire. Knows status codes and header fields, and nothing of how an answer came
// about.
import { NULL_BODY } from '../origin/any-status.js';
import { isEnding } from '../sessions/decision.js';
import { joined } from '../util/bytes.js';
import { toHex } from '../util/hex.js';
import { markPrivate } from './private-headers.js';

/** The field of an answer whose change the other nodes do not know yet: they are told as soon as they can be (R25). */
export const PENDING = 'sesame-pending';

const encoder = new TextEncoder();
const SESSION_START = encoder.encode('{"user":');

/**
 * A response; without its body for `HEAD`.
 * @param {Request} request
 * @param {Uint8Array<ArrayBuffer>} body
 * @param {number} status
 * @param {Headers} headers changed in place
 * @param {Partial<Pick<import('../host.js').Host, 'needsLength'>>} host
 */
export function respond({ method }, body, status, headers, { needsLength }) {
  const isHead = method === 'HEAD';
  if (needsLength || isHead) setLength(headers, status, body);
  return new Response(isHead ? null : contentFor(status, body), { status, headers });
}

/**
 * Says how long an answer is: where its host does not (`needsLength`), or where its body stays behind (`HEAD`).
 * @param {Headers} headers changed in place
 * @param {number} status
 * @param {Uint8Array} body
 */
export function setLength(headers, status, body) {
  if (contentFor(status, body)) headers.set('content-length', String(body.length));
}

/**
 * What a response of this status has for a body: some have none, not even an empty one (Fetch standard).
 * @template T
 * @param {number} status
 * @param {T} body
 */
export function contentFor(status, body) {
  return NULL_BODY.has(status) ? null : body;
}

/**
 * A private response with a JSON value (SPEC R40).
 * @param {number} status
 * @param {unknown} value
 * @param {[string, string][]} [more] header fields
 */
export function jsonResponse(status, value, more = []) {
  const headers = new Headers([['content-type', 'application/json'], ...more]);
  markPrivate(headers);
  return new Response(JSON.stringify(value), { status, headers });
}

/**
 * A private response without a body.
 * @param {number} status
 */
export function emptyResponse(status) {
  const headers = new Headers();
  markPrivate(headers);
  return new Response(null, { status, headers });
}

/**
 * An error with a one-line reason that a program can match on.
 * @param {number} status
 * @param {string} error
 * @param {[string, string][]} [more] header fields
 */
export function errorResponse(status, error, more) {
  return jsonResponse(status, { error }, more);
}

/**
 * The origin cannot be asked; that says nothing about the session (SPEC R13).
 * @param {number} [retryAfterMs]
 */
export function unavailableResponse(retryAfterMs = 1000) {
  const seconds = String(Math.max(1, Math.ceil(retryAfterMs / 1000)));
  return errorResponse(503, 'origin_unavailable', [['retry-after', seconds]]);
}

/** A change cannot be kept for the other nodes: it has to be repeated. */
export function outboxFullResponse() {
  return errorResponse(503, 'outbox_full', [['retry-after', '1']]);
}

/** There is no room to remember that another session has ended: it has to be repeated. */
export function guardFullResponse() {
  return errorResponse(503, 'guard_full', [['retry-after', '1']]);
}

/**
 * `{ user, expiresAt }` around the document's own bytes, or `null`. What it is given may change after.
 * @param {import('../sessions/decision.js').Decision['kind']} kind
 * @param {Pick<import('../sessions/decision.js').Decision, 'body' | 'expiresAtMs'>} of
 */
export function sessionBody(kind, { body, expiresAtMs }) {
  if (kind !== 'document') return encoder.encode('null');
  const end = encoder.encode(`,"expiresAt":${JSON.stringify(isoTime(expiresAtMs))}}`);
  return joined([SESSION_START, body, end]);
}

/**
 * The status with which the session's path answers: 401 to the credential of a session that has ended.
 * @param {Pick<import('../sessions/decision.js').Decision, 'reason'>} decision
 */
export function statusOfSession({ reason }) {
  return isEnding(reason) ? 401 : 200;
}

/** @param {number} timeMs 0: not known */
export function isoTime(timeMs) {
  return timeMs > 0 ? new Date(timeMs).toISOString() : null;
}

/**
 * A strong validator of a body (RFC 9110 section 8.8.3).
 * @param {Uint8Array<ArrayBuffer>} body
 */
export async function strongEtag(body) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return `"${toHex(digest.subarray(0, 16))}"`;
}
