// Makes the parts of a cache and joins them: the only place that knows which part is given to which.
//
// It must not know how a host is started, nor how answers look. Invariant: whatever is made here holds the one core, so
// that nothing is decided twice.

import { Core } from './core/abi.js';
import { Engine } from './sessions/engine.js';
import { ManagedSessions } from './sessions/managed.js';
import { Snapshots } from './sessions/snapshots.js';
import { StatisticsReader } from './sessions/statistics.js';
import { Waiters } from './sessions/waiters.js';
import { SharedSessions } from './shared/documents.js';

/**
 * What a cache is made of, for those who answer requests with it.
 * @typedef {object} Parts
 * @property {Core} core
 * @property {Engine} engine
 * @property {ManagedSessions | null} managed
 * @property {SharedSessions | null} shared
 * @property {Snapshots} snapshots
 * @property {import('./options/options.js').ParsedOptions} options
 * @property {import('./host.js').Host} host
 * @property {() => import('./sessions/statistics.js').Statistics} statistics
 * @property {(headers: Headers) => import('./core/abi.js').RequestHead} headOf
 * @property {(headers: Headers, options: { signal?: AbortSignal, fresh?: boolean,
 *   waitUntil: (work: Promise<unknown>) => void }) => import('./sessions/engine.js').DocumentRequest} documentRequest
 * @property {(action: 'revoke' | 'invalidate', user: string | number) => Promise<void>} userEvent here at
 *   once; on the other nodes when it resolves
 */

/**
 * What a cache is made of. Who answers requests with it need not go through `SessionCacheBase`.
 * @param {import('./core/abi.js').Instance} instance
 * @param {import('./options/options.js').ParsedOptions} parsed without fault, for the core as well
 * @param {import('./host.js').Host} host
 * @returns {Parts}
 */
export function assemble(instance, parsed, host) {
  const secret = parsed.secret ?? host.getRandomValues(new Uint8Array(16));
  const core = new Core(instance, parsed, secret);
  const waiters = new Waiters(host);
  const shared = parsed.store === null ? null : new SharedSessions(core, parsed, host);
  shared?.log.follow();
  const engine = new Engine(core, parsed, host, waiters, shared);
  const managed = parsed.managed ? new ManagedSessions(core, parsed, host, waiters, shared) : null;
  const statistics = new StatisticsReader(core, engine, shared?.log ?? null);
  return {
    statistics: () => statistics.read(),
    core,
    engine,
    managed,
    shared,
    snapshots: new Snapshots(core, parsed, host, shared?.log ?? null),
    options: parsed,
    host,
    headOf,
    documentRequest(headers, { signal, fresh, waitUntil }) {
      const head = headOf(headers);
      const access = managed ? () => managed.access(head, headers, waitUntil, signal) : undefined;
      const find = managed && shared ? () => managed.find(head) : undefined;
      return { head, headers, signal, fresh, waitUntil, access, find };
    },
    userEvent(action, user) {
      // In a path or a message a number may come as text: both spellings are meant.
      const spellings = [JSON.stringify(user)];
      if (/^-?\d+$/.test(String(user))) spellings.push(JSON.stringify(String(user)), String(user));
      const users = [...new Set(spellings)];
      for (const spelling of users) {
        if (action === 'revoke') core.revokeUser('', spelling, host.now());
        else core.invalidateUser('', spelling, host.now());
      }
      const keys = users.map((spelling) => core.userKey('', spelling));
      const known = keys.filter((key) => key !== null);
      return shared?.userEvent(action, known) ?? Promise.resolve();
    },
  };
}

/**
 * @param {Headers} headers
 * @returns {import('./core/abi.js').RequestHead}
 */
function headOf(headers) {
  return {
    tenant: '',
    cookie: headers.get('cookie') ?? '',
    authorization: headers.get('authorization') ?? '',
  };
}
