// The options that Sesame refuses where several nodes share a store.
import { NotApplicable } from '../suite.js';

export const IDLE_MANAGED = 'idleFor is refused with managed sessions on several nodes';

/** @param {Record<string, any>} options of a cache with a shared store */
export function refuseIdleManaged({ managed, idleFor }) {
  if (managed && idleFor) throw new NotApplicable(IDLE_MANAGED);
}
