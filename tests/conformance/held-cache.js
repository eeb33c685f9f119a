// A cache that the conformance suite has in another process or isolate: what it asks of it there, by name. It must not know
// how that is reached.

/**
 * @typedef {object} HeldCache
 * @property {import('sesame-edge').SessionCache} sessions
 * @property {import('./targets/target.js').Api} api
 * @property {unknown[]} lines of its log
 * @property {ReturnType<typeof import('../support/disturbed-store.js').disturbed>['disturb']} disturb
 * @property {ReturnType<typeof import('../support/moving-clock.js').createMovingClock>} clock
 * @property {ReturnType<typeof import('../support/background.js').createBackground>} background
 */

/**
 * @param {HeldCache} held
 * @param {string} method of the suite's own, or of the cache's API
 * @param {any[]} args
 */
export function callHeld(held, method, args) {
  switch (method) {
    case 'advance':
      return held.clock.advance(args[0]);
    case 'link':
      return held.disturb(args[0]);
    case 'statistics':
      return held.sessions.statistics();
    case 'prometheusText':
      return held.sessions.prometheusText();
    case 'logs':
      return held.lines;
    case 'isIdle':
      return held.background.isIdle();
    default:
      return /** @type {any} */ (held.api)[method](...args);
  }
}
