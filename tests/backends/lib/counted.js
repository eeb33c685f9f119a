// A line between Sesame and a back end: it counts what the back end is asked, and can be cut. It knows no back end and
// changes nothing that goes through.
import { once } from 'node:events';
import http from 'node:http';

/** @typedef {Awaited<ReturnType<typeof countedLine>>} CountedLine */

/**
 * @param {string} target where the back end listens
 * @param {string} documentPath
 */
export async function countedLine(target, documentPath) {
  const { hostname, port } = new URL(target);
  const agent = new http.Agent({ keepAlive: true });
  let asked = 0;
  let isCut = false;
  let open = 0;

  const server = http.createServer((incoming, outgoing) => {
    if (isCut) return void incoming.socket.resetAndDestroy();
    open += 1;
    outgoing.on('close', () => {
      open -= 1;
    });
    const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
    if (isRead && new URL(`${incoming.url}`, target).pathname === documentPath) asked += 1;
    const onward = http.request({
      ...{ hostname, port, agent, path: incoming.url, method: incoming.method },
      headers: /** @type {any} */ (incoming.rawHeaders),
    });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = /** @type {import('node:net').AddressInfo} */ (server.address());

  return {
    url: `http://127.0.0.1:${own.port}`,
    /** How often the back end has been asked who somebody is. */
    calls: () => asked,
    /** Whether the back end is being asked something. */
    isBusy: () => open > 0,
    /** The back end is away: connections are reset. */
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    mend() {
      isCut = false;
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
