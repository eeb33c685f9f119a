// What the suite needs inside a service worker, whichever it is: a clock that it moves, and word of whether the
// worker is idle. It knows nothing of what the worker is for.
// Invariant: the time is right before the worker does anything, however often it has been ended and started:
// how far it is ahead stands with the site (site.js), not here.
import { createMovingClock } from '../../support/moving-clock.js';
import { LEAD } from './paths.js';

const scope = /** @type {any} */ (globalThis);

/** What the browser is told to keep the worker alive for. @type {Set<Promise<unknown>>} */
const works = new Set();

/** @param {Promise<unknown>} work */
function note(work) {
  const quiet = Promise.resolve(work).catch(() => {});
  works.add(quiet);
  quiet.finally(() => works.delete(quiet));
}

/** @param {any} prototype @param {string} name */
function watch(prototype, name) {
  const original = prototype[name];
  prototype[name] = function (/** @type {Promise<unknown>} */ work) {
    note(work);
    return original.call(this, work);
  };
  return original;
}

/**
 * To be called while the script runs for the first time, before the worker adds its own listeners.
 * @param {Record<string, () => unknown>} [more] what else the suite may ask it for
 */
export function takeControl(more = {}) {
  watch(scope.FetchEvent.prototype, 'respondWith');
  const waitUntil = watch(scope.ExtendableEvent.prototype, 'waitUntil');
  const clock = createMovingClock();
  const moveTo = (/** @type {number} */ lead) => clock.advance(lead - clock.lead());
  const ready = fetch(LEAD)
    .then((response) => response.json())
    .then(moveTo);

  /** @type {Record<string, (value: any) => unknown>} */
  const commands = {
    lead: moveTo,
    /** A browser ends a worker that has nothing to do. */
    async idle() {
      while (works.size > 0) await Promise.all(works);
    },
    ...more,
  };
  scope.addEventListener('message', (/** @type {any} */ event) => {
    const { suite, value } = event.data ?? {};
    if (!Object.hasOwn(commands, suite ?? '')) return;
    const answer = async () => event.ports[0].postMessage({ value: await commands[suite](value) });
    waitUntil.call(event, ready.then(answer));
  });
  return { clock, ready };
}
