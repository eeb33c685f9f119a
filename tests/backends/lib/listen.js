// A server in this process, on a port of its own. It knows no back end.
import { once } from 'node:events';
import http from 'node:http';

/** @param {http.RequestListener} listener @param {number} [port] @returns {Promise<import('./back-end.js').RunningBackEnd>} */
export async function listen(listener, port = 0) {
  const server = http.createServer(listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: found } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${found}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
