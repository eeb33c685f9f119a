// The longest that one operation takes while a cache is filled, and while it evicts, beside a control
// that only parses the same JSON.
import { askOnce } from '../lib/child.mjs';

/** Twice as many sessions are added as this is for, so that about half of the time something has to go. */
const BUDGET_PER_SESSION = 110;

/**
 * Microseconds.
 * @typedef {{ max: number, p9999: number, p50: number }} Pause
 */

/**
 * Each repeat is a process of its own, ours and the control in turns. Of several, the least of the
 * longest: what the machine does to a process now and then is nobody's fault.
 * @param {object} how
 * @param {number} how.count
 * @param {number} how.repeats
 * @returns {Promise<Record<'fill' | 'evict' | 'check' | 'control', Pause>>}
 */
export async function measurePauses({ count, repeats }) {
  const memory = count * BUDGET_PER_SESSION;
  /** @type {Record<string, Pause[]>} */
  const all = {};
  for (let repeat = 0; repeat < repeats; ++repeat) {
    for (const subject of ['sesame', 'control']) {
      const pauses = await askOnce('sections/pauses-child.mjs', { subject, count, memory });
      for (const [phase, pause] of Object.entries(pauses)) {
        all[phase] ??= [];
        all[phase].push(pause);
      }
    }
  }
  const least = (/** @type {Pause[]} */ list, /** @type {keyof Pause} */ key) =>
    Math.min(...list.map((pause) => pause[key]));
  const entries = Object.entries(all).map(([phase, list]) => [
    phase,
    { max: least(list, 'max'), p9999: least(list, 'p9999'), p50: least(list, 'p50') },
  ]);
  return Object.fromEntries(entries);
}
