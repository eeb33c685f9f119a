// Makes the parts of a cache and joins them: the only place that knows which part is given to which. Each host names
// the features that it ships: a service worker carries neither stores nor tokens.
//
// It must not know how a host is started, nor how answers look. Invariant: whatever is made here holds the one core, so
// that nothing is decided twice.

import { Core } from './core/abi.js';
import { DropCounts } from './dialects/effects.js';
import { ConfigError } from './errors.js';
import { tenantOf, withHost } from './origin/vary.js';
import { isEnding } from './sessions/decision.js';
import { Engine } from './sessions/engine.js';
import { SessionChanges } from './sessions/session-changes.js';
import { Snapshots } from './sessions/snapshots.js';
import { StatisticsReader } from './sessions/statistics.js';
import { Waiters } from './sessions/waiters.js';
import { Wiring } from './sessions/wiring.js';
import { ignoreFailure } from './util/ignore-failure.js';

/** @typedef {import('./options/options.js').ParsedOptions} ParsedOptions */
/** @typedef {import('./sessions/parts.js').Parts} Parts */

/**
 * What a host ships beside the plain cache. What a host does not name is not in its bundle, and cannot be switched on.
 * @typedef {object} OwnFeatures
 * @property {typeof import('./util/key-ring.js').KeyRing} [KeyRing] derives all keys from the option `secret`
 * @property {Uint8Array} [coreKey] without it: what the core hashes under; random unless given
 * @property {typeof import('./shared/documents.js').SharedSessions} [SharedSessions] for the option `store`
 * @property {typeof import('./shared/session-ids.js').SessionIds} [SessionIds] for the option `sid`
 * @property {typeof import('./sessions/verified-tokens.js').VerifiedTokens} [VerifiedTokens] for the option `tokens`
 * @property {typeof import('./sessions/questions.js').questionOf} [questionOf] for the options `introspection` and `userinfo`
 * @property {typeof import('./sessions/managed.js').ManagedSessions} [ManagedSessions] for the option `managed`
 * @property {typeof import('./sessions/devices.js').Devices} [Devices] for the option `devices`
 * @property {typeof import('./sessions/watched-sessions.js').WatchedSessions} [WatchedSessions] for the option `events`
 * @property {typeof import('./shared/device-lists.js').OwnDeviceLists} [OwnDeviceLists] for the same, without a store
 * @property {typeof import('./sessions/kept-cookies.js').KeptCookies} [KeptCookies] where the origin's cookies are seen
 * @property {typeof import('./sessions/connection-ends.js').ConnectionEnds} [ConnectionEnds] where connections stay open (rule R29)
 * @property {typeof import('./sessions/last-changes.js').LastChanges} [LastChanges] for who asks why (rule R72)
 */

/**
 * @typedef {object} StartFeature
 * @property {(cache: object, parts: Parts) => void} [onStart] is told of a cache that has its parts
 */

/** @typedef {OwnFeatures & StartFeature & import('./http/handler.js').HandlerFeatures} Features */

/**
 * The parts of a cache. What answers requests with them need not go through `SessionCacheBase`.
 * @param {import('./core/abi.js').Instance} instance
 * @param {ParsedOptions} parsed without fault, for the core as well
 * @param {import('./host.js').Host} host
 * @param {OwnFeatures} [features]
 * @returns {Parts}
 * @throws {ConfigError} `ERR_SESAME_CONFIG` where an option needs a feature that this host does not ship
 */
