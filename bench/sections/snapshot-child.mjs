// Fills a cache, writes it down, and brings it back in another.

import { SessionCache } from '../../js_bindings/index.node.js';
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';
import { Filler, ORIGIN } from '../lib/sesame-filler.mjs';

const { count, memory, repeats } = setupOfChild();
const document = documentsOf('reference');
const encoder = new TextEncoder();
const SECRET = new Uint8Array(16).fill(7);

async function run() {
  const filler = await Filler.create({ memory, secret: SECRET });
  for (let index = 0; index < count; ++index) {
    const work = filler.add(headerOf(index), encoder.encode(document(index)));
    if (work instanceof Promise) await work;
  }
  let writeMs = Number.POSITIVE_INFINITY;
  let restoreMs = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let repeat = 0; repeat < repeats; ++repeat) {
    let start = performance.now();
    const chunks = await chunksOf(filler.sessions.snapshot());
    writeMs = Math.min(writeMs, performance.now() - start);
    bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);

    // A new one: nothing may have happened in it, and to borrow its core would be something.
    const other = new SessionCache({
      origin: ORIGIN,
      memory: filler.memory,
      secret: SECRET,
    });
    start = performance.now();
    await other.restore(piecesOf(chunks));
    restoreMs = Math.min(restoreMs, performance.now() - start);
    checkRestored(other);
    other.dispose();
  }
  return {
    sessions: count,
    bytesPerSession: bytes / count,
    writeNanoseconds: (writeMs / count) * 1e6,
    restoreNanoseconds: (restoreMs / count) * 1e6,
  };
}

/** @param {ReadableStream<Uint8Array>} snapshot */
async function chunksOf(snapshot) {
  const chunks = [];
  for await (const chunk of snapshot) chunks.push(chunk);
  return chunks;
}

/** @param {Uint8Array[]} chunks */
async function* piecesOf(chunks) {
  yield* chunks;
}

/** @param {import('../../js_bindings/session-cache.js').SessionCacheBase} sessions */
function checkRestored(sessions) {
  for (let index = 0; index < count; index += Math.max(1, Math.floor(count / 1000))) {
    const text = sessions.checkText(headerOf(index));
    if (text !== document(index)) throw new Error(`session ${index} came back as ${text}`);
  }
}

answerQuestions({ run });
