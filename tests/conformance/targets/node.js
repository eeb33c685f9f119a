// Sesame's handler in this process: requests and responses are objects, the origin is real.
import { SessionCache } from 'sesame-edge';
import { redis } from 'sesame-edge/redis';
import { createBackground } from '../../support/background.js';
import { createClock } from '../../support/clock.js';
import { disturbed } from '../../support/disturbed-store.js';
import { createMovingClock, storeOn } from '../../support/moving-clock.js';
import { startRedis } from '../../support/redis-server.js';
import { handlerFetch } from './handler-fetch.js';
import { STORE_SOON_MS, STORE_TIMEOUT_MS } from './patience.js';
import { IDLE_MANAGED, refuseIdleManaged } from './refuse-idle-managed.js';
import { apiOf } from './sesame-api.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

const URL = 'http://edge.test';
const NO_SOCKET = {
  websocket: "a Response in Node cannot carry a WebSocket: that is the HTTP server's",
};

/** @type {import('./target.js').Adapter} */
export const nodeTarget = {
  name: 'Node',
  lacks: { ...NO_SOCKET, ...NO_BROWSER, nodes: 'it has no shared store' },
  dialect: sesameDialect,
  open: async () => ({
    start: async ({ origin, options }) => running(createClock(), { origin, ...options }),
    close: async () => {},
  }),
};

/** With its sessions in a real Redis server. @type {import('./target.js').Adapter} */
export const nodeRedisTarget = {
  name: 'Node, Redis',
  lacks: { ...NO_SOCKET, ...NO_BROWSER },
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  async open() {
    const server = await startRedis();
    let caches = 0;
    return {
      async start({ origin, options }) {
        refuseIdleManaged(options);
        caches += 1;
        const { shared = `cache-${caches}`, ...rest } = options;
        const clock = createMovingClock();
        const { store: connected, disturb } = disturbed(
          (prefix) => redis(server.url, { prefix, timeoutMs: STORE_TIMEOUT_MS }),
          shared,
        );
        const store = storeOn(connected, clock.lead);
        const node = running(clock, { origin, secret: '0'.repeat(32), ...rest, store });
        return { ...node, link: async (how) => disturb(how) };
      },
      close: () => server.stop(),
    };
  },
};

/**
 * @param {Pick<import('../../support/clock.js').Clock, 'now' | 'sleep' | 'advance'>} clock
 * @param {any} options
 * @returns {import('./target.js').Running}
 */
function running({ now, sleep, advance }, options) {
  /** @type {unknown[]} */
  const lines = [];
  const log = (/** @type {unknown} */ line) => void lines.push(line);
  const sessions = new SessionCache(options, { now, monotonic: now, sleep, log });
  const background = createBackground();
  return {
    url: URL,
    now,
    advance: async (milliseconds) => advance(milliseconds),
    fetch: handlerFetch(URL, (request) => sessions.handle(request, background)),
    api: apiOf(sessions),
    statistics: async () => sessions.statistics(),
    prometheus: async () => sessions.prometheusText(),
    logs: async () => lines,
    idle: background.idle,
    close: async () => sessions.dispose(),
  };
}

export default nodeTarget;
