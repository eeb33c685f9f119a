// What Sesame refuses to be configured for.
import { NotApplicable } from '../suite.js';

/** @param {Record<string, any>} options of a cache with a shared store */
export function refuseIdleManaged({ managed, idleFor }) {
  if (managed && idleFor) {
    throw new NotApplicable('idleFor is refused with managed sessions on several nodes');
  }
}
