// Time that goes on by itself, and that a test can move on as well. Runs in Node and in workerd.
import { sleep } from '../../js_bindings/host.js';

/** How often what sleeps looks at the clock. */
const LOOK_EVERY_MS = 5;

export function createMovingClock() {
  let offset = 0;
  const now = () => Date.now() + offset;
  return {
    now,
    /** @param {number} milliseconds */
    advance(milliseconds) {
      offset += milliseconds;
    },
    /** How far it is ahead of everybody else's. */
    lead: () => offset,
    /** Until that time has passed, however it came to pass. @param {number} milliseconds @param {AbortSignal} signal */
    async sleep(milliseconds, signal) {
      const end = now() + milliseconds;
      while (!signal.aborted && now() < end) {
        await sleep(Math.min(LOOK_EVERY_MS, end - now()), signal);
      }
    },
  };
}

/**
 * A store whose clock is ahead as far as a test's.
 * @param {any} store
 * @param {() => number} lead
 */
export function storeOn(store, lead) {
  const moved = (/** @type {any} */ position, by = lead()) =>
    position && { ...position, time: position.time + by };
  return new Proxy(store, {
    get(target, name) {
      // What is pushed has the store's own time. Without it the log is read, which is what has to suffice.
      if (name === 'listen') return undefined;
      const found = target[name];
      if (typeof found !== 'function') return found;
      const method = found.bind(target);
      switch (name) {
        case 'putIfNewer':
          return (/** @type {string} */ key, /** @type {any} */ value, /** @type {any} */ given) =>
            method(key, value, { ...given, since: moved(given.since, -lead()) });
        case 'changes':
          return async (/** @type {any} */ since) => {
            const found = await method(moved(since, -lead()));
            if (!found) return found;
            const events = found.events.map((/** @type {any} */ { time, before, ...event }) => ({
              ...event,
              ...(time !== undefined && { time: time + lead() }),
              ...(before !== undefined && { before: before + lead() }),
            }));
            return { ...found, events, position: moved(found.position) };
          };
        case 'epochs':
          return async (/** @type {string} */ user) => {
            const { revokedBefore = 0, ...others } = await method(user);
            return { ...others, revokedBefore: revokedBefore && revokedBefore + lead() };
          };
        case 'userEvent':
          return async (/** @type {any[]} */ ...[kind, user, writer, calledAt = 0]) =>
            moved(await method(kind, user, writer, calledAt && calledAt - lead()));
        case 'end':
        case 'forget':
          return async (/** @type {any[]} */ ...args) => moved(await method(...args));
        default:
          return method;
      }
    },
  });
}
