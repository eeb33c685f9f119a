// Whose a request is where a log names no session, and how well a log tells its visitors apart.
import { isPrivate } from './addresses.js';

/**
 * What visitors were told apart by, the best of it first. `agent`: all came from one address; `nothing`: with one
 * user agent.
 * @typedef {'session' | 'user' | 'address' | 'agent' | 'nothing'} Distinction
 */

/** @param {Pick<import('./log-entry.js').LogEntry, 'session' | 'user' | 'address' | 'agent'>} entry */
export function sessionOf({ session, user, address, agent }) {
  if (session !== undefined) return session;
  return user === null ? `address\n${address ?? ''}\n${agent ?? ''}` : `user\n${user}`;
}

export class Visitors {
  #hasSessions = false;
  /** @type {Map<'user' | 'address' | 'agent', { first: string | null, isOne: boolean }>} */
  #seen = new Map();
  /** Whether all addresses were of private networks, as proxies' are. */
  arePrivate = false;

  /** @param {Pick<import('./log-entry.js').LogEntry, 'session' | 'user' | 'address' | 'agent'>} entry a check */
  note({ session, user, address, agent }) {
    if (session !== undefined) {
      this.#hasSessions = true;
      return;
    }
    this.#see('user', user);
    if (user !== null) return;
    if (!this.#seen.has('address')) this.arePrivate = address !== null;
    if (this.arePrivate && address !== null) this.arePrivate = isPrivate(address);
    this.#see('address', address);
    this.#see('agent', agent);
  }

  /** @param {'user' | 'address' | 'agent'} what @param {string | null} value */
  #see(what, value) {
    const seen = this.#seen.get(what);
    if (seen === undefined) this.#seen.set(what, { first: value, isOne: true });
    else if (seen.first !== value) seen.isOne = false;
  }

  /** @returns {Distinction} */
  get distinction() {
    if (this.#hasSessions) return 'session';
    const areSeveral = (/** @type {'user' | 'address' | 'agent'} */ what) =>
      this.#seen.get(what)?.isOne === false;
    if (areSeveral('user')) return 'user';
    if (areSeveral('address')) return 'address';
    return areSeveral('agent') ? 'agent' : 'nothing';
  }
}
