// Every feature that a server's cache can switch on by an option. A host that ships fewer names its own.
//
// It must not be reachable from the service worker: `scripts/check-bundles.mjs` fails if it is.
import { AuthRoutes } from './http/auth-routes.js';
import { devicesEndpoint } from './http/devices.js';
import { eventsEndpoint } from './http/events.js';
import { ManagedSender } from './http/managed-sender.js';
import { metricsEndpoint } from './http/prometheus.js';
import { Renewals } from './http/renewals.js';
import { verifyEndpoint } from './http/verify.js';
import { Devices } from './sessions/devices.js';
import { KeptCookies } from './sessions/kept-cookies.js';
import { LastChanges } from './sessions/last-changes.js';
import { ManagedSessions } from './sessions/managed.js';
import { questionOf } from './sessions/questions.js';
import { VerifiedTokens } from './sessions/verified-tokens.js';
import { WatchedSessions } from './sessions/watched-sessions.js';
import { OwnDeviceLists } from './shared/device-lists.js';
import { SharedSessions } from './shared/documents.js';
import { SessionIds } from './shared/session-ids.js';
import { KeyRing } from './util/key-ring.js';

/** @type {Readonly<import('./assemble.js').Features>} */
export const ALL_FEATURES = Object.freeze({
  KeyRing,
  Devices,
  OwnDeviceLists,
  WatchedSessions,
  KeptCookies,
  LastChanges,
  Renewals,
  SessionIds,
  SharedSessions,
  ManagedSessions,
  VerifiedTokens,
  questionOf,
  makeSender: (parts, proxy) =>
    parts.managed ? new ManagedSender(parts, parts.managed, proxy) : null,
  endpoints: [metricsEndpoint, verifyEndpoint, devicesEndpoint, eventsEndpoint, authEndpoint],
});

/**
 * Login, refresh and logout of managed sessions, and the webhook.
 * @param {import('./sessions/parts.js').Parts} parts
 * @param {import('./origin/proxy.js').OriginProxy} proxy
 * @returns {import('./http/context.js').Endpoint}
 */
function authEndpoint(parts, proxy) {
  const routes = new AuthRoutes(parts, proxy);
  return (request, { pathname }, context) => routes.handle(request, pathname, context);
}
