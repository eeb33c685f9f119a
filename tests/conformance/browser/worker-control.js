// What the suite needs inside a service worker, whichever it is: a clock that it moves, and word of whether the
// worker is idle. It knows nothing of what the worker is for.
// Invariant: the time is right before the worker does anything, however often it has been ended and started: it
// stands with the site (site.js), and moves only there.
import { createBackground } from '../../support/background.js';
import { createClock } from '../../support/clock.js';
import { TIME } from './paths.js';

const scope = /** @type {any} */ (globalThis);

/** What the browser is told to keep the worker alive for. */
const background = createBackground();

/** @param {any} prototype @param {string} name */
function watch(prototype, name) {
  const original = prototype[name];
  prototype[name] = function (/** @type {Promise<unknown>} */ work) {
    background.waitUntil(work);
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
  const clock = createClock(0);
  const moveTo = (/** @type {number} */ time) => clock.advance(time - clock.now());
  const ready = fetch(TIME)
    .then((response) => response.json())
    .then(moveTo);

  /** @type {Record<string, (value: any) => unknown>} */
  const commands = {
    time: moveTo,
    /** A browser ends a worker that has nothing to do. */
    idle: background.idle,
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
