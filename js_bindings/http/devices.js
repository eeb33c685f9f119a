// The path on which a user looks at his sessions and ends them (rule R27): `GET /api/auth/devices`, `DELETE
// /api/auth/devices/{handle}`, and `DELETE /api/auth/devices` for all but the one that asks. It must not know how sessions are
// listed.
// Invariants: only whoever is signed in is told anything, and of his own sessions alone; pages of other sites are refused
// (R42); what is answered is private (R40).
import { OriginUnavailableError } from '../errors.js';
import { hasLargeCredential } from '../origin/headers.js';
import { isUnavailable } from '../sessions/decision.js';
import { isGuardFull } from '../sessions/session-changes.js';
import { isOutboxFull } from '../shared/outbox.js';
import { documentRequestOf } from './context.js';
import { isCrossSite } from './cross-site.js';
import { EndingCookie } from './ending-cookie.js';
import {
  emptyResponse,
  errorResponse,
  guardFullResponse,
  jsonResponse,
  outboxFullResponse,
  unavailableResponse,
} from './responses.js';

export const DEVICES_PATH = '/api/auth/devices';

const METHODS = ['GET', 'HEAD', 'DELETE'];

/** @typedef {import('../sessions/parts.js').Parts} Parts */
/** @typedef {import('../sessions/devices.js').Devices} Devices */
/** @typedef {import('./context.js').HandlerContext} HandlerContext */

/**
 * @param {Parts} parts
 * @returns {import('./context.js').Endpoint}
 */
export function devicesEndpoint(parts) {
  const { devices } = parts;
  return (request, { pathname }, context) => {
    if (devices === null) return null;
    const isOne = pathname.startsWith(`${DEVICES_PATH}/`);
    if (!isOne && pathname !== DEVICES_PATH) return null;
    const handle = isOne ? pathname.slice(DEVICES_PATH.length + 1) : null;
    const work = answerTo(parts, devices, request, handle, context).catch((error) =>
      failureOf(error),
    );
    // What is to end does so whether or not the client waits.
    if (request.method === 'DELETE') context.waitUntil(work);
    return work;
  };
}

/**
 * @param {Parts} parts
 * @param {Devices} devices
 * @param {Request} request
 * @param {string | null} handle
 * @param {HandlerContext} context
 */
async function answerTo(parts, devices, request, handle, context) {
  const allowed = handle === null ? METHODS : ['DELETE'];
  if (!allowed.includes(request.method)) {
    return errorResponse(405, 'method_not_allowed', [['allow', allowed.join(', ')]]);
  }
  if (isCrossSite(request)) return errorResponse(403, 'cross_site');
  if (hasLargeCredential(request.headers, parts.options.maxCredential)) {
    return errorResponse(431, 'credential_too_large');
  }
  const asked = documentRequestOf(parts, request, context);
  const { engine, changes } = parts;
  const decision = await engine.resolve(asked);
  if (isUnavailable(decision)) return unavailableResponse(decision.retryAfterMs);
  if (decision.kind !== 'document') return withCookies(errorResponse(401, 'no_session'), decision);
  const identifier = changes.identifierIn(decision.body);
  // A document that names nobody (R81): there is no list.
  const user = identifier === null ? null : JSON.parse(identifier);
  if (user === null) return withCookies(errorResponse(404, 'no_devices'), decision);
  if (request.method === 'DELETE') {
    const ending = ended(parts, devices, asked.head, user, handle);
    return withCookies(await ending, decision);
  }
  await devices.present(asked.head, decision, request.headers.get('user-agent'));
  const list = await devices.list(user, asked.head);
  const response = jsonResponse(200, { devices: list });
  const isHead = request.method === 'HEAD';
  return withCookies(isHead ? new Response(null, response) : response, decision);
}

/**
 * @param {Parts} parts
 * @param {Devices} devices
 * @param {import('../core/abi.js').RequestHead} head
 * @param {string | number} user
 * @param {string | null} handle null: all but the session that asks
 */
async function ended({ options }, devices, head, user, handle) {
  if (handle === null) return jsonResponse(200, await devices.endOthers(user, { head }));
  const list = await devices.list(user, head);
  const device = list.find((each) => each.handle === handle);
  if (device === undefined || !(await devices.endOf(user, handle))) {
    return errorResponse(404, 'no_such_device');
  }
  const response = emptyResponse(204);
  if (device.current && options.isManaged) {
    for (const line of new EndingCookie(options.cookie[0]).clear('')) {
      response.headers.append('set-cookie', line);
    }
  }
  return response;
}

/**
 * Whoever has asked who asks may have been given a cookie by the origin (R85, R87).
 * @param {Response} response
 * @param {import('../sessions/decision.js').Decision} decision
 */
function withCookies(response, { setCookies }) {
  for (const line of setCookies) response.headers.append('set-cookie', line);
  return response;
}

/**
 * What could not be done has to be repeated; what waits for the store has been done here.
 * @param {any} error
 */
function failureOf(error) {
  if (isOutboxFull(error)) return outboxFullResponse();
  if (isGuardFull(error)) return guardFullResponse();
  if (error instanceof OriginUnavailableError) return unavailableResponse(error.retryAfterMs);
  if (error?.code !== 'ERR_SESAME_STORE_UNAVAILABLE') throw error;
  return errorResponse(503, 'store_unavailable', [['retry-after', '1']]);
}
