// Sends bytes as they are, and gives what comes until the connection ends: what a client of HTTP would not send, or show.
import net from 'node:net';

/**
 * @param {number} port
 * @param {string} text
 * @param {BufferEncoding} [encoding] of what comes
 */
export async function sendRaw(port, text, encoding = 'latin1') {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  let said = '';
  for await (const part of socket.setEncoding(encoding)) said += part;
  return said;
}
