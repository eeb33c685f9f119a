// The server of `serve` on Node, around a handler of the test's own: how it ends, and how much a request may say.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { serve } from 'sesame-edge/serve';
import { listenFor } from '../../edge_worker/serve/on-node.js';
import { createOrigin, DOCUMENT } from '../support/origin.js';
import { createGate, until } from '../support/wait.js';

const HOUR_MS = 3_600_000;
const GET = (/** @type {string} */ path) => `GET ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`;

/**
 * A server whose requests wait at a gate, on `/behind` only with what goes on behind their answers.
 * @param {import('node:test').TestContext} t
 */
async function start(t) {
  const gate = createGate();
  /** @type {string[]} */
  const asked = [];
  const handler = {
    /** @param {Request} request @param {{ waitUntil: (work: Promise<unknown>) => void }} context */
    async handle({ url }, { waitUntil }) {
      const { pathname } = new URL(url);
      asked.push(pathname);
      if (pathname === '/behind') waitUntil(gate.opened);
      if (pathname === '/late')
        waitUntil(gate.opened.then(() => Promise.reject(new Error('late'))));
      if (pathname === '/held') await gate.opened;
      return new Response(pathname);
    },
  };
  /** @type {string[]} */
  const warnings = [];
  const server = await listenFor(handler, {
    ...{ host: '127.0.0.1', port: 0 },
    warn: (line) => void warnings.push(line),
  });
  t.after(() => server.kill());
  return { server, gate, asked, warnings };
}

/** A connection, and all that has come over it. @param {number} port */
async function connect(port) {
  const socket = net.connect(port, '127.0.0.1');
  const came = { text: '', isClosed: false };
  socket.on('data', (part) => {
    came.text += part;
  });
  socket
    .on('error', () => {})
    .on('close', () => {
      came.isClosed = true;
    });
  await once(socket, 'connect');
  return { socket, came };
}

describe('the end of a server on Node', () => {
  test('it takes no more connections, closes those that are at rest, and finishes what is open', async (t) => {
    const { server, gate, asked } = await start(t);
    const [resting, busy] = [await connect(server.port), await connect(server.port)];
    resting.socket.write(GET('/x'));
    await until(() => resting.came.text.includes('/x'));
    busy.socket.write(GET('/held'));
    await until(() => asked.includes('/held'));
    const stopped = server.stop(HOUR_MS);
    await until(() => resting.came.isClosed);
    await assert.rejects(connect(server.port), /ECONNREFUSED/);
    assert.equal(busy.came.isClosed, false);
    gate.open();
    await stopped;
    await until(() => busy.came.isClosed);
    assert.match(busy.came.text, /^HTTP\/1.1 200 [\s\S]*\/held/);
  });

  test('what goes on behind an answer is waited for', async (t) => {
    const { server, gate } = await start(t);
    await fetch(`${server.url}/behind`);
    let isOver = false;
    const stopped = server.stop(HOUR_MS).then(() => {
      isOver = true;
    });
    await server.ended;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
    gate.open();
    await stopped;
  });

  test('a second word ends what is open at once, and nothing is said of it', async (t) => {
    const { server, gate, asked, warnings } = await start(t);
    await fetch(`${server.url}/late`);
    const { socket, came } = await connect(server.port);
    socket.write(GET('/held'));
    await until(() => asked.includes('/held'));
    const stopped = server.stop(HOUR_MS);
    server.kill();
    await stopped;
    await until(() => came.isClosed);
    gate.open();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([came.text, warnings], ['', []]);
  });
});

test('what should not have happened is said in a line', async (t) => {
  /** @type {string[]} */
  const lines = [];
  const handler = { handle: () => Promise.reject(new RangeError('out of place')) };
  const warn = (/** @type {string} */ line) => void lines.push(line);
  const server = await listenFor(handler, { host: '127.0.0.1', port: 0, warn });
  t.after(() => server.stop(0));
  assert.equal((await fetch(server.url)).status, 500);
  assert.deepEqual(lines, ['a request failed: RangeError: out of place']);
});

for (const runtime of /** @type {const} */ (['node', 'workerd'])) {
  test(`R44: on ${runtime} a credential that is too long is the cache's to refuse, with its reason`, async (t) => {
    const origin = await createOrigin();
    t.after(() => origin.stop());
    const server = await serve({ runtime, origin: origin.url });
    t.after(() => server.close(0));
    const headers = { cookie: `session=${'a'.repeat(40_000)}` };
    const answer = await fetch(`${server.url}${DOCUMENT}`, { headers });
    assert.deepEqual(
      [answer.status, await answer.json()],
      [431, { error: 'credential_too_large' }],
    );
  });

  test(`R41: on ${runtime} an answer of the origin with 40 kB of fields passes`, async (t) => {
    const origin = await createOrigin();
    t.after(() => origin.stop());
    const long = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`x-long-${index}`, 'x'.repeat(5000)]),
    );
    origin.on('GET /long', { headers: long, body: 'whole' });
    const server = await serve({ runtime, origin: origin.url });
    t.after(() => server.close(0));
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    socket.write(GET('/long').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await once(socket, 'close');
    assert.match(text, /^HTTP\/1.1 200 /);
    assert.equal(text.match(/x-long-\d: x{5000}\r\n/gi)?.length, 8);
  });
}
