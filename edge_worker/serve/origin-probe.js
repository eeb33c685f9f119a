// Whether an origin can be reached at all, asked once when a local server starts.
//
// It must not send a request: a connection says enough, and the origin's own counters stay true.
import net from 'node:net';
import tls from 'node:tls';

const WITHIN_MS = 2000;

/**
 * @param {string} origin an http: or https: URL
 * @param {AbortSignal} signal nobody wants to know any more
 * @returns {Promise<string | null>} why it cannot be reached, or null if it can
 */
export function probeOrigin(origin, signal) {
  const { protocol, hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  return new Promise((resolve) => {
    const to = { host, port: Number(port || (secure ? 443 : 80)) };
    const socket = secure
      ? tls.connect({ ...to, ...(net.isIP(host) ? {} : { servername: host }) })
      : net.connect(to);
    const finish = (/** @type {string | null} */ reason) => {
      socket.destroy();
      resolve(reason);
    };
    signal.addEventListener('abort', () => finish(null), { once: true });
    socket.setTimeout(WITHIN_MS, () => finish(`no answer within ${WITHIN_MS / 1000} s`));
    socket.once(secure ? 'secureConnect' : 'connect', () => finish(null));
    socket.on('error', (error) => {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
      finish(code ?? message);
    });
  });
}
