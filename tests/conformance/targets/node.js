// Sesame's handler in this process: requests and responses are objects, the origin is real.
import { SessionCache } from 'sesame-edge';
import { createClock } from '../../support/clock.js';
import { handlerFetch } from './handler-fetch.js';
import { apiOf } from './sesame-api.js';
import { sesameDialect } from './sesame-dialect.js';

const URL = 'http://edge.test';

/** @type {import('./target.js').Adapter} */
export const nodeTarget = {
  name: 'Node',
  lacks: { websocket: "a Response in Node cannot carry a WebSocket: that is the HTTP server's" },
  dialect: sesameDialect,
  open: async () => ({
    async start({ origin, options }) {
      const clock = createClock();
      /** @type {unknown[]} */
      const lines = [];
      const { now, sleep } = clock;
      const log = (/** @type {unknown} */ line) => void lines.push(line);
      const sessions = new SessionCache({ origin, ...options }, { now, sleep, log });
      return {
        url: URL,
        now,
        advance: async (milliseconds) => clock.advance(milliseconds),
        fetch: handlerFetch(URL, (request) => sessions.handle(request)),
        api: apiOf(sessions),
        statistics: async () => sessions.statistics(),
        prometheus: async () => sessions.prometheusText(),
        logs: async () => lines,
        close: async () => sessions.dispose(),
      };
    },
    close: async () => {},
  }),
};

export default nodeTarget;
