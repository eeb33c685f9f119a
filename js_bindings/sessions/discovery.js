// What an identity provider says of itself (OpenID Connect Discovery 1.0, RFC 8414): where its keys and its other endpoints
// are. It must not know what they are for.
// Invariant: whoever names himself otherwise than he was asked for is another, and none of what he says counts.
import { originCall } from '../origin/origin-call.js';
import { isRecord } from '../util/is-record.js';
import { jsonOf } from '../util/jws.js';

/** How long one question may take. */
export const DISCOVERY_TIMEOUT_MS = 5000;
const MAX_BYTES = 256 * 1024;

const decoder = new TextDecoder();

/** Where an issuer says of itself what it is. @param {string} issuer */
export function discoveryUrl(issuer) {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/**
 * An endpoint of a provider. Never rejects.
 * @param {import('../host.js').Host} host
 * @param {string} issuer
 * @param {readonly string[]} urls where it may say so, in this order
 * @param {string} member of what it says
 * @returns {Promise<string | null>} null: it does not say, or cannot be asked
 */
export async function discover(host, issuer, urls, member) {
  for (const url of urls) {
    const found = await getRecord(host, url);
    const endpoint = found?.[member];
    // Section 4.3.
    if (found?.issuer !== issuer || typeof endpoint !== 'string') continue;
    const isPlain = endpoint.startsWith('http:') && issuer.startsWith('http:');
    if (endpoint.startsWith('https:') || isPlain) return endpoint;
  }
  return null;
}

/**
 * @param {import('../host.js').Host} host
 * @param {string} url
 * @returns {Promise<Record<string, unknown> | null>} null: it cannot be had, or is no JSON object. Never rejects
 */
export async function getRecord(host, url) {
  const headers = new Headers({ accept: 'application/json' });
  const limits = { timeoutMs: DISCOVERY_TIMEOUT_MS, maxBytes: MAX_BYTES };
  const reply = await originCall(host, url, { headers }, limits);
  if (reply === null || !reply.ok || reply.body === null) return null;
  const found = jsonOf(decoder.decode(reply.body));
  return isRecord(found) ? found : null;
}
