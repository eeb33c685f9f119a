// A cache whose origin, network and clock are a test's own.
import { SesameError, SessionCache } from 'sesame-edge';
import { createClock } from './clock.js';
import { createFakeOrigin } from './fake-origin.js';

export const ORIGIN = 'http://origin.test';

/**
 * @param {Parameters<typeof createFakeOrigin>[0]} [answer]
 * @param {object} [options]
 */
export function createCache(answer, options = {}) {
  const origin = createFakeOrigin(answer);
  const clock = createClock();
  const { now, sleep } = clock;
  const { fetch } = origin;
  const sessions = new SessionCache({ origin: ORIGIN, ...options }, { fetch, now, sleep });
  return { origin, clock, sessions };
}

/** @param {string} code */
export const withCode = (code) => (/** @type {any} */ error) =>
  error instanceof SesameError && error.code === code;
