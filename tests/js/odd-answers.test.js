// Answers that a back end may give although few do: documents that are nested deeply (R7), statuses over 599 and a `Vary`
// on two lines (R41).
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { serve } from 'sesame-edge/serve';
import { attempt, cookie } from '../support/http-case.js';
import { READ } from '../support/origin.js';
import { sendRaw } from '../support/send-raw.js';
import { createNodeTarget } from '../support/targets.js';

const MAX_DEPTH = 512;
const SESSION = { path: '/api/auth/session' };

/** A document that is nested so deeply. @param {number} depth @param {string} open @param {string} close */
const nested = (depth, open, close) =>
  `{"id":1,"v":${open.repeat(depth - 1)}"]}[{\\""${close.repeat(depth - 1)}}`;

describe('documents that are nested deeply', () => {
  for (const [what, open, close] of [
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ]) {
    test(`R7: ${what}: as deep as may be is answered byte for byte; deeper says so, and asks nobody to come again`, async () => {
      const t = await createNodeTarget({}, { warn: () => {} });
      const document = nested(MAX_DEPTH, open, close);
      t.origin.on(READ, { headers: { 'content-type': 'application/json' }, body: document });
      for (let look = 0; look < 2; look += 1) {
        assert.deepEqual(await attempt(t, cookie('ada')), [200, document]);
      }
      assert.equal(t.origin.count(), 1);

      t.origin.on(READ, { body: nested(MAX_DEPTH + 1, open, close) });
      const response = await t.fetch('/api/v1/users/me', { headers: cookie('eve') });
      assert.equal(response.status, 502);
      assert.deepEqual(await response.json(), { error: 'document_too_deep' });
      assert.equal(response.headers.get('retry-after'), null);
      assert.equal((await attempt(t, cookie('eve'), SESSION))[0], 502);
      await assert.rejects(t.sessions.getSession({ headers: cookie('eve') }), (error) => {
        assert.equal(/** @type {any} */ (error).cause.message, 'nested too deeply');
        return true;
      });
      await t.close();
    });
  }

  test('R13: what is no object is a failure like any other, however deep it is', async () => {
    const t = await createNodeTarget({}, { warn: () => {} });
    t.origin.on(READ, { body: `${'['.repeat(MAX_DEPTH + 1)}${']'.repeat(MAX_DEPTH + 1)}` });
    assert.equal((await attempt(t, cookie('ada')))[0], 503);
    await t.close();
  });

  test('R13: whoever is held stays in when his document is suddenly nested too deeply', async () => {
    const t = await createNodeTarget({}, { warn: () => {} });
    await attempt(t, cookie('ada'));
    t.clock?.advance(61 * 60_000);
    t.origin.on(READ, { body: nested(MAX_DEPTH + 1, '[', ']') });
    assert.equal((await attempt(t, cookie('ada')))[0], 200);
    await t.close();
  });
});

/** A back end that answers `/N` with the status N, and with two fields `Vary`. */
async function createOddOrigin() {
  const server = net.createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (data) => {
        const status = /^\w+ \/(\d+)/.exec(`${data}`)?.[1];
        const fields = 'Vary: *\r\nVary: *\r\nContent-Length: 2\r\nConnection: close';
        socket.end(`HTTP/1.1 ${status} Odd\r\n${fields}\r\n\r\nok`);
      });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, server };
}

/** What is answered on the wire. @param {string} base @param {string} path @param {string} method */
const statusLine = (base, path, method) =>
  sendRaw(
    Number(new URL(base).port),
    `${method} ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );

describe('statuses that no Response can be made with', () => {
  for (const [host, start] of Object.entries({
    Node: inNode,
    serve: inServe,
    workerd: inWorkerd,
  })) {
    test(`R41: ${host}: they pass as they are, and a star in Vary is one`, async () => {
      const origin = await createOddOrigin();
      const { base, close } = await start(origin.url);
      for (const status of [299, 599, 600, 799, 999]) {
        for (const method of ['GET', 'POST']) {
          const answer = await statusLine(base, `/${status}`, method);
          assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), `${method} ${status}`);
          assert.doesNotMatch(answer, /retry-after/i);
          // workerd hands such an answer on as it has received it.
          if (host !== 'workerd' || status < 600) assert.doesNotMatch(answer, /^vary:.*\*.*,/im);
        }
      }
      await close();
      origin.server.close();
    });
  }
});

/** @param {string} origin */
async function inNode(origin) {
  const sessions = new SessionCache({ origin });
  const server = http.createServer(toNodeHandler(sessions));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    base: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      sessions.dispose();
    },
  };
}

/** @param {string} origin */
async function inServe(origin) {
  const server = await serve({ origin });
  return { base: server.url, close: () => server.close(0) };
}

/** @param {string} origin */
async function inWorkerd(origin) {
  const server = await serve({ runtime: 'workerd', origin });
  return { base: server.url, close: () => server.close(0) };
}
