// The options of a cache in front of many users, in full: those of `parse.js`, managed sessions, forward auth, and what
// stores, paths and cookies mean together. A service worker has none of that, and imports `parse.js` alone.

import { withPreset } from '../dialects/presets/preset.js';
import { claimIn } from '../util/claims.js';
import { parseIssuers, sidFaults } from './issuers.js';
import { parseManaged } from './managed.js';
import { parseWith } from './parse.js';
import { authorityFaults, parseIntrospection, parseTokens, withAuthority } from './tokens.js';
import { parseVerify, verifyPathFault } from './verify.js';

/** @typedef {import('./types.js').Duration} Duration */
/** @typedef {import('./types.js').Size} Size */
/** @typedef {import('./types.js').Options<any>} Options */
/** @typedef {import('./types.js').ParsedOptions} ParsedOptions */
/** @typedef {import('../errors.js').ConfigFault} ConfigFault */

/**
 * Reads options, fills in the defaults and converts units.
 * @param {Options} options
 * @param {(options: object) => ConfigFault[]} findFaults the core's: what is wrong with options that are of the
 *   right types
 * @throws {import('../errors.js').ConfigError} with everything that is wrong
 */
export function parseOptions(options, findFaults = () => []) {
  return parseWith(options, findFaults, {
    preset: (given) => withAuthority(withPreset(given)),
    managed: parseManaged,
    verify: parseVerify,
    issuers: parseIssuers,
    tokens: parseTokens,
    introspection: parseIntrospection,
    together: (parsed) => [
      ...managedFaults(parsed),
      ...storeFaults(parsed),
      ...pathFaults(parsed),
      ...claimFaults(parsed),
      ...sidFaults(parsed),
      ...eventFaults(parsed),
      ...authorityFaults(parsed),
    ],
  });
}

/** @param {ParsedOptions} parsed @returns {ConfigFault[]} */
function managedFaults({ isManaged, cookie }) {
  if (!isManaged) return [];
  if (cookie.length !== 1) {
    return [{ option: 'cookie', reason: 'must be one name where sessions are managed' }];
  }
  if (cookie[0].startsWith('__Host-')) return [];
  return [{ option: 'cookie', reason: 'must begin with __Host- where sessions are managed' }];
}

/** @param {ParsedOptions} parsed @returns {ConfigFault[]} */
function storeFaults({ store, secret, isManaged, idleFor, revocationBound }) {
  if (store === null) return [];
  /** @type {ConfigFault[]} */
  const faults = [];
  if (secret === null) {
    faults.push({ option: 'secret', reason: 'is needed with a store: all nodes have the same' });
  }
  if (store.cannotLock && isManaged) {
    const reason = 'cannot hold managed sessions: two nodes could redeem a refresh token at once';
    faults.push({ option: 'store', reason });
  }
  if (isManaged && idleFor > 0) {
    const reason = 'cannot be kept with managed sessions on several nodes: use is not shared';
    faults.push({ option: 'idleFor', reason });
  }
  const propagation = store.propagationMs ?? 0;
  if (revocationBound <= propagation) {
    const why = propagation > 0 ? `, which is how long this store may take to tell others` : '';
    const reason = `must be longer than ${propagation / 1000} seconds${why}`;
    faults.push({ option: 'revocationBound', reason });
  }
  return faults;
}

/** @param {readonly [name: string, source: unknown]} header judged or not */
const isClaim = ([, source]) => typeof source === 'string' && claimIn(source) !== null;

/**
 * What the origin believes of a proxy it does not get from a client in a fill: a key cannot depend on it.
 * @param {ParsedOptions} parsed @returns {ConfigFault[]}
 */
function claimFaults({ varyOn, verify, tokens }) {
  const isUnverified = tokens === null && verify.headers.some(isClaim);
  const unverified = {
    option: 'verify.headers',
    reason: 'name claims: the option tokens is needed',
  };
  const named = verify.headers
    .filter(([name]) => varyOn.includes(name))
    .map(([name]) => ({
      option: 'varyOn',
      reason: `must not name ${name}, which verify.headers says`,
    }));
  return isUnverified ? [...named, unverified] : named;
}

/** @param {ParsedOptions} parsed @returns {ConfigFault[]} */
function eventFaults({ events, idleFor }) {
  if (!events || idleFor === 0) return [];
  const reason = 'cannot be kept with idleFor: a page that is open would count as use';
  return [{ option: 'events', reason }];
}

/** @param {ParsedOptions} parsed @returns {ConfigFault[]} */
function pathFaults({ documentPath, sessionPath, verifyPath, metricsPath, verify }) {
  /** @type {ConfigFault[]} */
  const faults = [];
  const others = [documentPath, sessionPath];
  const fault = verifyPathFault(verifyPath, others, verify.prefix);
  if (fault !== null) faults.push({ option: 'verifyPath', reason: fault });
  if (metricsPath !== null && [...others, verifyPath].includes(metricsPath)) {
    faults.push({ option: 'metricsPath', reason: 'must differ from the other paths' });
  }
  return faults;
}
