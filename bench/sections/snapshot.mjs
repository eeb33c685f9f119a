// What a snapshot weighs, and how long it takes to come back from one (SPEC R52).
import { askOnce } from '../lib/child.mjs';

/**
 * @typedef {object} SnapshotResult
 * @property {number} sessions
 * @property {number} bytesPerSession
 * @property {number} writeNanoseconds a session
 * @property {number} restoreNanoseconds a session
 */

/**
 * @param {{ count: number, budgetPerSession: number, repeats: number }} how
 * @returns {Promise<SnapshotResult | null>} null: this build has no snapshots
 */
export function measureSnapshot({ count, budgetPerSession, repeats }) {
  const memory = Math.ceil(count * budgetPerSession * 1.15) + (1 << 20);
  return askOnce('sections/snapshot-child.mjs', { count, memory, repeats });
}
