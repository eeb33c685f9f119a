// Fills one cache until it has to let somebody go, then half as much again.
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';
import { heldBytes } from '../lib/memory.mjs';

const LOOK_EVERY = 250;

const { memory, kind } = setupOfChild();
const document = documentsOf(kind);
for (let index = 0; index < 100; ++index) document(index);
const encoder = new TextEncoder();
const before = heldBytes();
const { Filler } = await import('../lib/sesame-filler.mjs');

async function run() {
  const filler = await Filler.create({ memory });
  const add = async (/** @type {number} */ index) => {
    const work = filler.add(headerOf(index), encoder.encode(document(index)));
    if (work instanceof Promise) await work;
  };
  const statistics = () => filler.sessions.statistics();

  let added = 0;
  let sessions = 0;
  while (statistics().evictions === 0) {
    sessions = statistics().entries;
    for (let more = 0; more < LOOK_EVERY; ++more) await add(added++);
  }
  const moduleBytes = filler.moduleBytes();
  const bytes = Math.max(heldBytes() - before, moduleBytes);
  for (const most = added * 1.5; added < most; ) await add(added++);
  const { entries: steady } = statistics();
  checkHeld(filler, added);
  return {
    memory: filler.memory,
    sessions,
    steady,
    bytes,
    moduleBytes,
    bytesPerSession: bytes / sessions,
  };
}

/**
 * What is held is right, and not only counted.
 * @param {import('../lib/sesame-filler.mjs').Filler} filler
 * @param {number} added
 */
function checkHeld({ sessions }, added) {
  let held = 0;
  for (let index = 0; index < added; ++index) {
    const text = sessions.checkText(headerOf(index));
    if (text === null) continue;
    held += 1;
    if (text !== document(index)) throw new Error(`session ${index} has another document: ${text}`);
  }
  const { entries } = sessions.statistics();
  if (held < entries * 0.99) throw new Error(`${entries} are counted, ${held} are there`);
}

answerQuestions({ run });
