// An origin without a network, for tests of a cache alone: a function from request to response.
import { byDefault, DOCUMENT } from './origin.js';

/**
 * @param {(headers: Headers, call: number) => Response | Promise<Response>} [answer] by default the
 *   document of whoever the credential names
 */
export function createFakeOrigin(answer = documentOrRefusal) {
  /** @type {{ url: string, method: string, headers: Headers, signal: AbortSignal | undefined }[]} */
  const calls = [];
  return {
    calls,
    /** @param {string | Request} input @param {RequestInit} [init] */
    async fetch(input, { method = 'GET', headers, signal } = {}) {
      const url = input instanceof Request ? input.url : input;
      calls.push({ url, method, headers: new Headers(headers), signal: signal ?? undefined });
      return answer(new Headers(headers), calls.length);
    },
  };
}

/** @param {Headers} headers */
export function documentOrRefusal(headers) {
  const { status, body } = byDefault(
    /** @type {any} */ ({ key: `GET ${DOCUMENT}`, headers: Object.fromEntries(headers) }),
  );
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return new Response(text, { status });
}
