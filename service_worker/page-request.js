// A page's request as the handler of the package takes one: with a credential that stands for the device,
// since a worker sees no cookies.
// Invariant: a request that sends no cookies is not answered for them, and the origin is asked for it without
// (SPEC R1).
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
 * @param {Request} original
 * @param {string} principal who the device's cookies stand for
 * @param {string} ownOrigin
 * @returns {Request & { original: Request }}
 */
export function pageRequest(original, principal, ownOrigin) {
  const headers = new Headers(original.headers);
  if (sendsCookies(original, ownOrigin)) {
    const hasToken = headers.has('authorization');
    const [name, value] = hasToken
      ? [MODE_COOKIE, original.credentials]
      : [DEVICE_COOKIE, principal];
    headers.set('cookie', `${name}=${value}`);
  }
  const { method, url, signal } = original;
  return /** @type {any} */ ({
    ...{ method, url, signal, headers, original },
    /** A copy: what is sent to the origin is the page's own. */
    get body() {
      return bodyOf(original);
    },
  });
}

/**
 * How the origin is asked for the document on behalf of such a request.
 * @param {Headers} headers as `pageRequest` made them
 * @returns {RequestCredentials}
 */
export function credentialsOf(headers) {
  const [name, value] = (headers.get('cookie') ?? '').split('=');
  if (name === MODE_COOKIE) return /** @type {RequestCredentials} */ (value);
  return name === DEVICE_COOKIE ? 'include' : 'omit';
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
