// What a running cache answers to its operator (rule R72): its counters, what is wired wrongly, and why a request is
// answered as it is. It must not know how an operator gets here: whoever serves this lets its own user alone do so.
// Invariant: nothing that is answered holds a credential or a part of a document.

/**
 * @template T
 * @typedef {T | Promise<T>} Soon
 */

/**
 * What is asked.
 * @typedef {object} Inspected
 * @property {() => Soon<import('../sessions/statistics.js').Statistics | null>} stats
 * @property {() => Soon<import('../sessions/wiring.js').Notice[]>} notices
 * @property {(request: { headers: Headers, url?: string }) => Soon<import('../sessions/explain.js').Explanation>} explain
 */

/**
 * @param {Inspected} inspected
 * @param {Request} request `GET /stats`, `GET /notices`, or `POST /explain` with `{ headers, url }` of a request
 * @returns {Promise<Response>} JSON
 */
export async function answerControl(inspected, request) {
  const what = `${request.method} ${new URL(request.url).pathname}`;
  if (what === 'GET /stats') return Response.json(await inspected.stats());
  if (what === 'GET /notices') return Response.json(await inspected.notices());
  if (what !== 'POST /explain') return new Response(null, { status: 404 });
  try {
    const { headers, url } = await request.json();
    return Response.json(await inspected.explain({ headers: new Headers(headers), url }));
  } catch {
    return Response.json({ error: 'not_a_request' }, { status: 400 });
  }
}
