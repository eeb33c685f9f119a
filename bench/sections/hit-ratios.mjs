// Which share of the requests needs no origin call: at a fixed budget of bytes, and at as many entries
// as the others have.
import { askOnce } from '../lib/child.mjs';

const SCRIPT = 'sections/hit-ratios-child.mjs';

/**
 * @typedef {object} BytesResult
 * @property {number} users
 * @property {number} memory
 * @property {number} requests
 * @property {{ ratio: number, entries: number }} sesame
 * @property {Record<string, { ratio: number, entries: number }>} lru by the host that its bytes a
 *   session were measured in
 */

/**
 * Zipf(0.9) over so many users, with so many bytes. What an LRU cache of objects holds in them follows
 * from what one of them costs.
 * @param {{ users: number, memory: number, requests: number,
 *   lruBytesPerSession: Record<string, number> }} how
 * @returns {Promise<BytesResult>}
 */
export function measureHitsInBytes(how) {
  return askOnce(SCRIPT, { task: 'bytes', ...how });
}

/**
 * @param {{ memory: number, rounds: number }} how `rounds`: requests, in sizes of the cache
 * @returns {Promise<Record<string, { sesame: number, s3Fifo: number, lru: number, entries: number }>>}
 */
export function measureHitsByEntries({ memory, rounds }) {
  return askOnce(SCRIPT, { task: 'entries', memory, rounds });
}
