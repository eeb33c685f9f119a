// Load over kept-alive sockets, each with one request under way at a time. A process of its own, so that
// it takes nothing from whoever measures.
import net from 'node:net';
import { answerQuestions } from '../lib/child.mjs';

/**
 * One connection that asks until told to stop.
 * @param {number} port
 * @param {() => Buffer | null} next null: enough
 * @param {() => void} onAnswer
 */
function connection(port, next, onAnswer) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
    let text = '';
    const ask = () => {
      const request = next();
      if (request) socket.write(request);
      else socket.end();
    };
    socket.on('connect', ask);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      if (!text.startsWith('HTTP/1.1 200') || length === undefined) {
        socket.destroy(new Error(`an unexpected answer: ${text.slice(0, 200)}`));
        return;
      }
      if (text.length < end + 4 + Number(length)) return;
      text = '';
      onAnswer();
      ask();
    });
    socket.on('error', reject);
    socket.on('close', resolve);
  });
}

/**
 * @param {{ port: number, path: string, cookies: string[], connections: number, seconds: number }} how
 * @returns {Promise<{ requests: number, seconds: number }>}
 */
async function load({ port, path, cookies, connections, seconds }) {
  const requests = cookies.map((cookie) =>
    Buffer.from(
      `GET ${path} HTTP/1.1\r\nhost: app.example\r\naccept: application/json\r\n` +
        `user-agent: Mozilla/5.0 (X11; Linux x86_64)\r\ncookie: ${cookie}\r\n\r\n`,
    ),
  );
  const start = performance.now();
  const end = start + seconds * 1000;
  let at = 0;
  let answered = 0;
  const next = () => (performance.now() < end ? requests[at++ % requests.length] : null);
  const count = () => {
    answered += 1;
  };
  await Promise.all(Array.from({ length: connections }, () => connection(port, next, count)));
  return { requests: answered, seconds: (performance.now() - start) / 1000 };
}

answerQuestions({ load });
