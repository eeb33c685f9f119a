// Long, many and slow: what is over a limit gets 413 or 431 and takes nothing, what is under it is answered; and those
// who send a byte and wait keep nobody else from an answer (R44, R53). Counts and answers, no times.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { DOCUMENT, READ } from '../support/origin.js';
import { ask, createPrograms, sendRaw, startHosts, statusOf } from '../support/programs.js';

const CROWD = 200;
let honest = 0;
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let managed;

before(async () => {
  const webhookSecret = 'w'.repeat(40);
  hosts = await startHosts(programs, { webhookSecret });
  managed = await startHosts(programs, { managed: {}, webhookSecret });
});
after(() => programs.stop());

/** @param {string} fields @param {string} [path] */
const get = (fields, path = DOCUMENT) =>
  `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}Connection: close\r\n\r\n`;

const repeat = (/** @type {number} */ count, /** @type {(at: number) => string} */ make) =>
  Array.from({ length: count }, (_, at) => make(at)).join('');

const TOO_LONG = {
  'a header of 1 MB': get(`X: ${'a'.repeat(1e6)}\r\n`),
  'a cookie of 17 kB': get(`Cookie: session=${'a'.repeat(17e3)}\r\n`),
  'a bearer of 17 kB': get(`Authorization: Bearer ${'a'.repeat(17e3)}\r\n`),
  '20,000 headers': get(repeat(20_000, (at) => `X${at}: a\r\n`)),
};
const LONG = {
  'a cookie of 15 kB': get(`Cookie: session=${'a'.repeat(15e3)}\r\n`),
  '14 kB of semicolons': get(`Cookie: ${';'.repeat(14_000)} session=a\r\n`),
  '1,000 cookies': get(`Cookie: ${repeat(1000, (at) => `c${at}=1; `)}session=b\r\n`),
};

test('R44: what is over a limit is refused and takes nothing, what is under it is answered', async () => {
  for (const { name, port, origin } of hosts) {
    for (const [what, bytes] of Object.entries(TOO_LONG)) {
      const before = origin.calls().length;
      const status = statusOf(await sendRaw(port, bytes));
      // A server that closes the connection at once has refused it, too.
      assert.ok([0, 413, 431].includes(status), `${name}: ${what} → ${status}`);
      assert.equal(origin.calls().length, before, `${name}: ${what}`);
    }
    for (const [what, bytes] of Object.entries(LONG)) {
      assert.equal(statusOf(await sendRaw(port, bytes)), 200, `${name}: ${what}`);
    }
  }
});

test('R44: paths that are long in any way are answered, one like the other', async () => {
  for (const { name, port } of hosts) {
    for (const path of [
      `/${'a/'.repeat(7000)}login`,
      `/${'/'.repeat(7000)}x`,
      `/${'a'.repeat(14_000)}!`,
    ]) {
      assert.equal(
        statusOf(await sendRaw(port, get('', path))),
        404,
        `${name}: ${path.slice(0, 9)}`,
      );
    }
    assert.equal(statusOf(await ask(port, 'GET', DOCUMENT, { cookie: 'session=a' })), 200, name);
  }
});

/**
 * Clients that send something and wait.
 * @param {number} port @param {(at: number) => string} bytesOf
 */
async function crowd(port, bytesOf) {
  const sockets = await Promise.all(
    Array.from(
      { length: CROWD },
      (_, at) =>
        new Promise((/** @type {(socket: net.Socket) => void} */ resolve) => {
          const socket = net.connect(port, '127.0.0.1', () => {
            socket.write(bytesOf(at), () => resolve(socket));
          });
          socket.on('error', () => resolve(socket));
        }),
    ),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n';
const SLOW = {
  'half writes': `PUT ${DOCUMENT} HTTP/1.1\r\nHost: h\r\nCookie: session=slow\r\n${CHUNKED}`,
  'half webhooks': `POST /api/auth/revoke HTTP/1.1\r\nHost: h\r\nSesame-Signature: t=1,v1=${'0'.repeat(64)}\r\n${CHUNKED}`,
  'half logins': 'POST /api/auth/login HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n{',
  'half sign-outs': `POST /logout HTTP/1.1\r\nHost: h\r\nCookie: session=slow\r\n${CHUNKED}`,
  'checks of one call that hangs': get('Cookie: session=hangs\r\n'),
  'checks of calls that hang': '',
};

test('R53: who sends a byte and waits, or waits for a call that hangs, keeps nobody from an answer', async () => {
  for (const { name, port, origin } of [...hosts, ...managed]) {
    origin.on(`GET ${DOCUMENT}`, ({ headers }) => {
      const credential = headers.cookie ?? headers.authorization ?? '';
      return /hangs/.test(credential) ? { fault: 'hang' } : { body: { id: 'ada' } };
    });
    for (const [what, bytes] of Object.entries(SLOW)) {
      const leave = bytes
        ? await crowd(port, () => bytes)
        : await crowd(port, (at) => get(`Cookie: session=hangs${at}\r\n`));
      const own = { authorization: `Bearer honest-${++honest}` };
      for (const _ of [1, 2, 3]) {
        const answer = await ask(port, 'GET', DOCUMENT, own);
        assert.equal(statusOf(answer), 200, `${name}: ${what}: ${answer}`);
      }
      const calls = origin
        .calls(READ)
        .filter((call) => call.headers.authorization === own.authorization);
      assert.equal(calls.length, 1, `${name}: ${what}: it is kept as ever`);
      leave();
    }
  }
});
