// Bodies pass piece by piece, in bounded memory, and one that is cut short is not taken for whole
// (SPEC R41).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { bearer, httpCase } from '../support/http-case.js';
import { createGate, until } from '../support/wait.js';

/** @typedef {import('../support/http-case.js').Target} Target */

const MB = 1024 ** 2;
const PIECE = Buffer.alloc(64 * 1024, 'a piece of some sixty thousand bytes. ');
const PIECES = (50 * MB) / PIECE.length;
/** Sockets and streams on the way hold some megabytes; what keeps the body back holds it all. */
/** @type {Record<string, Record<string, string>>} */
const LENGTHS = { announced: { 'content-length': '100' }, 'not announced': {} };
const MAX_UNDER_WAY = 24 * MB;

const EXPECTED = createHash('sha256');
for (let piece = 0; piece < PIECES; piece += 1) EXPECTED.update(PIECE);
const DIGEST = EXPECTED.digest('hex');

/** What is on its way between the two ends. */
function createMeter() {
  let sent = 0;
  let received = 0;
  const hash = createHash('sha256');
  const meter = {
    most: 0,
    async *pieces() {
      for (let piece = 0; piece < PIECES; piece += 1) {
        yield PIECE;
        sent += PIECE.length;
        meter.most = Math.max(meter.most, sent - received);
      }
    },
    /** @param {AsyncIterable<Uint8Array>} stream */
    async read(stream) {
      for await (const piece of stream) {
        received += piece.length;
        hash.update(piece);
      }
      return hash.digest('hex');
    },
  };
  return meter;
}

/** The most memory that a process ever had. @param {number} pid */
function peakMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** @param {Target} t @param {() => Promise<void>} transfer */
async function inBoundedMemory(t, transfer) {
  const before = t.pid === null ? 0 : peakMemory(t.pid);
  await transfer();
  if (t.pid !== null) assert.ok(peakMemory(t.pid) - before < 40 * MB, 'workerd kept it');
}

/** @param {Response} response */
function readerOf(response) {
  const decoder = new TextDecoder();
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  return {
    /** The next piece, as text; null at the end. */
    async next() {
      const { done, value } = await reader.read();
      return done ? null : decoder.decode(value);
    },
    cancel: () => reader.cancel(),
  };
}

export const streaming = [
  httpCase('R41: server-sent events arrive one by one', async (t) => {
    const gates = Array.from({ length: 5 }, createGate);
    async function* events() {
      for (const [event, gate] of gates.entries()) {
        await gate.opened;
        yield `data: ${event}\n\n`;
      }
    }
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };
    t.origin.on('GET /events', { headers, body: events() });
    gates[0].open();
    const response = await t.fetch('/events', { headers: bearer('x') });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    const reader = readerOf(response);
    for (const event of gates.keys()) {
      assert.equal(await reader.next(), `data: ${event}\n\n`);
      gates[event + 1]?.open();
    }
    assert.equal(await reader.next(), null);
  }),

  httpCase('R41: the origin learns that the reader of a stream has gone', async (t) => {
    t.origin.on('GET /events', { raw: (_, response) => void response.write('data: 0\n\n') });
    const client = new AbortController();
    const response = await t.fetch('/events', { signal: client.signal });
    const reader = readerOf(response);
    assert.equal(await reader.next(), 'data: 0\n\n');
    const [{ request }] = t.origin.calls('GET /events');
    if (t.kind === 'workerd') client.abort();
    else await reader.cancel();
    await until(() => request.socket.destroyed, 'its connection is closed');
  }),

  httpCase('R41: an upload arrives piece by piece', async (t) => {
    const gates = Array.from({ length: 4 }, createGate);
    async function* pieces() {
      for (const [piece, gate] of gates.entries()) {
        await gate.opened;
        yield `piece ${piece};`;
      }
    }
    /** @type {string[]} */
    const received = [];
    t.origin.on('POST /upload', {
      async raw(request, response) {
        for await (const piece of request) {
          received.push(String(piece));
          gates[received.length]?.open();
        }
        response.end('all');
      },
    });
    gates[0].open();
    const response = await t.fetch('/upload', { method: 'POST', body: pieces() });
    assert.equal(await response.text(), 'all');
    assert.deepEqual(received, ['piece 0;', 'piece 1;', 'piece 2;', 'piece 3;']);
  }),

  httpCase('R41: 50 MB down, in bounded memory', async (t) => {
    const meter = createMeter();
    const headers = { 'content-length': String(PIECES * PIECE.length) };
    t.origin.on('GET /film', { headers, body: meter.pieces() });
    await inBoundedMemory(t, async () => {
      const response = await t.fetch('/film');
      assert.equal(response.headers.get('content-length'), headers['content-length']);
      assert.equal(await meter.read(/** @type {any} */ (response.body)), DIGEST);
    });
    assert.ok(meter.most < MAX_UNDER_WAY, `${meter.most} bytes at once`);
  }),

  httpCase('R41: 50 MB up, in bounded memory', async (t) => {
    const meter = createMeter();
    t.origin.on('PUT /film', {
      raw: async (request, response) => void response.end(await meter.read(request)),
    });
    await inBoundedMemory(t, async () => {
      const response = await t.fetch('/film', { method: 'PUT', body: meter.pieces() });
      assert.equal(await response.text(), DIGEST);
    });
    assert.ok(meter.most < MAX_UNDER_WAY, `${meter.most} bytes at once`);
  }),

  httpCase('R41: there and back at once', async (t) => {
    const meter = createMeter();
    t.origin.on('POST /echo', {
      raw: (request, response) => void pipeline(request, response).catch(() => {}),
    });
    await inBoundedMemory(t, async () => {
      const response = await t.fetch('/echo', { method: 'POST', body: meter.pieces() });
      assert.equal(await meter.read(/** @type {any} */ (response.body)), DIGEST);
    });
    assert.ok(meter.most < 2 * MAX_UNDER_WAY, `${meter.most} bytes at once`);
  }),

  ...Object.entries(LENGTHS).map(([how, headers]) =>
    httpCase(`R41: an answer cut short, its length ${how}, is not taken for whole`, async (t) => {
      const gate = createGate();
      async function* half() {
        yield 'half';
        await gate.opened;
        throw new Error('the origin breaks off');
      }
      t.origin.on('GET /half', { headers, body: half() });
      const response = await t.fetch('/half');
      const reader = readerOf(response);
      assert.equal(await reader.next(), 'half');
      gate.open();
      await assert.rejects(reader.next());
    }),
  ),

  httpCase('R41: an upload cut short is not taken for whole', async (t) => {
    const client = new AbortController();
    async function* half() {
      yield 'half';
      await new Promise((_, reject) => {
        client.signal.addEventListener('abort', () => reject(new Error('the client breaks off')));
      });
    }
    const ended = new Promise((resolve) => {
      t.origin.on('POST /half', {
        raw(request) {
          request.on('data', () => client.abort());
          request.on('error', () => {});
          request.on('close', () => resolve(request.complete));
        },
      });
    });
    const sending = t.fetch('/half', { method: 'POST', body: half(), signal: client.signal });
    sending.catch(() => {});
    assert.equal(await ended, false);
  }),
];
