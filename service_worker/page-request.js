// A page's request as the handler of the package takes one: with a credential that stands for the device,
// since a worker sees no cookies. What takes long to make is made when it is asked for: an answer from what
// is held needs the credential alone.
// Invariant: a request that sends no cookies is not answered for them, and the origin is asked for it without
// (SPEC R1).
import { tenantOf } from '../js_bindings/origin/vary.js';
import { DEVICE_COOKIE } from './options.js';

/** The name under which it is remembered how a page sends cookies beside its token. */
const MODE_COOKIE = 'sesame-credentials';

/**
 * Whether a request brings the device's cookies (Fetch standard, credentials mode).
 * @param {Request} request
 * @param {string} ownOrigin where the page and the worker come from
 */
export function sendsCookies({ credentials, url }, ownOrigin) {
  if (credentials === 'same-origin') return new URL(url).origin === ownOrigin;
  return credentials === 'include';
}

/**
 * @param {Request} request
 * @param {Pick<import('./options.js').ParsedWorkerOptions, 'ownOrigin' | 'ignoresTokens'>} options
 * @returns {import('./credential-name.js').Credential}
 */
export function credentialOf(request, { ownOrigin, ignoresTokens }) {
  const authorization = ignoresTokens ? null : request.headers.get('authorization');
  return { authorization, hasCookies: sendsCookies(request, ownOrigin) };
}

/**
 * The device's own credential as the core takes it.
 * @param {string} principal who the device's cookies stand for
 * @param {string} tenant
 * @returns {import('../js_bindings/core/abi.js').RequestHead}
 */
export function deviceHead(principal, tenant) {
  return { tenant, cookie: `${DEVICE_COOKIE}=${principal}`, authorization: '' };
}

/**
 * A token as the core takes it: whatever cookies its requests bring, they are answers to it.
 * @param {string} authorization
 * @param {string} tenant
 * @returns {import('../js_bindings/core/abi.js').RequestHead[]}
 */
export function tokenHeads(authorization, tenant) {
  const modes = ['include', 'same-origin'].map((mode) => `${MODE_COOKIE}=${mode}`);
  return ['', ...modes].map((cookie) => ({ tenant, cookie, authorization }));
}

/**
 * @param {Request} original
 * @param {string} principal who the device's cookies stand for
 * @param {import('./options.js').ParsedWorkerOptions} options
 * @returns {Request & { original: Request, head: import('../js_bindings/core/abi.js').RequestHead }}
 */
export function pageRequest(original, principal, options) {
  const { varyOn } = options.parsed;
  const { authorization, hasCookies } = credentialOf(original, options);
  let cookie = '';
  if (hasCookies) {
    // Who sends a token of his own, be it an empty one, is not taken for who the device's cookies stand for.
    const [name, value] =
      authorization === null ? [DEVICE_COOKIE, principal] : [MODE_COOKIE, original.credentials];
    cookie = `${name}=${value}`;
  }
  /** @type {Headers | null} */
  let headers = null;
  return /** @type {any} */ ({
    method: original.method,
    url: original.url,
    original,
    head: { tenant: tenantOf(varyOn, original), cookie, authorization: authorization ?? '' },
    get headers() {
      headers ??= withCookie(original.headers, cookie);
      return headers;
    },
    get signal() {
      return original.signal;
    },
    /** A copy: what is sent to the origin is the page's own. */
    get body() {
      return bodyOf(original);
    },
  });
}

/**
 * @param {Headers} original
 * @param {string} cookie
 */
function withCookie(original, cookie) {
  const headers = new Headers(original);
  if (cookie !== '') headers.set('cookie', cookie);
  return headers;
}

/**
 * How the origin is asked for the document on behalf of such a request.
 * @param {Headers} headers as `pageRequest` made them
 * @returns {RequestCredentials}
 */
function credentialsOf(headers) {
  const [name, value] = (headers.get('cookie') ?? '').split('=');
  if (name === MODE_COOKIE) return /** @type {RequestCredentials} */ (value);
  return name === DEVICE_COOKIE ? 'include' : 'omit';
}

/**
 * The page's own request if one is passed on; else the document's, with the cookies that it would send.
 * @param {string | Request} input
 * @param {RequestInit} [init]
 * @param {Request & { original?: Request }} [passed]
 */
export async function askOrigin(input, init, passed) {
  if (passed?.original) return fetch(new Request(passed.original, { headers: init?.headers }));
  const headers = new Headers(init?.headers);
  const credentials = credentialsOf(headers);
  headers.delete('cookie');
  const response = await fetch(input, { ...init, headers, credentials, cache: 'no-store' });
  // A worker may not see where it leads, only that it is no document.
  if (response.type === 'opaqueredirect') return new Response(null, { status: 302 });
  return response;
}

/** @param {Request} request */
function bodyOf(request) {
  if (['GET', 'HEAD'].includes(request.method) || request.body === null) return null;
  const copy = request.clone();
  if (copy.body) return copy.body;
  // Not every browser has a request's body as a stream.
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(new Uint8Array(await copy.arrayBuffer()));
      controller.close();
    },
  });
}
