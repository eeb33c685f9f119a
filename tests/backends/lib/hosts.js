// Sesame in front of a back end, on each of the two hosts, over real HTTP. It knows no back end.
import { once } from 'node:events';
import http from 'node:http';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { redis } from 'sesame-edge/redis';
import { serve } from '../../../edge_worker/serve/serve.js';
import { createMovingClock } from '../../support/moving-clock.js';

/**
 * @typedef {object} Front
 * @property {((milliseconds: number) => void) | null} advance moves Sesame's clock; null: it cannot be moved
 * @property {() => Promise<Record<string, any>>} statistics
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {(port: number, options: any) => Promise<Front>} StartFront `storeUrl` among the options: of a Redis that
 *   nodes share
 */

/** @type {Record<string, StartFront>} */
export const HOSTS = {
  async workerd(port, options) {
    const { origin, storeUrl: store, ...rest } = options;
    const server = await serve({ runtime: 'workerd', port, origin, store, options: rest });
    return {
      advance: null,
      statistics: async () => /** @type {any} */ ((await server.stats()) ?? {}),
      close: () => server.close(0),
    };
  },

  async Node(port, { storeUrl, ...options }) {
    const clock = createMovingClock();
    const { now, sleep } = clock;
    const store = storeUrl && redis(storeUrl);
    const sessions = new SessionCache({ ...options, store }, { now, sleep, log: () => {} });
    const server = http.createServer(toNodeHandler(sessions)).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return {
      advance: clock.advance,
      statistics: async () => /** @type {any} */ (sessions.statistics()),
      async close() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        sessions.dispose();
        await store?.close();
      },
    };
  },
};
