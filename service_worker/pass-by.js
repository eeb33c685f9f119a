// What a worker does that can hold nothing, for want of WebAssembly or of memory: requests go past it, as if it were
// not there. Only the session's path, which the origin need not have, is answered from the document; and the tabs of
// that credential hear of what may have changed its user, since nobody else tells them.

import { Unauthenticated } from '../js_bindings/dialects/unauthenticated.js';
import { markPrivate } from '../js_bindings/http/private-headers.js';
import { respond, sessionBody, unavailableResponse } from '../js_bindings/http/responses.js';
import { unmarked } from '../js_bindings/origin/byte-order-mark.js';
import { sendsCookies } from './page-request.js';
import { namesInDoubt, needsProof } from './routes.js';

/** @typedef {Exclude<import('./routes.js').Kind, 'other'>} Kind */

/**
 * @param {Request} request
 * @param {Kind} kind
 * @param {import('./credential-name.js').Requester} requester
 * @param {{ options: import('./options.js').ParsedWorkerOptions, announcer: import('./announcer.js').Announcer }} worker
 * @returns {Promise<Response>}
 */
export async function passBy(request, kind, requester, { options, announcer }) {
  const { pathname } = new URL(request.url);
  if (kind === 'read' && pathname === options.parsed.sessionPath) {
    return sessionFor(request, options).catch(() => unavailableResponse());
  }
  const response = await fetch(request);
  const isNews = kind !== 'read' && kind !== 'unsafe';
  if (isNews && isAccepted(response, needsProof(request, kind))) {
    announcer.doubt(namesInDoubt(kind, requester));
  }
  return response;
}

/** Whether a request has led elsewhere. @param {Response} response */
export function isRedirect({ type, redirected }) {
  return type === 'opaqueredirect' || redirected;
}

/**
 * Whether a request has done what its path says.
 * @param {Response} response
 * @param {boolean} isDoubtful only a redirect proves it
 */
export function isAccepted(response, isDoubtful) {
  return isRedirect(response) || (response.ok && !isDoubtful);
}

/**
 * @param {Request} request
 * @param {import('./options.js').ParsedWorkerOptions} options
 */
async function sessionFor(request, { parsed, ownOrigin }) {
  const response = await fetch(parsed.origin + parsed.documentPath, {
    headers: request.headers,
    credentials: sendsCookies(request, ownOrigin) ? 'include' : 'omit',
    cache: 'no-store',
    redirect: 'manual',
  });
  const document = unmarked(new Uint8Array(await response.arrayBuffer()));
  const isRefused =
    parsed.refusals.includes(response.status) ||
    new Unauthenticated(parsed).verdictOn(response.status, document) !== null;
  if (!response.ok && !isRefused) return unavailableResponse();
  if (!isRefused) JSON.parse(new TextDecoder().decode(document)); // a page that reports an error is none
  const kind = isRefused ? 'refusal' : 'document';
  const headers = new Headers({ 'content-type': 'application/json' });
  markPrivate(headers);
  const body = sessionBody(kind, { body: document, expiresAtMs: 0 });
  return respond(request, body, 200, headers, {});
}
