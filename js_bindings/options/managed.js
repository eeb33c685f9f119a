// The options of managed sessions: how the origin signs users in. What they are is said in `definitions.js`.
import { readOption, refuseUnknown } from './parse.js';
import { MANAGED } from './table.js';

/** @typedef {import('./types.js').Managed} Managed */
/** @typedef {import('./types.js').ManagedOptions} ManagedOptions */

/**
 * @param {unknown} given
 * @param {import('../errors.js').ConfigFault[]} faults added to
 * @returns {ManagedOptions | null}
 */
export function parseManaged(given, faults) {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'object') {
    faults.push({ option: 'managed', reason: 'must be an object' });
    return null;
  }
  refuseUnknown(given, MANAGED, 'managed.', faults);
  const parsed = Object.entries(MANAGED).map(([name, entry]) => {
    const value = /** @type {Record<string, unknown>} */ (given)[name];
    const option = `managed.${name}`;
    return [name, readOption(option, entry, value, faults, 'is not valid')];
  });
  return Object.fromEntries(parsed);
}
