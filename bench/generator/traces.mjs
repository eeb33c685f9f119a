// Which session each request is of, in ways that are hard on a cache. A trace calls back with one
// index after the other.
import { scatter, Zipf } from './access.mjs';
import { createRandom } from './random.mjs';

/** Those that come once only have indices from here on. */
const FIRST_NEWCOMER = 2 ** 28;

/**
 * @typedef {object} TraceOptions
 * @property {number} capacity how many sessions the cache holds, about
 * @property {number} requests
 * @property {(index: number) => void} visit
 */

/** @type {Record<string, (options: TraceOptions) => void>} */
export const traces = {
  /** Ten times as many sessions as fit, a few of them most of the time. */
  zipf({ capacity, requests, visit }) {
    const users = capacity * 10;
    const place = scatter(users);
    const zipf = new Zipf(users, 0.9, 11);
    for (let at = 0; at < requests; ++at) visit(place(zipf.next()));
  },

  /** Every other request is of a session that is never seen again. */
  'one-hit'({ capacity, requests, visit }) {
    const zipf = new Zipf(capacity * 5, 0.9, 12);
    const random = createRandom(13);
    let newcomer = FIRST_NEWCOMER;
    for (let at = 0; at < requests; ++at) visit(random() < 0.5 ? newcomer++ : zipf.next());
  },

  /** Somebody walks through twice as many sessions as fit, again and again. */
  scan({ capacity, requests, visit }) {
    const zipf = new Zipf(capacity * 5, 0.9, 14);
    const length = capacity * 2;
    for (let at = 0; at < requests; ) {
      for (let more = 0; more < capacity * 3 && at < requests; ++more, ++at) visit(zipf.next());
      for (let step = 0; step < length && at < requests; ++step, ++at) visit(FIRST_NEWCOMER + step);
    }
  },

  /** Sessions live for about twenty requests, then somebody else's comes. */
  churn({ capacity, requests, visit }) {
    const slots = Math.floor(capacity * 1.5);
    const zipf = new Zipf(slots, 0.6, 15);
    const random = createRandom(16);
    const alive = Float64Array.from({ length: slots }, (_, slot) => slot);
    let next = slots;
    for (let at = 0; at < requests; ++at) {
      const slot = zipf.next();
      if (random() < 0.05) alive[slot] = next++;
      visit(alive[slot]);
    }
  },
};
