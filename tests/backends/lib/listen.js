// A server in this process, on a port of its own. It knows no back end.
import { once } from 'node:events';
import http from 'node:http';

/** @param {http.RequestListener} listener @returns {Promise<import('./back-end.js').RunningBackEnd>} */
export async function listen(listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
