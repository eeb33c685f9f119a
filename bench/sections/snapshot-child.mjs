// Fills a cache, writes it down, and brings it back in another.
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';
import { Filler } from '../lib/sesame-filler.mjs';

const { count, memory, repeats } = setupOfChild();
const document = documentsOf('reference');
const encoder = new TextEncoder();

async function run() {
  const filler = await Filler.create({ memory });
  if (typeof (/** @type {any} */ (filler.sessions).snapshot) !== 'function') return null;
  for (let index = 0; index < count; ++index) {
    const work = filler.add(headerOf(index), encoder.encode(document(index)));
    if (work instanceof Promise) await work;
  }
  let writeMs = Number.POSITIVE_INFINITY;
  let restoreMs = Number.POSITIVE_INFINITY;
  let bytes = 0;
  for (let repeat = 0; repeat < repeats; ++repeat) {
    let start = performance.now();
    const chunks = await chunksOf(/** @type {any} */ (filler.sessions).snapshot());
    writeMs = Math.min(writeMs, performance.now() - start);
    bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);

    const other = await Filler.create({ memory });
    start = performance.now();
    await /** @type {any} */ (other.sessions).restore(
      /** @type {any} */ (ReadableStream).from(chunks),
    );
    restoreMs = Math.min(restoreMs, performance.now() - start);
    checkRestored(other.sessions);
    other.sessions.dispose();
  }
  return {
    sessions: count,
    bytesPerSession: bytes / count,
    writeNanoseconds: (writeMs / count) * 1e6,
    restoreNanoseconds: (restoreMs / count) * 1e6,
  };
}

/**
 * @param {any} snapshot bytes, or a stream of them
 * @returns {Promise<Uint8Array[]>} copies: what is handed out may be overwritten
 */
async function chunksOf(snapshot) {
  const awaited = await snapshot;
  if (awaited instanceof Uint8Array) return [awaited.slice()];
  const chunks = [];
  for await (const chunk of awaited) chunks.push(chunk.slice());
  return chunks;
}

/** @param {import('../../js_bindings/session-cache.js').SessionCacheBase} sessions */
function checkRestored(sessions) {
  for (let index = 0; index < count; index += Math.max(1, Math.floor(count / 1000))) {
    const text = sessions.checkText(headerOf(index));
    if (text !== document(index)) throw new Error(`session ${index} came back as ${text}`);
  }
}

answerQuestions({ run });
