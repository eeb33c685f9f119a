// A page's request as the handler of the package takes one: with a credential that stands for the device,
// since a worker sees no cookies. What takes long to make is made when it is asked for: an answer from what
// is held needs the credential alone.
import { DEVICE_COOKIE } from './options.js';

/**
 * @param {Request} original
 * @param {string} principal who the device's cookies stand for
 * @returns {Request & { original: Request, head: import('../js_bindings/abi.js').RequestHead }}
 */
export function pageRequest(original, principal) {
  const authorization = original.headers.get('authorization');
  // Who sends a credential of his own, be it an empty one, is not taken for who the device's stands for.
  const cookie = authorization === null ? `${DEVICE_COOKIE}=${principal}` : '';
  /** @type {Headers | null} */
  let headers = null;
  return /** @type {any} */ ({
    method: original.method,
    url: original.url,
    original,
    head: { tenant: '', cookie, authorization: authorization ?? '' },
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
