// How many sessions fit into a budget of bytes, and what each then costs, all of it counted: the
// module's memory, and what JavaScript holds.
import { askOnce, startChild } from '../lib/child.mjs';

/**
 * @typedef {object} Capacity
 * @property {number} memory the option given
 * @property {number} sessions held before the first had to go
 * @property {number} steady held after half as many again were added
 * @property {number} bytes all-in, beside a process without it
 * @property {number} moduleBytes of it the module's memory
 * @property {number} bytesPerSession
 */

/**
 * @param {number} memory
 * @param {import('../generator/documents.mjs').DocumentKind} [kind]
 * @returns {Promise<Capacity>}
 */
export function measureCapacity(memory, kind = 'reference') {
  return askOnce('sections/capacity-child.mjs', { memory, kind });
}

/**
 * A million of them, in a budget that is just enough.
 * @param {number} count
 * @param {Capacity} known of another budget
 */
export async function measureCapacityAt(count, known) {
  let capacity = known;
  for (let attempt = 0; attempt < 2; ++attempt) {
    if (Math.abs(capacity.sessions / count - 1) < 0.05) break;
    capacity = await measureCapacity(Math.ceil((capacity.memory / capacity.sessions) * count));
  }
  return capacity;
}

/**
 * What a structure needs for documents of a kind.
 * @param {string} structure
 * @param {import('../generator/documents.mjs').DocumentKind} kind
 * @param {number} count
 */
export async function measureBytes(structure, kind, count) {
  const child = startChild('measure.mjs', { structure, count, kind });
  try {
    const { bytes, sessions } = await child.ask({ what: 'fill' });
    await child.ask({ what: 'verify', asValue: true });
    return bytes / sessions;
  } finally {
    await child.end();
  }
}
