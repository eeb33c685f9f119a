// Bodies pass piece by piece in bounded memory, and one that is cut short is never taken for whole (R41).
// Invariant: no case waits for time; gates decide when a piece is sent.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGate } from '../../support/wait.js';
import { hostRule } from '../suite.js';

/** @typedef {import('../context.js').Context} Target */

const MB = 1024 ** 2;
const PIECE = Buffer.alloc(64 * 1024, 'a piece of some sixty thousand bytes. ');
const PIECES = (50 * MB) / PIECE.length;
/** Sockets and streams on the way hold some megabytes; a cache that buffers holds all of it. */
const MAX_UNDER_WAY = 24 * MB;

const EXPECTED = createHash('sha256');
for (let piece = 0; piece < PIECES; piece += 1) EXPECTED.update(PIECE);
const DIGEST = EXPECTED.digest('hex');

/** Measures how much of a body has been sent and not yet received. */
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

/** The peak memory of a process, in bytes. @param {number} pid */
function peakMemory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** @param {Target} t @param {() => Promise<void>} transfer */
async function inBoundedMemory(t, transfer) {
  const before = t.pid === null ? 0 : peakMemory(t.pid);
  await transfer();
  if (t.pid !== null) assert.ok(peakMemory(t.pid) - before < 40 * MB, 'workerd buffered the body');
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

/** What is said of a length of 100 bytes. @type {Record<string, Record<string, string>>} */
const LENGTHS = { announced: { 'content-length': '100' }, 'not announced': {} };

export const streaming = [
  hostRule(
    'R41',
    'the origin’s connection closes when the reader of a stream leaves',
    async (t) => {
      t.origin.on('GET /events', { raw: (_, response) => void response.write('data: 0\n\n') });
      const client = new AbortController();
      const response = await t.fetch('/events', { signal: client.signal });
      const reader = readerOf(response);
      assert.equal(await reader.next(), 'data: 0\n\n');
      const [{ request }] = t.origin.calls('GET /events');
      if (t.pid === null) await reader.cancel();
      else client.abort();
      await t.until(() => request.socket.destroyed, 'its connection is closed');
    },
  ),

  hostRule('R41', 'an upload arrives piece by piece', async (t) => {
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

  hostRule('R41', '50 MB are downloaded in bounded memory', async (t) => {
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

  hostRule('R41', '50 MB are uploaded in bounded memory', async (t) => {
    const meter = createMeter();
    t.origin.on('PUT /film', {
      raw: async (request, response) => void response.end(await meter.read(request)),
    });
    await inBoundedMemory(t, async () => {
      const response = await t.fetchSlowly('/film', { method: 'PUT', body: meter.pieces() });
      assert.equal(await response.text(), DIGEST);
    });
    assert.ok(meter.most < MAX_UNDER_WAY, `${meter.most} bytes at once`);
  }),

  hostRule('R41', '50 MB are echoed in bounded memory, up and down at the same time', async (t) => {
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
    hostRule(
      'R41',
      `an answer that is cut short, its length ${how}, is an error for the client`,
      async (t) => {
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
      },
    ),
  ),

  hostRule('R41', 'an upload that is cut short is an error for the origin', async (t) => {
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
