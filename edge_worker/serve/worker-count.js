// How many processes a local server is to have, as it is written in options, on the command line and in its file.
import { availableParallelism } from 'node:os';

/** More than any machine of one server has cores. */
const MAX_WORKERS = 256;

/** What is wrong with what `countOf` does not understand. */
export const WORKERS_FAULT = `must be a number from 1 to ${MAX_WORKERS}, or auto`;

/**
 * @param {unknown} given a number, or text that stands for one; `auto`: one for each core
 * @returns {number | null} null: it cannot be understood
 */
export function countOf(given) {
  if (given === 'auto') return Math.min(MAX_WORKERS, availableParallelism());
  if (typeof given === 'string' && !/^\d{1,3}$/.test(given)) return null;
  if (typeof given !== 'string' && typeof given !== 'number') return null;
  const count = Number(given);
  return Number.isInteger(count) && count >= 1 && count <= MAX_WORKERS ? count : null;
}