export function assemble(instance, parsed, host, features = {}) {
  const { SharedSessions, ManagedSessions, KeyRing, KeptCookies, LastChanges } = features;
  const { SessionIds, VerifiedTokens, Devices, OwnDeviceLists, WatchedSessions } = features;
  checkShipped(parsed, {
    store: SharedSessions,
    managed: ManagedSessions,
    sid: SessionIds,
    tokens: VerifiedTokens,
    devices: Devices,
    events: WatchedSessions,
    introspection: features.questionOf,
    userinfo: features.questionOf,
  });
  const random = () => host.getRandomValues(new Uint8Array(16));
  const ring = KeyRing ? new KeyRing(parsed.secret ?? [random()]) : null;
  const core = new Core(instance, parsed, ring?.first.core ?? features.coreKey ?? random());
  const waiters = new Waiters(host);
  const shared =
    parsed.store && SharedSessions && ring
      ? new SharedSessions(
          core,
          parsed,
          host,
          ring,
          (keys) => new Core(instance, parsed, keys.core),
        )
      : null;
  const wiring = new Wiring(host, () => core.statistics().revocations > 0);
  const lastChanges = LastChanges ? new LastChanges(core, host) : null;
  const ids = parsed.sid && SessionIds ? new SessionIds(core, parsed.sid, host) : null;
  const changes = new SessionChanges(core, parsed, host, shared, ids);
  if (shared !== null) {
    shared.ids = ids;
    shared.log.heardOfUser = (...event) => changes.heardOfUser(...event);
    shared.log.heard = (key) => {
      wiring.noteHeardEnd();
      lastChanges?.noteKey(key, 'another node');
    };
    shared.log.noteReach = (failure) =>
      wiring.noteAnswer('store', failure, shared.log.refusal !== null);
    shared.log.follow();
  }
  let devices = null;
  if (parsed.devices && Devices && OwnDeviceLists && ring) {
    const lists = shared?.deviceLists ?? new OwnDeviceLists(core, host, ring.first);
    devices = new Devices(core, parsed, host, lists, changes, ids);
    changes.noteListedEnd = (key) => lastChanges?.noteKey(key, 'end(handle)');
  }
  const watched =
    parsed.events && WatchedSessions
      ? new WatchedSessions(core, parsed, host, shared?.log ?? null)
      : null;
  changes.noteUserEvent = (...event) => watched?.happenedToUser(...event);
  const kept = KeptCookies ? new KeptCookies(core, parsed, host) : null;
  const engine = new Engine(core, parsed, host, waiters, shared, changes, wiring, kept);
  engine.calls.question = features.questionOf?.(host, parsed) ?? null;
  if (parsed.tokens && VerifiedTokens) {
    const tokens = new VerifiedTokens(core, parsed, host, shared, changes, ids);
    engine.tokens = tokens;
    if (shared !== null) shared.sessionNameOf = (head) => tokens.sessionOf(head);
  }
  changes.forgetKept = (head) => kept?.forget(head);
  changes.ask = async (request) => {
    const decision = await engine.resolve(request);
    const isPassed = decision.kind === 'pass' && !decision.isAnonymous;
    return isPassed ? engine.askOnce(request) : decision;
  };
  const { varyOn } = parsed;
  /** @type {Parts['headOf']} */
  const headOf = (request) => ({
    tenant: varyOn.length === 0 ? '' : tenantOf(varyOn, request),
    cookie: request.headers.get('cookie') ?? '',
    authorization: request.headers.get('authorization') ?? '',
  });
  const managed =
    parsed.managed && ManagedSessions && ring
      ? new ManagedSessions(core, parsed, host, waiters, shared, changes, ring)
      : null;
  if (managed !== null) changes.findManaged = (head) => managed.find(head);
  const drops = new DropCounts();
  /** @type {Parts['documentRequest']} */
  const documentRequest = (request, { signal, fresh, dropsCookies, waitUntil }) => {
    const head = headOf(request);
    const headers = withHost(varyOn, request, parsed.origin);
    const access = managed ? () => managed.access(head, headers, waitUntil, signal) : undefined;
    const find = managed && shared ? () => managed.find(head) : undefined;
    return { head, headers, signal, fresh, dropsCookies, waitUntil, access, find };
  };
  const ends = features.ConnectionEnds
    ? new features.ConnectionEnds(core, host, parsed, shared?.log ?? null, {
        userIn: (document) => changes.userNamedIn(document),
        ask: async ({ cookie, authorization, varying }) => {
          const asked = varying ?? { headers: credentialHeaders(cookie, authorization) };
          const how = { dropsCookies: true, waitUntil: ignoreFailure };
          const request = documentRequest(asked, how);
          const { kind, reason } = await changes.ask({ ...request, isHeard: true });
          if (kind === 'document') return 'yes';
          if (kind !== 'refusal') return 'unknown';
          return isEnding(reason) ? 'ended' : 'no';
        },
      })
    : null;
  const statistics = new StatisticsReader(core, engine, shared?.log ?? null, drops, wiring, ends);
  return {
    statistics: () => statistics.read(),
    ...{ drops, wiring, lastChanges, core, devices, watched, ends },
    changes,
    engine,
    managed,
    shared,
    snapshots: new Snapshots(core, parsed, host, shared?.log ?? null),
    options: parsed,
    host,
    headOf,
    documentRequest,
  };
}

/** @param {string} cookie @param {string} authorization */
function credentialHeaders(cookie, authorization) {
  const headers = new Headers();
  if (cookie !== '') headers.set('cookie', cookie);
  if (authorization !== '') headers.set('authorization', authorization);
  return headers;
}

/**
 * An option that nothing here can carry out must not be taken as if it were obeyed.
 * @param {ParsedOptions} parsed
 * @param {Record<'store' | 'managed' | 'sid' | 'tokens' | 'devices' | 'events' | 'introspection' | 'userinfo', unknown>} shipped
 *   what carries each option out
 */
function checkShipped(parsed, shipped) {
  const options = /** @type {(keyof typeof shipped)[]} */ (Object.keys(shipped));
  const faults = options
    .filter((option) => parsed[option] && shipped[option] === undefined)
    .map((option) => ({ option, reason: 'is not in this build of the package' }));
  if (faults.length > 0) throw new ConfigError(faults);
}
