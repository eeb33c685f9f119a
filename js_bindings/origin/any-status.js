// Responses of whatever status an origin has given (rule R41): one over 599 is none that a `Response` can be made with
// (Fetch standard), and passes all the same. It must not know where a response comes from.

/** Statuses whose responses have no body, not even an empty one (Fetch standard). */
export const NULL_BODY = new Set([101, 103, 204, 205, 304]);

/** The highest that a `Response` can be made with. */
export const MAX_STATUS = 599;

/**
 * @param {BodyInit | null} body
 * @param {{ status: number, statusText?: string, headers: Headers }} init
 * @returns {Response} what sends it must read its `status`, as Node's servers do; workerd does not
 */
export function responseOf(body, init) {
  if (init.status <= MAX_STATUS) return new Response(body, init);
  const response = new Response(body, { ...init, status: MAX_STATUS });
  return Object.defineProperty(response, 'status', { value: init.status });
}
