// Small questions about header fields. All return new objects; none changes what it is given.

import { isSessionCookie, nameOf } from './session-cookies.js';

const encoder = new TextEncoder();

/** RFC 9110 section 7.6.1, and what is hop-by-hop by custom. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * How old an answer about the session may be at most, in seconds: what a page, or a Sesame in front of this one, asks this
 * one. It goes no further (rule R11).
 */
export const MAX_AGE = 'sesame-max-age';

/** Of a request for another resource or representation than the document itself. */
const NOT_FOR_A_FILL = [
  'accept-encoding',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  // What some frameworks route by: the document is asked for, whatever request it is asked for.
  'x-forwarded-method',
  'x-forwarded-prefix',
  'x-forwarded-uri',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-method',
  'x-original-uri',
  'x-original-url',
  'x-rewrite-url',
];

/**
 * Headers as `Headers`, whatever they come as: `Headers`, or the object of a Node request.
 * @param {Headers | Record<string, string | string[] | undefined>} headers
 * @returns {Headers}
 */
export function toHeaders(headers) {
  if (headers instanceof Headers) return headers;
  // Another library's class is told by its methods; a field of a Node request is a string or a list.
  const { get } = /** @type {any} */ (headers);
  if (typeof get === 'function') return new Headers([.../** @type {any} */ (headers)]);
  const result = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || value === undefined) continue; // HTTP/2 pseudo-headers
    for (const each of [value].flat()) result.append(name, each);
  }
  return result;
}

/** What no name of a field has in a request of Node's: small letters, and no pseudo-header of HTTP/2. */
export const UNUSUAL_NAME = /[A-Z:]/;

/**
 * The credentials of a request without a copy of its headers.
 * @param {Headers | Record<string, string | string[] | undefined>} headers
 * @returns {{ tenant: string, cookie: string, authorization: string } | null} null: only `toHeaders` says what they are
 */
export function credentialsIn(headers) {
  const head = { tenant: '', cookie: '', authorization: '' };
  if (headers instanceof Headers) {
    head.cookie = headers.get('cookie') ?? '';
    head.authorization = headers.get('authorization') ?? '';
    return head;
  }
  if (typeof (/** @type {any} */ (headers).get) === 'function') return null;
  for (const name in headers) {
    if (name === 'cookie' || name === 'authorization') {
      const value = headers[name];
      if (typeof value !== 'string') return null;
      head[name] = value;
    } else if (UNUSUAL_NAME.test(name)) {
      return null;
    }
  }
  return head;
}

/**
 * The bound of age that a request sets, in seconds (rule R11).
 * @param {Headers} headers
 * @param {boolean} obeysCacheControl whether `Cache-Control: max-age` of a request is one as well
 * @returns {number | null} null: it sets none
 */
export function maxAgeOf(headers, obeysCacheControl) {
  const own = headers.get(MAX_AGE)?.trim();
  if (own !== undefined && /^\d+$/.test(own)) return Number(own);
  if (!obeysCacheControl) return null;
  const named = /(?:^|,)\s*max-age\s*=\s*"?(\d+)/i.exec(headers.get('cache-control') ?? '');
  return named === null ? null : Number(named[1]);
}

/**
 * End-to-end headers only (SPEC R41): hop-by-hop ones and what is for Sesame itself are left out. An upgrade is kept
 * where `keepUpgrade` says so.
 * @param {Headers} headers
 * @param {{ keepUpgrade?: boolean }} [options]
 */
export function endToEnd(headers, { keepUpgrade = false } = {}) {
  const result = new Headers(headers);
  const named = (headers.get('connection') ?? '').split(',').map((name) => name.trim());
  const upgrade = headers.get('upgrade');
  for (const name of [...HOP_BY_HOP, ...named]) {
    if (/^[!#$%&'*+\-.^_`|~\w]+$/.test(name)) result.delete(name);
  }
  for (const name of [...result.keys()]) {
    if (name.startsWith('x-sesame-') || name === MAX_AGE) result.delete(name);
  }
  if (keepUpgrade && upgrade) result.set('upgrade', upgrade);
  return result;
}

/**
 * The headers with which the origin is asked for the document on behalf of a request.
 * @param {Headers} headers
 * @param {string} etag what is held, or empty
 * @param {readonly string[]} [claims] headers that say who somebody is: whoever asks does not say that himself
 */
export function fillHeaders(headers, etag, claims = []) {
  const result = endToEnd(headers);
  for (const name of NOT_FOR_A_FILL) result.delete(name);
  for (const name of claims.length === 0 ? [] : [...result.keys()]) {
    // Many servers cannot tell the two spellings apart (RFC 3875 section 4.1.18).
    if (claims.includes(name.replaceAll('_', '-'))) result.delete(name);
  }
  if (etag) result.set('if-none-match', etag);
  // Whatever a request would take, its answer is kept for others: all ask for the same (R4).
  result.set('accept', 'application/json');
  return result;
}

/**
 * Whether the `Cookie` or `Authorization` field is over its limit (SPEC R44).
 * @param {Headers} headers
 * @param {number} limit in bytes, as the core counts them
 */
export function hasLargeCredential(headers, limit) {
  return ['cookie', 'authorization'].some((name) => {
    const value = headers.get(name) ?? '';
    return (
      value.length > limit || (value.length * 2 > limit && encoder.encode(value).length > limit)
    );
  });
}

/**
 * What one Sesame tells another behind it, such as a browser's service worker, of a document that it keeps:
 * the `no-store` beside it is for everybody else (a targeted field, RFC 9213).
 */
export const FOR_SESAME = 'sesame-cache-control';

/**
 * What the origin wishes of those who keep its document (rule R15). Where it has no `Cache-Control`, the older fields
 * count (RFC 9111 sections 5.3 and 5.4): an `Expires` that is no date has passed.
 * @param {Headers} headers of its answer
 * @param {number} now
 */
export function cacheControlOf(headers, now) {
  const said = headers.get(FOR_SESAME) ?? headers.get('cache-control');
  if (said !== null) return said;
  if (/\bno-cache\b/i.test(headers.get('pragma') ?? '')) return 'no-cache';
  const expires = headers.get('expires');
  if (expires === null) return '';
  const date = Date.parse(headers.get('date') ?? '');
  const seconds = Math.floor((Date.parse(expires) - (Number.isNaN(date) ? now : date)) / 1000);
  return `max-age=${Math.max(seconds || 0, 0)}`;
}

/**
 * `Retry-After` in milliseconds from `now`; 0 if there is none or it makes no sense (RFC 9110
 * section 10.2.3).
 * @param {Headers} headers
 * @param {number} now
 */
export function retryAfterMs(headers, now) {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
  const date = Date.parse(value);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}

/**
 * The headers without these cookies, and without a credential in `Authorization`.
 * @param {Headers} original
 * @param {readonly string[]} names
 */
export function withoutCredentials(original, names) {
  const headers = new Headers(original);
  headers.delete('authorization');
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const others = pairs.filter((pair) => pair && !isSessionCookie(nameOf(pair), names));
  if (others.length > 0) headers.set('cookie', others.join('; '));
  else headers.delete('cookie');
  return headers;
}

/**
 * What a `Set-Cookie` field names (RFC 6265 section 5.2).
 * @param {string} line
 */
export function cookieOf(line) {
  const pair = line.split(';', 1)[0];
  const at = pair.indexOf('=');
  return { name: pair.slice(0, Math.max(0, at)).trim(), value: pair.slice(at + 1).trim() };
}
