// What comes with a request beside the request itself. It must not know what is asked for.

/**
 * @typedef {object} HandlerContext
 * @property {(work: Promise<unknown>) => void} waitUntil
 * @property {boolean} [upgrades] whoever has asked can change to another protocol: of the answer, `webSocket` is handed on
 * @property {(status: number, headers: Headers) => void} [onInterim] takes what the origin says before its answer (1xx)
 * @property {number | null} [maxAge] how old the answer may be, in seconds, from a caller that knows it without the headers;
 *   0: what is held does not count, null: as old as it is fresh (R11)
 * @property {import('../core/abi.js').RequestHead} [head] the credential, from a caller that knows it without the
 *   headers: of a request whose headers name no other site's page
 */

/**
 * Answers requests for paths of its own; null: it is none of them.
 * @typedef {(request: Request, url: URL, context: HandlerContext) => Response | Promise<Response> | null} Endpoint
 */

/**
 * Sends requests to the origin in another way than as they are.
 * @typedef {object} Sender
 * @property {(request: Request, context: HandlerContext, options?: SendOptions) => Promise<Response>} send
 */

/** @typedef {import('../origin/proxy.js').SendOptions} SendOptions */

/**
 * A request for the document with the credential of a request.
 * @param {import('../sessions/parts.js').Parts} parts
 * @param {Request} request
 * @param {HandlerContext} context
 */
export function documentRequestOf(parts, request, context) {
  const waitUntil = (/** @type {Promise<unknown>} */ work) => context.waitUntil(work);
  return parts.documentRequest(request, { signal: request.signal, waitUntil });
}
