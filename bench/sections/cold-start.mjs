// From nothing to the first answer: importing the package, making the first cache, checking once. Each
// time in a fresh process; what is on disk is in the file cache.
import { askOnce } from '../lib/child.mjs';
import { median } from '../lib/statistics.mjs';

/** @param {number} repeats */
export async function measureColdStarts(repeats) {
  /** @type {Record<string, number[]>} */
  const times = {};
  for (let repeat = 0; repeat < repeats; ++repeat) {
    for (const subject of ['sesame', 'lru-cache', 'jose', 'better-auth']) {
      times[subject] ??= [];
      times[subject].push(await askOnce('sections/cold-start-child.mjs', { subject }));
    }
  }
  const entries = Object.entries(times).map(([subject, list]) => [subject, median(list)]);
  return Object.fromEntries(entries);
}
