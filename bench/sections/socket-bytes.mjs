// What Sesame remembers of an open WebSocket in Node, in bytes: sockets of sessions against sockets of nobody, through the same
// handler, by turns, in a process of their own.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createOrigin } from '../../tests/support/origin.js';
import { until } from '../../tests/support/wait.js';
import { startChild } from '../lib/child.mjs';
import { median } from '../lib/statistics.mjs';

/** What is made and compiled once, whoever comes, is there before it counts. */
const WARM_UPS = 2;

const AT_ONCE = 50;

/** RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Until what is over is swept, once a second. */
const SETTLES_MS = 1500;

/** As a session's cookie is: 32 hexadecimal digits. @param {string} name */
export const cookieOf = (name) =>
  `session=${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;

/** Opens a WebSocket, and nothing else. @param {number} port @param {string | null} cookie */
export async function openSocket(port, cookie) {
  const socket = net.connect(port, '127.0.0.1');
  const credential = cookie === null ? '' : `Cookie: ${cookie}\r\n`;
  socket.write(
    `GET /live HTTP/1.1\r\nHost: shop.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${credential}\r\n`,
  );
  const [answer] = await once(socket, 'data');
  if (!String(answer).startsWith('HTTP/1.1 101')) throw new Error(`it was not opened: ${answer}`);
  return socket;
}

/** An origin that lets everybody open a WebSocket on which nothing is said. */
export async function startSilentOrigin() {
  const origin = await createOrigin();
  /** @type {Set<import('node:stream').Duplex>} */
  const sockets = new Set();
  origin.server.on('upgrade', ({ headers }, socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end()).resume();
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`);
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    const fields = [...lines, `Sec-WebSocket-Accept: ${accept.digest('base64')}`, '', ''];
    socket.write(fields.join('\r\n'));
  });
  return {
    url: origin.url,
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await origin.stop();
    },
  };
}

/**
 * @param {{ count: number, rounds: number }} how
 * @returns {Promise<{ more: number, each: number, count: number }>} `each`: without what is remembered
 */
export async function measureSocketBytes({ count, rounds }) {
  const origin = await startSilentOrigin();
  const child = startChild('sections/socket-bytes-child.mjs', { origin: origin.url });
  try {
    const port = await child.ask({ what: 'port' });
    const cookies = Array.from({ length: count }, (_, index) => cookieOf(`user-${index}`));
    await child.ask({ what: 'hold', cookies });
    /** What it holds with so many open. @param {boolean} isOfSession */
    const bytesWith = async (isOfSession) => {
      const sockets = [];
      for (let from = 0; from < count; from += AT_ONCE) {
        const some = cookies.slice(from, from + AT_ONCE);
        const opened = some.map((cookie) => openSocket(port, isOfSession ? cookie : null));
        sockets.push(...(await Promise.all(opened)));
      }
      const listed = await child.ask({ what: 'count' });
      if (listed !== (isOfSession ? count : 0)) throw new Error(`${listed} are listed`);
      await wait(SETTLES_MS);
      const bytes = await child.ask({ what: 'bytes' });
      for (const socket of sockets) socket.destroy();
      await until(() => origin.sockets.size === 0);
      await wait(SETTLES_MS);
      return { bytes, each: (bytes - (await child.ask({ what: 'bytes' }))) / count };
    };
    /** @type {number[]} */
    const more = [];
    /** @type {number[]} */
    const each = [];
    let before = await bytesWith(false);
    for (let round = -WARM_UPS; round < rounds; round += 1) {
      const ours = await bytesWith(true);
      const after = await bytesWith(false);
      each.push(after.each);
      // Whatever else the process comes to hold meanwhile is in both.
      if (round >= 0) more.push((ours.bytes - (before.bytes + after.bytes) / 2) / count);
      before = after;
    }
    if (process.env.VERBOSE) console.log(more);
    return { more: median(more), each: median(each), count };
  } finally {
    await Promise.all([child.end(), origin.stop()]);
  }
}
