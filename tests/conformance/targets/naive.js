// The cache that applications write for themselves (../naive/cache.js), in this process.
import { createClock } from '../../support/clock.js';
import { NaiveCache } from '../naive/cache.js';
import { handlerFetch } from './handler-fetch.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';

const URL = 'http://edge.test';

/** @type {import('./target.js').Adapter} */
export const naiveTarget = {
  name: 'naive',
  lacks: {
    ...NO_BROWSER,
    source: 'it does not say where an answer came from',
    statistics: 'it counts nothing',
    prometheus: 'it counts nothing',
    logs: 'it logs nothing',
    browserCache: 'it has no such option',
    nodes: 'it has no shared store',
    websocket: 'a handler of Request and Response cannot carry a WebSocket',
  },
  dialect: sesameDialect,
  soonMs: 2000, // it is in this process, and what it lacks it lacks however long one waits
  open: async () => ({
    async start({ origin, options }) {
      const clock = createClock();
      const cache = new NaiveCache({ origin, ...options }, { now: clock.now });
      const of = (/** @type {Record<string, string>} */ headers) => new Headers(headers);
      return {
        url: URL,
        now: clock.now,
        advance: async (milliseconds) => clock.advance(milliseconds),
        fetch: handlerFetch(URL, (request) => cache.handle(request)),
        api: {
          getSession: (headers, how) => cache.getSession(of(headers), how),
          updateUser: (headers, changes) => cache.updateUser(of(headers), changes),
          invalidateUser: async (id) => cache.invalidateUser(id),
          revokeUser: async (id) => cache.revokeUser(id),
          revoke: async (headers) => cache.revoke(of(headers)),
        },
        close: async () => {},
      };
    },
    close: async () => {},
  }),
};

export default naiveTarget;
