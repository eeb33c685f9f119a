// A page's request as the handler of the package takes one: with a credential that stands for the device,
// since a worker sees no cookies.
import { DEVICE_COOKIE } from './options.js';

/**
 * @param {Request} original
 * @param {string} principal who the device's cookies stand for
 * @returns {Request & { original: Request }}
 */
export function pageRequest(original, principal) {
  const headers = new Headers(original.headers);
  if (!headers.has('authorization')) headers.set('cookie', `${DEVICE_COOKIE}=${principal}`);
  const { method, url, signal } = original;
  return /** @type {any} */ ({
    ...{ method, url, signal, headers, original },
    /** A copy: what is sent to the origin is the page's own. */
    get body() {
      return bodyOf(original);
    },
  });
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
