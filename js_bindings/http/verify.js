// Forward authentication: what a reverse proxy is told that asks, before it lets a request through, who makes
// it. Nothing of the original request but its credential counts here; `X-Forwarded-*` and the like are what
// the client or a proxy say of it, and are not looked at.
//
// Invariant: 200 is answered for a document alone. Everything else is a refusal of some kind, so a proxy that
// goes by the status fails closed.
import { claimIn, claimsIn } from '../util/claims.js';
import { valueAt } from '../util/json-pointer.js';
import { privateHeaders } from './private-headers.js';

/** A longer value would make some proxies refuse the whole answer: it is left out. */
const MAX_VALUE = 1024;

const decoder = new TextDecoder();

/**
 * The endpoint: who makes the request that a reverse proxy asks about?
 * @param {import('../sessions/parts.js').Parts} parts
 * @returns {import('./context.js').Endpoint}
 */
export function verifyEndpoint({ engine, options, documentRequest }) {
  /** @type {import('./context.js').Endpoint} */
  const answer = async (request, _, context) => {
    const waitUntil = (/** @type {Promise<unknown>} */ work) => context.waitUntil(work);
    const asked = documentRequest(request, { signal: request.signal, waitUntil });
    let decision = await engine.resolve(asked);
    if (decision.kind === 'pass' && !decision.isAnonymous) decision = await engine.askOnce(asked);
    const claims = await claimsOf(engine, options.verify, asked.head);
    return new Response(null, verifyAnswer(decision, options.verify, claims));
  };
  return (request, url, context) =>
    isVerifyPath(options, url.pathname) ? answer(request, url, context) : null;
}

/**
 * What a request's token says of what the proxy is to know.
 * @param {import('../sessions/engine.js').Engine} engine
 * @param {import('../options/verify.js').VerifyOptions} verify
 * @param {import('../core/abi.js').RequestHead} head
 * @returns {Promise<Record<string, unknown>>} nothing where it is not verified
 */
export async function claimsOf({ tokens }, verify, head) {
  if (tokens === null || claimsIn(verify).length === 0) return {};
  return (await tokens.claimsOf(head)) ?? {};
}

/**
 * Whether a request is for the endpoint.
 * @param {Pick<import('../options/options.js').ParsedOptions, 'verifyPath' | 'verify'>} options
 * @param {string} pathname
 */
export function isVerifyPath({ verifyPath, verify }, pathname) {
  if (verifyPath === null) return false;
  if (verify.prefix) return pathname === verifyPath || pathname.startsWith(`${verifyPath}/`);
  return pathname === verifyPath; // whatever the method and the query: the origin is never asked for it
}

/**
 * The answer for a decision: 200 with what the proxy is to know, 401, 503 with `Retry-After`, or 431 for a
 * credential over its limit. Never a redirect, never a body.
 * @param {import('../sessions/decision.js').Decision} decision
 * @param {import('../options/verify.js').VerifyOptions} verify
 * @param {Record<string, unknown>} claims of its token, as far as they are verified
 * @returns {{ status: number, headers: Headers }}
 */
export function verifyAnswer(decision, verify, claims) {
  const status = statusOf(decision);
  const headers = privateHeaders(decision.isAnonymous ? 'negative' : decision.source);
  headers.set('content-length', '0');
  if (status === 200) {
    for (const [name, value] of identityHeaders(decision.body, verify, claims)) {
      headers.set(name, value);
    }
  }
  if (status === 401) headers.set('www-authenticate', challengeOf(decision)); // RFC 9110 section 15.5.2
  if (status === 503) {
    const seconds = Math.max(1, Math.ceil(decision.retryAfterMs / 1000));
    headers.set('retry-after', String(seconds));
  }
  // A session that the origin has just exchanged: for who asked, and nobody else.
  for (const cookie of decision.setCookies) {
    headers.append('set-cookie', cookie);
  }
  return { status, headers };
}

/** @param {import('../sessions/decision.js').Decision} decision */
function statusOf({ kind }) {
  switch (kind) {
    case 'document':
      return 200;
    case 'unavailable':
    case 'answer':
      return 503;
    case 'too-large':
      return 431;
    default:
      return 401; // a clear "no", or nobody was asked
  }
}

/** @param {import('../sessions/decision.js').Decision} decision */
function challengeOf({ kind, meta, originHeaders }) {
  const kept = kind === 'refusal' ? JSON.parse(meta || '{}') : {};
  return kept['www-authenticate'] ?? originHeaders?.get('www-authenticate') ?? 'Bearer';
}

/**
 * @param {Uint8Array} document
 * @param {import('../options/verify.js').VerifyOptions} verify
 * @param {Record<string, unknown>} claims
 * @returns {[string, string][]}
 */
export function identityHeaders(document, { headers }, claims) {
  if (headers.length === 0) return [];
  const parsed = JSON.parse(decoder.decode(document));
  return headers.flatMap(([name, source]) => {
    const claim = claimIn(source);
    const value = fieldValue(claim === null ? valueAt(parsed, source) : claims[claim]);
    return value === null ? [] : [/** @type {[string, string]} */ ([name, value])];
  });
}

/**
 * A scalar as a field value (RFC 9110 section 5.5): visible ASCII and inner spaces as they are, all else and
 * `%` percent-encoded UTF-8, so that `decodeURIComponent` gives back the text.
 * @param {unknown} value
 * @returns {string | null} null: it is no text, number or boolean, it is empty or too long, or it cannot be
 *   said exactly
 */
export function fieldValue(value) {
  // A larger number has lost its last digits already: it could be another user's.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return null;
  if (typeof value === 'number' && !Number.isFinite(value)) return null;
  if (!['string', 'number', 'boolean'].includes(typeof value)) return null;
  try {
    const encoded = String(value).replace(/^ +| +$|[^ !-$&-~]+/g, encodeURIComponent);
    return encoded !== '' && encoded.length <= MAX_VALUE ? encoded : null;
  } catch {
    return null; // half of a surrogate pair
  }
}
