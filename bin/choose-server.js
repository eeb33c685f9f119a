// Which running server of this user a command is about. It must not know what is asked of it.
import { findServers } from '../edge_worker/serve/control-socket.js';

/**
 * @param {string | undefined} port where it listens, if several run
 * @returns {Promise<{ url: string, socketPath: string } | string>} a text: why there is none
 */
export async function chooseServer(port) {
  const servers = await findServers();
  const fitting = servers.filter(({ url }) => port === undefined || new URL(url).port === port);
  if (fitting.length === 1) return fitting[0];
  const urls = fitting.map(({ url }) => url).join(', ');
  return fitting.length > 1
    ? `several servers run (${urls}): choose one with --port`
    : `no server of this user runs${port === undefined ? '' : ` on port ${port}`}`;
}
