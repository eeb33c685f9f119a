// What the tests of a file start: caches in front of an origin, and servers with a client. All of it ends after the test.
import { once } from 'node:events';
import http from 'node:http';
import { afterEach } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { createClient } from './client.js';
import { createOrigin } from './origin.js';

/** To be called once in a file, at its top. */
export function startsForTests() {
  /** @type {(() => unknown)[]} ended the last first */
  let started = [];
  afterEach(async () => {
    for (const stop of started.reverse()) await stop();
    started = [];
  });
  return {
    /** Ends something else after the test. @param {() => unknown} stop */
    ends: (stop) => void started.push(stop),

    /** A cache in front of an origin of its own. @param {any} [options] */
    async createSessions(options = {}) {
      const origin = await createOrigin();
      const sessions = new SessionCache({ origin: origin.url, ...options });
      started.push(() => origin.stop());
      started.push(() => sessions.dispose());
      return { origin, sessions };
    },

    /** A server that listens, and a client of it. @param {http.Server | http.RequestListener} given */
    async listen(given) {
      const server = typeof given === 'function' ? http.createServer(given) : given;
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      const client = createClient(`http://127.0.0.1:${port}`);
      started.push(() => {
        client.close();
        server.close().closeAllConnections();
      });
      return { fetch: client.fetch, port, server };
    },
  };
}
